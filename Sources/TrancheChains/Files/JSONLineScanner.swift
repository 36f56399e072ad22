import CByteScan

/// Finds where JSON records end that a byte parts: lines, or the texts of a sequence (RFC 7464).
///
/// What holds nothing but blanks is not a record and belongs to the record before it.
struct JSONLineScanner: RecordScanning {
    private let mark: UInt8
    /// Whether the mark stands before a record rather than behind it.
    private let marksStart: Bool
    /// The offset of the next byte.
    private var position: Int64
    private(set) var lineStart: Int64
    private(set) var count = 0
    private(set) var firstStart: Int64
    private(set) var lastStart: Int64
    private(set) var end: Int64
    /// Whether what is under way holds more than blanks.
    private var hasText = false

    /// Makes a scanner.
    ///
    /// - Parameters:
    ///   - offset: Where it begins: the start of a record.
    ///   - layout: Lines or a sequence.
    init(at offset: Int64, layout: JSONLayout) {
        marksStart = layout == .sequence
        mark = marksStart ? JSONLayout.recordSeparator : RecordScanner.newline
        position = offset
        lineStart = offset
        firstStart = offset
        lastStart = offset
        end = offset
    }

    var textEnd: Int64 { end }
    var fault: String? { nil }
    var suspicion: String { marksStart ? "; is it a sequence?" : "; does it have line ends?" }

    mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int64, most: Int) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        var place = 0
        while place + 64 <= bytes.count {
            let marks = tranche_find64(base + place, mark)
            if scanBlock(base + place, 64, marks, limit: limit, most: most) { return true }
            place += 64
        }
        let rest = bytes.count - place
        guard rest > 0 else { return false }
        var marks: UInt64 = 0
        for index in 0..<rest where base[place + index] == mark { marks |= 1 << UInt64(index) }
        return scanBlock(base + place, rest, marks, limit: limit, most: most)
    }

    @inline(__always)
    private mutating func scanBlock(
        _ block: UnsafePointer<UInt8>,
        _ size: Int,
        _ marks: UInt64,
        limit: Int64,
        most: Int
    ) -> Bool {
        var left = marks
        var start = 0
        while true {
            let bit = left == 0 ? size : left.trailingZeroBitCount
            if !hasText {
                while start < bit, isBlank(block[start]) { start += 1 }
                hasText = start < bit
            }
            guard left != 0 else { break }
            left &= left - 1
            if !endRecord(at: position + Int64(marksStart ? bit : bit + 1), limit, most) {
                return true
            }
            start = bit + 1
        }
        position += Int64(size)
        return false
    }

    /// Ends what is under way.
    ///
    /// - Returns: Whether to go on.
    @inline(__always)
    private mutating func endRecord(at offset: Int64, _ limit: Int64, _ most: Int) -> Bool {
        guard hasText else {
            lineStart = offset
            if count > 0, offset <= limit { end = offset }
            return true
        }
        if count > 0, offset > limit || count == most { return false }
        if count == 0 { firstStart = lineStart }
        count += 1
        lastStart = lineStart
        lineStart = offset
        end = offset
        hasText = false
        return count < most || most == .max
    }

    @inline(__always)
    private func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A
    }

    mutating func finish(limit: Int64, most: Int) {
        guard count < most, count == 0 || position <= limit else { return }
        _ = endRecord(at: position, limit, most)
    }

    mutating func take(_ next: any RecordScanning) {
        count += next.count
        lastStart = next.lastStart
        end = next.end
        lineStart = next.lineStart
    }

    func endOfGap(_ bytes: [UInt8], from start: Int) -> Int {
        var place = start
        var next = start
        while next < bytes.count {
            if bytes[next] == mark {
                // A separator that a text follows begins the next record.
                if marksStart { place = next }
                next += 1
                if !marksStart { place = next }
            } else if isBlank(bytes[next]) {
                next += 1
            } else {
                return place
            }
        }
        return bytes.count
    }
}
