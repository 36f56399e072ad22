import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheConnectors
import TrancheSQL
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

    @Test("Snapshots that are kept while it works cannot hurt the work, and are told of")
    func whileWorking() async throws {
        try await withWorkflowWorld { world in
            let folder = world.folder.path("snapshots")
            let kept = #","snapshots":{"to":"\#(folder)","every":"1h"}"#
            let result = try await world.workflows.run(world.workflow(kept))
            #expect(result.ending == .complete)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(names.count == 2, "at the start and at the end: \(names)")
            #expect(try world.lines("snapshots/\(names[1])")[0].contains(#""done":true"#))
            let notices = Mutex<Set<String>>([])
            var options = WorkflowOptions()
            options.onNotice = { words in notices.withLock { _ = $0.insert(words) } }
            let path = world.folder.path("rows.csv")
            let wrong = #","job":"again","snapshots":{"to":"\#(path)"}"#
            let json = world.json(#""sink":"jsonl:\#(world.folder.path("b.jsonl"))""#, wrong)
                .replacing(#""job":"load","#, with: "")
            let again = try await world.workflows.run(Workflow(json: json), options)
            #expect(again.ending == .complete)
            #expect(try world.lines("rows.csv").count == 13)
            let said = notices.withLock { $0.sorted() }
            #expect(!said.isEmpty)
            #expect(said.allSatisfy { $0.contains("the snapshot cannot be written") }, "\(said)")
        }
    }

    @Test("A snapshot is a row of a table", arguments: TestDatabase.Backend.available)
    func row(_ backend: TestDatabase.Backend) async throws {
        try await withWorkflowWorld(backend) { world in
            let handle = try await world.workflows.start(world.workflow())
            let columns = "meta TEXT, job TEXT, run TEXT, at TEXT, snapshot TEXT"
            let key = "PRIMARY KEY (meta, job, run, at)"
            let table = "kept_" + UUID().uuidString.lowercased().replacing("-", with: "")
            try await world.database.run("CREATE TABLE \(table) (\(columns), \(key))")
            let place = #"table:\#(table) {"key":["meta","job","run","at"]}"#
            let snapshot = try await handle.snapshot()
            let missing = await #expect(throws: TrancheError.self) {
                try await world.workflows.keep(snapshot, at: "table:missing")
            }
            #expect(missing?.message.contains("there is no table 'missing'") == true)
            #expect(try await world.workflows.keep(snapshot, at: place) == "table '\(table)'")
            // Said again, as behind a lost answer, it is the same row.
            try await world.workflows.keep(snapshot, at: place)
            let rows = try await world.database.read(
                "SELECT job, run, at, snapshot FROM \(unsafeRaw: table)"
            )
            try await world.database.run("DROP TABLE \(table)")
            #expect(rows.count == 1)
            #expect(rows[0][0] == "load")
            #expect(rows[0][3] == (try snapshot.documentText()))
        }
    }

    @Test("What is no place of snapshots is refused", arguments: ["csv:x.csv", "ftp://host/x"])
    func noPlace(_ place: String) async throws {
        try await withWorkflowWorld { world in
            let handle = try await world.workflows.start(world.workflow())
            let snapshot = try await handle.snapshot()
            await #expect(throws: SpecError.self) {
                try await world.workflows.keep(snapshot, at: place)
            }
            let kept = #","snapshots":{"to":"\#(place)"}"#
            let error = await #expect(throws: SpecError.self) {
                try await world.workflows.start(world.workflow(kept))
            }
            #expect(error?.field == ["snapshots", "to"])
        }
    }

    @Test("A folder of snapshots is a source: a batch for each file, a record for each batch in it")
    func folderAsSource() async throws {
        try await withWorkflowWorld { world in
            let handle = try await world.workflows.start(world.workflow())
            let folder = world.folder.path("snapshots")
            try await handle.snapshot().write(to: folder)
            _ = try await world.workflows.work(on: handle)
            let last = try await handle.snapshot()
            let kept = try last.write(to: folder)
            let text = try String(contentsOfFile: kept, encoding: .utf8)
            let read = try WorkflowSnapshot(json: text)
            #expect(read.isDone)
            #expect(read.batches.map(\.idStart) == last.batches.map(\.idStart))
            #expect(read.progress.succeeded == last.progress.succeeded)
            try Data("no snapshot".utf8).write(to: URL(filePath: folder + "/notes.txt"))
            let connectors = Connectors([FileConnector(), SnapshotConnector()])
            let workflows = Workflows(world.inventory, connectors)
            let out = world.folder.path("batches.jsonl")
            let json = """
                {"job":"replay","source":"snapshots:\(folder)","weight":"1MiB",
                 "sink":"jsonl:\(out)"}
                """
            let result = try await workflows.run(Workflow(json: json))
            #expect(result.ending == .complete)
            // The first tells of no batch, the second of six.
            #expect(result.progress.succeeded.batches == 2)
            #expect(result.progress.succeeded.items == 2)
            let lines = try world.lines("batches.jsonl")
            #expect(lines.count == 6)
            #expect(lines[0].contains(#""job":"load","run":"","at":""#), "\(lines[0])")
            #expect(lines[5].contains(#""status":"succeeded""#), "\(lines[5])")
            // One that is taken later is new.
            try await handle.snapshot().write(to: folder)
            let again = try await workflows.run(Workflow(json: json))
            #expect(again.progress.succeeded.batches == 3)
        }
    }
}
