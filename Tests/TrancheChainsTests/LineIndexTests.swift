import Foundation
import Testing
import Tranche

@testable import TrancheChains

@Suite("Lines of records")
struct LineIndexTests {
    /// Content of lines of many lengths, and where each of them begins.
    private static let content: [UInt8] = {
        var bytes: [UInt8] = []
        var number: UInt64 = 88
        while bytes.count < 600_000 {
            number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes += [UInt8](repeating: 0x61, count: Int(number >> 57)) + [0x0A]
        }
        return bytes
    }()

    private func shown(_ offset: Int) -> Int64 {
        Int64(1 + Self.content[..<offset].count { $0 == 0x0A })
    }

    /// Reads the content, and keeps how much was read.
    private final class Reading {
        var bytes: Int64 = 0

        func read(_ range: Range<Int64>) -> [UInt8] {
            let end = min(Int(range.upperBound), LineIndexTests.content.count)
            guard Int(range.lowerBound) < end else { return [] }
            bytes += Int64(end) - range.lowerBound
            return Array(LineIndexTests.content[Int(range.lowerBound)..<end])
        }
    }

    @Test("Content on disk is read from the last line that is known")
    func local() async throws {
        let index = LineIndex(from: 0, mark: 0x0A, isLocal: true)
        let reading = Reading()
        for offsets in [[0, 100, 5000], [300_000, 300_001], [599_000], [100]] {
            let lines = try await index.lines(at: offsets.map(Int64.init)) { reading.read($0) }
            for offset in offsets {
                #expect(lines[Int64(offset)] == RecordLine(number: shown(offset)), "\(offset)")
            }
        }
        // Once to the end, and the hundred bytes once more.
        #expect(reading.bytes <= 599_000 + 100)
    }

    @Test("Pieces that were read in any order and more than once are counted once, and not read")
    func pieces() async throws {
        let index = LineIndex(from: 0, mark: 0x0A, isLocal: false)
        let reading = Reading()
        for start in [200_000, 0, 100_000, 200_000, 50_000, 400_000, 300_000, 0] {
            let end = start + (start == 50_000 ? 10_000 : 100_000)
            let piece = Self.content[start..<end]
            index.add(Int64(start)..<Int64(end), lines: index.count(piece))
        }
        let lines = try await index.lines(at: [450_000, 500_000]) { reading.read($0) }
        #expect(lines[450_000] == RecordLine(number: shown(450_000)))
        #expect(lines[500_000] == RecordLine(number: shown(500_000)))
        // Within a piece alone.
        #expect(reading.bytes <= 200_000)
    }

    @Test("What would have to be decoded again is counted from where that is not so, or not told")
    func bounded() async throws {
        let index = LineIndex(from: 0, mark: 0x0A, isLocal: false)
        let far: Int64 = 1 << 40
        index.add(far..<far + 100_000, lines: index.count(Self.content[0..<100_000]))
        func read(_ range: Range<Int64>) -> [UInt8] {
            let places = Int(range.lowerBound - far)..<Int(range.upperBound - far)
            return Array(Self.content[places])
        }
        let known = try await index.lines(at: [far + 50_000]) { read($0) }
        #expect(known[far + 50_000] == RecordLine(number: shown(50_000), origin: far))
        #expect(known[far + 50_000]?.words == "line \(shown(50_000)) from offset \(far)")
        let unknown = try await index.lines(at: [far + 200_000]) { read($0) }
        #expect(unknown.isEmpty)
    }

    @Test("Lines that end with a carriage return alone are counted by it")
    func returns() async throws {
        let index = LineIndex(from: 0, mark: 0x0D, isLocal: true)
        let bytes = Array("a\rb\nc\rd".utf8)
        let lines = try await index.lines(at: [6]) { range in
            Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
        }
        #expect(lines == [6: RecordLine(number: 3)])
    }
}
