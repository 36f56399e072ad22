import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheTestKit

@testable import TrancheChains

@Suite("Files as sources", .timeLimit(.minutes(10)))
struct FileSourceTests {
    private func copy(
        _ source: some MetaSourceDescription,
        _ world: ChainWorld,
        _ options: ChainOptions? = nil
    ) async throws -> (records: [Record], report: ChainReport) {
        let sink = MemorySink()
        let report = try await Chain(reading: source).write(to: sink)
            .run(through: world.inventory, options ?? world.options())
        return (sink.records, report)
    }

    private func ids(_ records: [Record]) -> [String] {
        records.map { $0.text("id") ?? "" }
    }

    @Test("A batch is known by its first and last id, and leaves no gaps")
    func seamless() async throws {
        try await withChainWorld { world in
            let (_, report) = try await copy(CSVSource(world.path), world)
            let key = try #require(report.run?.run.key)
            let gaps = try await world.inventory.gaps(of: key)
            #expect(gaps.isEmpty)
            let batches = try await world.inventory.store.batches(BatchSelection())
                .sorted { $0.idStart < $1.idStart }
            for (batch, next) in zip(batches, batches.dropFirst()) {
                #expect(batch.itemIDs == nil)
                #expect(batch.idStart + Int64(batch.weight ?? 0) == next.idStart)
                #expect(next.coverStart == batch.idEnd)
            }
            let audit = try await world.inventory.audit(key, from: CSVSource(world.path))
            #expect(audit.isFinished)
        }
    }

    @Test("A compressed file has the same records, also when it is put together from several")
    func gzip() async throws {
        let text = ChainWorld.csv(rows: 3000)
        try await withChainWorld(.sqlite, text) { world in
            let half = text.utf8.count / 2
            let parts = [Array(text.utf8)[..<half], Array(text.utf8)[half...]]
            var compressed: [UInt8] = []
            for part in parts { compressed += Packing.gzip(Array(part)) }
            let path = world.folder.path("customers.csv.gz")
            try Data(compressed).write(to: URL(fileURLWithPath: path))
            let (records, report) = try await copy(
                CSVSource(path),
                world,
                world.options(weight: 20_000, workers: 3)
            )
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            #expect(ids(records) == (1...3000).map { "\($0)" })
        }
    }

    @Test("A compressed file that is cut off or spoilt is refused", arguments: [true, false])
    func badGzip(isCut: Bool) async throws {
        try await withChainWorld { world in
            var bytes = Packing.gzip(Array(ChainWorld.csv(rows: 3000).utf8))
            if isCut { bytes.removeLast(bytes.count / 2) } else { bytes[bytes.count / 2] ^= 0xFF }
            let path = world.folder.path("bad.csv.gz")
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let error = await #expect(throws: TrancheError.self) {
                try await copy(CSVSource(path), world)
            }
            #expect(error?.code == .invalidItem)
        }
    }

    @Test("A file that has changed is refused by name")
    func changed() async throws {
        try await withChainWorld { world in
            let source = CSVSource(world.path)
            _ = try await copy(source, world)
            let longer = ChainWorld.csv(rows: 301)
            try Data(longer.utf8).write(to: URL(fileURLWithPath: world.path))
            // This process has it open, another opens it anew.
            for inventory in [world.inventory, try await world.database.open()] {
                let error = await #expect(throws: TrancheError.self) {
                    try await Chain(reading: source).write(to: MemorySink())
                        .run(through: inventory, world.options())
                }
                #expect(error?.code == .redefined)
                #expect(error?.message.contains("customers.csv") == true)
            }
        }
    }

    @Test("A batch of a file in whose place another comes while it is read is refused")
    func replacedWhileRead() async throws {
        try await withChainWorld(.sqlite, ChainWorld.csv(rows: 3000)) { world in
            let file = CSVSource(world.path)
            let request = world.options(weight: 1e6).request
            guard case .batch(let batch) = try await world.inventory.acquire(request, from: file)
            else {
                Issue.record("there was no batch")
                return
            }
            let source = try #require(try await world.inventory.source(file) as? FileMetaSource)
            let records = try await source.records(of: batch.record) { _ in }
            #expect(try await records.next()?.isEmpty == false)
            // Longer, and alike at its beginning.
            let other = try world.write(ChainWorld.csv(rows: 3100), to: "other.csv")
            try FileManager.default.removeItem(atPath: world.path)
            try FileManager.default.moveItem(atPath: other, toPath: world.path)
            // Another worker looks, and opens what stands there now.
            await #expect(throws: TrancheError.self) { try await source.highestID() }
            let error = await #expect(throws: TrancheError.self) {
                while try await records.next() != nil {}
            }
            #expect(error?.code == .redefined)
            try await batch.release()
        }
    }

    @Test("A file that grows is followed, and its last line waits for its end")
    func grows() async throws {
        try await withChainWorld(.sqlite, "id,name\n1,a\n2,b\n3,") { world in
            let source = CSVSource(world.path, grows: true)
            let first = try await copy(source, world).records
            #expect(ids(first) == ["1", "2"])
            let file = try #require(FileHandle(forWritingAtPath: world.path))
            try file.seekToEnd()
            try file.write(contentsOf: Data("c\n4,d\n5".utf8))
            let second = try await copy(source, world).records
            #expect(ids(second) == ["3", "4"])
            try file.truncate(atOffset: 12)
            try file.close()
            let error = await #expect(throws: TrancheError.self) {
                try await copy(source, world)
            }
            #expect(error?.code == .redefined)
            #expect(error?.message.contains("was truncated: it has 12 bytes") == true)
        }
    }

    @Test("A line that is half written tells nothing of how a file that grows is written")
    func halfALine() async throws {
        try await withChainWorld(.sqlite, "id;t\n1;21,5;\n2;22") { world in
            let format = CSVFormat(guesses: [.delimiter, .header])
            let source = CSVSource(.file(world.path), format: format, grows: true)
            let records = try await copy(source, world).records
            #expect(records.compactMap { $0.text("t") } == ["21,5"])
        }
        try await withChainWorld(.sqlite, "id,na") { world in
            let source = CSVSource(world.path, grows: true)
            let error = await #expect(throws: TrancheError.self) {
                try await copy(source, world)
            }
            #expect(error?.code == .sourceUnavailable)
            #expect(error?.message.contains("no whole header yet") == true)
            _ = try world.write("id,name\n1,a\n", to: "customers.csv")
            let records = try await copy(source, world).records
            #expect(records.compactMap { $0.text("name") } == ["a"])
        }
    }

    @Test("A file that grows, whose names are given, is waited for until its first lines are there")
    func noSkippedLine() async throws {
        try await withChainWorld(.sqlite, "") { world in
            let format = CSVFormat(header: ["id"], skippedLines: 1)
            let source = CSVSource(.file(world.path), format: format, grows: true)
            let error = await #expect(throws: TrancheError.self) {
                try await copy(source, world)
            }
            #expect(error?.code == .sourceUnavailable)
            let words = "once the lines before its records are written and have an end"
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
    }

    @Test(
        "A file that grows is waited for where only lines before the header are there, or none",
        arguments: ["made by x\n", "made by x", "sep=;\n", "sep=;\nid;", "", "\n", "\r\n\n"]
    )
    func youngBeforeHeader(text: String) async throws {
        let skipped = text.hasPrefix("sep=") ? 0 : 1
        try await withChainWorld(.sqlite, text) { world in
            let headers: [[String]?] = text.last == "\n" ? [nil] : [nil, ["id", "name"]]
            for header in headers {
                let format = CSVFormat(header: header, headerLines: 1, skippedLines: skipped)
                let source = CSVSource(.file(world.path), format: format, grows: true)
                let error = await #expect(throws: TrancheError.self) {
                    try await copy(source, world)
                }
                #expect(error?.code == .sourceUnavailable, "\(error?.message ?? "")")
            }
            let head = skipped == 1 ? "made by x\n" : "sep=;\n"
            _ = try world.write(head + "id\n1\n", to: "customers.csv")
            let format = CSVFormat(skippedLines: skipped)
            let source = CSVSource(.file(world.path), format: format, grows: true)
            let records = try await copy(source, world).records
            #expect(records.compactMap { $0.text("id") } == ["1"])
        }
    }

    /// Content that is no file, and counts how often its state is asked for.
    private final class Counted: ByteReader {
        let name = "s3://bucket/c.csv"
        let looks = Mutex(0)
        let version = Mutex("etag 1")
        private let bytes = Array("id,name\n1,a\n2,b\n".utf8)

        func state() async throws -> ByteState {
            looks.withLock { $0 += 1 }
            return ByteState(size: Int64(bytes.count), version: version.withLock { $0 })
        }

        func read(_ range: Range<Int64>, goingOnTo end: Int64) async throws -> [UInt8] {
            Array(bytes[Int(range.lowerBound)..<min(bytes.count, Int(range.upperBound))])
        }
    }

    @Test("An object's state is asked for once a batch, unless it was seen to be another")
    func looks() async throws {
        let content = Counted()
        let source = try await FileMetaSource(
            content,
            format: try CSVFileFormat(CSVFormat()),
            name: content.name,
            grows: false
        )
        let batch = BatchRecord(
            id: 1,
            key: RunKey(metaTable: "csv:\(content.name)", job: "load"),
            kind: .incremental,
            status: .running,
            attempt: 1,
            failures: 0,
            idStart: 8,
            idEnd: 12,
            coverStart: nil,
            itemIDs: nil,
            count: 2,
            weight: 8,
            startedAt: Date(timeIntervalSince1970: 0)
        )
        func count(_ body: () async throws -> Void) async throws -> Int {
            let before = content.looks.withLock { $0 }
            try await body()
            return content.looks.withLock { $0 } - before
        }
        let whole = try await count {
            let reader = try await source.records(of: batch) { _ in }
            while let records = try await reader.next() { #expect(records.count == 2) }
        }
        #expect(whole == 1)
        let one = try await count { _ = try await source.items(withIDs: [8]) }
        #expect(one == 1)
        // Another batch's look finds another content, which this one may have read by then.
        let reader = try await source.records(of: batch) { _ in }
        content.version.withLock { $0 = "etag 2" }
        await #expect(throws: TrancheError.self) { try await source.currentSize() }
        _ = try await reader.next()
        let error = await #expect(throws: TrancheError.self) { _ = try await reader.next() }
        #expect(error?.code == .redefined)
    }

    @Test("Content that grows and is shorter than what was handed out of it is refused")
    func cutOff() async throws {
        try await withChainWorld(.sqlite, ChainWorld.csv(rows: 300)) { world in
            let source = try await FileMetaSource(
                LocalFile(world.path),
                format: try CSVFileFormat(CSVFormat()),
                name: world.path,
                grows: true
            )
            let cursor = try await source.highestID()
            _ = try world.write(ChainWorld.csv(rows: 3), to: "customers.csv")
            let error = await #expect(throws: TrancheError.self) {
                try await source.nextRange(
                    after: cursor,
                    within: IDBounds(),
                    limit: BatchLimit(weight: 1000),
                    batches: 1
                )
            }
            #expect(error?.code == .redefined)
            #expect(error?.message.contains("was truncated or replaced") == true)
            // Whoever looks which file stands there finds out at the next look.
            var followed = source
            followed.isFollowed = true
            let plan = try await followed.nextRange(
                after: cursor,
                within: IDBounds(),
                limit: BatchLimit(weight: 1000),
                batches: 1
            )
            #expect(plan.ranges.isEmpty && plan.reachedEnd)
            #expect(followed.cutOff(at: 1000, 10).code == .sourceUnavailable)
        }
    }

    @Test("A file of which the time alone changes while it is read is the same")
    func touched() async throws {
        try await withChainWorld(.sqlite, ChainWorld.csv(rows: 3)) { world in
            let source = try await FileMetaSource(
                LocalFile(world.path),
                format: try CSVFileFormat(CSVFormat()),
                name: world.path,
                grows: false
            )
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1e9)],
                ofItemAtPath: world.path
            )
            try await source.requireSameFile()
            _ = try world.write(ChainWorld.csv(rows: 4), to: "customers.csv")
            let error = await #expect(throws: TrancheError.self) {
                try await source.requireSameFile()
            }
            #expect(error?.code == .redefined)
        }
    }

    @Test("Lines of EBCDIC end with NEL as with LF")
    func nextLines() async throws {
        try await withChainWorld { world in
            // a,b and 1,2 and 3,4 in code page 37.
            let bytes: [UInt8] = [
                0x81, 0x6B, 0x82, 0x15, 0xF1, 0x6B, 0xF2, 0x15, 0xF3, 0x6B, 0xF4, 0x25,
            ]
            let path = world.folder.path("host.csv")
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let source = CSVSource(.file(path, encoding: try TextEncoding("cp037")))
            let records = try await copy(source, world).records
            #expect(records.map { $0.text("a") } == ["1", "3"])
            #expect(records.map { $0.text("b") } == ["2", "4"])
        }
    }

    @Test("Bounds in the midst of a record begin with the next", arguments: [8, 9, 15, 16, 17])
    func bounds(lower: Int64) async throws {
        let text = "id,name\n1,\"a\nb\"\n2,b\n3,c\n"
        try await withChainWorld(.sqlite, text) { world in
            var options = world.options()
            options.request.run = "again"
            options.request.ids = IDBounds(lower: lower, upper: 21)
            let expected = lower == 8 ? ["1", "2", "3"] : lower <= 16 ? ["2", "3"] : ["3"]
            let (records, _) = try await copy(CSVSource(world.path), world, options)
            #expect(ids(records) == expected)
        }
    }

    @Test(
        "A header that cannot be used is refused",
        arguments: [
            ("\"a,b\n1,2\n", "never closed"),
            ("\"a\"x,b\n1,2\n", "behind the closing quote of field 1"),
            ("a,\"b\n1,2\n3,\"4\"\n5,6\n", "behind the closing quote of field 2"),
            ("a,\"b\n1,2\n3,\"\n5,6\n", "looks like records"),
            ("a,b\rc\n1,2\n", "carriage return"), ("a,b\u{1}\n1,2\n", "control character U+0001"),
            ("\u{0}a\u{0}b\n1,2\n", "NUL"),
        ]
    )
    func headers(text: String, words: String) async throws {
        try await withChainWorld(.sqlite, text) { world in
            let error = await #expect(throws: TrancheError.self) {
                try await copy(CSVSource(world.path), world)
            }
            #expect(error?.code == .invalidSource)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
    }

    @Test(
        "A blank file has no records, whatever its header is to be; one that grows is waited for",
        arguments: [("", 1), ("\u{FEFF}", 1), ("\n", 1), ("\r\n", 2), ("\n", 100_000)]
    )
    func blank(text: String, count: Int) async throws {
        try await withChainWorld(.sqlite, String(repeating: text, count: count)) { world in
            for (job, format) in [
                ("a", CSVFormat()), ("b", CSVFormat(headerLines: 0)),
                ("c", CSVFormat(skippedLines: 3)), ("d", CSVFormat(header: ["x"], headerLines: 1)),
            ] {
                var options = world.options()
                options.request.job = job
                let source = CSVSource(.file(world.path), format: format)
                let (records, report) = try await copy(source, world, options)
                #expect(records.isEmpty, "\(job)")
                #expect(report.reason == .complete, "\(job)")
            }
            let error = await #expect(throws: TrancheError.self) {
                try await copy(CSVSource(world.path, grows: true), world)
            }
            #expect(error?.code == .sourceUnavailable)
            #expect(error?.message.contains("is empty") == true, "\(error?.message ?? "")")
        }
    }

    @Test("Of a file without a header, whose one field is named, empty lines are records")
    func namedField() async throws {
        try await withChainWorld(.sqlite, "\n\n") { world in
            let source = CSVSource(world.path, header: ["id"])
            let report = try await copy(source, world).report
            #expect(report.counters[CounterName.written] == 2)
        }
    }

    @Test("All before a quote that is never closed is loaded, and the quote's offset told")
    func openQuote() async throws {
        try await withChainWorld(.sqlite, "id,name\n1,a\n2,\"b\n3,c\n") { world in
            let sink = MemorySink()
            let error = await #expect(throws: TrancheError.self) {
                try await Chain(reading: CSVSource(world.path)).write(to: sink)
                    .run(through: world.inventory, world.options(weight: 5))
            }
            #expect(
                error?.message.contains("opened at offset 14, in the record at offset 12") == true
            )
            #expect(ids(sink.records) == ["1"])
        }
    }

    @Test(
        "What is no record is quarantined, and all others are loaded",
        arguments: [
            "2,b,c\n", "2\n", "2,\"b\"c\n", "2,b\u{0}\n", "2,\u{FFFD}",
        ]
    )
    func faults(line: String) async throws {
        var bytes = Array("id,name\n1,a\n".utf8)
        // Half of a character.
        bytes += line.hasSuffix("\u{FFFD}") ? Array("2,".utf8) + [0xC3, 0x0A] : Array(line.utf8)
        bytes += Array("3,c\n".utf8)
        try await withChainWorld { world in
            let path = world.folder.path("odd.csv")
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let (records, report) = try await copy(CSVSource(path), world)
            #expect(ids(records) == ["1", "3"])
            #expect(report.run?.totals[.quarantined]?.items == 1)
        }
    }

    @Test("Ragged records and bytes that are no UTF-8 may be let through")
    func lenient() async throws {
        try await withChainWorld { world in
            let path = world.folder.path("odd.csv")
            let bytes = Array("id,name\n1\n2,b,c\n3,".utf8) + [0xC3, 0x0A]
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            var format = CSVFormat(delimiter: ",", raggedRecords: .fit)
            format.invalidText = .replace
            let (records, _) = try await copy(CSVSource(.file(path), format: format), world)
            #expect(records.map { $0.text("name") } == [nil, "b", "\u{FFFD}"])
        }
    }

    @Test("JSON Lines keep types, escapes and nested values")
    func jsonLines() async throws {
        let text = """
            {"id": 1, "x": 1.5, "ok": true, "t": "a\\u00e9\\n\\ud83d\\ude00", "n": {"a": [1]}}

            {"id": -2, "x": 1e3, "ok": null, "t": "", "n": []}
            {"other": "x"}
            """
        try await withChainWorld { world in
            let path = try world.write(text, to: "x.jsonl")
            let (records, report) = try await copy(JSONLinesSource(path), world)
            #expect(report.isSuccess)
            #expect(records.count == 3)
            #expect(records[0]["t"] == .text("aé\n😀"))
            #expect(records[0]["n"] == .text("{\"a\": [1]}"))
            #expect(
                records[1].values == [.integer(-2), .real(1000), .null, .text(""), .text("[]")]
            )
            #expect(records[2].fields.names == ["other"])
        }
    }

    @Test(
        "What is no JSON object is quarantined with its byte",
        arguments: [
            "{\"id\": 1,}", "[1]", "{\"id\": 01}", "{\"id\": 1e}", "{\"id\": \"\u{1}\"}",
            "{\"id\": 1, \"id\": 2}", "{\"id\": \"\\ud800\"}", "{\"id\": 1} x", "{\"id\": tru}",
            "{\"id\": \"a",
        ]
    )
    func badJSON(line: String) async throws {
        try await withChainWorld { world in
            let path = try world.write("{\"id\": 7}\n\(line)\n{\"id\": 8}", to: "x.jsonl")
            let (records, report) = try await copy(JSONLinesSource(path), world)
            #expect(ids(records) == ["7", "8"])
            #expect(report.run?.totals[.quarantined]?.items == 1)
        }
    }

    @Test("Lines that are nearly JSON are read to their end")
    func randomJSON() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix64(seed: seed)
        let marks = Array("{}[]\":,\\u0-1.eE tfn\n\u{1}".utf8) + [0xC3, 0xA4, 0xFF]
        for number in 0..<10_000 {
            // The pool has few threads, and other tests live by real time.
            if number % 500 == 0 { await Task.yield() }
            let count = Int.random(in: 0...24, using: &generator)
            let bytes =
                Array("{\"a".utf8)
                + (0..<count).map { _ in marks.randomElement(using: &generator) ?? 0 }
            var parser = JSONParser()
            let (blocks, used) = try parser.parse(bytes, at: 0, isLast: true) { _ in }
            #expect(used == bytes.count, "seed \(seed)")
            #expect(blocks.allSatisfy { $0.count > 0 }, "seed \(seed)")
        }
    }
}
