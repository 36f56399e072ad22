import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheChains

@Suite("Files that are rotated", .timeLimit(.minutes(10)))
struct RotationTests {
    private func rows(_ ids: ClosedRange<Int>, head: String = "id,amount\n") -> String {
        head + ids.map { "\($0),\($0)00\n" }.joined()
    }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private func append(_ text: String, to path: String) throws {
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    private func move(_ path: String, to other: String) throws {
        try FileManager.default.moveItem(atPath: path, toPath: other)
    }

    /// Loads what there is, by a process that has the file open, or by one that opens it anew.
    private func load(
        _ world: ChainWorld,
        in inventory: Inventory,
        _ location: ByteLocation? = nil
    ) async throws -> [Int] {
        let sink = MemorySink()
        let source = CSVSource(location ?? .file(world.path), grows: true)
        let report = try await Chain(reading: source).write(to: sink)
            .run(through: inventory, world.options(weight: 100))
        #expect(report.isSuccess, "\(report.lastError ?? "") \(report.reason)")
        return sink.records.compactMap { Int($0.text("id") ?? "") }
    }

    @Test(
        "All of a file that is rotated and all of the next is loaded once, while it is open and later",
        arguments: [true, false],
        [0, 3]
    )
    func renamed(isOpen: Bool, unread: Int) async throws {
        try await withChainWorld(.sqlite, rows(1...50)) { world in
            var loaded = try await load(world, in: world.inventory)
            if unread > 0 { try append(rows(51...53, head: ""), to: world.path) }
            try move(world.path, to: world.path + ".1")
            // Longer than what was read of the old one.
            try write(rows(1000...1100), to: world.path)
            let later = isOpen ? world.inventory : try await world.database.open()
            loaded += try await load(world, in: later)
            #expect(loaded == Array(1...50 + unread) + Array(1000...1100))
            // Once more, and once more anew.
            try append("1101,1", to: world.path)
            try move(world.path, to: world.path + ".2")
            try write(rows(2000...2001), to: world.path)
            #expect(try await load(world, in: later) == [1101, 2000, 2001])
            #expect(try await load(world, in: try await world.database.open()) == [])
            try append("2002,1\n", to: world.path)
            #expect(try await load(world, in: try await world.database.open()) == [2002])
        }
    }

    /// How a file is rotated while nobody looks.
    enum Way: CaseIterable {
        case numbered, dated, beforeTheEnding, compressed, copied
    }

    @Test(
        "Files that came and went between two looks are loaded in their order",
        arguments: [true, false],
        Way.allCases
    )
    func severalBetween(isOpen: Bool, way: Way) async throws {
        try await severalBetween(isOpen: isOpen, way: way, seen: 50)
    }

    @Test(
        "So are they where little more than the header was seen of the first",
        arguments: [true, false],
        [Way.numbered, .dated, .beforeTheEnding]
    )
    func severalBehindLittle(isOpen: Bool, way: Way) async throws {
        try await severalBetween(isOpen: isOpen, way: way, seen: 1)
        // Nothing is kept of a file of which nothing was handed out: only who has it open knows it.
        if isOpen { try await severalBetween(isOpen: true, way: way, seen: 0) }
    }

    private func severalBetween(isOpen: Bool, way: Way, seen: Int) async throws {
        let first = seen > 0 ? rows(1...seen) : "id,amount\n"
        try await withChainWorld(.sqlite, first) { world in
            var loaded = try await load(world, in: world.inventory)
            try append(rows(seen + 1...53, head: ""), to: world.path)
            let stem = String(world.path.dropLast(4))
            for number in 1...3 {
                // Files that are rotated are not all of one tick of the clock.
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: 1e9 + Double(number))],
                    ofItemAtPath: world.path
                )
                let time = try FileManager.default.attributesOfItem(atPath: world.path)[
                    .modificationDate
                ]
                switch way {
                case .numbered:
                    for old in stride(from: number - 1, to: 0, by: -1) {
                        try move("\(world.path).\(old)", to: "\(world.path).\(old + 1)")
                    }
                    try move(world.path, to: world.path + ".1")
                case .dated: try move(world.path, to: "\(world.path)-2026010\(number)")
                case .beforeTheEnding: try move(world.path, to: "\(stem)-2026010\(number).csv")
                case .compressed, .copied:
                    let old = try Data(contentsOf: URL(fileURLWithPath: world.path))
                    let isPacked = way == .compressed && number > 1
                    let copy = "\(world.path).\(10 - number)\(isPacked ? ".gz" : "")"
                    try (isPacked ? Data(Packing.gzip(Array(old))) : old)
                        .write(to: URL(fileURLWithPath: copy))
                    try FileManager.default.setAttributes(
                        [.modificationDate: try #require(time)],
                        ofItemAtPath: copy
                    )
                    if way == .compressed {
                        try FileManager.default.removeItem(atPath: world.path)
                    }
                }
                let next = rows(number * 1000...number * 1000 + 5)
                if way == .copied {
                    let file = try #require(FileHandle(forWritingAtPath: world.path))
                    try file.truncate(atOffset: 0)
                    try file.write(contentsOf: Data(next.utf8))
                    try file.close()
                } else {
                    try write(next, to: world.path)
                }
            }
            // Beside them stands what is none of them.
            try write("id,amount\n9,9\n", to: world.path + ".bak")
            let later = isOpen ? world.inventory : try await world.database.open()
            loaded += try await load(world, in: later)
            let expected = Array(1...53) + Array(1000...1005) + Array(2000...2005)
            #expect(loaded == expected + Array(3000...3005))
            #expect(try await load(world, in: try await world.database.open()) == [])
        }
    }

    @Test(
        "A name says that a file was rotated",
        arguments: [
            ("app.log.1", true), ("app.log-20260131", true), ("app.log.2026-01-31_08:00", true),
            ("app.log.2.gz", true), ("app-20260131.log", true), ("app.1.log.xz", true),
            ("app.log.bak", false), ("app.log", false), ("app.log.gz", false), ("app2.log", false),
            ("app.log.error.jsonl", false), ("application.log.1", false), ("app.log.", false),
        ]
    )
    func names(name: String, isRotated: Bool) {
        #expect(RotatedFiles(of: "/var/log/app.log").isRotated(name) == isRotated)
    }

    @Test(
        "A file that was copied away and truncated is read to its end from the copy",
        arguments: [true, false],
        [true, false]
    )
    func copied(isOpen: Bool, isCompressed: Bool) async throws {
        try await withChainWorld(.sqlite, rows(1...50)) { world in
            var loaded = try await load(world, in: world.inventory)
            try append(rows(51...53, head: ""), to: world.path)
            let old = try Data(contentsOf: URL(fileURLWithPath: world.path))
            let copy = world.path + (isCompressed ? ".1.gz" : ".1")
            let bytes = isCompressed ? Data(Packing.gzip(Array(old))) : old
            try bytes.write(to: URL(fileURLWithPath: copy))
            let file = try #require(FileHandle(forWritingAtPath: world.path))
            try file.truncate(atOffset: 0)
            try file.write(contentsOf: Data(rows(1000...1100).utf8))
            try file.close()
            let later = isOpen ? world.inventory : try await world.database.open()
            loaded += try await load(world, in: later)
            #expect(loaded == Array(1...53) + Array(1000...1100))
        }
    }

    @Test("A file whose predecessor is gone holds the load, until it is there again or given up")
    func gone() async throws {
        for isGivenUp in [true, false] {
            try await withChainWorld(.sqlite, rows(1...50)) { world in
                var loaded = try await load(world, in: world.inventory)
                try append(rows(51...53, head: ""), to: world.path)
                let away = world.folder.path("elsewhere")
                try FileManager.default.createDirectory(
                    atPath: away,
                    withIntermediateDirectories: true
                )
                try move(world.path, to: away + "/old")
                try write(rows(1000...1100), to: world.path)
                let later = try await world.database.open()
                let error = await #expect(throws: TrancheError.self) {
                    try await load(world, in: later)
                }
                #expect(error?.code == .redefined)
                #expect(
                    error?.message.contains("was it rotated?") == true,
                    "\(error?.message ?? "")"
                )
                #expect(error?.message.contains("--replaced") == true)
                if isGivenUp {
                    let location = ByteLocation.file(world.path).replaced()
                    loaded += try await load(world, in: later, location)
                    #expect(loaded == Array(1...50) + Array(1000...1100))
                } else {
                    try move(away + "/old", to: world.path + ".old")
                    loaded += try await load(world, in: later)
                    #expect(loaded == Array(1...53) + Array(1000...1100))
                }
                try append("1101,1\n", to: world.path)
                #expect(try await load(world, in: try await world.database.open()) == [1101])
            }
        }
    }

    @Test("A file that was renamed is read on until the next one has a line")
    func writing() async throws {
        try await withChainWorld(.sqlite, rows(1...50)) { world in
            var loaded = try await load(world, in: world.inventory)
            try move(world.path, to: world.path + ".1")
            try append("51,1\n", to: world.path + ".1")
            loaded += try await load(world, in: world.inventory)
            try write("", to: world.path)
            try append("52,1\n53,", to: world.path + ".1")
            loaded += try await load(world, in: try await world.database.open())
            #expect(loaded == Array(1...52))
            try append("1\n", to: world.path + ".1")
            try write(rows(1000...1001), to: world.path)
            loaded += try await load(world, in: world.inventory)
            #expect(loaded == Array(1...53) + [1000, 1001])
        }
    }

    @Test("A copy that has grown and was put in the file's place is the same file")
    func replaced() async throws {
        try await withChainWorld(.sqlite, rows(1...50)) { world in
            var loaded = try await load(world, in: world.inventory)
            for last in [60, 70] {
                let copy = world.folder.path("incoming")
                try write(rows(1...last), to: copy)
                try FileManager.default.removeItem(atPath: world.path)
                try move(copy, to: world.path)
                let isOpen = last == 60
                let later = isOpen ? world.inventory : try await world.database.open()
                loaded += try await load(world, in: later)
                #expect(loaded == Array(1...last))
            }
        }
    }

    @Test("A batch of a file that was rotated is read again from where that is now")
    func again() async throws {
        try await withChainWorld(.sqlite, rows(1...50)) { world in
            let source = CSVSource(world.path, grows: true)
            let request = world.options(weight: 100).request
            guard case .batch(let batch) = try await world.inventory.acquire(request, from: source)
            else {
                Issue.record("there was no batch")
                return
            }
            try await batch.release()
            try move(world.path, to: world.path + ".1")
            try write(rows(1000...1100), to: world.path)
            let loaded = try await load(world, in: try await world.database.open())
            #expect(loaded == Array(1...50) + Array(1000...1100))
        }
    }
}
