import FoundationEssentials
import Tranche

extension Spec {
    /// Reads the fields as a type has them.
    ///
    /// - Parameter type: A Decodable type with an optional property for each field, such as
    ///   `skipLines` for `skip_lines`.
    /// - Returns: The value.
    /// - Throws: ``SpecError`` `.invalidValue` with the field.
    public func fields<Fields: Decodable>(as type: Fields.Type) throws -> Fields {
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(type, from: Data(SpecValue.object(fields).description.utf8))
        } catch let error as DecodingError {
            throw SpecError(error, within: fields)
        }
    }
}

extension SpecError {
    /// What is wrong with a JSON value that was to be read as a type.
    ///
    /// - Parameters:
    ///   - error: The decoder's error.
    ///   - fields: The fields of a specification, whose names were turned into those of a type, and
    ///     of which the one is shown that is wrong; `nil` where names stand as they were given.
    package init(_ error: DecodingError, within fields: [String: SpecValue]? = nil) {
        let (context, words): (DecodingError.Context, String?) =
            switch error {
            case .typeMismatch(let type, let context): (context, Self.word(for: type))
            case .valueNotFound(let type, let context): (context, Self.word(for: type))
            case .keyNotFound(let key, let context):
                (context, "lacks '\(key.stringValue)'")
            case .dataCorrupted(let context): (context, nil)
            @unknown default: (.init(codingPath: [], debugDescription: "\(error)"), nil)
            }
        let path = context.codingPath.map { key in
            let name = key.intValue.map(String.init) ?? key.stringValue
            return fields == nil ? name : name.withUnderscores
        }
        self.init(
            .invalidValue,
            field: path,
            value: path.first.flatMap { fields?[$0]?.shown },
            words.map { $0 + Self.example($0, path, fields) }
                ?? "cannot be used: \(context.debugDescription)"
        )
    }

    /// How a text is written that was to be a list.
    private static func example(
        _ words: String,
        _ path: [String],
        _ fields: [String: SpecValue]?
    ) -> String {
        guard words == listWords, path.count == 1, case .text(let text)? = fields?[path[0]] else {
            return ""
        }
        let parts = text.split(separator: ",").map { SpecValue.text(String($0)) }
        return ", such as \(redacted(SpecValue.list(parts).description))"
    }

    private static let listWords = "must be a list"

    private static func word(for type: any Any.Type) -> String {
        switch type {
        case is Bool.Type: "must be true or false"
        case is String.Type: "must be a text"
        case is any BinaryInteger.Type: "must be a whole number"
        case is Double.Type: "must be a number"
        case is any RandomAccessCollection.Type: listWords
        default: "must be an object"
        }
    }
}

extension SpecValue {
    /// The value for a message: a text as it is.
    var shown: String {
        if case .text(let text) = self { text } else { description }
    }
}

extension String {
    /// Such as `skip_lines` of `skipLines`.
    fileprivate var withUnderscores: String {
        reduce(into: "") { words, letter in
            if letter.isUppercase { words += "_" }
            words += letter.lowercased()
        }
    }
}
