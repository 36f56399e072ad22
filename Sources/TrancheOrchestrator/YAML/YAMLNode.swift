/// A value of a YAML document with its place.
package struct YAMLNode: Sendable, Hashable {
    /// Where the value begins; of an alias, where the value stands that it names.
    package let mark: YAMLMark
    /// The value.
    package let value: Value

    package init(mark: YAMLMark, value: Value) {
        self.mark = mark
        self.value = value
    }

    /// What a value is.
    package indirect enum Value: Sendable, Hashable {
        /// A text, a number, true, false or null.
        case scalar(YAMLScalar)
        /// Values in order.
        case sequence([YAMLNode])
        /// Values by name, in order; no name comes twice.
        case mapping([YAMLEntry])
    }

    /// The value of a key, if this is a mapping that has it.
    package subscript(key: String) -> YAMLNode? {
        guard case .mapping(let entries) = value else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// What a user calls the value, such as `a list`.
    package var kindName: String {
        switch value {
        case .sequence: return "a list"
        case .mapping: return "a mapping"
        case .scalar(let scalar):
            switch scalar.meaning {
            case .null: return "empty"
            case .flag(let flag): return "\(flag)"
            case .integer, .float: return "the number \(scalar.shownText)"
            case .text: return "the text '\(scalar.shownText)'"
            }
        }
    }

    /// Whether the value is null, which an empty value is too.
    package var isNull: Bool {
        guard case .scalar(let scalar) = value else { return false }
        return scalar.meaning == .null
    }
}

/// A key of a mapping and its value.
package struct YAMLEntry: Sendable, Hashable {
    /// The key's text.
    package let key: String
    /// Where the key stands; of a merged key, where it stands in the mapping it comes from.
    package let mark: YAMLMark
    /// The value.
    package let value: YAMLNode
}
