import TestSupport
import Testing
import TrancheTestKit

@Suite(
    "Interleavings that were never tried before",
    .serialized,
    .timeLimit(.minutes(Rounds.limit(usually: 10)))
)
struct NewInterleavingTests {
    /// Interleavings of a round.
    private static let count = 20

    /// The names of the backends that take part.
    static var backends: [String] {
        TestBackend.available.map(\.name).filter { name in
            let isPostgreSQL = !name.hasPrefix("sqlite")
            return name == TestBackend.reference.name
                || Rounds.includes(isPostgreSQL ? .postgreSQL : .sqlite)
        }
    }

    @Test("Nothing is lost or done twice", arguments: backends)
    func interleavings(backend: String) async throws {
        let rounds = Rounds("interleavings on \(backend)", share: Self.backends.count)
        try await rounds.run { seed in
            var generator = SplitMix64(seed: seed)
            let seeds = (0..<Self.count).map { _ in generator.next() >> 1 }
            let sum = try await simulate(seeds, on: backend)
            #expect(sum.attempts > sum.ids / 8, "seed \(seed): \(sum)")
            return "\(sum.steps) steps, \(sum.attempts) attempts at \(sum.ids) ids"
        }
    }

    private func simulate(_ seeds: [UInt64], on backend: String) async throws -> SimulationReport {
        var sum = SimulationReport()
        if backend == TestBackend.reference.name {
            for seed in seeds { sum += try await Simulator(seed: seed).run() }
            return sum
        }
        let ground = try await SimulationGround.make(backend)
        do {
            for seed in seeds {
                sum += try await Simulator(seed: seed).run(
                    store: ground.store,
                    clock: ground.clock,
                    table: try await ground.makeTable("items_\(seed)")
                )
            }
        } catch {
            // The failure is what is told, whatever becomes of the cleaning up.
            try? await ground.finish()
            throw error
        }
        try await ground.finish()
        return sum
    }
}
