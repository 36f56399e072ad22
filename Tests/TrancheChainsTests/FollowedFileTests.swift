import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheChains

@Suite("Files that follow each other, however they are written", .timeLimit(.minutes(5)))
struct FollowedFileTests: FollowingTests {
    @Test("Where the next file is empty when the one before is given up, its lines follow")
    func goneBehindNothing() async throws {
        try await withChainWorld(.sqlite, "{\"id\":1}\n") { world in
            func load(_ location: ByteLocation, in inventory: Inventory) async throws -> [String] {
                let sink = MemorySink()
                let report = try await Chain(reading: JSONLinesSource(location, grows: true))
                    .write(to: sink).run(through: inventory, world.options(weight: 100))
                #expect(report.isSuccess, "\(report.lastError ?? "") \(report.reason)")
                return sink.records.compactMap { $0.text("id") }
            }
            let location = ByteLocation.file(world.path)
            #expect(try await load(location, in: world.inventory) == ["1"])
            try FileManager.default.removeItem(atPath: world.path)
            try write("", to: world.path)
            let later = try await world.database.open()
            #expect(try await load(location.replaced(), in: later) == [])
            try append("{\"id\":2}\n", to: world.path)
            #expect(try await load(location.replaced(), in: later) == ["2"])
            let last = try await world.database.open()
            #expect(try await load(location, in: last) == [])
        }
    }

    @Test("So they do in a CSV file, which is waited for until it has a header")
    func goneBehindNoHeader() async throws {
        for text in ["", "\n"] {
            try await withChainWorld(.sqlite, rows(1...50)) { world in
                #expect(try await load(world, in: world.inventory) == Array(1...50))
                try FileManager.default.removeItem(atPath: world.path)
                try write(text, to: world.path)
                let location = ByteLocation.file(world.path).replaced()
                let later = try await world.database.open()
                let error = await #expect(throws: TrancheError.self) {
                    try await load(world, in: later, location)
                }
                #expect(error?.code == .sourceUnavailable, "\(error?.message ?? "")")
                try write(rows(60...61), to: world.path)
                #expect(try await load(world, in: later, location) == [60, 61])
                #expect(try await load(world, in: try await world.database.open()) == [])
            }
        }
    }

    @Test(
        "A run that has handed nothing out goes on with the file that stood there then",
        arguments: [true, false]
    )
    func nothingHandedOut(isFaulty: Bool) async throws {
        try await withChainWorld(.sqlite, "id,amount\n") { world in
            #expect(try await load(world, in: world.inventory) == [])
            // The first record keeps the others from being handed out until it is mended.
            try append(isFaulty ? "10,\"open\n" : rows(1...10, head: ""), to: world.path)
            try move(world.path, to: world.path + ".1")
            try write(rows(1000...1001), to: world.path)
            if isFaulty {
                let first = try await world.database.open()
                await #expect(throws: TrancheError.self) { try await load(world, in: first) }
                try append("closed\"\n", to: world.path + ".1")
            }
            let later = try await world.database.open()
            let loaded = try await load(world, in: later)
            #expect(loaded == (isFaulty ? [10] : Array(1...10)) + [1000, 1001])
            #expect(try await load(world, in: try await world.database.open()) == [])
        }
    }

    @Test("What is given up with a header alone behind it ends nothing")
    func goneBehindAHeader() async throws {
        try await withChainWorld(.sqlite, rows(1...50)) { world in
            #expect(try await load(world, in: world.inventory) == Array(1...50))
            try move(world.path, to: world.path + ".1")
            try write("id,amount\n", to: world.path)
            #expect(try await load(world, in: try await world.database.open()) == [])
            try FileManager.default.removeItem(atPath: world.path + ".1")
            let later = try await world.database.open()
            let location = ByteLocation.file(world.path).replaced()
            #expect(try await load(world, in: later, location) == [])
            try append("51,1\n", to: world.path)
            #expect(try await load(world, in: later, location) == [51])
        }
    }

    @Test("What was given up while it was open stays given up")
    func goneWhileOpen() async throws {
        try await withChainWorld(.sqlite, rows(1...50)) { world in
            let location = ByteLocation.file(world.path).replaced()
            #expect(try await load(world, in: world.inventory, location) == Array(1...50))
            try FileManager.default.removeItem(atPath: world.path)
            try write("", to: world.path)
            // The second look keeps what the first one found.
            for _ in 1...2 {
                #expect(try await load(world, in: world.inventory, location) == [])
            }
            try append(rows(60...61), to: world.path)
            let later = try await world.database.open()
            #expect(try await load(world, in: later) == [60, 61])
        }
    }

    @Test("A file is not taken for gone where its folder cannot be listed")
    func unlisted() async throws {
        try await withChainWorld { world in
            let file = LocalFile(world.path)
            let state = try await file.state()
            let generation = try await FileGeneration(number: 0, file, state)
            func find(_ path: String) async throws -> (any ByteReader)? {
                try await FollowedPlace(.file(path)).find(generation)
            }
            // What is no folder cannot be listed.
            let error = await #expect(throws: TrancheError.self) {
                try await find(world.path + "/app.csv")
            }
            #expect(error?.code == .sourceUnavailable)
            #expect(try await find(world.folder.path("none/app.csv")) == nil)
            #expect(try await find(world.folder.path("app.csv"))?.name == world.path)
        }
    }

    @Test(
        "A file in another encoding, or a packed one, is followed from one to the next",
        arguments: [true, false],
        [true, false]
    )
    func decoded(isOpen: Bool, isPacked: Bool) async throws {
        try await withChainWorld(.sqlite, "") { world in
            let latin1 = try TextEncoding("latin1")
            let location = ByteLocation.file(world.path, encoding: isPacked ? nil : latin1)
            func bytes(_ ids: ClosedRange<Int>, head: String) -> Data {
                if isPacked { return Data(Packing.gzip(Array(rows(ids, head: head).utf8))) }
                // The name of a field is no UTF-8.
                let start = head.isEmpty ? [] : Array("id,\u{E9}\n".unicodeScalars)
                return Data(start.map { UInt8($0.value) } + Array(rows(ids, head: "").utf8))
            }
            let url = URL(fileURLWithPath: world.path)
            let head = "id,amount\n"
            try bytes(1...50, head: head).write(to: url)
            var loaded = try await load(world, in: world.inventory, location)
            let file = try #require(FileHandle(forWritingAtPath: world.path))
            try file.seekToEnd()
            try file.write(contentsOf: bytes(51...53, head: ""))
            try file.close()
            try move(world.path, to: world.path + ".1")
            // Shorter than what was read of the old one.
            try bytes(1000...1001, head: head).write(to: url)
            let later = isOpen ? world.inventory : try await world.database.open()
            loaded += try await load(world, in: later, location)
            #expect(loaded == Array(1...53) + [1000, 1001])
        }
    }

    private func lead(_ link: String, to name: String) throws {
        // It may lead to nothing by now.
        if (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) != nil {
            try FileManager.default.removeItem(atPath: link)
        }
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: name)
    }

    @Test(
        "So does one that led to a file which was renamed or is given up, and to a copy of it",
        arguments: [true, false]
    )
    func linkedAndGone(isCopy: Bool) async throws {
        try await withChainWorld { world in
            let link = world.folder.path("current.log")
            let first = world.folder.path("app-01.log")
            try write(rows(1...50), to: first)
            try lead(link, to: "app-01.log")
            let location = ByteLocation.file(link)
            #expect(try await load(world, in: world.inventory, location) == Array(1...50))
            let next = isCopy ? rows(1...51) : rows(1000...1001)
            try write(next, to: world.folder.path("app-02.log"))
            if !isCopy { try move(first, to: first + ".1") }
            try lead(link, to: "app-02.log")
            for location in [location, location.replaced()] {
                let error = try await #require(throws: TrancheError.self) {
                    _ = try await load(world, in: world.inventory, location)
                }
                #expect(error.code == .redefined)
                #expect(error.message.contains("leads to another file now"), "\(error.message)")
            }
        }
    }

    @Test("A compressed file between two others is found by a name with the mark before its ending")
    func compressedBetween() async throws {
        try await withChainWorld(.sqlite, rows(1...50)) { world in
            var loaded = try await load(world, in: world.inventory)
            try move(world.path, to: world.path + ".2")
            let between = world.path.replacing(".csv", with: "-20260131.csv.gz")
            try Data(Packing.gzip(Array(rows(100...150).utf8)))
                .write(to: URL(fileURLWithPath: between))
            try write(rows(1000...1001), to: world.path)
            for _ in 1...2 { loaded += try await load(world, in: world.database.open()) }
            #expect(loaded == Array(1...50) + Array(100...150) + [1000, 1001])
        }
    }

    @Test("A run that has handed nothing out is named where the file with which it began is gone")
    func waitingBehindGone() async throws {
        try await withChainWorld(.sqlite, "id,amount\n") { world in
            func load(_ job: String, _ inventory: Inventory) async throws {
                _ = try await Chain(reading: CSVSource(world.path, grows: true))
                    .write(to: MemorySink())
                    .run(through: inventory, world.options(job, weight: 100))
            }
            try await load("waiting", world.inventory)
            let former = world.path + ".1"
            try append(rows(1...50, head: ""), to: world.path)
            try await load("busy", world.inventory)
            try move(world.path, to: former)
            try write(rows(1000...1050), to: world.path)
            try await load("busy", world.inventory)
            try FileManager.default.removeItem(atPath: former)
            let later = try await world.database.open()
            let error = await #expect(throws: TrancheError.self) { try await load("new", later) }
            #expect(error?.code == .redefined)
            let words = "job 'waiting' on 'csv:\(ResolvedPath(world.path).text)' began there"
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
    }

    @Test("A link that leads to another file ends the following, and no row is read twice")
    func linked() async throws {
        try await withChainWorld { world in
            let link = world.folder.path("current.log")
            let files = ["app-01.log", "app-02.log"]
            try write(rows(1...50), to: world.folder.path(files[0]))
            try lead(link, to: files[0])
            let location = ByteLocation.file(link)
            var loaded = try await load(world, in: world.inventory, location)
            try append(rows(51...53, head: ""), to: world.folder.path(files[0]))
            try write(rows(1000...1001), to: world.folder.path(files[1]))
            try lead(link, to: files[1])
            let error = try await #require(throws: TrancheError.self) {
                _ = try await load(world, in: world.inventory, location)
            }
            #expect(error.code == .redefined)
            #expect(error.message.contains("leads to another file now"), "\(error.message)")
            // As it says.
            let former = ByteLocation.file(world.folder.path(files[0]))
            loaded += try await load(world, in: world.database.open(), former)
            #expect(loaded == Array(1...53))
            loaded += try await load(world, in: world.database.open(), .file(link))
            #expect(loaded == Array(1...53) + [1000, 1001])
        }
    }

    /// The amounts that a load of the file finds, of which delimiter and header are guessed.
    private func amounts(_ world: ChainWorld, _ inventory: Inventory) async throws -> [String] {
        let sink = MemorySink()
        let source = CSVSource(
            .file(world.path),
            format: CSVFormat(guesses: [.delimiter, .header]),
            grows: true
        )
        let report = try await Chain(reading: source).write(to: sink)
            .run(through: inventory, world.options(weight: 100))
        #expect(report.isSuccess, "\(report.lastError ?? "") \(report.reason)")
        return sink.records.compactMap { $0.text("amount") }
    }

    @Test("Lines found before the header are those of the next file, however little is there")
    func youngTitles() async throws {
        let title = "made by x\n"
        let head = "id,name,amount\n"
        try await withChainWorld(.sqlite, title + head + "1,a,21\n2,b,22\n") { world in
            #expect(try await amounts(world, world.inventory) == ["21", "22"])
            try move(world.path, to: world.path + ".1")
            try write(title, to: world.path)
            let error = await #expect(throws: TrancheError.self) {
                try await amounts(world, world.database.open())
            }
            #expect(error?.code == .sourceUnavailable, "\(error?.message ?? "")")
            try append(head + "3,c,23\n", to: world.path)
            #expect(try await amounts(world, world.database.open()) == ["23"])
        }
    }

    @Test(
        "A next file that is clearly written otherwise is refused, though names are given",
        arguments: [true, false]
    )
    func writtenOtherwise(isOpen: Bool) async throws {
        let lines = (1...10).map { "\($0),\($0)0\n" }.joined()
        try await withChainWorld(.sqlite, lines) { world in
            func load(in inventory: Inventory) async throws -> Int {
                let sink = MemorySink()
                let source = CSVSource(
                    .file(world.path),
                    format: CSVFormat(header: ["id", "amount"], guesses: [.delimiter]),
                    grows: true
                )
                let report = try await Chain(reading: source).write(to: sink)
                    .run(through: inventory, world.options(weight: 100))
                #expect(report.isSuccess, "\(report.lastError ?? "") \(report.reason)")
                return sink.records.count
            }
            #expect(try await load(in: world.inventory) == 10)
            try move(world.path, to: world.path + ".1")
            try write(lines.replacing(",", with: ";"), to: world.path)
            let later = isOpen ? world.inventory : try await world.database.open()
            let error = await #expect(throws: TrancheError.self) { try await load(in: later) }
            #expect(error?.code == .redefined, "\(error?.message ?? "")")
        }
    }

    @Test(
        "The next file is read as the one before, however little of it is there",
        arguments: [true, false]
    )
    func young(isOpen: Bool) async throws {
        try await withChainWorld(.sqlite, "id;amount\n1;21,5;\n2;22,5;\n") { world in
            #expect(try await amounts(world, world.inventory) == ["21,5", "22,5"])
            try move(world.path, to: world.path + ".1")
            try append("3;23,5;\n", to: world.path + ".1")
            try write("id;amount\n", to: world.path)
            let later = isOpen ? world.inventory : try await world.database.open()
            #expect(try await amounts(world, later) == ["23,5"])
            try append("4;24,5;\n", to: world.path)
            #expect(try await amounts(world, later) == ["24,5"])
        }
    }

    /// A file of which more is guessed than its first records tell.
    struct LittleTold: Sendable {
        let format: CSVFormat
        let first: String
        let next: String
        /// The first field of each record, of both.
        let ids: [[String]]

        static let quotes = LittleTold(
            format: CSVFormat(delimiter: "\t", guesses: [.quote, .header]),
            first: "id\tmsg\n1\t\"hi\" she said\n",
            next: "id\tmsg\n2\tok\n",
            ids: [["1"], ["2"]]
        )
        static let header = LittleTold(
            format: CSVFormat(guesses: [.delimiter, .header]),
            first: "a,b,,\nid,amount,tax,sum\n1,10,2,12\n2,20,4,24\n",
            next: "a,b,,\nid,amount,tax,sum\n3,30,6,36\n",
            ids: [["1", "2"], ["3"]]
        )
        static let lastDelimiter = LittleTold(
            format: CSVFormat(raggedRecords: .fit, guesses: [.delimiter, .header]),
            first: "id,amount\n1,10\n2,20,\n",
            next: "id,amount\n3,30,\n",
            ids: [["1", "2"], ["3"]]
        )
        static let all = [quotes, header, lastDelimiter]
    }

    @Test(
        "A next file with a record that tells less of how it is written is read as the one before",
        arguments: LittleTold.all,
        [true, false]
    )
    func littleTold(_ told: LittleTold, isOpen: Bool) async throws {
        try await withChainWorld(.sqlite, told.first) { world in
            func load(in inventory: Inventory) async throws -> [String] {
                let sink = MemorySink()
                let source = CSVSource(.file(world.path), format: told.format, grows: true)
                let report = try await Chain(reading: source).write(to: sink)
                    .run(through: inventory, world.options(weight: 100))
                #expect(report.isSuccess, "\(report.lastError ?? "") \(report.reason)")
                return sink.records.map { $0.text(of: $0.cell(0)) }
            }
            #expect(try await load(in: world.inventory) == told.ids[0])
            try move(world.path, to: world.path + ".1")
            try write(told.next, to: world.path)
            let later = isOpen ? world.inventory : try await world.database.open()
            #expect(try await load(in: later) == told.ids[1])
            #expect(try await load(in: later) == [])
        }
    }

    @Test(
        "A next file that tells otherwise how it is written is refused, though its fields are those",
        arguments: [
            (
                CSVFormat(delimiter: "\t", guesses: [.quote, .header]),
                "id\tmsg\n1\t\"hi\" she said\n", "id\tmsg\n2\t\"say \"\"x\"\"\"\n"
            ),
            (
                CSVFormat(delimiter: "\t", guesses: [.quote, .header]),
                "id\tmsg\n1\t\"a\tb\"\n", "id\tmsg\n2\t\"hi\" she said\n"
            ),
        ],
        [true, false]
    )
    func toldOtherwise(_ told: (CSVFormat, String, String), isOpen: Bool) async throws {
        let (format, first, next) = told
        try await withChainWorld(.sqlite, first) { world in
            func load(in inventory: Inventory) async throws -> Int {
                let sink = MemorySink()
                let source = CSVSource(.file(world.path), format: format, grows: true)
                let report = try await Chain(reading: source).write(to: sink)
                    .run(through: inventory, world.options(weight: 100))
                #expect(report.isSuccess, "\(report.lastError ?? "") \(report.reason)")
                return sink.records.count
            }
            #expect(try await load(in: world.inventory) == 1)
            try move(world.path, to: world.path + ".1")
            try write(next, to: world.path)
            let later = isOpen ? world.inventory : try await world.database.open()
            let error = await #expect(throws: TrancheError.self) { try await load(in: later) }
            #expect(error?.code == .redefined, "\(error?.message ?? "")")
        }
    }
}
