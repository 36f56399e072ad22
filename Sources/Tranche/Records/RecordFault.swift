/// Bytes that should be a record and are none, or a record that is not valid.
public struct RecordFault: Sendable, Hashable, CustomStringConvertible {
    /// The id of the item.
    public var id: Int64
    /// The faults of the record, one line each; at least one.
    public var errors: [FieldError]
    /// The record as it was read.
    public var input: String
    /// Whether ``input`` is a JSON object of the record's fields; otherwise it is the text that was
    /// to be one.
    public var isObject: Bool

    /// Makes a fault.
    public init(id: Int64, errors: [FieldError], input: String, isObject: Bool = false) {
        self.id = id
        self.errors = errors
        self.input = input
        self.isObject = isObject
    }

    /// The id with the errors.
    public var description: String {
        "record \(id): \(errors.map(\.description).joined(separator: "; "))"
    }
}

/// A fault of a field.
public struct FieldError: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The field; `nil` where the record as a whole is meant.
    public var field: String?
    /// The fault, such as `is no whole number`.
    public var message: String
    /// The field's text as it was read; `nil` when it has none.
    public var input: String?

    /// Makes an error.
    public init(field: String? = nil, message: String, input: String? = nil) {
        self.field = field
        self.message = message
        self.input = input
    }

    /// Field and message.
    public var description: String {
        (field.map { "\($0) " } ?? "") + message
    }
}
