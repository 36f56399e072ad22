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

    /// Reads a file, without the mark that editors put before UTF-8.
    ///
    /// - Parameter path: Its path.
    /// - Returns: The text; `nil` where the file cannot be read, or is no UTF-8.
    package static func contents(ofFile path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        let isMarked = data.starts(with: [0xEF, 0xBB, 0xBF])
        return String(validating: isMarked ? data.dropFirst(3) : data, as: UTF8.self)
    }

    /// Whether text is one JSON value that every reader takes; see ``StrictJSON``.
    package static func isValid(_ text: String) -> Bool {
        StrictJSON.fault(in: text) == nil
    }
}
