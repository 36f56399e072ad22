import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheChains

@Suite("Files that are rotated", .timeLimit(.minutes(10)))
struct RotationTests: FollowingTests {
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
        for seen in [1, 0] { try await severalBetween(isOpen: isOpen, way: way, seen: seen) }
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

    /// Rotates the file for each of some numbers while nobody looks: the next has three rows, whose
    /// ids begin with a thousand times the number.
    private func rotate(_ world: ChainWorld, _ numbers: ClosedRange<Int>) throws {
        for number in numbers {
            // Files that are rotated are not all of one tick of the clock.
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1e9 + Double(number))],
                ofItemAtPath: world.path
            )
            try move(world.path, to: "\(world.path).\(1000 + number)")
            try write(rows(number * 1000...number * 1000 + 2), to: world.path)
        }
    }

    private func rotated(_ numbers: ClosedRange<Int>) -> [Int] {
        numbers.flatMap { Array($0 * 1000...$0 * 1000 + 2) }
    }

    /// The numbers of the files that are remembered.
    private func known(_ inventory: Inventory) async throws -> [Int64] {
        let run = try #require(try await inventory.runs(RunSelection(job: "load")).first)
        let text = try #require(run.source?.identity)
        return try #require(FileGenerations(text)).files.map(\.number)
    }

    @Test(
        "No file is forgotten that nobody has read, however many came; of read ones sixteen stay",
        arguments: [true, false],
        [20, 40]
    )
    func veryManyBetween(isOpen: Bool, count: Int) async throws {
        try await withChainWorld(.sqlite, rows(1...50)) { world in
            var loaded = try await load(world, in: world.inventory)
            try append(rows(51...53, head: ""), to: world.path)
            try rotate(world, 1...count)
            let later = isOpen ? world.inventory : try await world.database.open()
            loaded += try await load(world, in: later)
            #expect(loaded == Array(1...53) + rotated(1...count))
            // What an acquire finds out the next one keeps.
            try append("7,7\n", to: world.path)
            #expect(try await load(world, in: later) == [7])
            #expect(try await known(later).count == count + 1)
            // The next file finds all of them read.
            try rotate(world, count + 1...count + 1)
            let last = isOpen ? world.inventory : try await world.database.open()
            #expect(try await load(world, in: last) == rotated(count + 1...count + 1))
            try append("8,8\n", to: world.path)
            #expect(try await load(world, in: last) == [8])
            #expect(try await known(last) == Array(Int64(count - 14)...Int64(count + 1)))
            #expect(try await load(world, in: try await world.database.open()) == [])
        }
    }

    @Test("So it is where nothing was handed out before, and where another job stands behind")
    func unreadByOthers() async throws {
        try await withChainWorld(.sqlite, "id,amount\n") { world in
            #expect(try await load(world, in: world.inventory) == [])
            try append(rows(1...3, head: ""), to: world.path)
            try rotate(world, 1...20)
            #expect(try await load(world, in: world.inventory) == Array(1...3) + rotated(1...20))
        }
        try await withChainWorld(.sqlite, rows(1...50)) { world in
            func load(by job: String, in inventory: Inventory) async throws -> [Int] {
                let sink = MemorySink()
                let source = CSVSource(world.path, grows: true)
                let report = try await Chain(reading: source).write(to: sink)
                    .run(through: inventory, world.options(job, weight: 100))
                #expect(report.isSuccess, "\(report.lastError ?? "") \(report.reason)")
                return sink.records.compactMap { Int($0.text("id") ?? "") }
            }
            #expect(try await load(by: "slow", in: world.inventory) == Array(1...50))
            #expect(try await load(by: "load", in: world.inventory) == Array(1...50))
            for number in 1...20 {
                try rotate(world, number...number)
                let loaded = try await load(by: "load", in: world.inventory)
                #expect(loaded == rotated(number...number))
            }
            let later = try await world.database.open()
            #expect(try await load(by: "slow", in: later) == rotated(1...20))
        }
    }

    @Test("The file of a batch that is not done is not forgotten, however many were read since")
    func notDone() async throws {
        try await withChainWorld(.sqlite, rows(1...50)) { world in
            let source = CSVSource(world.path, grows: true)
            let request = world.options(weight: 100_000).request
            let first = try await world.inventory.acquire(request, from: source)
            guard case .batch(let held) = first else {
                Issue.record("there was no batch")
                return
            }
            for number in 1...20 {
                try rotate(world, number...number)
                let next = try await world.inventory.acquire(request, from: source)
                guard case .batch(let batch) = next else {
                    Issue.record("there was no batch of file \(number)")
                    return
                }
                try await batch.succeed()
            }
            try await held.release()
            let later = try await world.database.open()
            #expect(try await load(world, in: later) == Array(1...50))
            #expect(try await known(later) == [0] + Array(6...20))
        }
    }

    @Test("The oldest files that are read are forgotten, and none that is not, nor the last")
    func forgetting() async throws {
        try await withChainWorld { world in
            let file = LocalFile(world.path)
            let state = try await file.state()
            func files(_ count: Int64) async throws -> FileGenerations {
                var list = FileGenerations(try await FileGeneration(number: 0, file, state))
                for number in 1..<count {
                    list.append(try await FileGeneration(number: number, file, state))
                }
                return list
            }
            for (count, unread, numbers) in [
                (16, UnreadGenerations(), Array(0...15)),
                (18, UnreadGenerations(), Array(2...17)),
                (40, UnreadGenerations(from: 3), Array(3...39)),
                (40, UnreadGenerations(from: 30), Array(24...39)),
                (20, UnreadGenerations(from: 19, earlier: [1, 3]), [1, 3] + Array(6...19)),
                (20, UnreadGenerations(earlier: Set(0...18)), Array(0...19)),
            ] as [(Int64, UnreadGenerations, [Int64])] {
                var list = try await files(count)
                list.forget(but: unread)
                #expect(list.files.map(\.number) == numbers)
            }
        }
    }

    @Test("A file that is gone between others holds the load, until it is given up")
    func goneBetween() async throws {
        try await withChainWorld(.sqlite, rows(1...50)) { world in
            _ = try await load(world, in: world.inventory)
            try rotate(world, 1...4)
            let source = CSVSource(world.path, grows: true)
            for _ in 1...2 {
                let request = world.options(weight: 100_000).request
                let next = try await world.inventory.acquire(request, from: source)
                guard case .batch(let batch) = next else {
                    Issue.record("there was no batch")
                    return
                }
                try await batch.succeed()
            }
            // The file with the rows of 3; that of 4 stands there now.
            try FileManager.default.removeItem(atPath: world.path + ".1004")
            let later = try await world.database.open()
            let error = await #expect(throws: TrancheError.self) {
                try await load(world, in: later)
            }
            #expect(error?.code == .redefined)
            #expect(error?.message.contains("--replaced") == true, "\(error?.message ?? "")")
            let location = ByteLocation.file(world.path).replaced()
            #expect(try await load(world, in: later, location) == rotated(4...4))
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
        "So does one of a compressed file, with the mark on either side of its ending",
        arguments: [
            ("app.csv.gz.1", true), ("app.csv.1.gz", true), ("app-20260131.csv.gz", true),
            ("app.csv.gz-20260131", true), ("app.csv.gz", false), ("app.csv", false),
            ("app.csv.bak.gz", false), ("app2.csv.gz", false),
        ]
    )
    func compressedNames(name: String, isRotated: Bool) {
        #expect(RotatedFiles(of: "/var/log/app.csv.gz").isRotated(name) == isRotated)
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
