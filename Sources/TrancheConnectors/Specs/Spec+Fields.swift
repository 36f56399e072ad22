import Tranche

extension Spec {
    /// Reads the fields as a type has them.
    ///
    /// - Parameter type: A Decodable type with a member for each field; what is absent is `nil`.
    /// - Returns: The value.
    /// - Throws: ``SpecError`` `.invalidValue` with the field.
    public func fields<Fields: Decodable>(as type: Fields.Type) throws -> Fields {
        do {
            return try JSONText.decode(type, from: SpecValue.object(fields).description)
        } catch let error as DecodingError {
            throw Self.fault(error, in: fields)
        }
    }

    private static func fault(
        _ error: DecodingError,
        in fields: [String: SpecValue]
    ) -> SpecError {
        let (context, words): (DecodingError.Context, String?) =
            switch error {
            case .typeMismatch(let type, let context): (context, Self.word(for: type))
            case .valueNotFound(let type, let context): (context, Self.word(for: type))
            case .keyNotFound(let key, let context):
                (context, "lacks '\(key.stringValue)'")
            case .dataCorrupted(let context): (context, nil)
            @unknown default: (.init(codingPath: [], debugDescription: "\(error)"), nil)
            }
        let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
        let value = path.first.flatMap { fields[$0]?.shown }
        return SpecError(
            .invalidValue,
            field: path,
            value: value,
            words ?? "cannot be used: \(context.debugDescription)"
        )
    }

    private static func word(for type: any Any.Type) -> String {
        switch type {
        case is Bool.Type: "must be true or false"
        case is String.Type: "must be a text"
        case is any BinaryInteger.Type: "must be a whole number"
        case is Double.Type: "must be a number"
        case is any RandomAccessCollection.Type: "must be a list"
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
