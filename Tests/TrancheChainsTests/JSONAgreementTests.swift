import Foundation
import Testing
import Tranche
import TrancheTestKit

@testable import TrancheChains

/// Scanner and parser of JSON, beside Foundation's reader.
@Suite("Records of JSON, beside a plain model")
struct JSONAgreementTests {
    @Test(
        "Any cut gives the same records, and their values are those of the model",
        arguments: 0..<6
    )
    func agreement(part: UInt64) async throws {
        let seed = UInt64.random(in: 0 ... .max) &+ part
        var random = JSONSamples(seed: seed)
        for number in 0..<400 {
            // The pool has few threads, and other tests live by real time.
            if number % 20 == 0 { await Task.yield() }
            let sample = random.sample()
            for _ in 0..<3 {
                let (records, faults) = try read(sample, &random)
                #expect(faults.isEmpty, "seed \(seed), \(sample.text), \(faults)")
                #expect(records.map(\.id) == sample.starts, "seed \(seed), \(sample.text)")
                guard records.count == sample.objects.count else { return }
                for (record, object) in zip(records, sample.objects) {
                    let found = try JSONSamples.model(JSONSourceTests.spelling(record))
                    #expect(
                        found == (try JSONSamples.model(object)),
                        "seed \(seed), \(object), \(JSONSourceTests.spelling(record))"
                    )
                }
            }
        }
    }

    @Test("What the model refuses is refused, and all else is accepted")
    func damaged() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = JSONSamples(seed: seed)
        // No exponents: what Foundation refuses for its size is a number here.
        let marks = Array("{}[]\":,\\u0-1. tfn".utf8)
        for number in 0..<20_000 {
            if number % 500 == 0 { await Task.yield() }
            var bytes = Array("{\"v\":\(random.value(depth: 2, breaks: false))}".utf8)
            let place = Int.random(in: 5..<bytes.count, using: &random.generator)
            guard bytes[place] < 0x80 else { continue }
            bytes[place] = marks.randomElement(using: &random.generator) ?? 0
            let text = String(decoding: bytes, as: UTF8.self)
            // Foundation takes a comma before the end.
            if text.contains(/,\s*[}\]]/) { continue }
            let isSound = JSONText.isValid(text)
            var parser = JSONParser()
            var faults: [RecordFault] = []
            let (blocks, _) = try parser.parse(bytes, at: 0, isLast: true) { faults.append($0) }
            // Foundation knows no doubled names, and replaces half a character.
            let isOwnRule = faults.first.map {
                $0.description.contains("twice") || $0.description.contains("half a character")
            }
            if isOwnRule == true { continue }
            #expect((blocks.first?.count == 1) == isSound, "seed \(seed), \(text), \(faults)")
        }
    }

    /// Plans a text in ranges of any size, and reads each in pieces of any size.
    private func read(
        _ sample: JSONSamples.Sample,
        _ random: inout JSONSamples
    ) throws -> (records: [Record], faults: [RecordFault]) {
        let bytes = Array(sample.text.utf8)
        let weight = Int64.random(in: 1...Int64(2 * bytes.count + 1), using: &random.generator)
        let most = Bool.random(using: &random.generator) ? Int.max : Int(weight % 5) + 1
        let guess = JSONGuess(
            bytes,
            isWhole: true,
            mayEnd: true,
            format: JSONFormat(layout: sample.layout),
            name: "sample"
        )
        guard let (kind, dataStart) = try guess.layout() else { return ([], []) }
        var start = dataStart
        var records: [Record] = []
        var faults: [RecordFault] = []
        while start < bytes.count {
            var scanner: any RecordScanning =
                switch kind {
                case .lines, .sequence: JSONLineScanner(at: start, layout: kind)
                case .objects: JSONValueScanner(at: start, arrayStart: nil)
                case .array(let first): JSONValueScanner(at: start, arrayStart: first)
                }
            let piece = Int.random(in: 1...200, using: &random.generator)
            scan(&scanner, bytes[Int(start)...], piece, limit: start + weight, most: most)
            guard scanner.count > 0 else { break }
            var parser = JSONParser(layout: kind)
            let range = bytes[Int(scanner.firstStart)..<Int(scanner.end)]
            var place = range.startIndex
            var step = piece
            var found = 0
            while place < range.endIndex {
                let end = min(range.endIndex, place + step)
                let (blocks, used) = try parser.parse(
                    Array(range[place..<end]),
                    at: Int64(place),
                    isLast: end == range.endIndex
                ) { faults.append($0) }
                if used == 0 {
                    guard end < range.endIndex else { break }
                    step *= 2
                    continue
                }
                place += used
                found += blocks.reduce(0) { $0 + $1.count }
                records += blocks.flatMap(\.records)
            }
            #expect(found == scanner.count)
            #expect(scanner.count == 1 || scanner.end - start <= weight)
            start = scanner.end
        }
        return (records, faults)
    }

    private func scan(
        _ scanner: inout any RecordScanning,
        _ bytes: ArraySlice<UInt8>,
        _ piece: Int,
        limit: Int64,
        most: Int
    ) {
        var place = bytes.startIndex
        while place < bytes.endIndex {
            let end = min(bytes.endIndex, place + piece)
            let isDone = bytes[place..<end].withUnsafeBufferPointer {
                scanner.scan($0, limit: limit, most: most)
            }
            if isDone { return }
            place = end
        }
        scanner.finish(limit: limit, most: most)
    }
}
