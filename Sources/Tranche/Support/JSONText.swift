import FoundationEssentials

/// JSON as compact text with sorted keys.
package enum JSONText {
    package static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw TrancheError(
                .invalidArgument,
                "the value cannot be written as JSON: \(error)",
                underlying: error
            )
        }
    }

    package static func decode<T: Decodable>(_ type: T.Type, from text: String) throws -> T {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    /// Whether text is one JSON value that every reader takes; see ``StrictJSON``.
    package static func isValid(_ text: String) -> Bool {
        StrictJSON.fault(in: text) == nil
    }
}
