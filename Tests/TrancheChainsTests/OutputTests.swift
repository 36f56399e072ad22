import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheChains

@Suite("Output files")
struct OutputTests {
    /// Loads a file of JSON Lines into one file.
    @discardableResult
    private func load(
        _ text: String,
        as name: String = "in.jsonl",
        to sink: FileSink,
        _ world: ChainWorld,
        job: String = "load",
        weight: Double = 30
    ) async throws -> ChainReport {
        // Not written twice: a file that was touched counts as another.
        let path = world.folder.path(name)
        if !FileManager.default.fileExists(atPath: path) { _ = try world.write(text, to: name) }
        return try await Chain(reading: JSONLinesSource(path)).write(to: sink)
            .run(through: world.inventory, world.options(job, weight: weight))
    }

    @Test("A CSV file has all records' fields, by name, and null for those that lack one")
    func oneHeader() async throws {
        let text = """
            {"id":1,"a":"x"}
            {"a":"y","id":2}
            {"id":3}
            {"id":4,"b":"z","a":"one\\nline, \\"q\\""}
            {"c":true}

            """
        for weight in [1.0, 40, 1000] {
            try await withChainWorld { world in
                let sink = FileSink.csv(world.folder.path("out.csv"))
                try await load(text, to: sink, world, weight: weight)
                let expected =
                    "id,a,b,c\n1,x,,\n2,y,,\n3,,,\n4,\"one\nline, \"\"q\"\"\",z,\n,,,true\n"
                #expect(try world.read("out.csv") == expected, "batches of \(weight)")
            }
        }
    }

    @Test("Fields that look alike are columns of their own where their names differ")
    func lookalikes() async throws {
        let names = ["\u{E9}", "e\u{301}"]
        let text = names.map { "{\"\($0)\":1}\n" }.joined()
        for weight in [1.0, 1000] {
            try await withChainWorld { world in
                let sink = FileSink.csv(world.folder.path("out.csv"))
                try await load(text, to: sink, world, weight: weight)
                let expected = "\(names[0]),\(names[1])\n1,\n,1\n"
                #expect(try Array(world.read("out.csv").utf8) == Array(expected.utf8))
            }
        }
    }

    @Test(
        "A delimiter that cannot part fields is refused before there is a batch",
        arguments: ["§", "é", "\"", "\n", "\r\n", "\0"] as [Character]
    )
    func badDelimiter(delimiter: Character) async throws {
        try await withChainWorld { world in
            let sink = FileSink.csv(world.folder.path("out.csv"), delimiter: delimiter)
            let error = await #expect(throws: TrancheError.self) {
                try await load("{\"id\":1}\n", to: sink, world)
            }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("give one ASCII character") == true)
            let batches = try await world.inventory.store.batches(BatchSelection())
            #expect(batches.isEmpty)
            // Another is taken.
            let good = FileSink.csv(world.folder.path("out.csv"), delimiter: ";")
            let line = "{\"id\":1,\"a\":\"x;y\"}\n"
            try await load(line, as: "two.jsonl", to: good, world, job: "other")
            #expect(try world.read("out.csv") == "id;a\n1;\"x;y\"\n")
        }
    }

    @Test("A record without a field is a row of nulls, wherever it stands")
    func noField() async throws {
        for weight in [1.0, 1000] {
            for (text, rows) in [
                ("{\"id\":1,\"a\":2}\n{}\n{\"id\":3}\n", "id,a\n1,2\n,\n3,\n"),
                ("{}\n{\"id\":1,\"a\":2}\n{}\n", "id,a\n,\n1,2\n,\n"),
                ("{}\n{}\n", "\n\n\n"),
            ] {
                try await withChainWorld { world in
                    let sink = FileSink.csv(world.folder.path("out.csv"))
                    try await load(text, to: sink, world, weight: weight)
                    #expect(try world.read("out.csv") == rows, "batches of \(weight)")
                }
            }
        }
    }

    @Test("Null and empty text stay apart where a file has one field")
    func oneField() async throws {
        try await withChainWorld { world in
            let sink = FileSink.csv(world.folder.path("out.csv"))
            try await load("{\"s\":null}\n{\"s\":\"\"}\n{\"s\":\"a\"}\n", to: sink, world)
            #expect(try world.read("out.csv") == "s\n\n\"\"\na\n")
        }
    }

    @Test("A file without a record has its source's header")
    func headerAlone() async throws {
        try await withChainWorld { world in
            let path = try world.write("a,\"b,c\"\n", to: "in.csv")
            _ = try await Chain(reading: CSVSource(path))
                .write(to: FileSink.csv(world.folder.path("out.csv")))
                .run(through: world.inventory, world.options())
            #expect(try world.read("out.csv") == "a,\"b,c\"\n")
        }
    }

    private static func ids(_ range: ClosedRange<Int>) -> String {
        range.map { "{\"id\":\($0)}\n" }.joined()
    }

    @Test("An output holds what one inventory's run wrote, not what an earlier one left")
    func otherInventory() async throws {
        try await withChainWorld { world in
            let sink = FileSink.jsonLines(world.folder.path("out.jsonl"))
            try await load(Self.ids(1...100), to: sink, world)
            try await withChainWorld { second in
                try FileManager.default.removeItem(atPath: world.folder.path("in.jsonl"))
                let path = try world.write(Self.ids(501...510), to: "in.jsonl")
                let notices = ValueKeeper<String>()
                var options = second.options(weight: 30)
                options.onNotice = { notices.keep([$0]) }
                _ = try await Chain(reading: JSONLinesSource(path))
                    .write(to: FileSink.jsonLines(world.folder.path("out.jsonl")))
                    .run(through: second.inventory, options)
                #expect(try world.read("out.jsonl") == Self.ids(501...510))
                #expect(notices.values.count == 1)
                #expect(notices.values.first?.contains("is made anew") == true)
            }
        }
    }

    @Test("What another job wrote of the same source is not replaced unless told")
    func otherJob() async throws {
        try await withChainWorld { world in
            let path = world.folder.path("out.jsonl")
            try await load(Self.ids(1...50), to: .jsonLines(path), world)
            let error = await #expect(throws: TrancheError.self) {
                try await load(Self.ids(1...50), to: .jsonLines(path), world, job: "again")
            }
            #expect(error?.message.contains("holds what job 'load' wrote") == true)
            #expect(try world.read("out.jsonl") == Self.ids(1...50))
            let replacing = FileSink.jsonLines(path, overwrites: true)
            try await load(Self.ids(1...50), to: replacing, world, job: "again")
            #expect(try world.read("out.jsonl") == Self.ids(1...50))
            await #expect(throws: TrancheError.self) {
                try await load(Self.ids(1...50), to: .jsonLines(path), world)
            }
            #expect(try world.read("out.jsonl") == Self.ids(1...50))
        }
    }

    @Test("A link at the output's path stays, and the file that it leads to is replaced")
    func linkedOutput() async throws {
        try await withChainWorld { world in
            let path = world.folder.path("out.jsonl")
            let sink = FileSink.jsonLines(path, overwrites: true)
            try FileManager.default.createDirectory(
                atPath: world.folder.path("disk"),
                withIntermediateDirectories: false
            )
            // It leads to nothing at first, by way of another.
            for (link, end) in [
                ("out.jsonl", "disk/link.jsonl"), ("disk/link.jsonl", "real.jsonl"),
            ] {
                try FileManager.default.createSymbolicLink(
                    atPath: world.folder.path(link),
                    withDestinationPath: end
                )
            }
            for (job, ids) in [("load", 1...50), ("again", 1...7)] {
                let name = "\(job).in.jsonl"
                try await load(Self.ids(ids), as: name, to: sink, world, job: job)
                let end = try FileManager.default.destinationOfSymbolicLink(atPath: path)
                #expect(end == "disk/link.jsonl")
                #expect(try world.read("disk/real.jsonl") == Self.ids(ids))
            }
        }
    }

    /// Where a link at an output's path leads.
    enum Leading: CaseIterable {
        case relative, absolute, otherDisk
    }

    @Test(
        "A link at the output's path stays when its job goes on, and leads to the rows of all runs",
        arguments: Leading.allCases
    )
    func linkedOutputGoesOn(_ leading: Leading) async throws {
        try await withChainWorld(.sqlite, "id\n1\n2\n") { world in
            // In memory, and so on a file system of its own.
            let other = "/dev/shm/tranche-\(UUID())"
            let disk = leading == .otherDisk ? other : world.folder.path("disk")
            try FileManager.default.createDirectory(
                atPath: disk,
                withIntermediateDirectories: false
            )
            defer { try? FileManager.default.removeItem(atPath: other) }
            let (path, end) = (world.folder.path("out.csv"), "\(disk)/real.csv")
            let destination = leading == .relative ? "disk/real.csv" : end
            try FileManager.default.createSymbolicLink(
                atPath: path,
                withDestinationPath: destination
            )
            var text = "id\n1\n2\n"
            for rows in ["", "3\n4\n", "5\n"] {
                text += rows
                try Data(text.utf8).write(to: URL(fileURLWithPath: world.path))
                let report = try await Chain(reading: CSVSource(world.path, grows: true))
                    .write(to: FileSink.csv(path))
                    .run(through: world.inventory, world.options())
                #expect(report.isSuccess, "\(report.lastError ?? "")")
                let found = try FileManager.default.destinationOfSymbolicLink(atPath: path)
                #expect(found == destination)
                #expect(try String(contentsOfFile: end, encoding: .utf8) == text)
                #expect(try FileManager.default.contentsOfDirectory(atPath: disk) == ["real.csv"])
            }
        }
    }

    @Test("What an earlier version wrote with commas to a file named .tsv goes on with tabs")
    func commasBecomeTabs() async throws {
        let text = "id,note\n1,a\tb\n2,\"c,d\"\n"
        try await withChainWorld(.sqlite, text) { world in
            let path = world.folder.path("out.tsv")
            func load(to sink: FileSink) async throws {
                let report = try await Chain(reading: CSVSource(world.path, grows: true))
                    .write(to: sink).run(through: world.inventory, world.options())
                #expect(report.isSuccess, "\(report.lastError ?? "")")
            }
            try await load(to: .csv(path))
            #expect(try world.read("out.tsv") == text)
            var expected = "id\tnote\n1\t\"a\tb\"\n2\t\"c,d\"\n"
            for (count, line) in ["3,e\n", "4,f\n"].enumerated() {
                let more = text + (count == 0 ? line : "3,e\n" + line)
                try Data(more.utf8).write(to: URL(fileURLWithPath: world.path))
                try await load(to: .csv(path, delimiter: "\t"))
                expected += line.replacing(",", with: "\t")
                #expect(try world.read("out.tsv") == expected)
            }
        }
    }

    @Test("A field that has a comma in its name stays one in a file of tabs")
    func commaInName() async throws {
        try await withChainWorld { world in
            let sink = FileSink.csv(world.folder.path("out.tsv"), delimiter: "\t")
            try await load("{\"a,b\":\"x\"}\n{\"a,b\":\"y\"}\n", to: sink, world, weight: 1)
            #expect(try world.read("out.tsv") == "a,b\nx\ny\n")
        }
    }

    @Test("What was put together on another disk is taken back whole, once")
    func copiedBack() async throws {
        try await withTemporaryFolder { folder in
            let (target, former) = (folder.path("out.csv"), folder.path("a-0.part"))
            let text = String(repeating: "1,2,3\n", count: 100_000)
            try Data(text.utf8).write(to: URL(fileURLWithPath: target))
            for mark in ["1-1", "2-1"] {
                try await PartFolder.copyBack(target, to: former, mark: mark)
                #expect(try String(contentsOfFile: former, encoding: .utf8) == text)
                let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
                #expect(names == ["a-0.part"])
            }
        }
    }

    @Test("A folder in which a run is about to go on is not removed by another process's claim")
    func claimedMeanwhile() async throws {
        try await withChainWorld { world in
            let path = world.folder.path("out.jsonl")
            try await load(Self.ids(1...20), to: .jsonLines(path), world)
            let run = try #require(try await world.inventory.runs(RunSelection(job: "load")).first)
            let own = SinkRun(run.key, in: world.inventory.store)
            // A process has made its folder, and copies what was put together.
            let folder = try await PartOwner(run).makeFolder(in: path + ".parts", mark: "1")
            for (name, isLeft) in [
                ("a-0.part.1.tmp", true), ("a-0.part", true), ("p1-1.part", false),
            ] {
                try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
                _ = try await PartFolder(path).claim(own)
                #expect(FileManager.default.fileExists(atPath: folder) == isLeft, "\(name)")
            }
            #expect(try world.read("out.jsonl") == Self.ids(1...20))
        }
    }

    @Test("Where another process has removed the folder of a run, it is made anew")
    func folderMadeAnew() async throws {
        try await withChainWorld { world in
            let path = world.folder.path("out.jsonl")
            try await load(Self.ids(1...20), to: .jsonLines(path), world)
            let run = try #require(try await world.inventory.runs(RunSelection(job: "load")).first)
            let batch = try #require(try await world.inventory.batches(BatchSelection()).first)
            let parts = PartFolder(path)
            _ = try await parts.claim(SinkRun(run.key, in: world.inventory.store))
            for _ in 1...2 {
                try await parts.begin(batch).abandon()
                let folder = "\(path).parts/\(PartOwner(run).folder)"
                #expect(FileManager.default.fileExists(atPath: folder))
                try PartFolder(path).removeFolders(of: [PartOwner(run)])
                #expect(!FileManager.default.fileExists(atPath: folder))
            }
        }
    }

    @Test("Where an output is removed, a link to it stays")
    func removedBehindALink() async throws {
        try await withTemporaryFolder { folder in
            let (path, end) = (folder.path("bad.jsonl"), folder.path("real.jsonl"))
            try FileManager.default.createSymbolicLink(
                atPath: path,
                withDestinationPath: "real.jsonl"
            )
            try Data("x".utf8).write(to: URL(fileURLWithPath: end))
            let parts = PartFolder(path)
            for _ in 1...2 {
                try parts.removeTarget(of: RunKey(metaTable: "t", job: "load"))
                let found = try FileManager.default.destinationOfSymbolicLink(atPath: path)
                #expect(found == "real.jsonl")
                #expect(!FileManager.default.fileExists(atPath: end))
            }
        }
    }

    @Test("A file that may be replaced stays until what takes its place is complete")
    func replacedWhenComplete() async throws {
        try await withChainWorld { world in
            let path = try world.write("id,s\n1,a\nx,b\n3,c\n4,\"open\n5,e\n", to: "in.csv")
            let schema = try RecordSchema(json: #"{"properties":{"id":{"type":"integer"}}}"#)
            let (out, rejects) = try (
                world.write("mine\n", to: "out.csv"), world.write("kept\n", to: "in.error.jsonl")
            )
            func run() async throws {
                _ = try await Chain(reading: CSVSource(path))
                    .validate(schema, rejectsTo: .jsonLines(rejects, overwrites: true))
                    .write(to: FileSink.csv(out, overwrites: true))
                    .run(through: world.inventory, world.options(weight: 8))
            }
            await #expect(throws: TrancheError.self) { try await run() }
            #expect(try world.read("out.csv") == "mine\n")
            #expect(try world.read("in.error.jsonl") == "kept\n")
        }
    }

    @Test("What was loaded of another source, or by nobody, is not replaced unless told")
    func foreignOutputs() async throws {
        try await withChainWorld { world in
            let path = world.folder.path("out.jsonl")
            try await load(Self.ids(1...5), as: "a.jsonl", to: .jsonLines(path), world)
            let error = await #expect(throws: TrancheError.self) {
                try await load(Self.ids(6...9), as: "b.jsonl", to: .jsonLines(path), world)
            }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("--overwrite") == true)
            #expect(try world.read("out.jsonl") == Self.ids(1...5))
            let replacing = FileSink.jsonLines(path, overwrites: true)
            try await load(Self.ids(6...9), as: "b.jsonl", to: replacing, world)
            #expect(try world.read("out.jsonl") == Self.ids(6...9))

            let mine = try world.write("mine\n", to: "mine.csv")
            await #expect(throws: TrancheError.self) {
                try await load(Self.ids(1...2), to: .csv(mine), world, job: "mine")
            }
            #expect(try world.read("mine.csv") == "mine\n")
            try await load(
                Self.ids(1...2),
                to: .csv(mine, overwrites: true),
                world,
                job: "mine"
            )
            #expect(try world.read("mine.csv") == "id\n1\n2\n")
        }
    }

    @Test("A folder of files holds one run's, unless told that others' may be removed")
    func foreignFolder() async throws {
        try await withChainWorld { world in
            let path = world.folder.path("out")
            let names = { try FileManager.default.contentsOfDirectory(atPath: path).count }
            let first = FileSink.jsonLines(path, layout: .filePerBatch)
            let report = try await load(Self.ids(1...20), to: first, world)
            #expect(try names() == report.succeeded)
            await #expect(throws: TrancheError.self) {
                try await load(Self.ids(1...20), to: first, world, job: "again")
            }
            let second = FileSink.jsonLines(path, layout: .filePerBatch, overwrites: true)
            let again = try await load(
                Self.ids(1...20),
                to: second,
                world,
                job: "again",
                weight: 1000
            )
            #expect(again.succeeded == 1)
            #expect(try names() == 1)
        }
    }

    @Test("Two that put one file together at once do not write into each other's file")
    func putTogetherTwice() async throws {
        try await withTemporaryFolder { folder in
            let parts = PartFolder(folder.path("out.csv"))
            let key = RunKey(metaTable: "t", job: "load")
            func text() throws -> String {
                try String(contentsOfFile: folder.path("out.csv"), encoding: .utf8)
            }
            try await parts.write(for: key) { first in
                try await first.append(Array("the first\n".utf8))
                try await parts.write(for: key) { try await $0.append(Array("second\n".utf8)) }
                #expect(try text() == "second\n")
                try await first.append(Array("its end\n".utf8))
            }
            #expect(try text() == "the first\nits end\n")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
            #expect(names == ["out.csv"])
        }
    }

    @Test(
        "What processes left that ended for sure is removed, and nothing of others",
        arguments: FileSink.Layout.allCases
    )
    func abandoned(layout: FileSink.Layout) async throws {
        try await withChainWorld { world in
            let own = try #require(ProcessMark.own)
            let ended = ProcessMark(
                place: own.place,
                process: own.process,
                startedAt: own.startedAt + 1
            )
            let other = ProcessMark(place: "elsewhere", process: .max, startedAt: 1)
            let zeros = String(repeating: "0", count: 20)
            let start = layout == .oneFile ? "out.jsonl" : "out/p\(zeros)-1.jsonl"
            try FileManager.default.createDirectory(
                atPath: world.folder.path("out"),
                withIntermediateDirectories: false
            )
            let left = [ended, own, other].map { "\(start).\($0.marking("~1")).tmp" }
            for name in left { _ = try world.write("x", to: name) }
            let path = world.folder.path(layout == .oneFile ? "out.jsonl" : "out")
            try await load(Self.ids(1...20), to: .jsonLines(path, layout: layout), world)
            let there = left.map { FileManager.default.fileExists(atPath: world.folder.path($0)) }
            #expect(there == [false, true, true])
        }
    }

    /// Makes batches again of those that succeeded.
    private func doAgain(_ world: ChainWorld) async throws {
        let store = world.inventory.store
        let done = try await world.inventory.batches(BatchSelection(status: .succeeded))
        _ = try await store.offer(done.map { AttemptKey(batch: $0.id, attempt: $0.attempt) })
    }

    @Test("Of batches that did one again, each as often as it was asked, the latest counts")
    func doneAgainAndAgain() {
        // 1, what did it again, what did that again, and what did the first again.
        let batches: [(number: Int64, origin: Int64?)] = [
            (1, nil), (2, nil), (5, 1), (7, 5), (8, 1), (9, 4),
        ]
        #expect(PartFolder.replaced(among: batches) == [1, 5, 7])
    }

    @Test("A batch that is done again is in the file once, and so are its rejects")
    func doneAgain() async throws {
        try await withChainWorld { world in
            let path = try world.write("id,s\n1,a\nx,b\n3,c\n", to: "in.csv")
            let schema = try RecordSchema(json: #"{"properties":{"id":{"type":"integer"}}}"#)
            let rejects = world.folder.path("in.error.jsonl")
            var options = world.options(weight: 8)
            // Of a job over several sources the parts stay.
            options.spansJob = true
            for count in [2, 4] {
                let report = try await Chain(reading: CSVSource(path))
                    .validate(schema, rejectsTo: .jsonLines(rejects))
                    .write(to: FileSink.csv(world.folder.path("out.csv")))
                    .run(through: world.inventory, options)
                #expect(report.isSuccess, "\(report.lastError ?? "")")
                let batches = try await world.inventory.batches(BatchSelection(status: .succeeded))
                #expect(batches.count == count)
                #expect(try world.read("out.csv") == "id,s\n1,a\n3,c\n")
                #expect(try world.read("in.error.jsonl").split(separator: "\n").count == 1)
                if count == 2 { try await doAgain(world) }
            }
        }
    }

    @Test("What was put together is not done again, and says so; a file of its own is replaced")
    func doneAgainLate() async throws {
        try await withChainWorld { world in
            let path = world.folder.path("out.jsonl")
            try await load(Self.ids(1...20), to: .jsonLines(path), world)
            try await doAgain(world)
            try await load(Self.ids(1...20), to: .jsonLines(path), world)
            #expect(try world.read("out.jsonl") == Self.ids(1...20))
            let again = try await world.inventory.batches(BatchSelection())
                .filter { $0.kind == .redrive }
            #expect(!again.isEmpty && again.allSatisfy { $0.status != .succeeded })
            #expect(again.contains { $0.logging?.contains("would be there twice") == true })
        }
        try await withChainWorld { world in
            let path = world.folder.path("out")
            let sink = FileSink.jsonLines(path, layout: .filePerBatch)
            try await load(Self.ids(1...20), to: sink, world)
            let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            // The second time also what did a batch again is done again.
            for count in [names.count, 2 * names.count] {
                try await doAgain(world)
                let report = try await load(Self.ids(1...20), to: sink, world)
                #expect(report.succeeded == count)
                let found = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
                #expect(found == names)
            }
        }
    }

    @Test("So it is not where what is refused is split until each of its items stands alone")
    func doneAgainInParts() async throws {
        try await withChainWorld { world in
            let path = world.folder.path("out.jsonl")
            let source = JSONLinesSource(try world.write(Self.ids(1...20), to: "in.jsonl"))
            // The policy is that of the run, which begins with it.
            let policy = RunPolicy(maxAttempts: 1, backoff: .zero, onExhausted: .split)
            // One batch: more that fail alike would count as an outage, and none is split then.
            let options = world.options(weight: 1000, policy: policy)
            func load() async throws {
                _ = try await Chain(reading: source).write(to: FileSink.jsonLines(path))
                    .run(through: world.inventory, options)
            }
            try await load()
            try await doAgain(world)
            try await load()
            #expect(try world.read("out.jsonl") == Self.ids(1...20))
            let again = try await world.inventory.batches(BatchSelection())
                .filter { $0.kind == .redrive || $0.kind == .split }
            #expect(again.contains { $0.kind == .split })
            #expect(again.allSatisfy { $0.status != .succeeded })
        }
    }

    @Test("Rejects that were put together beside another sink are in their file once, or no more")
    func rejectsDoneAgainLate() async throws {
        try await withChainWorld { world in
            let path = try world.write("id,s\n1,a\nx,b\n3,c\ny,d\n", to: "in.csv")
            let rejects = world.folder.path("in.error.jsonl")
            func load(_ type: String) async throws {
                let schema = try RecordSchema(
                    json: #"{"properties":{"id":{"type":"\#(type)"}}}"#
                )
                let report = try await Chain(reading: CSVSource(path))
                    .validate(schema, rejectsTo: .jsonLines(rejects))
                    .write(to: MemorySink())
                    .run(through: world.inventory, world.options(weight: 8))
                #expect(report.isSuccess, "\(report.lastError ?? "")")
                #expect(!FileManager.default.fileExists(atPath: rejects + ".parts"))
            }
            try await load("integer")
            let found = try world.read("in.error.jsonl")
            #expect(found.split(separator: "\n").count == 2)
            // The second time also what did a batch again is done again.
            for _ in 1...2 {
                try await doAgain(world)
                try await load("integer")
                #expect(try world.read("in.error.jsonl") == found)
            }
            // One of two batches that had rejects has none any more.
            let store = world.inventory.store
            let last = try #require(try await world.inventory.batches(BatchSelection()).first)
            _ = try await store.offer([AttemptKey(batch: last.id, attempt: last.attempt)])
            try await load("string")
            let rest = try world.read("in.error.jsonl").split(separator: "\n")
            #expect(rest.count == 1 && found.contains(rest[0]))
            try await doAgain(world)
            try await load("string")
            #expect(!FileManager.default.fileExists(atPath: rejects))
        }
    }

    @Test("What does again what failed to do a batch again takes that batch's place")
    func doneAgainAfterFailure() async throws {
        try await withChainWorld { world in
            let path = try world.write(Self.ids(1...1), to: "in.jsonl")
            let source = JSONLinesSource(path)
            let policy = RunPolicy(maxAttempts: 1, backoff: .zero, onExhausted: .split)
            var options = world.options(policy: policy)
            // Of a job over several sources the parts stay.
            options.spansJob = true
            func load() async throws {
                let sink = FileSink.jsonLines(world.folder.path("out.jsonl"))
                _ = try await Chain(reading: source).write(to: sink)
                    .run(through: world.inventory, options)
                #expect(try world.read("out.jsonl") == Self.ids(1...1))
            }
            try await load()
            try await doAgain(world)
            let next = try await world.inventory.acquire(options.request, from: source)
            guard case .batch(let batch) = next else {
                Issue.record("there was no batch")
                return
            }
            try await batch.fail("not now")
            #expect(try await world.inventory.redrive(BatchSelection()).count == 1)
            try await load()
            let done = try await world.inventory.batches(BatchSelection(status: .succeeded))
            #expect(done.count == 2)
        }
    }

    @Test("An output is not put together from parts of which some are gone")
    func missingParts() async throws {
        try await withChainWorld { world in
            let path = world.folder.path("out.jsonl")
            try await load(Self.ids(1...20), to: .jsonLines(path), world)
            // Its parts went when all was put together.
            #expect(!FileManager.default.fileExists(atPath: path + ".parts"))
            try FileManager.default.removeItem(atPath: path)
            let error = await #expect(throws: TrancheError.self) {
                try await Chain(reading: JSONLinesSource(world.folder.path("in.jsonl")))
                    .write(to: FileSink.jsonLines(path))
                    .run(through: world.inventory, world.options())
            }
            #expect(error?.code == .sinkFailed)
            #expect(error?.message.contains("only 0") == true)
        }
    }

    @Test("What was loaded before a fault that ends the run is put together, rejects as well")
    func faultAtTheEnd() async throws {
        try await withChainWorld { world in
            let path = try world.write("id,s\n1,a\nx,b\n3,c\n4,\"open\n5,e\n", to: "in.csv")
            let schema = try RecordSchema(json: #"{"properties":{"id":{"type":"integer"}}}"#)
            let rejects = world.folder.path("in.error.jsonl")
            await #expect(throws: TrancheError.self) {
                try await Chain(reading: CSVSource(path))
                    .validate(schema, rejectsTo: .jsonLines(rejects))
                    .write(to: FileSink.csv(world.folder.path("out.csv")))
                    .run(through: world.inventory, world.options(weight: 8))
            }
            #expect(try world.read("out.csv") == "id,s\n1,a\n3,c\n")
            #expect(try world.read("in.error.jsonl").split(separator: "\n").count == 1)
        }
    }
}
