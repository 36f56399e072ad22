import CByteScan

/// Finds where records end, without looking at their fields.
///
/// A record ends at a line feed that stands in no quotes. Quotes open only where a field begins; a
/// quote in the midst of a field is a character like others, as most programs have it. Empty lines
/// are not records and belong to the record before them, unless they are said to be records. The
/// parser follows the same rules. A dialect that knows more than this is gone through by a
/// ``DialectMachine``.
struct RecordScanner: RecordScanning {
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")

    private let delimiter: UInt8
    private let quote: UInt8?
    private let keepsEmptyLines: Bool
    /// What goes through the bytes of a dialect that is not plain.
    var machine: DialectMachine?
    /// The offset of the next byte.
    var position: Int64
    /// The offset at which the line under way began.
    var lineStart: Int64
    /// The records that have ended.
    var count = 0
    /// The offset of the first record that has ended; of use only when there is one.
    var firstStart: Int64
    /// The offset of the last record that has ended; of use only when there is one.
    var lastStart: Int64
    /// The offset behind the last record's own line; of use only when records are scanned one by
    /// one.
    private(set) var textEnd: Int64
    /// The offset behind the last record and the empty lines after it.
    var end: Int64
    /// Whether the empty lines after the last record go beyond the limit, though it alone does not.
    ///
    /// Records up to the one before it are to be scanned again.
    var isOverfull = false
    /// Whether the record behind the last has been seen to begin.
    var isSettled = false
    /// Where the quote that is open was opened, while one is.
    var openQuote: Int64?
    /// Whether the last byte was a quote that closes the field, unless another follows.
    private var mayBeDoubled = false
    private var previous = newline

    /// Makes a scanner.
    ///
    /// - Parameters:
    ///   - offset: Where it begins: the start of a record.
    ///   - delimiter: What parts fields.
    ///   - quote: What may enclose a field; `nil` when nothing does.
    ///   - keepsEmptyLines: Whether an empty line is a record.
    init(at offset: Int64, delimiter: UInt8, quote: UInt8?, keepsEmptyLines: Bool = false) {
        self.delimiter = delimiter
        self.quote = quote
        self.keepsEmptyLines = keepsEmptyLines
        position = offset
        lineStart = offset
        firstStart = offset
        lastStart = offset
        textEnd = offset
        end = offset
    }

    /// Makes a scanner of a dialect.
    init(at offset: Int64, _ dialect: CSVDialect) {
        self.init(
            at: offset,
            delimiter: dialect.delimiter.first ?? 0,
            quote: dialect.quote,
            keepsEmptyLines: dialect.keepsEmptyLines
        )
        if !dialect.isPlain { machine = DialectMachine(dialect, at: offset) }
    }

    /// Whether a record has begun that has not ended.
    var isInRecord: Bool { position > lineStart }

    /// Scans the next bytes.
    ///
    /// It stops before a record that would end behind `limit` with the empty lines after it, unless
    /// that is the first one, and after `most` records and the empty lines after the last.
    ///
    /// - Parameters:
    ///   - bytes: The bytes that follow.
    ///   - limit: The offset behind which no record but the first may end.
    ///   - most: The most records.
    /// - Returns: Whether it is done; otherwise more bytes are wanted.
    mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int64, most: Int) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        if machine != nil { return scanDialect(bytes, limit: limit, most: most) }
        var place = 0
        while place + 64 <= bytes.count {
            if scanBlock(base + place, 64, limit: limit, most: most) { return true }
            place += 64
        }
        guard place < bytes.count else { return false }
        let rest = bytes.count - place
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { block in
            block.initialize(repeating: 0)
            guard let start = block.baseAddress else { return false }
            start.update(from: base + place, count: rest)
            return scanBlock(start, rest, limit: limit, most: most)
        }
    }

    /// Notes that there are no more bytes: what has begun ends here.
    ///
    /// - Parameters:
    ///   - limit: As for ``scan(_:limit:most:)``.
    ///   - most: Likewise.
    mutating func finish(limit: Int64, most: Int) {
        if machine != nil { return finishDialect(limit: limit, most: most) }
        if mayBeDoubled { closeQuote() }
        guard isInRecord, openQuote == nil else { return }
        // A carriage return alone is an empty line whose end is missing.
        if position == lineStart + 1, previous == Self.carriageReturn, !keepsEmptyLines {
            endEmptyLine(at: position, limit: limit)
            return
        }
        if count > 0, position > limit || count >= most { return }
        endRecord(at: position)
    }

    /// Takes over the records that another scanner found behind the last one.
    mutating func take(_ next: any RecordScanning) {
        count += next.count
        lastStart = next.lastStart
        end = next.end
        lineStart = next.lineStart
    }

    var fault: String? {
        guard count == 0 else { return nil }
        if let end = machine?.textBehindEnd {
            return
                "goes on at offset \(end), behind the line '\\.', which ends the data. All before that line "
                + "is handed out; take away what does not belong to the data"
        }
        guard let openQuote else { return nil }
        return
            "has a quote that is never closed: it was opened at offset \(openQuote), in the record at "
            + "offset \(lineStart). All before that record is handed out; close the quote"
    }

    var suspicion: String {
        let quote = openQuote.map { ", with a quote that was opened at offset \($0)" } ?? ""
        return "\(quote); is a quote not closed?"
    }

    func endOfGap(_ bytes: [UInt8], from start: Int) -> Int {
        if machine != nil { return isSettled ? start : bytes.count }
        if keepsEmptyLines { return start }
        var place = start
        while place < bytes.count {
            if bytes[place] == Self.newline {
                place += 1
            } else if bytes[place] == Self.carriageReturn, place + 1 < bytes.count,
                bytes[place + 1] == Self.newline
            {
                place += 2
            } else {
                break
            }
        }
        return place
    }

    @inline(__always)
    private mutating func scanBlock(
        _ block: UnsafePointer<UInt8>,
        _ size: Int,
        limit: Int64,
        most: Int
    ) -> Bool {
        if isFull(most), position == lineStart, goesOnWithRecord(block, size) { return true }
        let used = size == 64 ? ~0 : (UInt64(1) << UInt64(size)) - 1
        let lines = tranche_find64(block, Self.newline) & used
        let quotes = quote.map { tranche_find64(block, $0) & used } ?? 0
        let base = position
        if openQuote == nil, quotes == 0 {
            if lines != 0, !endLines(lines, block, base, size, limit: limit, most: most) {
                return true
            }
        } else if step(lines | quotes, block, base, size, limit: limit, most: most) {
            return true
        }
        position = base + Int64(size)
        previous = block[size - 1]
        return false
    }

    /// Ends the lines of a block that has no quotes.
    ///
    /// - Returns: Whether to go on.
    @inline(__always)
    private mutating func endLines(
        _ lines: UInt64,
        _ block: UnsafePointer<UInt8>,
        _ base: Int64,
        _ size: Int,
        limit: Int64,
        most: Int
    ) -> Bool {
        let number = lines.nonzeroBitCount
        // Two line feeds next to each other, or with one byte between, may enclose an empty line.
        let isPlain =
            (keepsEmptyLines
                || lines & (lines << 1 | lines << 2) == 0
                    && base + Int64(lines.trailingZeroBitCount) - lineStart > 1)
            && base + 63 < limit && count + number < most
        if isPlain {
            let top = 63 - lines.leadingZeroBitCount
            let rest = lines & ~(UInt64(1) << UInt64(top))
            if count == 0 { firstStart = lineStart }
            count += number
            lastStart = rest == 0 ? lineStart : base + Int64(64 - rest.leadingZeroBitCount)
            lineStart = base + Int64(top) + 1
            end = lineStart
            return true
        }
        var left = lines
        while left != 0 {
            let bit = left.trailingZeroBitCount
            left &= left - 1
            let before = bit > 0 ? block[bit - 1] : previous
            if !endLine(at: base + Int64(bit), after: before, limit: limit, most: most)
                || isFull(most) && goesOnWithRecord(block + bit + 1, size - bit - 1)
            {
                return false
            }
        }
        return true
    }

    /// Goes through the quotes and line feeds of a block one by one.
    ///
    /// - Returns: Whether it is done.
    private mutating func step(
        _ marks: UInt64,
        _ block: UnsafePointer<UInt8>,
        _ base: Int64,
        _ size: Int,
        limit: Int64,
        most: Int
    ) -> Bool {
        if mayBeDoubled {
            mayBeDoubled = false
            // The first byte decides about the quote before it.
            if block[0] == quote {
                return step(marks & ~1, block, base, size, limit: limit, most: most)
            }
            openQuote = nil
        }
        var left = marks
        while left != 0 {
            let bit = left.trailingZeroBitCount
            left &= left - 1
            let before = bit > 0 ? block[bit - 1] : previous
            if block[bit] == Self.newline {
                if openQuote != nil { continue }
                if !endLine(at: base + Int64(bit), after: before, limit: limit, most: most)
                    || isFull(most) && goesOnWithRecord(block + bit + 1, size - bit - 1)
                {
                    return true
                }
            } else if openQuote != nil {
                if bit + 1 == size {
                    mayBeDoubled = true
                } else if block[bit + 1] == quote {
                    left &= ~(UInt64(1) << UInt64(bit + 1))
                } else {
                    openQuote = nil
                }
            } else if before == delimiter || base + Int64(bit) == lineStart {
                openQuote = base + Int64(bit)
            }
        }
        return false
    }

    private mutating func closeQuote() {
        mayBeDoubled = false
        openQuote = nil
    }

    /// Whether there are as many records as are wanted: only the empty lines behind them are.
    private func isFull(_ most: Int) -> Bool { count >= most && most != .max }

    /// Whether a line that begins with some bytes is not an empty one; false while that is open.
    private func goesOnWithRecord(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        if keepsEmptyLines { return true }
        guard count > 0 else { return false }
        switch bytes[0] {
        case Self.newline: return false
        case Self.carriageReturn: return count > 1 && bytes[1] != Self.newline
        default: return true
        }
    }

    /// Ends the line at a line feed.
    ///
    /// - Returns: Whether to go on.
    private mutating func endLine(
        at offset: Int64,
        after before: UInt8,
        limit: Int64,
        most: Int
    ) -> Bool {
        let length = offset - lineStart
        if length == 0 || length == 1 && before == Self.carriageReturn, !keepsEmptyLines {
            return endEmptyLine(at: offset + 1, limit: limit)
        }
        if count > 0, offset + 1 > limit || count == most { return false }
        endRecord(at: offset + 1)
        return true
    }

    /// Ends a line that is not a record.
    ///
    /// - Returns: Whether to go on.
    @discardableResult
    mutating func endEmptyLine(at offset: Int64, limit: Int64) -> Bool {
        lineStart = offset
        guard count > 0 else { return true }
        end = offset
        if count > 1, offset > limit { isOverfull = true }
        return !isOverfull
    }

    mutating func endRecord(at offset: Int64) {
        if count == 0 { firstStart = lineStart }
        lastStart = lineStart
        textEnd = offset
        lineStart = offset
        end = offset
        count += 1
    }
}
