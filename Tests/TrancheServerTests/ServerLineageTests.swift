import Foundation
import TestSupport
import Testing
import Tranche
import TrancheHTTP

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
    private static func take(_ bench: ServerBench) async throws -> (path: String, token: String) {
        let batch = try await bench.acquire(#"{"worker": "pi-4"}"#)
        let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
        return ("/v1/batches/\(id)", try #require(batch["token"] as? String))
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
            let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
            let events = try lines.map {
                try JSONDecoder().decode(Event.self, from: Data($0.utf8))
            }
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
}
