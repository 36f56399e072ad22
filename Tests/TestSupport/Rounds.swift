import Foundation

/// Tests that chance drives: one round with a new seed each time, or, under `scripts/soak`, as many
/// as there is time for.
///
/// `TRANCHE_TEST_SEED` names the first seed, `TRANCHE_SOAK_MINUTES` the time, and
/// `TRANCHE_SOAK_BACKEND` the only backend.
package struct Rounds: Sendable {
    /// What is done in each, for messages.
    package let what: String
    /// The part of the time that is this test's: one of so many.
    package let share: Int

    /// Describes rounds.
    package init(_ what: String, share: Int = 1) {
        self.what = what
        self.share = share
    }

    /// Calls `body` with one seed after the other.
    ///
    /// - Parameter body: Does a round; what it returns is said.
    /// - Throws: What `body` throws; the seed was said before.
    package func run(_ body: (_ seed: UInt64) async throws -> String) async throws {
        let time = Duration.seconds((Self.minutes ?? 0) * 60) / share
        let start = ContinuousClock.now
        let first = Self.seed
        var seed = first
        while true {
            Self.say("seed \(seed): \(what) ...")
            let result = try await body(seed)
            Self.say("seed \(seed): \(what): \(result)")
            guard ContinuousClock.now - start < time else { break }
            seed += 1
        }
        if Self.minutes != nil {
            Self.say("\(what): \(seed - first + 1) rounds, seeds \(first) to \(seed)")
        }
    }

    /// Whether a backend takes part.
    package static func includes(_ backend: TestDatabase.Backend) -> Bool {
        guard let only = environment["TRANCHE_SOAK_BACKEND"] else { return true }
        return only == "both" || only == backend.rawValue.lowercased()
    }

    /// A bound for a test, in minutes: what it takes usually, or the time of the soak.
    package static func limit(usually minutes: Int) -> Int {
        minutes + (Self.minutes ?? 0)
    }

    /// Tells at once, so that it is known what ran when a test hangs.
    package static func say(_ line: String) {
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }

    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    private static var minutes: Int? { environment["TRANCHE_SOAK_MINUTES"].flatMap { Int($0) } }

    private static var seed: UInt64 {
        environment["TRANCHE_TEST_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 1...999_999_999)
    }
}
