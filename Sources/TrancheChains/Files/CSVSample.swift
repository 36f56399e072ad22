/// The first records of a CSV file, taken apart to see how it is written.
struct CSVSample {
    struct Field {
        var text: [UInt8]
        var isQuoted: Bool
        /// Whether text stands behind the quote that closes it.
        var hasTextBehind = false
        /// Whether it needs the quotes around it: it holds a delimiter, quote or line end.
        var needsQuotes = false

        var isEmpty: Bool { text.isEmpty }

        /// Whether it is a number, as spreadsheets write them.
        var isNumber: Bool {
            let digits = text.drop { $0 == 0x20 || $0 == 0x2D || $0 == 0x2B }
            guard let first = digits.first, (0x30...0x39).contains(first) || first == 0x2E else {
                return false
            }
            return digits.contains { (0x30...0x39).contains($0) }
                && digits.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || ".,:/-+eE% TZ".utf8.contains(byte)
                }
        }
    }

    struct Row {
        /// Where it begins, and where the next line does.
        var start: Int
        var end: Int
        var fields: [Field] = []

        var width: Int { fields.count }

        /// Whether it has so many fields, or a delimiter behind them and nothing more.
        func fits(_ width: Int) -> Bool {
            if self.width == width + 1, let last = fields.last {
                return last.isEmpty && !last.isQuoted
            }
            return self.width == width
        }
    }

    private(set) var rows: [Row] = []
    /// Where a quote was opened that is not closed.
    private(set) var openQuote: Int?

    /// Takes apart the records of some bytes.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - start: Where the first record begins.
    ///   - dialect: How they are written.
    ///   - isWhole: Whether nothing follows them.
    ///   - most: The most records.
    init(
        _ bytes: [UInt8],
        from start: Int,
        _ dialect: CSVDialect,
        isWhole: Bool,
        most: Int = .max
    ) {
        let decoder = CSVFieldDecoder(dialect)
        var machine = DialectMachine(dialect, at: Int64(start))
        var row = Row(start: start, end: start)

        func endField() {
            let from = Int(machine.fieldStart)
            let end = Int(machine.contentEnd)
            let isQuoted = machine.closedAt != nil
            let raw = machine.closedAt.map { from + 1..<Int($0) - 1 } ?? from..<end
            var text = Array(bytes[raw])
            var field = Field(text: [], isQuoted: isQuoted)
            if machine.hasMarks {
                let count = text.count
                let length = text.withUnsafeMutableBufferPointer { buffer in
                    buffer.baseAddress.map { decoder.decode($0, count, isQuoted: isQuoted) } ?? 0
                }
                text.removeLast(count - length)
            }
            field.hasTextBehind = machine.closedAt.map { Int($0) != end } ?? false
            field.needsQuotes =
                isQuoted
                && (machine.hasMarks
                    || text.contains {
                        $0 == dialect.delimiter.first || $0 == 0x0A || $0 == 0x0D
                    })
            field.text = text
            row.fields.append(field)
        }

        func endRow() {
            endField()
            row.start = Int(machine.lineStart)
            row.end = Int(machine.position)
            rows.append(row)
            row = Row(start: 0, end: 0)
        }

        for byte in bytes[start...] {
            switch machine.take(byte) {
            case .none: continue
            case .field:
                endField()
                machine.beginNextField()
            case .record:
                endRow()
                machine.beginNextLine()
                if rows.count == most { return }
            case .line:
                machine.beginNextLine()
            case .end: return
            }
        }
        if isWhole, machine.finish() == .record { endRow() }
        if machine.isQuoted { openQuote = machine.quoteStart.map { Int($0) } }
    }
}
