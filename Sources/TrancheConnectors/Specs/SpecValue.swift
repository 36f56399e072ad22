import Tranche

/// The value of a field of a ``Spec``, as JSON has it.
public enum SpecValue: Sendable, Hashable {
    /// A text.
    case text(String)
    /// True or false.
    case flag(Bool)
    /// A whole number.
    case whole(Int64)
    /// A number that is not whole.
    case fraction(Double)
    /// Values in order.
    case list([SpecValue])
    /// Values by name.
    case object([String: SpecValue])
}

extension SpecValue: Codable {
    /// Reads a JSON value; a member that is null counts as absent.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let whole = try? container.decode(Int64.self) {
            self = .whole(whole)
        } else if let number = try? container.decode(Double.self) {
            self = .fraction(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([SpecValue].self) {
            self = .list(list)
        } else {
            self = .object(
                try container.decode([String: SpecValue?].self).compactMapValues { $0 }
            )
        }
    }

    /// Writes the JSON value; a number that JSON does not have becomes a text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .flag(let flag): try container.encode(flag)
        case .whole(let whole): try container.encode(whole)
        case .fraction(let number) where number.isFinite: try container.encode(number)
        case .fraction(let number): try container.encode("\(number)")
        case .list(let list): try container.encode(list)
        case .object(let members): try container.encode(members)
        }
    }
}

extension SpecValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral
{
    /// A text.
    public init(stringLiteral value: String) { self = .text(value) }

    /// True or false.
    public init(booleanLiteral value: Bool) { self = .flag(value) }

    /// A whole number.
    public init(integerLiteral value: Int64) { self = .whole(value) }

    /// Values in order.
    public init(arrayLiteral elements: SpecValue...) { self = .list(elements) }
}

extension SpecValue: CustomStringConvertible {
    /// The value as compact JSON with sorted keys.
    public var description: String {
        // It cannot fail: each case has its JSON.
        (try? JSONText.encode(self)) ?? "null"
    }
}

extension SpecValue {
    /// The value as another type has it in JSON.
    ///
    /// - Parameter value: Such as a format that is Codable.
    /// - Throws: `TrancheError` `.invalidArgument` for what JSON does not have.
    public init(encoding value: some Encodable) throws {
        self = try JSONText.decode(SpecValue.self, from: try JSONText.encode(value))
    }
}
