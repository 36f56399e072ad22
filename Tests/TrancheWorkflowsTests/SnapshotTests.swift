import Foundation
import TestSupport
import Testing
import Tranche
import TrancheWorkflows

@Suite("Snapshots of workflows", .timeLimit(.minutes(5)))
struct SnapshotTests {
    @Test("A snapshot is a file of its own, complete, and says the same when it is read again")
    func file() async throws {
        try await withWorkflowWorld { world in
            let handle = try await world.workflows.start(world.workflow())
            let folder = world.folder.path("snapshots")
            let before = try await handle.snapshot()
            let first = try before.write(to: folder)
            #expect(!before.isDone)
            _ = try await world.workflows.work(on: handle)
            let second = try await handle.snapshot().write(to: folder)
            #expect(first != second)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(names.count == 2)
            #expect(names.allSatisfy { $0.hasSuffix(".snapshot.jsonl") })
            let lines = try world.lines("snapshots/\(names[1])")
            #expect(lines.count == 1)
            #expect(lines[0].hasPrefix(#"{"progress":{"job":"load","meta":"#))
            #expect(lines[0].contains(#""done":true,"offset":"#))
        }
    }

    @Test("A snapshot that cannot be written is a fault, and leaves nothing")
    func refused() async throws {
        try await withWorkflowWorld { world in
            let handle = try await world.workflows.start(world.workflow())
            let snapshot = try await handle.snapshot()
            let path = world.folder.path("rows.csv")
            #expect(throws: TrancheError.self) { try snapshot.write(to: path) }
            #expect(try world.lines("rows.csv").count == 13)
        }
    }
}
