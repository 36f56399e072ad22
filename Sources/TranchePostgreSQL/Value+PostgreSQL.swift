import Tranche

extension Value {
    /// The type to bind as; 0 lets the server find out.
    var parameterType: UInt32 {
        switch self {
        case .integer: 20
        case .real: 701
        case .boolean: 16
        case .null, .text, .blob: 0
        }
    }

    /// About how many bytes the value is in the server's text form.
    var parameterSize: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .blob(let bytes): 2 * bytes.count
        case .null, .boolean, .integer, .real: 16
        }
    }

    /// The value in the server's text form.
    var parameter: String? {
        switch self {
        case .blob: text.map { "\\x" + $0 }
        // PostgreSQL keeps no NUL in text, and a C string would end at it.
        case .text(let text) where text.utf8.contains(0): text.replacing("\0", with: "\u{FFFD}")
        default: text
        }
    }

    /// Reads a value in the server's text form.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - type: The column's type. Source: PostgreSQL's catalog `pg_type`.
    init(text bytes: UnsafeBufferPointer<UInt8>, type: UInt32) {
        switch type {
        case 20, 21, 23, 26:
            self =
                Self.integer(bytes).map { .integer($0) }
                ?? .text(String(decoding: bytes, as: UTF8.self))
        case 700, 701:
            let text = String(decoding: bytes, as: UTF8.self)
            self = Double(text).map { .real($0) } ?? .text(text)
        case 16:
            self = .boolean(bytes.first == UInt8(ascii: "t"))
        case 17:
            self = .blob(Self.blob(bytes.dropFirst(2)))
        default:
            self = .text(String(decoding: bytes, as: UTF8.self))
        }
    }

    private static func integer(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
        let isNegative = bytes.first == UInt8(ascii: "-")
        var number: Int64 = 0
        for byte in isNegative ? bytes.dropFirst() : bytes[...] {
            // Downwards, since the lowest number has no positive twin.
            let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
            let (next, overflow2) = tens.subtractingReportingOverflow(Int64(byte) - 48)
            guard !overflow, !overflow2, (48...57).contains(byte) else { return nil }
            number = next
        }
        if isNegative { return number }
        return number == .min ? nil : -number
    }

    private static func blob(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt8] {
        func nibble(_ digit: UInt8) -> UInt8 {
            digit > 57 ? (digit | 0x20) - 87 : digit - 48
        }
        var blob: [UInt8] = []
        blob.reserveCapacity(digits.count / 2)
        var index = digits.startIndex
        while index + 1 < digits.endIndex {
            blob.append(nibble(digits[index]) << 4 | nibble(digits[index + 1]))
            index += 2
        }
        return blob
    }
}
