/// JSON as it was stored: a program's result, a definition.
///
/// A document holds it as it is, spelling of numbers and order of keys included.
package struct RawJSON: Sendable, Hashable {
    /// The text, which is JSON.
    package let text: String

    /// Makes it of text that is known to be JSON.
    package init(_ text: String) {
        self.text = text
    }

    /// The text on one line: line breaks stand only between tokens.
    package var line: String {
        guard text.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) else { return text }
        return text.replacing(#/[\r\n]+/#, with: " ")
    }
}

extension RawJSON: Codable {
    /// Reads any JSON value; its keys come in order of their names.
    package init(from decoder: any Decoder) throws {
        text = try Tree(from: decoder).documentText()
    }

    /// Writes the value; documents hold the text instead.
    package func encode(to encoder: any Encoder) throws {
        try JSONText.decode(Tree.self, from: text).encode(to: encoder)
    }
}

/// Any JSON value.
private enum Tree: Codable {
    case object([String: Tree])
    case array([Tree])
    case value(Value)

    init(from decoder: any Decoder) throws {
        // A value is asked for its kind by trying: what it is not, it refuses.
        if let members = try? decoder.container(keyedBy: DynamicKey.self) {
            self = .object(
                try members.allKeys.reduce(into: [:]) {
                    $0[$1.stringValue] = try members.decode(Tree.self, forKey: $1)
                }
            )
        } else if var elements = try? decoder.unkeyedContainer() {
            var values: [Tree] = []
            while !elements.isAtEnd { values.append(try elements.decode(Tree.self)) }
            self = .array(values)
        } else {
            self = .value(try Value(from: decoder))
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .object(let members):
            var container = encoder.container(keyedBy: DynamicKey.self)
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                try container.encode(value, forKey: DynamicKey(name))
            }
        case .array(let values):
            var container = encoder.unkeyedContainer()
            for value in values { try container.encode(value) }
        case .value(let value): try value.encode(to: encoder)
        }
    }
}

/// A key that is known only when a value is written.
package struct DynamicKey: CodingKey {
    package let stringValue: String
    package var intValue: Int? { nil }

    /// Makes a key of a name.
    package init(_ name: String) { stringValue = name }

    package init?(stringValue: String) { self.init(stringValue) }

    package init?(intValue: Int) { nil }
}
