/// A value of one column of one row, as a database hands it over.
public enum Value: Sendable, Hashable {
    /// SQL `NULL`, or a column that the source does not have.
    case null
    /// A boolean; databases without booleans give 0 or 1 as ``integer(_:)``.
    case boolean(Bool)
    /// A whole number of at most 64 bits.
    case integer(Int64)
    /// A binary floating-point number.
    case real(Double)
    /// Text; also what has no case of its own (decimals, times, JSON), in the database's spelling.
    case text(String)
    /// Bytes.
    case blob([UInt8])
}

extension Value {
    /// The value as text: `nil` for null, numbers in decimal or as `NaN`, `Infinity` and
    /// `-Infinity`, bytes as lower-case hexadecimal.
    public var text: String? {
        switch self {
        case .null: nil
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .real(let value): NumberText.spelling(value)
        case .text(let value): value
        case .blob(let bytes): bytes.hexadecimal
        }
    }

    /// The value as a whole number, where it is one.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .boolean(let value): value ? 1 : 0
        default: nil
        }
    }
}

extension Value: Codable {
    /// Reads a JSON scalar; numbers without a fraction become ``integer(_:)``.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .real(value)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    /// Writes a JSON scalar; bytes become hexadecimal text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .real(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .blob(let bytes): try container.encode(bytes.hexadecimal)
        }
    }
}

extension [UInt8] {
    private static func digit(_ half: UInt8) -> UInt8 { half < 10 ? 0x30 + half : 0x57 + half }

    /// The bytes as lower-case hexadecimal digits.
    package var hexadecimal: String {
        // At once: a value may have megabytes.
        String(unsafeUninitializedCapacity: 2 * count) { digits in
            for (place, byte) in enumerated() {
                digits[2 * place] = Self.digit(byte >> 4)
                digits[2 * place + 1] = Self.digit(byte & 15)
            }
            return 2 * count
        }
    }
}
