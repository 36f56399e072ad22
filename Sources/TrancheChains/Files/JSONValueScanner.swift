import CByteScan

/// Finds where JSON values end that stand in an array, or one after the other.
///
/// A record goes on to the first byte of the next: what parts them belongs to the one before.
/// Brackets are counted and not told apart, which is left to the parser; texts and their escapes
/// are looked at.
struct JSONValueScanner: RecordScanning {
    private enum State {
        /// Where a value begins, or the array ends before its first.
        case start
        /// Within a value that is neither text, array nor object.
        case scalar
        /// Within a text, array or object.
        case nested
        /// Behind a value; behind the comma that follows one; behind the array.
        case behind, comma, over
    }

    private let isArray: Bool
    private let dataStart: Int64
    /// The offset of the next byte.
    private var position: Int64
    private(set) var lineStart: Int64
    private(set) var count = 0
    private(set) var firstStart: Int64
    private(set) var lastStart: Int64
    private(set) var end: Int64
    private(set) var textEnd: Int64
    private(set) var fault: String?
    private var state = State.start
    /// Whether the value under way has ended.
    private var hasValue = false
    private var valueEnd: Int64 = 0
    private var depth = 0
    private var isInText = false
    /// Whether the next byte is escaped.
    private var isEscaped = false

    /// Makes a scanner.
    ///
    /// - Parameters:
    ///   - offset: Where it begins: the start of a value.
    ///   - arrayStart: Where the first element of the array begins, or the array ends; `nil` when
    ///     the values stand in none.
    init(at offset: Int64, arrayStart: Int64?) {
        isArray = arrayStart != nil
        dataStart = arrayStart ?? 0
        position = offset
        lineStart = offset
        firstStart = offset
        lastStart = offset
        end = offset
        textEnd = offset
    }

    var suspicion: String { "; is a bracket or a quote not closed?" }

    mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int64, most: Int) -> Bool {
        guard fault == nil else { return true }
        guard let base = bytes.baseAddress else { return false }
        var place = 0
        while place < bytes.count {
            if state == .nested {
                place = scanNested(base, place, bytes.count)
                continue
            }
            guard step(base[place], at: position + Int64(place), limit, most) else { return true }
            place += 1
        }
        position += Int64(bytes.count)
        return false
    }

    // MARK: - Between values

    /// Takes a byte outside texts, arrays and objects.
    ///
    /// - Returns: Whether to go on.
    private mutating func step(_ byte: UInt8, at offset: Int64, _ limit: Int64, _ most: Int) -> Bool
    {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D:
            if state == .scalar { endValue(offset) }
            return true
        case UInt8(ascii: ","):
            if state == .scalar { endValue(offset) }
            guard isArray, state == .behind else {
                return fail(strayComma(offset), offset, limit, most)
            }
            state = .comma
            return true
        case UInt8(ascii: "]"), UInt8(ascii: "}"):
            if state == .scalar { endValue(offset) }
            let mayEnd = state == .behind || state == .start && offset == dataStart
            guard isArray, byte == UInt8(ascii: "]"), mayEnd else {
                return fail(strayEnd(byte, offset), offset, limit, most)
            }
            state = .over
            return true
        default:
            return state == .scalar && !isOpening(byte) || begin(byte, offset, limit, most)
        }
    }

    private func isOpening(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
    }

    /// Begins a value.
    private mutating func begin(
        _ byte: UInt8,
        _ offset: Int64,
        _ limit: Int64,
        _ most: Int
    ) -> Bool {
        if state == .scalar { endValue(offset) }
        if state == .over {
            return fail("has something behind the array, at offset \(offset)", offset, limit, most)
        }
        if isArray, state == .behind {
            let words = "has no comma between the elements at offsets \(lineStart) and \(offset)"
            return fail(words, offset, limit, most)
        }
        if hasValue {
            guard endRecord(at: offset, limit, most) else { return false }
            guard count < most || most == .max else { return false }
        }
        lineStart = offset
        if isOpening(byte) {
            state = .nested
            isInText = byte == UInt8(ascii: "\"")
            depth = isInText ? 0 : 1
        } else {
            state = .scalar
        }
        return true
    }

    private mutating func endValue(_ offset: Int64) {
        state = .behind
        hasValue = true
        valueEnd = offset
    }

    /// Ends the record under way.
    ///
    /// - Returns: Whether it is within the bounds.
    private mutating func endRecord(at offset: Int64, _ limit: Int64, _ most: Int) -> Bool {
        if count > 0, offset > limit || count == most { return false }
        if count == 0 { firstStart = lineStart }
        count += 1
        lastStart = lineStart
        textEnd = valueEnd
        end = offset
        hasValue = false
        return true
    }

    /// Notes that nothing can be read from a place on; the value before it is a record still.
    private mutating func fail(_ words: String, _ offset: Int64, _ limit: Int64, _ most: Int)
        -> Bool
    {
        if hasValue, !endRecord(at: offset, limit, most) { return false }
        fault = "\(words). All before that is handed out; mend it"
        return false
    }

    private func strayEnd(_ byte: UInt8, _ offset: Int64) -> String {
        if state == .comma { return "has no element between a comma and offset \(offset)" }
        let found = Character(Unicode.Scalar(byte))
        return state == .over
            ? "has something behind the array, at offset \(offset)"
            : "has '\(found)' at offset \(offset), where a value must begin"
    }

    private func strayComma(_ offset: Int64) -> String {
        isArray
            ? "has a comma at offset \(offset) that no element stands before"
            : "has a comma at offset \(offset), between objects that stand in no array: it needs [ before "
                + "and ] behind all, or no commas"
    }

    // MARK: - Within values

    /// Goes on within a text, array or object.
    ///
    /// - Returns: The place from which to go on.
    private mutating func scanNested(
        _ base: UnsafePointer<UInt8>,
        _ start: Int,
        _ count: Int
    ) -> Int {
        var place = start
        while place + 64 <= count {
            let block = base + place
            if let behind = walk(
                tranche_find64(block, UInt8(ascii: "\"")),
                tranche_find64(block, UInt8(ascii: "\\")),
                tranche_find64_folded(block, UInt8(ascii: "{")),
                tranche_find64_folded(block, UInt8(ascii: "}")),
                64
            ) {
                endValue(position + Int64(place + behind))
                return place + behind
            }
            place += 64
        }
        let rest = count - place
        guard rest > 0 else { return count }
        var (quotes, escapes, opens, closes): (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for index in 0..<rest {
            let bit = UInt64(1) << UInt64(index)
            switch base[place + index] {
            case UInt8(ascii: "\""): quotes |= bit
            case UInt8(ascii: "\\"): escapes |= bit
            case UInt8(ascii: "{"), UInt8(ascii: "["): opens |= bit
            case UInt8(ascii: "}"), UInt8(ascii: "]"): closes |= bit
            default: break
            }
        }
        guard let behind = walk(quotes, escapes, opens, closes, rest) else { return count }
        endValue(position + Int64(place + behind))
        return place + behind
    }

    /// Walks over the marks of up to 64 bytes.
    ///
    /// - Returns: The place behind the value; `nil` when it goes on.
    @inline(__always)
    private mutating func walk(
        _ quotes: UInt64,
        _ escapes: UInt64,
        _ opens: UInt64,
        _ closes: UInt64,
        _ size: Int
    ) -> Int? {
        var left: UInt64 = ~0
        if isEscaped {
            left = ~1
            isEscaped = false
        }
        while true {
            let marks = (isInText ? quotes | escapes : quotes | opens | closes) & left
            guard marks != 0 else { return nil }
            let bit = marks.trailingZeroBitCount
            let mark = UInt64(1) << UInt64(bit)
            left = ~(mark | (mark - 1))
            if isInText {
                if escapes & mark != 0 {
                    left &= ~(mark << 1)
                    isEscaped = bit + 1 == size
                    continue
                }
                isInText = false
            } else if quotes & mark != 0 {
                isInText = true
                continue
            } else {
                depth += opens & mark != 0 ? 1 : -1
            }
            if depth == 0 { return bit + 1 }
        }
    }

    // MARK: - The end

    mutating func finish(limit: Int64, most: Int) {
        guard fault == nil, count < most, count == 0 || position <= limit else { return }
        if state == .scalar { endValue(position) }
        if hasValue { _ = endRecord(at: position, limit, most) }
        switch state {
        case .nested:
            fault =
                "ends at offset \(position), within the value that begins at offset \(lineStart). All before that "
                + "is handed out; get the whole file"
        case .start where isArray, .behind where isArray, .comma:
            fault =
                "is a JSON array that ends without ']', at offset \(position). All before that is handed out; "
                + "get the whole file"
        case .start, .scalar, .behind, .over: break
        }
    }

    mutating func take(_ next: any RecordScanning) {
        count += next.count
        lastStart = next.lastStart
        end = next.end
        textEnd = next.textEnd
        lineStart = next.lineStart
        fault = next.fault
    }

    func endOfGap(_ bytes: [UInt8], from start: Int) -> Int { start }
}
