import Tranche

/// A decimal number of any size, exactly: compared and divided digit by digit, never rounded.
struct ExactNumber: Sendable, Hashable {
    /// Whether it is below zero.
    private(set) var isNegative = false
    /// Its digits from the first to the last non-zero one; empty for zero.
    private(set) var digits: [UInt8] = []
    /// The power of ten of its last digit; 0 for zero.
    private(set) var exponent = 0

    /// Reads a number: digits with a sign, a point and an exponent, as far as it has them; `nil`
    /// when the text is none, or its exponent has more than 15 digits.
    ///
    /// - Parameter text: The number, without blanks.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        var place = 0
        if let sign = text.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            place = 1
        }
        var decimals: Int?
        var count = 0
        scan: while place < text.count {
            switch text[place] {
            case 0x30...0x39:
                count += 1
                if !digits.isEmpty || text[place] != 0x30 { digits.append(text[place] - 0x30) }
                if decimals != nil { decimals? += 1 }
            case UInt8(ascii: ".") where decimals == nil: decimals = 0
            default: break scan
            }
            place += 1
        }
        guard count > 0 else { return nil }
        exponent = -(decimals ?? 0)
        if place < text.count {
            guard text[place] | 0x20 == 0x65,
                let power = Self.power(UnsafeBufferPointer(rebasing: text[(place + 1)...]))
            else { return nil }
            exponent += power
        }
        normalize()
    }

    /// A whole number.
    init(_ value: Int) {
        isNegative = value < 0
        digits = String(value.magnitude).utf8.map { $0 - 0x30 }
        normalize()
    }

    /// Reads a number; `nil` when the text is none.
    init?(_ text: String) {
        var text = text
        guard let number = text.withUTF8({ ExactNumber($0) }) else { return nil }
        self = number
    }

    private mutating func normalize() {
        if let first = digits.firstIndex(where: { $0 != 0 }) {
            digits.removeFirst(first)
        } else {
            digits = []
        }
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        if digits.isEmpty {
            isNegative = false
            exponent = 0
        }
    }

    private static func power(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        let hasSign = text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+")
        let digits = text[(hasSign ? 1 : 0)...].drop { $0 == 0x30 }
        guard text.count > (hasSign ? 1 : 0), digits.count <= 15 else { return nil }
        var value = 0
        for digit in digits {
            guard digit &- 0x30 < 10 else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return text.first == UInt8(ascii: "-") ? -value : value
    }

    /// Whether nothing stands behind the point: 1, 1.0 and 10e-1 are whole.
    var isWhole: Bool { exponent >= 0 }

    /// The number as one of 64 bits; `nil` when it is none.
    var integer: Int64? {
        guard isWhole, digits.count + exponent <= 19 else { return nil }
        var magnitude: UInt64 = 0
        for place in 0..<digits.count + exponent {
            let digit = UInt64(place < digits.count ? digits[place] : 0)
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(digit)
            if overflow || carry { return nil }
            magnitude = sum
        }
        if isNegative {
            return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
        }
        return Int64(exactly: magnitude)
    }

    /// The double nearest to it: infinite where it is larger than all.
    var nearest: Double {
        var text = [UInt8](isNegative ? "-".utf8 : "".utf8)
        text += digits.isEmpty ? [0x30] : digits.map { $0 + 0x30 }
        text += "e\(exponent)".utf8
        return text.withUnsafeBufferPointer { NumberText.nearest($0) }
    }

    /// Whether it is a number of times another, without a rest.
    ///
    /// - Parameter divisor: The other; above zero, of at most 18 digits.
    /// - Returns: Whether it is.
    func isMultiple(of divisor: ExactNumber) -> Bool {
        if digits.isEmpty { return true }
        // Neither ends in a zero: what has more decimals than the divisor cannot be a multiple.
        guard exponent >= divisor.exponent else { return false }
        let modulus = divisor.digits.reduce(UInt64(0)) { $0 * 10 + UInt64($1) }
        func product(_ lhs: UInt64, _ rhs: UInt64) -> UInt64 {
            modulus.dividingFullWidth(lhs.multipliedFullWidth(by: rhs)).remainder
        }
        var rest = digits.reduce(UInt64(0)) { (product($0, 10 % modulus) + UInt64($1)) % modulus }
        var factor = 10 % modulus
        var power = exponent - divisor.exponent
        while power > 0 {
            if power & 1 == 1 { rest = product(rest, factor) }
            factor = product(factor, factor)
            power >>= 1
        }
        return rest == 0
    }
}

extension ExactNumber: Comparable {
    static func < (lhs: ExactNumber, rhs: ExactNumber) -> Bool {
        if lhs.isNegative != rhs.isNegative { return lhs.isNegative }
        return lhs.isNegative ? rhs.isSmaller(than: lhs) : lhs.isSmaller(than: rhs)
    }

    /// Whether its magnitude is below that of another.
    private func isSmaller(than other: ExactNumber) -> Bool {
        if digits.isEmpty || other.digits.isEmpty { return digits.count < other.digits.count }
        let (size, otherSize) = (digits.count + exponent, other.digits.count + other.exponent)
        if size != otherSize { return size < otherSize }
        return digits.lexicographicallyPrecedes(other.digits)
    }
}

extension ExactNumber: CustomStringConvertible {
    /// The number as people write it; with an exponent where it has many zeros.
    var description: String {
        let sign = isNegative ? "-" : ""
        let text = String(decoding: digits.map { $0 + 0x30 }, as: UTF8.self)
        switch (digits.count, exponent) {
        case (0, _): return "0"
        case (_, 0...20): return sign + text + String(repeating: "0", count: exponent)
        case (let count, _) where exponent < 0 && count + exponent > 0:
            return sign + text.dropLast(-exponent) + "." + text.suffix(-exponent)
        case (let count, _) where exponent < 0 && count + exponent > -20:
            return sign + "0." + String(repeating: "0", count: -exponent - count) + text
        default: return sign + text + "e\(exponent)"
        }
    }
}
