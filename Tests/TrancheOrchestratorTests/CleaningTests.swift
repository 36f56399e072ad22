import Foundation
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TrancheSQLite
import TrancheTestKit

/// A log that jobs read at their own pace: what is cleaned, and what is kept.
///
/// `TRANCHE_TEST_EVENTS` gives another number of events; a multiple of 1,000.
@Suite("Cleaning a log", .timeLimit(.minutes(30)))
struct CleaningTests {
    private static let events =
        ProcessInfo.processInfo.environment["TRANCHE_TEST_EVENTS"].flatMap(Int.init) ?? 5000

    private let source = InputLogSource("log")

    private func request(_ job: String, attempts: Int = 1) -> BatchRequest {
        BatchRequest(
            job: job,
            limit: .count(Self.events / 100),
            policy: RunPolicy(maxAttempts: attempts)
        )
    }

    /// Works on up to so many batches; one may fail.
    private func work(
        _ inventory: Inventory,
        _ job: String,
        on count: Int,
        failing: Int? = nil
    ) async throws {
        for number in 0..<count {
            guard case .batch(let batch) = try await inventory.acquire(request(job), from: source)
            else { return }
            if number == failing {
                try await batch.fail("no")
            } else {
                try await batch.succeed()
            }
        }
    }

    private func kept(_ inventory: Inventory) async throws -> Int {
        try await inventory.store.inputLog("log").map { Int($0.last - $0.floor) } ?? 0
    }

    private func clean(_ inventory: Inventory) async throws -> Set<String> {
        let cleaning = try await inventory.clean(input: "log", keeping: .seconds(86_400))
        return Set(cleaning.passed.map(\.job))
    }

    @Test("Nothing is cleaned that is needed, nothing kept that is not, and who is passed fails")
    func cleaning() async throws {
        let (count, part) = (Self.events, Self.events / 100)
        try await withTemporaryFolder { folder in
            let clock = ManualClock()
            let configuration = Inventory.Configuration(
                store: StoreConfiguration(now: { clock.date }),
                clock: clock
            )
            let path = folder.path("inventory.db")
            try await Inventory.with(.sqlite(path), configuration: configuration) { inventory in
                let log = InputLog(of: "log", in: inventory)
                for first in stride(from: 0, to: count, by: 1000) {
                    try await log.append(
                        (first..<first + 1000).map { number in
                            .init(Event(location: "t", operation: .create, id: "\(number)"))
                        }
                    )
                }
                try await work(inventory, "fast", on: 1000)
                try await work(inventory, "slow", on: 30)
                try await work(inventory, "failing", on: 1000, failing: 9)
                guard
                    case .batch(let held) = try await inventory.acquire(
                        request("slow"),
                        from: source
                    )
                else { throw CleaningFailure("nothing is left for the slow one") }

                // One that failed for good holds what is in it, until it is tried again.
                #expect(try await clean(inventory) == [])
                #expect(try await kept(inventory) == count - 9 * part)
                _ = try await inventory.retry(BatchSelection(runs: RunSelection(job: "failing")))
                try await work(inventory, "failing", on: 1)
                #expect(try await clean(inventory) == [])
                #expect(try await kept(inventory) == count - 30 * part)

                // One that comes later begins at what there is.
                guard
                    case .batch(let first) = try await inventory.acquire(
                        request("late"),
                        from: source
                    )
                else { throw CleaningFailure("there is nothing for the late one") }
                #expect(first.ids.lowerBound == Int64(30 * part + 1))
                try await first.succeed()

                // After a while nobody is waited for: those who still need something are passed.
                try await held.succeed()
                clock.advance(by: .seconds(2 * 86_400))
                try await log.append(Event(location: "t", operation: .create, id: "last"))
                #expect(try await clean(inventory) == ["slow", "late"])
                #expect(try await kept(inventory) == 1)
                for job in ["slow", "late"] {
                    guard
                        case .batch(let lost) = try await inventory.acquire(
                            request(job),
                            from: source
                        )
                    else { throw CleaningFailure("\(job) is not told of what it lost") }
                    #expect(lost.ids.upperBound == Int64(count))
                    #expect(lost.count == count - 31 * part)
                    await #expect(throws: TrancheError.self) { _ = try await lost.items }
                    try await lost.fail("lost")
                }
                // The guard against a source that was set back stays quiet.
                for job in ["fast", "slow", "late", "failing"] {
                    guard
                        case .batch(let last) = try await inventory.acquire(
                            request(job),
                            from: source
                        )
                    else { throw CleaningFailure("\(job) does not go on") }
                    #expect(last.ids == Int64(count + 1)...Int64(count + 1))
                    try await last.succeed()
                    let answer = try await inventory.acquire(request(job), from: source)
                    guard case .noBatch(.complete) = answer else {
                        throw CleaningFailure("\(job): \(answer)")
                    }
                }
            }
        }
    }
}

private struct CleaningFailure: Error {
    let message: String

    init(_ message: String) { self.message = message }
}
