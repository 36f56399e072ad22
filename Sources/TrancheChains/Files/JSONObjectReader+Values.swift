import CByteScan
import Tranche

extension JSONObjectReader {
    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]

    /// Reads the value at ``place``.
    @inline(__always)
    mutating func value() throws(Failure) -> RecordCell {
        switch base[place] {
        case UInt8(ascii: "\""):
            let start = place + 1
            if try skipText() { escaped.append(cells.count) }
            return RecordCell(
                .text,
                start: UInt32(truncatingIfNeeded: start),
                length: UInt32(truncatingIfNeeded: place - 1 - start)
            )
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let start = place
            try skipNested()
            return cell(.json, from: start)
        default: return try word()
        }
    }

    @inline(__always)
    private func cell(_ kind: RecordCell.Kind, from start: Int, bits: UInt64 = 0) -> RecordCell {
        RecordCell(
            kind,
            bits: bits,
            start: UInt32(truncatingIfNeeded: start),
            length: UInt32(truncatingIfNeeded: place - start)
        )
    }

    // MARK: - Words

    /// Reads a value that is a word, or a number with a sign.
    private mutating func word() throws(Failure) -> RecordCell {
        let start = place
        switch base[place] {
        case UInt8(ascii: "t") where take("true"): return RecordCell(.boolean, bits: 1)
        case UInt8(ascii: "f") where take("false"): return RecordCell(.boolean)
        case UInt8(ascii: "n") where take("null"): return .null
        case UInt8(ascii: "N"), UInt8(ascii: "I"), UInt8(ascii: "-"):
            guard let value = try takeNonFinite() else { break }
            if nonFinite == .null { return .null }
            return cell(.real, from: start, bits: value.bitPattern)
        default: break
        }
        guard base[place] == UInt8(ascii: "-") else { throw failure("has an unknown value") }
        return try number()
    }

    @inline(__always)
    private mutating func take(_ word: StaticString) -> Bool {
        let text = word.utf8Start
        for index in 0..<word.utf8CodeUnitCount where base[place + index] != text[index] {
            return false
        }
        place += word.utf8CodeUnitCount
        return true
    }

    /// Reads `NaN`, `Infinity` or `-Infinity`.
    private mutating func takeNonFinite() throws(Failure) -> Double? {
        let start = place
        let value: Double
        if take("NaN") {
            value = .nan
        } else if take("Infinity") {
            value = .infinity
        } else if take("-Infinity") {
            value = -.infinity
        } else {
            return nil
        }
        guard nonFinite != .refuse else {
            let word = String(
                decoding: UnsafeBufferPointer(start: base + start, count: place - start),
                as: UTF8.self
            )
            throw failure(
                "has \(word), which JSON does not know; --json-nan accept takes it as a number, "
                    + "--json-nan null as no value",
                at: start
            )
        }
        return value
    }

    // MARK: - Numbers

    @inline(__always)
    private mutating func number() throws(Failure) -> RecordCell {
        let start = place
        let isNegative = base[place] == UInt8(ascii: "-")
        if isNegative { place += 1 }
        var mantissa: UInt64 = 0
        let digits = try whole(&mantissa, from: start)
        guard base[place] == UInt8(ascii: ".") || base[place] | 0x20 == UInt8(ascii: "e") else {
            if digits <= 18 {
                let bits = isNegative ? 0 &- mantissa : mantissa
                return cell(.integer, from: start, bits: bits)
            }
            return exact(from: start)
        }
        let isPlain = base[place] == UInt8(ascii: ".")
        var decimals = 0
        if isPlain {
            place += 1
            decimals = skipDigits(&mantissa)
            guard decimals > 0 else { throw failure("has a number without digits") }
        }
        if base[place] | 0x20 == UInt8(ascii: "e") {
            try skipExponent()
        } else if isPlain, digits + decimals <= 15 {
            // Both are exact, and so is the rounding of their quotient: see `FieldText.number`.
            let value = Double(mantissa) / Self.powers[decimals]
            return cell(.real, from: start, bits: (isNegative ? -value : value).bitPattern)
        }
        return exact(from: start)
    }

    /// Reads the digits before the point.
    @inline(__always)
    private mutating func whole(_ mantissa: inout UInt64, from start: Int) throws(Failure) -> Int {
        if base[place] == UInt8(ascii: "0") {
            place += 1
            return 1
        }
        let digits = skipDigits(&mantissa)
        guard digits > 0 else { throw failure("has an unknown value", at: start) }
        return digits
    }

    @inline(__always)
    private mutating func skipDigits(_ value: inout UInt64) -> Int {
        let start = place
        var digit = base[place] &- 0x30
        while digit < 10 {
            value = value &* 10 &+ UInt64(digit)
            place += 1
            digit = base[place] &- 0x30
        }
        return place - start
    }

    private mutating func skipExponent() throws(Failure) {
        place += 1
        if base[place] == UInt8(ascii: "+") || base[place] == UInt8(ascii: "-") { place += 1 }
        var unused: UInt64 = 0
        guard skipDigits(&unused) > 0 else { throw failure("has a number without digits") }
    }

    /// A number by its digits, one by one.
    private func exact(from start: Int) -> RecordCell {
        var cell = NumberText.cell(
            UnsafeBufferPointer(start: base + start, count: place - start)
        )
        cell.start = UInt32(truncatingIfNeeded: start)
        cell.length = UInt32(truncatingIfNeeded: place - start)
        return cell
    }

    private mutating func skipNumber() throws(Failure) {
        let start = place
        if base[place] == UInt8(ascii: "-") { place += 1 }
        var unused: UInt64 = 0
        _ = try whole(&unused, from: start)
        if base[place] == UInt8(ascii: ".") {
            place += 1
            guard skipDigits(&unused) > 0 else { throw failure("has a number without digits") }
        }
        if base[place] | 0x20 == UInt8(ascii: "e") { try skipExponent() }
    }

    // MARK: - Texts

    /// Goes past a text.
    ///
    /// - Returns: Whether it has escapes.
    @inline(__always)
    mutating func skipText() throws(Failure) -> Bool {
        let start = place
        place = tranche_find_json_mark(base, place + 1, count)
        if base[place] == UInt8(ascii: "\"") {
            place += 1
            return false
        }
        try skipRest(of: start)
        return true
    }

    private mutating func skipRest(of start: Int) throws(Failure) {
        while base[place] != UInt8(ascii: "\"") {
            guard base[place] == UInt8(ascii: "\\") else {
                if place + 1 == count || base[place] == RecordScanner.newline && !isBlank(0x0A) {
                    throw failure("has a text that does not end", at: start)
                }
                throw failure("has a control character in a text")
            }
            place += 1
            switch base[place] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
                UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                place += 1
            case UInt8(ascii: "u"): try skipScalar()
            default: throw failure("has an unknown escape", at: place - 1)
            }
            place = tranche_find_json_mark(base, place, count)
        }
        place += 1
    }

    /// Goes past the number of a character, or past two halves of one.
    private mutating func skipScalar() throws(Failure) {
        let start = place - 1
        let first = try hexadecimal()
        guard first >> 11 == 0xD800 >> 11 else { return }
        if first < 0xDC00, base[place] == UInt8(ascii: "\\"), base[place + 1] == UInt8(ascii: "u") {
            let back = place
            place += 1
            if try hexadecimal() >> 10 == 0xDC00 >> 10 { return }
            place = back
        }
        guard replacesInvalid else {
            throw failure(
                "has half a character, which no text can hold; --replace-invalid puts U+FFFD there",
                at: start
            )
        }
        // Both spellings have the same length.
        for (index, digit) in "fffd".utf8.enumerated() { base[start + 2 + index] = digit }
    }

    /// Reads the four digits behind a `u`.
    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for index in 1...4 {
            guard let digit = JSONEscapes.digit(base[place + index]) else {
                throw failure("has an unknown escape", at: place - 1)
            }
            value = value << 4 | UInt32(digit)
        }
        place += 5
        return value
    }

    // MARK: - Arrays and objects

    /// Goes past a value of any depth; what it is within is kept apart, so that depth costs no
    /// stack.
    private mutating func skipNested() throws(Failure) {
        containers.removeAll(keepingCapacity: true)
        while true {
            switch base[place] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                // The bracket that closes it is the second character behind the one that opens it.
                let end = base[place] + 2
                guard containers.count < Self.deepest else {
                    throw failure("is nested more than \(Self.deepest) deep")
                }
                place += 1
                skipBlanks()
                if base[place] != end {
                    containers.append(end)
                    if end == UInt8(ascii: "}") { try skipName() }
                    continue
                }
                place += 1
            case UInt8(ascii: "\""): _ = try skipText()
            case UInt8(ascii: "0")...UInt8(ascii: "9"): try skipNumber()
            default: try skipWord()
            }
            while let end = containers.last {
                skipBlanks()
                if base[place] == UInt8(ascii: ",") { break }
                guard base[place] == end else {
                    throw failure("has neither a comma nor an end behind a value")
                }
                place += 1
                containers.removeLast()
            }
            guard let end = containers.last else { return }
            place += 1
            skipBlanks()
            if end == UInt8(ascii: "}") { try skipName() }
        }
    }

    private mutating func skipName() throws(Failure) {
        guard base[place] == UInt8(ascii: "\"") else {
            throw failure("has no name where one must be")
        }
        _ = try skipText()
        skipBlanks()
        guard base[place] == UInt8(ascii: ":") else {
            throw failure("has no colon behind a name")
        }
        place += 1
        skipBlanks()
    }

    private mutating func skipWord() throws(Failure) {
        switch base[place] {
        case UInt8(ascii: "t") where take("true"): return
        case UInt8(ascii: "f") where take("false"): return
        case UInt8(ascii: "n") where take("null"): return
        case UInt8(ascii: "N"), UInt8(ascii: "I"), UInt8(ascii: "-"):
            guard try takeNonFinite() == nil else {
                if respelt.last != cells.count { respelt.append(cells.count) }
                return
            }
        default: break
        }
        guard base[place] == UInt8(ascii: "-") else { throw failure("has an unknown value") }
        try skipNumber()
    }
}
