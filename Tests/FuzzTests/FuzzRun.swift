import Foundation
import TestSupport
import TrancheTestKit

/// Throws inputs at a part of the package, from which nothing but errors may come.
///
/// `TRANCHE_FUZZ_INPUTS` says how many there are of all kinds together, 100,000 by default, and
/// `TRANCHE_TEST_SEED` names the seed, which is said before. Each input is made from the seed, its
/// kind and its number alone; with `TRANCHE_FUZZ_TRACE` the number is said before each, so that one
/// that ends the process is known.
struct FuzzRun: Sendable {
    /// What is thrown at, for messages.
    let kind: String
    /// The kind's part of all inputs, in percent.
    let percent: Int

    /// Calls `body` for each input.
    ///
    /// - Parameter body: Uses up one input or more, and says how many; errors of its subject stay
    ///   in it.
    /// - Throws: What `body` throws, which is a fault of the test.
    func run(_ body: (inout FuzzRandom) async throws -> Int) async throws {
        let inputs = max(1, Self.inputs * percent / 100)
        Rounds.say("seed \(Self.seed): fuzz: \(kind): \(inputs) inputs ...")
        let start = ContinuousClock.now
        var number = 0
        while number < inputs {
            if Self.isTraced { Rounds.say("fuzz: \(kind): input \(number)") }
            var random = FuzzRandom(seed: Self.seed, kind: kind, number: number)
            let before = number
            number += max(1, try await body(&random))
            // The pool has few threads, and other tests live by real time.
            if before / 32 != number / 32 { await Task.yield() }
        }
        let time = ContinuousClock.now - start
        Rounds.say(
            "seed \(Self.seed): fuzz: \(kind): \(number) inputs in \(time), nothing but errors"
        )
    }

    /// Calls `body` for each input.
    func run(_ body: (inout FuzzRandom) throws -> Void) async throws {
        try await run { random in
            try body(&random)
            return 1
        }
    }

    private static let environment = ProcessInfo.processInfo.environment
    private static let inputs = environment["TRANCHE_FUZZ_INPUTS"].flatMap { Int($0) } ?? 100_000
    private static let isTraced = environment["TRANCHE_FUZZ_TRACE"] != nil
    private static let seed =
        environment["TRANCHE_TEST_SEED"].flatMap { UInt64($0) }
        ?? UInt64.random(in: 1...999_999_999)
}
