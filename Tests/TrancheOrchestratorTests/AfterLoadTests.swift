import Foundation
import TestSupport
import Testing
import Tranche
import TrancheConnectors

@testable import TrancheOrchestrator

@Suite("After a load", .timeLimit(.minutes(5)))
struct AfterLoadTests {
    private func text(_ world: PipelineWorld, _ then: String, _ more: String = "") -> String {
        """
        inputs:
          raw: {type: directory, folder: '\(world.folder.path("raw"))', quiet: 0s,
            suffixes: [.csv]\(more)}
        processes:
          load: {type: chain, records: file,
            sink: {at: 'jsonl:\(world.folder.path("out"))', file_per_batch: true}}
        links: [{from: raw, to: load, max_attempts: 1, then: \(then)}]
        """
    }

    private func move(_ world: PipelineWorld, _ more: String = "") -> String {
        text(world, "{move: '\(world.folder.path("done"))'}", more)
    }

    private func status(_ world: PipelineWorld) async throws -> [BatchStatus] {
        try await world.batches("raw/load/then").map(\.status)
    }

    @Test("A file that was loaded is moved, with its path within the folder")
    func moves() async throws {
        try await withPipelineWorld { world in
            try world.write("id\n1\n", to: "raw/a.csv")
            try world.write("id\n2\n", to: "raw/deep/er/b.csv")
            let text = move(world, ", recursive: true")
            let before = try FileManager.default.attributesOfItem(
                atPath: world.folder.path("raw/a.csv")
            )
            #expect(try await world.drain(text) == [])
            #expect(!world.has("raw/a.csv") && !world.has("raw/deep/er/b.csv"))
            #expect(world.has("done/a.csv") && world.has("done/deep/er/b.csv"))
            let after = try FileManager.default.attributesOfItem(
                atPath: world.folder.path("done/a.csv")
            )
            #expect(before[.modificationDate] as? Date == after[.modificationDate] as? Date)
            #expect(try world.lines(in: "out").count == 2)
            #expect(try await status(world) == [.succeeded, .succeeded])
            #expect(try await world.drain(text) == [])
            #expect(try await status(world).count == 2)
        }
    }

    @Test("A job that was cancelled needs no events of the input any more")
    func cancelled() async throws {
        try await withPipelineWorld { world in
            try world.write("id\n1\n", to: "raw/a.csv")
            #expect(try await world.drain(move(world)) == [])
            let jobs = try world.pipeline(move(world)).graph.jobs
            func cancel(_ job: String) async throws -> [Int64] {
                let runs = try await world.inventory.runs(RunSelection(job: job))
                _ = try await world.inventory.cancel(try #require(runs.first).key)
                return try await world.inventory.needs(of: jobs, keeping: .seconds(86_400))
                    .map(\.done)
            }
            #expect(try await cancel("raw/load") == [.max])
            #expect(try await cancel("raw/load/then") == [])
        }
    }

    @Test("A file that ends within a quote fails, and is not deleted")
    func endsTooEarly() async throws {
        try await withPipelineWorld { world in
            try world.write("id,name\n1,a\n2,\"b\n3,c\n", to: "raw/a.csv")
            let failures = try await world.drain(text(world, "delete"))
            #expect(failures.contains { $0.contains("opened at offset 14, in") }, "\(failures)")
            #expect(world.has("raw/a.csv"))
            let statuses = try await world.batches("raw/load").map(\.status)
            #expect(statuses.count == 1 && statuses[0] != .succeeded, "\(statuses)")
            #expect(try await status(world) == [])
        }
    }

    @Test("A target that is there is a conflict, and nothing is replaced")
    func conflict() async throws {
        try await withPipelineWorld { world in
            try world.write("id\n1\n", to: "raw/a.csv")
            try world.write("mine", to: "done/a.csv")
            let failures = try await world.drain(move(world))
            #expect(failures.count == 1 && failures[0].contains("is there already"), "\(failures)")
            #expect(
                try String(contentsOfFile: world.folder.path("done/a.csv"), encoding: .utf8)
                    == "mine"
            )
            #expect(world.has("raw/a.csv"))
            #expect(try await status(world) == [.failed])
            try FileManager.default.removeItem(atPath: world.folder.path("done/a.csv"))
            _ = try await world.inventory.retry(
                BatchSelection(runs: RunSelection(job: "raw/load/then"))
            )
            #expect(try await world.drain(move(world)) == [])
            #expect(world.has("done/a.csv") && !world.has("raw/a.csv"))
        }
    }

    /// Loads what there is, and leaves what follows.
    private func load(_ world: PipelineWorld, _ text: String) async throws {
        let pipeline = try world.pipeline(text)
        var link = pipeline.links[0]
        link.then = nil
        let orchestrator = Orchestrator(world.inventory)
        try orchestrator.add(KeptInput(base: pipeline.inputs[0]))
        try orchestrator.add(pipeline.processes[0])
        try orchestrator.link(link)
        try await orchestrator.drain()
    }

    /// An input whose log nobody cleans.
    private struct KeptInput: Input {
        let base: any Input
        var name: String { base.name }

        func gather(_ log: InputLog) async throws { try await base.gather(log) }

        func clean(_ inventory: Inventory, keeping keep: Duration) async throws -> [RunKey] { [] }
    }

    @Test(
        "A file that has changed since its event, or is gone, is an error that says so",
        arguments: ["delete", "tag", "move"]
    )
    func changed(_ then: String) async throws {
        try await withPipelineWorld { world in
            let text = then == "move" ? move(world) : text(world, then)
            let path = try world.write("id\n1\n", to: "raw/a.csv")
            let other = try world.write("id\n2\n", to: "raw/b.csv")
            try await load(world, text)
            try world.write("id\n1\n9\n", to: "raw/a.csv")
            try FileManager.default.removeItem(atPath: other)
            let pipeline = try world.pipeline(text)
            // Not gathered again: what the files are now is not loaded.
            let job = AfterLoadProcess(
                after: try #require(pipeline.links[0].then),
                upstream: "raw/load",
                link: pipeline.links[0],
                input: pipeline.inputs[0],
                credentials: .init()
            )
            let group = WorkerGroup(
                world.inventory,
                BatchRequest(job: "raw/load/then", limit: .count(1)),
                from: InventorySource(job: "raw/load"),
                handler: Direct(process: job)
            )
            _ = try await group.run()
            let batches = try await world.batches("raw/load/then")
            #expect(batches.map(\.status) == [.failed, .failed])
            let words = batches.compactMap(\.logging)
            #expect(words.contains { $0.contains("'\(path)' has changed since") }, "\(words)")
            #expect(words.contains { $0.contains("'\(other)' is there no more") }, "\(words)")
            #expect(world.has("raw/a.csv"))
        }
    }

    private struct Direct: BatchHandler {
        let process: AfterLoadProcess

        func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
            let items = try await batch.items
            let events = EventBatch(
                events: items.map { Event(completion: $0, of: "load") },
                numbers: items.map(\.id),
                batch: batch,
                link: Link(from: "load", to: "then"),
                progress: progress
            )
            return try await process.verdict(on: events)
        }
    }

    @Test("A file is removed, or marked by another that says who was done with it")
    func deletesAndTags() async throws {
        try await withPipelineWorld { world in
            try world.write("id\n1\n", to: "raw/a.csv")
            #expect(try await world.drain(text(world, "{tag: loaded}")) == [])
            let mark = try String(
                contentsOfFile: world.folder.path("raw/a.csv.loaded"),
                encoding: .utf8
            )
            #expect(mark == #"{"job":"raw/load","event":1}"# + "\n")
            try world.write("id\n2\n", to: "raw/b.csv")
            #expect(try await world.drain(text(world, "delete")) == [])
            #expect(!world.has("raw/b.csv") && world.has("raw/a.csv"))
        }
    }

    @Test("What an earlier attempt did is known again", arguments: [false, true])
    func repeated(_ copies: Bool) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("a")
            let keeper = FileKeeper(copies: copies)
            func known(_ attempt: Int) async throws -> FileKeeper.Known {
                FileKeeper.Known(
                    path: path,
                    mark: try await FolderLister().mark(of: path),
                    attempt: attempt,
                    number: 7
                )
            }
            try Data("content".utf8).write(to: URL(filePath: path))
            let first = try await known(1)
            var again = first
            again.attempt = 2
            try await keeper.move(first, to: folder.path("to/a"))
            try await keeper.move(again, to: folder.path("to/a"))
            #expect(try String(contentsOfFile: folder.path("to/a"), encoding: .utf8) == "content")
            #expect(!FileManager.default.fileExists(atPath: path))
            // Another file under the target's name is none of ours.
            try Data("CONTENT".utf8).write(to: URL(filePath: folder.path("to/a")))
            await #expect(throws: TrancheError.self) {
                try await keeper.move(again, to: folder.path("to/a"))
            }
            // No part of a copy stays.
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("to")) == ["a"])
            try Data("x".utf8).write(to: URL(filePath: path))
            let removed = try await known(1)
            try await keeper.remove(removed)
            await #expect(throws: TrancheError.self) { try await keeper.remove(removed) }
            again = removed
            again.attempt = 2
            try await keeper.remove(again)
            // What an attempt that was killed had put aside is looked at before it goes.
            let aside = folder.path(".7.tranche-gone")
            try Data("another".utf8).write(to: URL(filePath: aside))
            await #expect(throws: TrancheError.self) { try await keeper.remove(again) }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "another")
            var other = try await known(2)
            try FileManager.default.moveItem(atPath: path, toPath: aside)
            try await keeper.remove(other)
            #expect(!FileManager.default.fileExists(atPath: aside))
            // A file that has come since under the name is none of it.
            try Data("new".utf8).write(to: URL(filePath: path))
            other.attempt = 3
            await #expect(throws: TrancheError.self) { try await keeper.remove(other) }
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("A file that was copied and put aside is removed by the next attempt")
    func killedBeforeRemoval() async throws {
        try await withTemporaryFolder { folder in
            let (path, aside) = (folder.path("a"), folder.path(".7.tranche-gone"))
            let keeper = FileKeeper(copies: true)
            try export("content", to: path)
            try export("content", to: folder.path("to/a"))
            let again = try await known(path, 2)
            try FileManager.default.moveItem(atPath: path, toPath: aside)
            try await keeper.move(again, to: folder.path("to/a"))
            #expect(!FileManager.default.fileExists(atPath: aside))
            // One that is another file gets its name back.
            try export("another one", to: aside)
            await #expect(throws: TrancheError.self) {
                try await keeper.move(again, to: folder.path("to/a"))
            }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "another one")
        }
    }

    /// Writes a file, and gives it the time that all exports of one day have.
    private func export(_ text: String, to path: String) throws {
        try FileManager.default.createDirectory(
            at: URL(filePath: path).deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1e9)],
            ofItemAtPath: path
        )
    }

    /// A file as the event of an attempt knows it.
    private func known(
        _ path: String,
        _ attempt: Int,
        isOfAnother: Bool = false
    ) async throws -> FileKeeper.Known {
        FileKeeper.Known(
            path: path,
            mark: try await FolderLister().mark(of: path),
            attempt: attempt,
            number: 7,
            isOfAnother: isOfAnother
        )
    }

    @Test("A later file of the same name, size and time as one that was moved is a conflict")
    func sameSizeAndTime() async throws {
        try await withPipelineWorld { world in
            try export("id\n1\n", to: world.folder.path("raw/a.csv"))
            #expect(try await world.drain(move(world)) == [])
            try export("id\n2\n", to: world.folder.path("raw/a.csv"))
            let failures = try await world.drain(move(world))
            #expect(failures.count == 1 && failures[0].contains("is there already"), "\(failures)")
            for (name, text) in [("done/a.csv", "id\n1\n"), ("raw/a.csv", "id\n2\n")] {
                let path = world.folder.path(name)
                #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
            }
        }
    }

    @Test(
        "A file at the target that differs is none of an earlier attempt's, and both stay",
        arguments: [1, 2]
    )
    func otherContent(_ attempt: Int) async throws {
        try await withTemporaryFolder { folder in
            let (path, target) = (folder.path("in/a"), folder.path("done/a"))
            // The difference is behind more than is read at once.
            let text = String(repeating: "x", count: 2_500_000)
            for (own, other) in [("1", "2"), (text + "1", text + "2")] {
                try export(own, to: path)
                try export(other, to: target)
                let file = try await known(path, attempt)
                let error = await #expect(throws: TrancheError.self) {
                    try await FileKeeper().move(file, to: target)
                }
                #expect(error?.code == .sinkFailed)
                #expect(error?.message.contains("is there already") == true)
                #expect(try String(contentsOfFile: path, encoding: .utf8) == own)
                #expect(try String(contentsOfFile: target, encoding: .utf8) == other)
            }
        }
    }

    @Test("A copy is an earlier attempt's only where there was one, and its file is removed then")
    func copyOfAnEarlierAttempt() async throws {
        try await withTemporaryFolder { folder in
            let (path, target) = (folder.path("in/a"), folder.path("done/a"))
            // More than is read at once, just as much, less, and none.
            for count in [2_500_000, 1 << 20, 9, 0] {
                let text = String(repeating: "x", count: count)
                for (attempt, isOfAnother) in [(2, false), (1, true)] {
                    try export(text, to: path)
                    try export(text, to: target)
                    let first = try await known(path, 1)
                    await #expect(throws: TrancheError.self) {
                        try await FileKeeper().move(first, to: target)
                    }
                    #expect(FileManager.default.fileExists(atPath: path))
                    let file = try await known(path, attempt, isOfAnother: isOfAnother)
                    try await FileKeeper().move(file, to: target)
                    #expect(!FileManager.default.fileExists(atPath: path), "\(count)")
                    #expect(try String(contentsOfFile: target, encoding: .utf8) == text)
                    // Its file is gone: one who asks for the first time did not bring it there.
                    await #expect(throws: TrancheError.self) {
                        try await FileKeeper().move(first, to: target)
                    }
                    try await FileKeeper().move(file, to: target)
                }
            }
        }
    }

    @Test("Events are kept for as long as their files are to be looked at")
    func retention() async throws {
        try await withPipelineWorld { world in
            for name in ["a", "b", "c", "d"] {
                try world.write("id\n1\n", to: "raw/\(name).csv")
                try await load(world, move(world))
            }
            let jobs = try world.pipeline(move(world)).graph.jobs.filter { $0.after != nil }
            #expect(jobs.map(\.name) == ["raw/load/then"])
            let needs = try await world.inventory.needs(of: jobs, keeping: .seconds(86_400))
            #expect(needs.map(\.done) == [0])
            let kept = try await world.inventory.clean(
                input: "raw",
                keeping: .seconds(3600),
                besides: needs
            )
            // Without what follows three would have gone.
            #expect(kept.removed == 0)
            #expect(try await world.drain(move(world)) == [])
            let left = try await world.inventory.needs(of: jobs, keeping: .seconds(86_400))
            #expect(left[0].done >= 4)
            let log = try await world.inventory.inputLogs().first { $0.name == "raw" }
            // The drain has cleaned all but the last.
            #expect(log?.floor == 3)
            #expect(world.has("done/a.csv") && world.has("done/d.csv"))
        }
    }

    @Test("An event that was cleaned before its file was moved is an error that says so")
    func cleaned() async throws {
        try await withPipelineWorld { world in
            for name in ["a", "b"] {
                try world.write("id\n1\n", to: "raw/\(name).csv")
                try await load(world, move(world))
            }
            _ = try await world.inventory.clean(input: "raw", keeping: .seconds(3600))
            let failures = try await world.drain(move(world))
            #expect(failures.count == 1 && failures[0].contains("were cleaned"), "\(failures)")
            #expect(world.has("raw/a.csv") && world.has("done/b.csv"))
        }
    }

    @Test("What would come back as an event, or take a file away from others, is refused")
    func refused() async throws {
        try await withPipelineWorld { world in
            let raw = world.folder.path("raw")
            for (text, words) in [
                (text(world, "{move: '\(raw)'}"), "would be an event of 'raw' again"),
                (text(world, "{move: '\(raw)/d'}", ", recursive: true"), "would be an event"),
                (text(world, "{move: 's3://b/done'}"), "is moved into a folder"),
                (text(world, "move"), "needs a folder"),
                (text(world, "shred"), "delete"),
                (text(world, "{move: x, tag: y}"), "give one of"),
                (text(world, "{tag: 'a/b'}"), "is not a mark"),
                (text(world, "tag", ", marker: .done"), "is what says that a file"),
                (
                    text(world, "tag").replacing("suffixes: [.csv]", with: "suffixes: []"),
                    "suffixes"
                ),
                (
                    text(world, "delete").replacing("links: [", with: "links: [raw -> other, ")
                        .replacing(
                            "processes:",
                            with: "processes:\n  other: {type: chain, sink: none}"
                        ),
                    "still needs them"
                ),
                (
                    text(world, "delete").replacing(
                        "type: directory, folder",
                        with: "type: directory, folder"
                    )
                    .replacing("load", with: "then"),
                    "is what follows a link"
                ),
            ] {
                let found = world.faults(text)
                #expect(found.contains { $0.contains(words) }, "\(words): \(found)")
            }
            #expect(world.faults(text(world, "{move: '\(raw)/d'}")) == [])
        }
    }

    @Test("The graph shows what follows")
    func graph() async throws {
        try await withPipelineWorld { world in
            let graph = try world.pipeline(text(world, "delete")).graph
            #expect(graph.text(.text) == "raw\n`-- load\n    `-- load.then (delete)\n")
            #expect(graph.text(.dot).contains("\"load\" -> \"load.then\" [label=\"delete\"];"))
            #expect(graph.text(.mermaid).contains("t0[/\"load.then\"/]"))
        }
    }
}
