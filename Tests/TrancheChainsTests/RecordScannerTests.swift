import Testing
import Tranche
import TrancheTestKit

@testable import TrancheChains

@Suite("Where records end")
struct RecordScannerTests {
    struct Case: CustomTestStringConvertible {
        let text: String
        let starts: [Int64]
        let testDescription: String
    }

    static let cases = [
        Case(text: "a,b\n\"c\nd\",e\n", starts: [0, 4], testDescription: "a line feed in quotes"),
        Case(text: "a\r\n\"b\r\nc\"\r\n", starts: [0, 3], testDescription: "CRLF"),
        Case(text: "a\nb", starts: [0, 2], testDescription: "no line feed at the end"),
        Case(text: "\n\na\n\n\r\nb\n\n", starts: [2, 7], testDescription: "empty lines"),
        Case(text: "a\"b\nc\n", starts: [0, 4], testDescription: "a quote within a field"),
        Case(text: "\"a\"\"\nb\"\nc\n", starts: [0, 8], testDescription: "a doubled quote"),
        Case(text: "", starts: [], testDescription: "nothing"),
        Case(text: "\r", starts: [], testDescription: "a carriage return alone"),
    ]

    @Test("A record ends at a line feed outside quotes", arguments: cases)
    func ends(of sample: Case) {
        #expect(Self.starts(Array(sample.text.utf8), piece: 3) == sample.starts)
    }

    @Test("A quote that is not closed is told with where it was opened")
    func openQuote() {
        var scanner = RecordScanner(at: 100, delimiter: 0x2C, quote: 0x22)
        Self.scan(&scanner, Array("a,\"b\nc\n".utf8), piece: 64)
        #expect(scanner.count == 0)
        #expect(scanner.openQuote == 102)
    }

    @Test(
        "A range keeps within its weight, but for a record that is heavier alone",
        arguments: 1...40
    )
    func limit(weight: Int64) {
        let bytes = Array("abc\n\ndefgh\n\"i\nj\"\nk\n".utf8)
        let records = CSVModel(bytes).records
        var scanner = RecordScanner(at: 0, delimiter: 0x2C, quote: 0x22)
        Self.scan(&scanner, bytes, piece: 64, limit: weight)
        let fitting = records.prefix { Int64($0.end) <= weight }
        if scanner.isOverfull {
            #expect(scanner.count == fitting.count + 1)
        } else {
            #expect(scanner.count == max(1, fitting.count))
            #expect(scanner.end == Int64(records[scanner.count - 1].end))
        }
    }

    @Test(
        "A number of records ends behind the empty lines after the last, so that weights add up",
        arguments: 1...4
    )
    func count(most: Int) {
        let bytes = Array("a,b\n\n\r\nc\n\"d\ne\"\n\n\n\nf\n\n".utf8)
        let records = CSVModel(bytes).records
        for piece in 1...bytes.count {
            var scanner = RecordScanner(at: 0, delimiter: 0x2C, quote: 0x22)
            Self.scan(&scanner, bytes, piece: piece, most: most)
            #expect(scanner.count == most)
            #expect(scanner.end == Int64(records[most - 1].end), "\(piece)")
        }
    }

    static let dialects: [CSVDialect] = [
        CSVDialect(delimiter: [0x2C], quote: 0x22),
        CSVDialect(delimiter: [0x2C], quote: 0x22, keepsEmptyLines: true),
        CSVDialect(delimiter: [0x2C], quote: 0x22, nulls: [[], [0x61]], endsAtReturn: true),
        CSVDialect(
            delimiter: [0x2C],
            quote: 0x22,
            endsAtReturn: true,
            keepsEmptyLines: true
        ),
        CSVDialect(
            delimiter: [0x2C],
            quote: 0x22,
            escapes: .character("a"),
            comment: [0x62, 0x62]
        ),
        CSVDialect(delimiter: [0x2C], quote: nil, escapes: .character("a")),
        CSVDialect(delimiter: [0x2C, 0x61], quote: 0x22, nulls: []),
        CSVDialect(delimiter: [0x2C, 0x2C], quote: 0x22, comment: [0x61]),
        CSVDialect(delimiter: [0x2C], quote: 0x22, endsWithDelimiter: true),
        CSVDialect(delimiter: [0x2C], quote: nil, escapes: .postgreSQL, nulls: [[0x5C, 0x62]]),
        CSVDialect(
            delimiter: [0x2C],
            quote: nil,
            escapes: .mariaDB,
            nulls: [[0x61]],
            keepsReturn: true
        ),
        CSVDialect(delimiter: [0x2C], quote: nil, escapes: .tsv),
        CSVDialect(delimiter: [0x2C], quote: 0x22, escapes: .mariaDB, nulls: []),
    ]

    @Test("Scanner, parser and a plain model see the same records", arguments: dialects)
    func agreement(dialect: CSVDialect) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix64(seed: seed)
        let width = dialect.keepsEmptyLines ? 1 : 3
        for number in 0..<1500 {
            // The pool has few threads, and other tests live by real time.
            if number % 100 == 0 { await Task.yield() }
            let bytes = Self.bytes(&generator, most: 200, escapes: dialect.escape == 0x5C)
            let model = CSVModel(bytes, dialect)
            let piece = Int.random(in: 1...130, using: &generator)
            let starts = Self.starts(bytes, piece: piece, dialect)
            #expect(
                starts == model.records.map { Int64($0.start) },
                "seed \(seed), bytes \(bytes)"
            )
            let parsed = try Self.parse(bytes, fields: width, dialect)
            for (record, found) in zip(model.records, parsed) {
                #expect(Int64(record.start) == found.id, "seed \(seed), bytes \(bytes)")
                var fields = record.fields
                if dialect.endsWithDelimiter, fields?.count == width + 1, fields?.last == .some(nil)
                {
                    fields?.removeLast()
                }
                guard let fields, fields.count == width, isText(fields) else {
                    #expect(found.fields == nil, "seed \(seed), bytes \(bytes)")
                    continue
                }
                #expect(found.fields == fields, "seed \(seed), bytes \(bytes)")
            }
            if !model.isOpen {
                #expect(parsed.count == model.records.count, "seed \(seed), bytes \(bytes)")
            }
            if starts != model.records.map({ Int64($0.start) }) { return }
        }
    }

    private func isText(_ fields: [[UInt8]?]) -> Bool {
        fields.allSatisfy { field in
            guard let field else { return true }
            return !field.contains(0) && String(validating: field, as: UTF8.self) != nil
        }
    }

    @Test("A hundred thousand inputs of random bytes are read to their end", arguments: 0..<8)
    func randomBytes(part: UInt64) async throws {
        let seed = UInt64.random(in: 0 ... .max) &+ part
        var generator = SplitMix64(seed: seed)
        for number in 0..<12_500 {
            if number % 500 == 0 { await Task.yield() }
            let bytes = Self.bytes(&generator, most: 24)
            let records = try Self.parse(bytes, fields: 2)
            #expect(records.count <= bytes.count, "seed \(seed)")
        }
    }

    // MARK: -

    /// Bytes among which those are frequent that mean something.
    private static func bytes(
        _ generator: inout SplitMix64,
        most: Int,
        escapes: Bool = false
    ) -> [UInt8] {
        if escapes {
            let marks: [UInt8] = [0x5C, 0x5C, 0x2C, 0x2C, 0x0A, 0x0D, 0x61, 0x62, 0x6E, 0x2E]
            let count = Int.random(in: 0...most, using: &generator)
            return (0..<count).map { _ in marks[Int(generator.next() % UInt64(marks.count))] }
        }
        let marks: [UInt8] = [
            0x22, 0x22, 0x22, 0x2C, 0x2C, 0x0A, 0x0A, 0x0D, 0x61, 0x62, 0xC3, 0xA4, 0,
        ]
        let count = Int.random(in: 0...most, using: &generator)
        let isWild = Int.random(in: 0..<8, using: &generator) == 0
        return (0..<count).map { _ in
            isWild
                ? UInt8.random(in: 0...255, using: &generator)
                : marks[Int(generator.next() % UInt64(marks.count - (isWild ? 0 : 3)))]
        }
    }

    private static func scan(
        _ scanner: inout RecordScanner,
        _ bytes: [UInt8],
        piece: Int,
        limit: Int64 = .max,
        most: Int = .max
    ) {
        var place = 0
        while place < bytes.count {
            let end = min(bytes.count, place + piece)
            let isDone = bytes[place..<end].withUnsafeBufferPointer {
                scanner.scan($0, limit: limit, most: most)
            }
            if isDone { return }
            place = end
        }
        scanner.finish(limit: limit, most: most)
    }

    private static let plain = CSVDialect(delimiter: [0x2C], quote: 0x22)

    private static func starts(
        _ bytes: [UInt8],
        piece: Int,
        _ dialect: CSVDialect = plain
    ) -> [Int64] {
        var starts: [Int64] = []
        var place = 0
        while place < bytes.count {
            var scanner = RecordScanner(at: Int64(place), dialect)
            scan(&scanner, Array(bytes[place...]), piece: piece, most: 1)
            guard scanner.count == 1 else { break }
            starts.append(scanner.firstStart)
            place = Int(scanner.end)
        }
        return starts
    }

    private static func parse(
        _ bytes: [UInt8],
        fields: Int,
        _ dialect: CSVDialect = plain
    ) throws -> [(id: Int64, fields: [[UInt8]?]?)] {
        var parser = CSVParser(
            fields: try RecordFields((1...fields).map { "f\($0)" }),
            dialect: dialect,
            format: CSVFormat()
        )
        var found: [(id: Int64, fields: [[UInt8]?]?)] = []
        let (blocks, _) = try parser.parse(bytes, at: 0, isLast: true) {
            found.append(($0.id, nil))
        }
        for record in blocks.flatMap(\.records) {
            let values = (0..<fields).map { place -> [UInt8]? in
                record[place] == .null ? nil : Array(record[place].text?.utf8 ?? "".utf8)
            }
            found.append((record.id, values))
        }
        return found.sorted { $0.id < $1.id }
    }
}
