import Tranche

/// Reads texts as PostgreSQL's input functions do, as far as that is certain.
///
/// What a text becomes must not depend on whether COPY is binary, so that this program reads it, or
/// text, so that the server does: a form that is not read here with certainty is left to the
/// server. Source: PostgreSQL 15,
/// src/backend/utils/adt/{numutils,float,bool,datetime,timestamp,date,varlena}.c.
enum PostgreSQLInput {
    typealias Bytes = UnsafeBufferPointer<UInt8>

    /// What came of reading a text.
    enum Reading<Value> {
        case value(Value)
        /// The server refuses it.
        case refused
        /// Only the server knows.
        case undecided

        @inline(__always)
        func map<Other>(_ body: (Value) -> Reading<Other>) -> Reading<Other> {
            switch self {
            case .value(let value): body(value)
            case .refused: .refused
            case .undecided: .undecided
            }
        }
    }

    /// Text without what C's `isspace` takes for space at its ends.
    @inline(__always)
    static func trimmed(_ text: Bytes) -> Bytes {
        var start = 0
        var end = text.count
        while start < end, isSpace(text[start]) { start += 1 }
        while end > start, isSpace(text[end - 1]) { end -= 1 }
        return start == 0 && end == text.count ? text : Bytes(rebasing: text[start..<end])
    }

    @inline(__always)
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 9 < 5 }

    // MARK: - Numbers

    static func integer<Number: FixedWidthInteger>(_ text: Bytes) -> Reading<Number> {
        let text = trimmed(text)
        if let value = FieldText.integer(text) {
            return Number(exactly: value).map { .value($0) } ?? .refused
        }
        // Version 16 reads 0x1F, 0o17, 0b1 and 1_000.
        let isNewer = text.contains { $0 == 0x5F || [0x78, 0x6F, 0x62].contains($0 | 0x20) }
        return isNewer ? .undecided : .refused
    }

    static func double(_ text: Bytes) -> Reading<Double> {
        let text = trimmed(text)
        guard let (value, isOutOfRange) = NumberText.double(text) else { return word(text) }
        return isOutOfRange ? .refused : .value(value)
    }

    static func float(_ text: Bytes) -> Reading<Float> {
        let text = trimmed(text)
        guard let (value, isOutOfRange) = NumberText.double(text) else {
            return word(text).map { .value(Float($0)) }
        }
        if isOutOfRange { return .refused }
        return float(value) { String(decoding: text, as: UTF8.self) }
    }

    /// The float that is nearest to a number.
    ///
    /// - Parameters:
    ///   - value: The double that is nearest to it.
    ///   - text: Its digits.
    /// - Returns: The float; refused where there is none near.
    @inline(__always)
    static func float(_ value: Double, _ text: () -> String) -> Reading<Float> {
        var float = Float(value)
        if value == 0 || !value.isFinite { return .value(float) }
        // Rounded twice, a number can only go wrong where the double lies halfway between two
        // floats.
        let isHalfway = value.bitPattern & 0x1FFF_FFFF == 0x1000_0000
        if isHalfway || float.isInfinite || float.magnitude < Float.leastNormalMagnitude {
            float = Float(text()) ?? float
        }
        return float.isInfinite || float == 0 ? .refused : .value(float)
    }

    /// Not a number, and without bounds.
    private static func word(_ text: Bytes) -> Reading<Double> {
        switch String(decoding: text.prefix(12), as: UTF8.self).lowercased() {
        case "nan": return .value(.nan)
        case "inf", "+inf", "infinity", "+infinity": return .value(.infinity)
        case "-inf", "-infinity": return .value(-.infinity)
        case let word:
            // C's strtod reads hexadecimal numbers and bits of what is none.
            return word.contains("x") || word.contains("nan") ? .undecided : .refused
        }
    }

    // MARK: - Booleans

    /// Any beginning of true, false, yes, no, on and off that is not that of another, in any case;
    /// 1 and 0.
    static func boolean(_ text: Bytes) -> Reading<Bool> {
        let text = trimmed(text)
        guard text.count > 0, text.count <= 5 else { return .refused }
        if text.count == 1, text[0] == 0x30 || text[0] == 0x31 { return .value(text[0] == 0x31) }
        func begins(_ word: StaticString) -> Bool {
            text.count <= word.utf8CodeUnitCount
                && text.indices.allSatisfy { text[$0] | 0x20 == word.utf8Start[$0] }
        }
        if begins("true") || begins("yes") { return .value(true) }
        if begins("false") || begins("no") { return .value(false) }
        if text.count == 1 { return .refused }
        return begins("on") ? .value(true) : begins("off") ? .value(false) : .refused
    }

    // MARK: - Times

    /// The microseconds since 1970 of a time; a zone counts only where the column has one, and a
    /// time without one is UTC, as the session says.
    static func microseconds(_ text: Bytes, hasZone: Bool) -> Reading<Int64> {
        time(text).map { .value(hasZone ? $0.instant : $0.clock) }
    }

    /// The days since 1970-01-01 of a date, or of a time's date as it is written.
    static func days(_ text: Bytes) -> Reading<Int64> {
        time(text).map { .value($0.days) }
    }

    private static func time(_ text: Bytes) -> Reading<TimeText> {
        let text = trimmed(text)
        guard let time = TimeText(text) else {
            // Whoever has neither a digit nor a word that stands for a time has none.
            let isEmpty = !text.contains { $0 &- 0x30 < 10 } && !mayBeWord(text)
            return isEmpty ? .refused : .undecided
        }
        // There is no year 0, and no zone is 16 hours away; what may be behind a second 60 is its
        // own.
        guard time.days >= -719_162, abs(time.zone ?? 0) < 16 * 60, time.second < 60,
            time.hour < 24 || time.minute == 0 && time.second == 0 && time.fraction == 0
        else { return .undecided }
        return .value(time)
    }

    private static func mayBeWord(_ text: Bytes) -> Bool {
        let words = ["now", "today", "tomorrow", "yesterday", "epoch", "infinity", "allballs"]
        guard text.count < 100 else { return true }
        let text = String(decoding: text, as: UTF8.self).lowercased()
        return words.contains { text.contains($0) }
    }

    // MARK: - Bytes

    /// Appends bytes that are written as `\x00ff`, or as characters with `\\` and `\377` among
    /// them.
    ///
    /// - Returns: How many there are.
    static func appendBytes(_ text: Bytes, to output: inout [UInt8]) -> Reading<Int> {
        let start = output.count
        if text.count >= 2, text[0] == 0x5C, text[1] == 0x78 {
            guard text.count % 2 == 0 else { return .undecided }
            for place in stride(from: 2, to: text.count, by: 2) {
                guard let high = digit(text[place]), let low = digit(text[place + 1]) else {
                    // Blanks may stand between the bytes.
                    return .undecided
                }
                output.append(high << 4 | low)
            }
            return .value(output.count - start)
        }
        var place = 0
        while place < text.count {
            guard text[place] == 0x5C else {
                output.append(text[place])
                place += 1
                continue
            }
            if place + 1 < text.count, text[place + 1] == 0x5C {
                output.append(0x5C)
                place += 2
                continue
            }
            guard place + 3 < text.count else { return .refused }
            let digits = (1...3).map { text[place + $0] &- 0x30 }
            guard digits[0] < 4, digits[1] < 8, digits[2] < 8 else { return .refused }
            output.append(digits[0] << 6 | digits[1] << 3 | digits[2])
            place += 4
        }
        return .value(output.count - start)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46, 0x61...0x66: (byte | 0x20) - 0x57
        default: nil
        }
    }
}
