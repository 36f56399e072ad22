import Foundation
import TestSupport
import Testing
import Tranche
import TrancheHTTP
import TrancheTestKit

@testable import TrancheServer

@Suite("Events of OpenLineage of work over REST", .serialized, .timeLimit(.minutes(5)))
struct ServerLineageTests {
    /// An event, as far as these tests look at it.
    private struct Event: Decodable {
        struct Run: Decodable {
            var runId: String
        }

        struct Job: Decodable {
            var namespace: String
            var name: String
        }

        var eventType: String
        var run: Run
        var job: Job
    }

    /// Acquires a batch.
    private static func take(
        _ bench: ServerBench,
        headers: [String: String] = [:]
    ) async throws -> (path: String, token: String) {
        let batch = try await bench.acquire(#"{"worker": "pi-4"}"#, headers: headers)
        let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
        return ("/v1/batches/\(id)", try #require(batch["token"] as? String))
    }

    /// The events of a file.
    private static func events(in file: String) throws -> [Event] {
        try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(Event.self, from: Data($0.utf8))
        }
    }

    private static func work(_ bench: ServerBench) async throws {
        let one = try await take(bench)
        let success = #"{"token": "\#(one.token)", "result": {"files": 3}}"#
        for _ in 0..<2 {
            #expect(try await bench.post(one.path + "/succeed", success).status == 200)
        }
        let two = try await take(bench)
        let failure = #"{"token": "\#(two.token)", "error": "no such file"}"#
        #expect(try await bench.post(two.path + "/fail", failure).status == 200)
        let three = try await take(bench)
        let token = #"{"token": "\#(three.token)"}"#
        #expect(try await bench.post(three.path + "/release", token).status == 200)
        // One is held still when the server ends.
        _ = try await take(bench)
    }

    @Test(
        "Each attempt has one beginning and one end, in the order in which they were",
        arguments: TestDatabase.Backend.available
    )
    func events(_ backend: TestDatabase.Backend) async throws {
        try await withTemporaryFolder { folder in
            let file = folder.path("l.jsonl")
            let lineage = try Lineage(to: .file(file), .init(namespace: "shop"))
            try await lineage.whileEmitting {
                try await ServerBench.serve(backend, observers: [lineage.observer]) { bench in
                    await lineage.identify(bench.inventory)
                    try await Self.work(bench)
                }
            }
            let events = try Self.events(in: file)
            #expect(
                events.map(\.eventType) == [
                    "START", "COMPLETE", "START", "FAIL", "START", "ABORT", "START", "ABORT",
                ]
            )
            #expect(Set(events.map(\.run.runId)).count == 4)
            #expect(events.allSatisfy { $0.job.namespace == "shop" })
            #expect(events.allSatisfy { $0.job.name == "thumbs.batch" })
            if let summary = try OpenLineage.check(file) {
                #expect(summary.types == ["START": 4, "COMPLETE": 1, "FAIL": 1, "ABORT": 2])
            }
        }
    }

    @Test(
        "What is asked for again after its attempt has ended begins and ends none",
        arguments: TestDatabase.Backend.available
    )
    func repeated(_ backend: TestDatabase.Backend) async throws {
        try await withTemporaryFolder { folder in
            let file = folder.path("l.jsonl")
            let lineage = try Lineage(to: .file(file), .init(namespace: "shop"))
            try await lineage.whileEmitting {
                try await ServerBench.serve(backend, observers: [lineage.observer]) { bench in
                    await lineage.identify(bench.inventory)
                    for end in ["succeed", "release"] {
                        let key = ["Idempotency-Key": "key of \(end)"]
                        for _ in 0..<2 {
                            let batch = try await Self.take(bench, headers: key)
                            let body = #"{"token": "\#(batch.token)"}"#
                            let ended = try await bench.post("\(batch.path)/\(end)", body)
                            #expect(ended.status == 200, "\(ended.text)")
                        }
                        _ = try await Self.take(bench, headers: key)
                    }
                }
            }
            let events = try Self.events(in: file)
            #expect(events.map(\.eventType) == ["START", "COMPLETE", "START", "ABORT"])
            #expect(Set(events.map(\.run.runId)).count == 2)
        }
    }

    @Test("An attempt that let its lease end is aborted once, and complete where it succeeds")
    func lapsed() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.path("l.jsonl")
            let lineage = try Lineage(to: .file(file), .init(namespace: "shop"))
            let clock = ManualClock()
            var configuration = Inventory.Configuration(
                store: StoreConfiguration(now: { clock.date }),
                clock: clock
            )
            configuration.auditsWhileWorking = false
            configuration.observers = [lineage.observer]
            let inventory = Inventory(
                store: MemoryInventoryStore(clock: clock),
                configuration: configuration
            )
            let held = HeldAttempts(inventory, clock: clock)
            let source = MemorySource(items: (1...4).map { Item(id: $0, weight: 1) })
            var request = BatchRequest(job: "job", limit: BatchLimit(count: 2))
            request.token = "t"
            let asked = request
            try await lineage.whileEmitting {
                for _ in 0..<3 {
                    guard case .batch(let batch) = try await inventory.acquire(asked, from: source)
                    else { throw CancellationError() }
                    held.add(batch)
                    clock.advance(by: .seconds(80))
                    try await held.look()
                }
                let batches = try await inventory.batches(BatchSelection())
                let batch = try #require(batches.first)
                let key = AttemptKey(batch: batch.id, attempt: batch.attempt)
                for _ in 0..<2 {
                    _ = try await held.ending(key, as: .succeeded) {
                        let success = AttemptSuccess(key, result: nil, logging: nil)
                        return try await inventory.succeed(success, within: .seconds(1))
                    }
                }
                await inventory.close()
            }
            let events = try Self.events(in: file)
            #expect(events.map(\.eventType) == ["START", "ABORT", "COMPLETE"])
            #expect(Set(events.map(\.run.runId)).count == 1)
        }
    }
}
