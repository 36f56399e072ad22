import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite("Interleavings through real connections")
struct InterleavingConformanceTests {
    /// How many interleavings a backend is given by default: 2000 with the inventory on PostgreSQL
    /// and 1000 on SQLite, and some with the source in the other database.
    private static let shares = [
        "postgresql": 800, TestBackend.deciding: 800, "postgresql+postgresql": 400,
        "postgresql+sqlite": 40,
        "sqlite": 600, "sqlite+sqlite": 400, "sqlite+postgresql": 40,
    ]

    /// Some interleavings on one store, one after the other.
    struct Part: Sendable, CustomTestStringConvertible {
        let backend: String
        let seeds: Range<Int>

        var testDescription: String { "\(backend), seeds \(seeds)" }
    }

    /// The parts; `TRANCHE_TEST_SEEDS` says how many seeds each backend has at least.
    static var parts: [Part] {
        let asked = ProcessInfo.processInfo.environment["TRANCHE_TEST_SEEDS"].flatMap { Int($0) }
        return TestBackend.real.flatMap { backend -> [Part] in
            guard let share = shares[backend.name] else { return [] }
            let count = max(share, asked ?? 0)
            let size = max(1, (count + 3) / 4)
            return stride(from: 0, to: count, by: size).map { start in
                Part(backend: backend.name, seeds: start..<min(start + size, count))
            }
        }
    }

    @Test("Nothing is lost or done twice", .timeLimit(.minutes(60)), arguments: parts)
    func interleavings(part: Part) async throws {
        let ground = try await SimulationGround.make(part.backend)
        var sum = SimulationReport()
        do {
            for seed in part.seeds {
                let table = try await ground.makeTable("items_\(seed)")
                sum += try await Simulator(seed: UInt64(seed)).run(
                    store: ground.store,
                    clock: ground.clock,
                    table: table
                )
                // Some of them once more, with work that starts at most once.
                guard seed % 8 == 0 else { continue }
                var once = Simulator(seed: UInt64(seed) + 1 << 32)
                once.execution = .atMostOnce
                sum += try await once.run(
                    store: ground.store,
                    clock: ground.clock,
                    table: try await ground.makeTable("once_\(seed)")
                )
            }
        } catch {
            // The failure is what is told, whatever becomes of the cleaning up.
            try? await ground.finish()
            throw error
        }
        try await ground.finish()
        #expect(sum.attempts > sum.ids / 8, "\(sum)")
    }
}
