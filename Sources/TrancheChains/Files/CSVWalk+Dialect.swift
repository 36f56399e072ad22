import Tranche

extension CSVWalk {
    /// Walks over the bytes of a dialect that is not plain.
    ///
    /// - Parameters:
    ///   - buffer: The bytes; they begin with a record.
    ///   - offset: The offset of the first.
    ///   - dialect: How they are written.
    ///   - isLast: Whether the last record ends with the bytes.
    func run(
        _ buffer: UnsafeMutableBufferPointer<UInt8>,
        at offset: Int64,
        _ dialect: CSVDialect,
        isLast: Bool
    ) {
        guard let base = buffer.baseAddress else { return }
        let count = buffer.count
        let decoder = CSVFieldDecoder(dialect)
        let hasLastDelimiter = dialect.endsWithDelimiter
        let refusesQuotes = dialect.isQuoteUnknown
        var machine = DialectMachine(dialect, at: 0)
        var cells = cells
        self.cells = []
        var ids = ids
        self.ids = []
        var column = 0

        func endField() {
            defer { column += 1 }
            guard column < width else { return }
            let start = Int(machine.fieldStart)
            let end = Int(machine.contentEnd)
            if let closedAt = machine.closedAt {
                let row = ids.count
                if closedAt != machine.contentEnd {
                    faults.append((row, Self.textBehind(column)))
                }
                var length = Int(closedAt) - start - 2
                if machine.hasMarks {
                    length = decoder.decode(base + start + 1, length, isQuoted: true)
                }
                cells.append(
                    RecordCell(.text, start: UInt32(start + 1), length: UInt32(length))
                )
                return
            }
            var length = end - start
            if decoder.isNull(base + start, length) {
                cells.append(.null)
                return
            }
            if machine.hasMarks { length = decoder.decode(base + start, length, isQuoted: false) }
            if refusesQuotes, base[start] == UInt8(ascii: "\""), length > 0 {
                faults.append((ids.count, Self.unknownQuote(column)))
            }
            cells.append(RecordCell(.text, start: UInt32(start), length: UInt32(length)))
        }

        func endRecord() {
            let isBehindLast =
                hasLastDelimiter && column == width && machine.contentEnd == machine.fieldStart
            if !isBehindLast { endField() }
            if column != width { fit(column, &cells, ids.count) }
            ids.append(offset + machine.lineStart)
            column = 0
        }

        var place = 0
        while place < count {
            place += machine.pass(base + place, count - place)
            guard place < count else { break }
            let event = machine.take(base[place])
            place += 1
            switch event {
            case .none: continue
            case .field:
                endField()
                machine.beginNextField()
                continue
            case .record:
                endRecord()
                machine.beginNextLine()
            case .line: machine.beginNextLine()
            case .end: break
            }
            used = place
        }
        if isLast, machine.finish() == .record {
            endRecord()
            used = count
        }
        if machine.isOver { used = count }
        // What belongs to a record that has not ended is read again.
        cells.removeLast(cells.count - ids.count * width)
        self.cells = cells
        self.ids = ids
        faults.removeAll { $0.row >= ids.count }
    }

    static func textBehind(_ column: Int) -> String {
        "has text behind the closing quote of field \(column + 1)"
    }

    private static func unknownQuote(_ column: Int) -> String {
        "has a quote where field \(column + 1) begins, and nothing in the first 64 KiB of the file told what "
            + "quotes mean there; give --quote '\"' where they enclose fields, or --quote ''"
    }
}
