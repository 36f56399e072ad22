import Foundation
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheConnectors
import TrancheTestKit
import TrancheWorkflows

@testable import TrancheHTTP

@Suite("Snapshots of workflows as objects", .timeLimit(.minutes(5)))
struct SnapshotObjectTests {
    private func context(_ bucket: TestBucket) throws -> ConnectorContext {
        let environment =
            switch bucket.kind {
            case .s3: try TestBucket.s3Environment()
            case .google: ["STORAGE_EMULATOR_HOST": bucket.configuration.google.endpoint]
            }
        return ConnectorContext(credentials: Credentials(environment))
    }

    @Test("A prefix of objects is a source as a folder is", arguments: TestBucket.Kind.allCases)
    func source(_ kind: TestBucket.Kind) async throws {
        let bucket = try await TestBucket(kind)
        let place = try bucket.url("snaps")
        try await withTemporaryFolder { folder in
            let rows = folder.path("rows.csv")
            try Data("a\n1\n2\n3\n".utf8).write(to: URL(filePath: rows))
            let inventory = Inventory(store: MemoryInventoryStore())
            let connectors = Connectors([FileConnector(), ObjectConnector(), SnapshotConnector()])
            let workflows = Workflows(inventory, connectors, try context(bucket))
            let load = try Workflow(
                json: """
                    {"job":"load","source":"csv:\(rows)","count":1,
                     "sink":"jsonl:\(folder.path("out.jsonl"))"}
                    """
            )
            let handle = try await workflows.start(load)
            _ = try await workflows.keep(try await handle.snapshot(), at: place)
            _ = try await workflows.work(on: handle)
            let last = try await handle.snapshot()
            _ = try await workflows.keep(last, at: place + "/")
            // What is below, beside or something else is not a snapshot of the prefix.
            try await bucket.put([65], as: "snaps/below/x.snapshot.jsonl")
            try await bucket.put([65], as: "snaps2/0000000000000000-1.snapshot.jsonl")
            try await bucket.put([65], as: "snaps/notes.txt")
            let replay = try Workflow(
                json: """
                    {"job":"replay","source":"snapshots:\(place)/","count":10,
                     "sink":"jsonl:\(folder.path("batches.jsonl"))"}
                    """
            )
            let result = try await workflows.run(replay)
            #expect(result.ending == .complete)
            #expect(result.progress.meta == "snapshots:\(place)")
            // The first tells of no batch, the second of all.
            #expect(result.progress.succeeded.batches == 2)
            let text = try String(contentsOfFile: folder.path("batches.jsonl"), encoding: .utf8)
            #expect(text.split(separator: "\n").count == last.batches.count)
            #expect(last.batches.count == 3)
            // One that is taken later is new, also for a source that is found by its run.
            _ = try await workflows.keep(try await handle.snapshot(), at: place)
            let run = try await inventory.run(RunSelection(job: "replay"))
            let found = try await connectors.source(of: run, in: inventory, context(bucket))
            guard
                case .batch(let batch) = try await inventory.acquire(
                    BatchRequest(job: "replay", limit: .count(9)),
                    from: found
                )
            else {
                Issue.record("the new snapshot was not handed out")
                return
            }
            #expect(try await batch.items.first?.text.hasPrefix(place + "/") == true)
        }
    }
}
