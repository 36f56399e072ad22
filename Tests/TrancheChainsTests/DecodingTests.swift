import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheTestKit

@testable import TrancheChains

@Suite("What is decoded as it is read", .timeLimit(.minutes(10)))
struct DecodingTests {
    /// Bytes in memory, handed out in pieces.
    private struct Pieces: ByteReader {
        let name = "pieces"
        let bytes: [UInt8]
        /// The most of a piece; 0 when all that is asked for is handed out.
        var most = 0

        func state() async throws -> ByteState {
            ByteState(size: Int64(bytes.count), version: "1")
        }

        func read(_ range: Range<Int64>, goingOnTo end: Int64) async throws -> [UInt8] {
            let start = min(bytes.count, Int(range.lowerBound))
            var end = min(bytes.count, Int(range.upperBound))
            if most > 0 { end = min(end, start + Int.random(in: 1...most)) }
            return Array(bytes[start..<end])
        }
    }

    /// Bytes that somebody still writes.
    private final class Growing: ByteReader {
        let name = "growing"
        let bytes: [UInt8]
        private let count: Mutex<Int>

        init(_ bytes: [UInt8], count: Int) {
            self.bytes = bytes
            self.count = Mutex(count)
        }

        /// What happens when its end was read, before whoever reads it learns that.
        let atEnd = Mutex<(@Sendable () async throws -> Void)?>(nil)

        func grow(to count: Int) { self.count.withLock { $0 = count } }

        func state() async throws -> ByteState {
            ByteState(size: Int64(count.withLock { $0 }), version: "1")
        }

        func read(_ range: Range<Int64>, goingOnTo end: Int64) async throws -> [UInt8] {
            let count = count.withLock { $0 }
            let start = min(count, Int(range.lowerBound))
            if start == count {
                let action = atEnd.withLock { action in
                    defer { action = nil }
                    return action
                }
                try await action?()
            }
            return Array(bytes[start..<min(count, Int(range.upperBound))])
        }
    }

    private static func text(
        _ size: Int,
        _ letters: [Character],
        _ random: inout SplitMix64
    ) -> String {
        let plain = Array("abcdefghij,;\"0123456789 ")
        var text = ""
        text.reserveCapacity(size)
        while text.utf8.count < size {
            let length = Int.random(in: 0...300, using: &random)
            for _ in 0..<length {
                let isPlain = Int.random(in: 0..<40, using: &random) > 0
                text.append(
                    (isPlain ? plain : letters).randomElement(using: &random) ?? "x"
                )
            }
            text.append("\n")
        }
        return text
    }

    @Test(
        "What is packed is read alike from any place, by any who come",
        arguments: Packing.allCases
    )
    func anyPlace(packing: Packing) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        let text = Self.text(3 << 20, packing.letters, &random)
        let plain = Array(text.utf8)
        let stored = Pieces(bytes: try packing.packed(text))
        let folder = try TemporaryFolder()
        let store = RestartStore(folder.path("points"), key: "x", threshold: 1)
        // The second finds what the first has kept.
        for round in 0..<2 {
            let reader = RestartableReader(
                stored,
                try packing.codec,
                store: store,
                spacing: 300_000,
                chunks: DecodedChunks(capacity: 3 << 18)
            )
            for _ in 0..<60 {
                let start = Int.random(in: 0...plain.count + 10, using: &random)
                let end = start + Int.random(in: 1...700_000, using: &random)
                let read = try await reader.read(Int64(start)..<Int64(end))
                let expected = plain[min(start, plain.count)..<min(end, plain.count)]
                #expect(
                    read.elementsEqual(expected),
                    "seed \(seed), \(start)..<\(end), round \(round)"
                )
            }
            _ = try await reader.read(Int64(plain.count)..<Int64(plain.count + 1))
            #expect(try await reader.state().size == Int64(plain.count), "seed \(seed)")
        }
        let names = try? FileManager.default.subpathsOfDirectory(atPath: folder.path("points"))
        let outputs = (names ?? []).compactMap { name in
            name.split(separator: "/").last?.split(separator: "-").first.flatMap { Int($0) }
        }
        // One behind the end of a single frame is of no use.
        #expect(outputs.contains { $0 < plain.count } == packing.hasRestarts)
    }

    @Test("What is packed is read alike in pieces of any size", arguments: Packing.allCases)
    func anyPieces(packing: Packing) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        let text = Self.text(40_000, packing.letters, &random)
        let packed = try packing.packed(text)
        for most in [1, 3, 200, 20_000] {
            let reader = RestartableReader(
                Pieces(bytes: packed, most: most),
                try packing.codec,
                chunks: DecodedChunks(capacity: 1 << 20)
            )
            let read = try await reader.read(0..<1 << 20)
            #expect(read.elementsEqual(text.utf8), "seed \(seed), most \(most)")
        }
    }

    @Test(
        "A place far behind is reached from a restart point",
        arguments: [Packing.gzip, .gzipByZlib, .blocks, .zstdFrames, .utf16LE, .latin1, .shiftJIS]
    )
    func restarts(packing: Packing) async throws {
        var random = SplitMix64(seed: 7)
        let text = Self.text(6 << 20, packing.letters, &random)
        let folder = try TemporaryFolder()
        let stored = Pieces(bytes: try packing.packed(text))
        let store = RestartStore(folder.path("points"), key: "x", threshold: 1)
        func reader() throws -> RestartableReader {
            RestartableReader(
                stored,
                try packing.codec,
                store: store,
                spacing: 1 << 18,
                chunks: DecodedChunks(capacity: 1 << 20)
            )
        }
        let size = Int64(text.utf8.count)
        let first = try reader()
        _ = try await first.read(size - 10..<size)
        #expect(await first.decodedBytes == size)
        _ = try await first.read(size / 2..<size / 2 + 10)
        let again = await first.decodedBytes - size
        // To the point, from there to the chunk's beginning, and the chunk. Of seven frames, one.
        let most: Int64 = packing == .zstdFrames ? size / 7 + 3 << 18 : 4 << 18
        #expect(again <= most)
        // Another process.
        let second = try reader()
        _ = try await second.read(size - 10..<size)
        #expect(await second.decodedBytes <= most + 1 << 18)
    }

    @Test("A restart point that is spoilt or of another content costs time alone")
    func spoiltPoints() async throws {
        var random = SplitMix64(seed: 8)
        let text = Self.text(2 << 20, ["é"], &random)
        let plain = Array(text.utf8)
        let folder = try TemporaryFolder()
        let root = folder.path("points")
        let stored = Pieces(bytes: try Packing.gzip.packed(text))
        func end() async throws -> [UInt8] {
            let reader = RestartableReader(
                stored,
                GzipCodec(),
                store: RestartStore(root, key: "x", threshold: 1),
                spacing: 1 << 18,
                chunks: DecodedChunks(capacity: 1 << 20)
            )
            return try await reader.read(Int64(plain.count - 9)..<Int64(plain.count))
        }
        _ = try await end()
        let files = try FileManager.default.subpathsOfDirectory(atPath: root)
            .filter { $0.contains("-") }.map { "\(root)/\($0)" }
        #expect(files.count > 3)
        for (number, file) in files.enumerated() {
            var data = try Data(contentsOf: URL(filePath: file))
            switch number % 3 {
            case 0: data[data.count / 2] ^= 1
            case 1: data.removeLast(data.count / 2)
            default: data = Data()
            }
            try data.write(to: URL(filePath: file))
        }
        #expect(try await end().elementsEqual(plain.suffix(9)))
        // Nobody else may have written it.
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: root)
        #expect(try await end().elementsEqual(plain.suffix(9)))
    }

    @Test(
        "A batch is decompressed once, whoever plans it and whoever works on it",
        arguments: [1, 3]
    )
    func once(workers: Int) async throws {
        let text = ChainWorld.csv(rows: 60_000)
        let size = Int64(text.utf8.count)
        try await withChainWorld(.sqlite, text) { world in
            let path = world.folder.path("customers.csv.gz")
            try Data(Packing.gzip(Array(text.utf8))).write(to: URL(filePath: path))
            let reader = RestartableReader(
                LocalFile(path),
                GzipCodec(),
                chunks: DecodedChunks(capacity: 2 << 20)
            )
            let location = ByteLocation(name: path, key: path) { reader }
            let report = try await Chain(reading: CSVSource(location)).write(to: MemorySink())
                .run(through: world.inventory, world.options(weight: 20_000, workers: workers))
            #expect(report.counters["records_read"] == 60_000)
            #expect(report.succeeded > 100)
            #expect(await reader.decodedBytes <= size + RestartableReader.chunk)
        }
    }

    @Test("A load that was stopped goes on without decompressing what is done")
    func resumed() async throws {
        let text = ChainWorld.csv(rows: 150_000)
        let size = Int64(text.utf8.count)
        try await withChainWorld(.sqlite, text) { world in
            let path = world.folder.path("customers.csv.gz")
            try Data(Packing.gzip(Array(text.utf8))).write(to: URL(filePath: path))
            let store = RestartStore(world.folder.path("points"), key: path, threshold: 1)
            var decoded: [Int64] = []
            for part in 0..<4 {
                let reader = RestartableReader(
                    LocalFile(path),
                    GzipCodec(),
                    store: store,
                    spacing: 1 << 19,
                    chunks: DecodedChunks(capacity: 4 << 20)
                )
                let location = ByteLocation(name: path, key: path) { reader }
                var options = world.options(weight: 100_000, workers: 2)
                let left = FailureCount()
                let stop = options.stop
                options.onBatch = { _ in
                    if part < 3, left.next() == 20 { stop.advance(to: .stopping) }
                }
                let inventory = try await world.database.open()
                _ = try await Chain(reading: CSVSource(location)).write(to: MemorySink())
                    .run(through: inventory, options)
                decoded.append(await reader.decodedBytes)
            }
            // The first chunk of each has the header.
            let most = size + 4 * (1 << 19 + 5 * RestartableReader.chunk)
            #expect(decoded.reduce(0, +) <= most, "\(decoded) of \(size)")
        }
    }

    @Test(
        "What is read to where it is cut off is read on when the rest has come",
        arguments: [Packing.gzip, .blocks, .zstdFrames]
    )
    func growing(packing: Packing) async throws {
        var random = SplitMix64(seed: 9)
        let text = Self.text(1 << 20, packing.letters, &random)
        let packed = try packing.packed(text)
        let stored = Growing(packed, count: packed.count / 3)
        let reader = RestartableReader(
            stored,
            try packing.codec,
            chunks: DecodedChunks(capacity: 4 << 20)
        )
        for part in 1...3 {
            stored.grow(to: part == 3 ? packed.count : part * packed.count / 3)
            _ = try await reader.state()
            let read = try await reader.read(0..<2 << 20)
            let expected = Array(text.utf8.prefix(read.count))
            #expect(read == expected)
            #expect((read.count == text.utf8.count) == (part == 3), "\(read.count)")
        }
    }

    @Test(
        "What grows while its end is read is read on",
        arguments: [Packing.gzip, .zstdFrames, .utf16BE]
    )
    func growingMeanwhile(packing: Packing) async throws {
        var random = SplitMix64(seed: 10)
        let text = Self.text(1 << 20, packing.letters, &random)
        let packed = try packing.packed(text)
        let stored = Growing(packed, count: packed.count / 2)
        let reader = RestartableReader(
            stored,
            try packing.codec,
            chunks: DecodedChunks(capacity: 4 << 20)
        )
        _ = try await reader.state()
        stored.atEnd.withLock { action in
            action = {
                stored.grow(to: packed.count)
                // Another task looks at it, and finds that it has grown.
                _ = try await reader.state()
            }
        }
        _ = try await reader.read(0..<2 << 20)
        #expect(stored.atEnd.withLock { $0 == nil })
        let read = try await reader.read(0..<2 << 20)
        #expect(read.elementsEqual(text.utf8))
        _ = try await reader.read(Int64(read.count)..<Int64(read.count + 1))
        #expect(try await reader.state().size == Int64(read.count))
    }

    @Test("All before the place where a file is cut off or spoilt is loaded, and the place told")
    func cutOff() async throws {
        let text = ChainWorld.csv(rows: 20_000)
        try await withChainWorld(.sqlite, text) { world in
            for (name, tail, words) in [
                ("cut", [UInt8]?.none, "ends in the midst"),
                ("garbage", Array("<html>".utf8), "not gzip"),
            ] {
                var packed = Packing.gzip(Array(text.utf8))
                if let tail { packed += tail } else { packed.removeLast(packed.count / 3) }
                let path = world.folder.path("\(name).csv.gz")
                try Data(packed).write(to: URL(filePath: path))
                let sink = MemorySink()
                let error = await #expect(throws: TrancheError.self) {
                    try await Chain(reading: CSVSource(path)).write(to: sink)
                        .run(through: world.inventory, world.options(weight: 50_000))
                }
                #expect(error?.code == .invalidItem)
                #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
                let ids = sink.records.map { $0.text("id") ?? "" }
                #expect(ids == (1...max(1, ids.count)).map { "\($0)" })
                #expect(ids.count > 12_000)
                if tail != nil {
                    #expect(ids.count == 20_000)
                    #expect(error?.message.contains("offset \(packed.count - 6) ") == true)
                }
            }
        }
    }
}
