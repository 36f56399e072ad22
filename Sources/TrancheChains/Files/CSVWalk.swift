import CByteScan
import Tranche

/// The state while bytes of a CSV file are walked over.
final class CSVWalk {
    let width: Int
    private let delimiter: UInt8
    private let quote: UInt8
    private let hasQuotes: Bool
    private let fitsRagged: Bool
    private let keepsEmptyLines: Bool
    var cells: [RecordCell] = []
    var ids: [Int64] = []
    var faults: [(row: Int, message: String)] = []
    /// How many fields records had beyond those that there are.
    var surplus = 0
    /// Behind the last record that has ended.
    var used = 0

    init(width: Int, dialect: CSVDialect, fitsRagged: Bool, cells: Int) {
        self.width = width
        delimiter = dialect.delimiter.first ?? 0
        quote = dialect.quote ?? 0
        hasQuotes = dialect.quote != nil
        keepsEmptyLines = dialect.keepsEmptyLines
        self.fitsRagged = fitsRagged
        self.cells.reserveCapacity(cells)
        ids.reserveCapacity(cells / max(1, width) + 1)
    }

    func replace(_ index: Int, by text: [UInt8], in bytes: inout [UInt8]) {
        cells[index].start = UInt32(bytes.count)
        cells[index].length = UInt32(text.count)
        bytes += text
    }

    func run(_ buffer: UnsafeMutableBufferPointer<UInt8>, at offset: Int64) {
        guard let base = buffer.baseAddress else { return }
        let count = buffer.count
        var cells = cells
        self.cells = []
        var ids = ids
        self.ids = []
        /// Where the record, and the field, under way began.
        var rowStart = 0
        var fieldStart = 0
        var place = 0
        var isInQuotes = false
        /// Behind the quote that closed the field; 0 when it has none.
        var closed = 0
        var hasDoubled = false
        var skip = -1

        func endField(_ end: Int) {
            if place < width {
                let row = ids.count
                cells.append(cell(base, fieldStart, end, &closed, &hasDoubled, row, place))
            } else {
                closed = 0
                hasDoubled = false
            }
            place += 1
        }

        func endRecord(_ newline: Int) {
            var end = newline
            if end > rowStart, base[end - 1] == RecordScanner.carriageReturn,
                closed == 0 || closed == end - 1
            {
                end -= 1
            }
            if place == 0, end == rowStart, !keepsEmptyLines {
                // An empty line.
                rowStart = newline + 1
                fieldStart = rowStart
                used = rowStart
                return
            }
            endField(end)
            if place != width { fit(place, &cells, ids.count) }
            ids.append(offset + Int64(rowStart))
            rowStart = newline + 1
            fieldStart = rowStart
            place = 0
            used = rowStart
        }

        var start = 0
        while start < count {
            var delimiters: UInt64
            var lines: UInt64
            var quotes: UInt64 = 0
            if start + 64 <= count {
                let block = UnsafePointer(base + start)
                delimiters = tranche_find64(block, delimiter)
                lines = tranche_find64(block, RecordScanner.newline)
                if hasQuotes { quotes = tranche_find64(block, quote) }
            } else {
                (delimiters, lines, quotes) = rest(UnsafePointer(base + start), count - start)
            }
            if quotes == 0, !isInQuotes {
                var marks = delimiters | lines
                while marks != 0 {
                    let bit = marks.trailingZeroBitCount
                    marks &= marks - 1
                    let index = start + bit
                    if lines & (UInt64(1) << UInt64(bit)) == 0 {
                        endField(index)
                        fieldStart = index + 1
                    } else {
                        endRecord(index)
                    }
                }
                start += 64
                continue
            }
            var marks = delimiters | lines | quotes
            while marks != 0 {
                let bit = marks.trailingZeroBitCount
                marks &= marks - 1
                let index = start + bit
                let mark = UInt64(1) << UInt64(bit)
                if quotes & mark != 0 {
                    if index == skip { continue }
                    if isInQuotes {
                        if index + 1 < count, base[index + 1] == quote {
                            hasDoubled = true
                            skip = index + 1
                        } else {
                            isInQuotes = false
                            closed = index + 1
                        }
                    } else if index == fieldStart {
                        isInQuotes = true
                    }
                } else if isInQuotes {
                    continue
                } else if lines & mark == 0 {
                    endField(index)
                    fieldStart = index + 1
                } else {
                    endRecord(index)
                }
            }
            start += 64
        }
        // What belongs to a record that has not ended is read again.
        cells.removeLast(cells.count - ids.count * width)
        self.cells = cells
        self.ids = ids
        faults.removeAll { $0.row >= ids.count }
    }

    @inline(__always)
    private func cell(
        _ base: UnsafeMutablePointer<UInt8>,
        _ start: Int,
        _ end: Int,
        _ closed: inout Int,
        _ hasDoubled: inout Bool,
        _ row: Int,
        _ place: Int
    ) -> RecordCell {
        if closed == 0 {
            return RecordCell(
                start == end ? .null : .text,
                start: UInt32(truncatingIfNeeded: start),
                length: UInt32(truncatingIfNeeded: end - start)
            )
        }
        let isWhole = closed == end
        if !isWhole {
            faults.append((row, "has text behind the closing quote of field \(place + 1)"))
        }
        var length = closed - 1 - (start + 1)
        if hasDoubled { length = Self.undouble(base + start + 1, length, quote) }
        closed = 0
        hasDoubled = false
        return RecordCell(
            .text,
            start: UInt32(truncatingIfNeeded: start + 1),
            length: UInt32(truncatingIfNeeded: length)
        )
    }

    /// Turns doubled quotes into single ones, in place.
    private static func undouble(
        _ text: UnsafeMutablePointer<UInt8>,
        _ length: Int,
        _ quote: UInt8
    ) -> Int {
        var written = 0
        var read = 0
        while read < length {
            text[written] = text[read]
            if text[read] == quote { read += 1 }
            read += 1
            written += 1
        }
        return written
    }

    /// Makes a record as wide as the header.
    func fit(_ found: Int, _ cells: inout [RecordCell], _ row: Int) {
        if found < width {
            for _ in found..<width { cells.append(.null) }
        }
        if fitsRagged {
            surplus += max(0, found - width)
        } else {
            let words = "has \(found) fields instead of \(width); --fit-ragged takes such records"
            faults.append((row, words))
        }
    }

    /// The marks of fewer than 64 bytes.
    private func rest(
        _ bytes: UnsafePointer<UInt8>,
        _ count: Int
    ) -> (delimiters: UInt64, lines: UInt64, quotes: UInt64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { block in
            block.initialize(repeating: 0)
            guard let start = block.baseAddress else { return (0, 0, 0) }
            start.update(from: bytes, count: count)
            let used = (UInt64(1) << UInt64(count)) - 1
            return (
                tranche_find64(start, delimiter) & used,
                tranche_find64(start, RecordScanner.newline) & used,
                hasQuotes ? tranche_find64(start, quote) & used : 0
            )
        }
    }
}
