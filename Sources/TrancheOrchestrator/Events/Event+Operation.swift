extension Event {
    /// The change of the thing that an event is about.
    ///
    /// Its text is lower-case; reading one minds no case, and takes `insert` for ``create`` and
    /// `remove` for ``delete``.
    public enum Operation: Int, Sendable, Hashable, CaseIterable {
        /// Nobody knows; no text means it.
        case unknown = 0
        /// It is new.
        case create = 1
        /// It was read, or is there to be read.
        case read = 2
        /// It is another than before.
        case update = 3
        /// It is gone.
        case delete = 4

        /// Reads a text.
        ///
        /// - Parameter text: `create`, `insert`, `read`, `update`, `delete` or `remove`, in any
        ///   case.
        /// - Throws: ``UnknownOperation`` for any other text, `unknown` and the empty one among
        ///   them.
        public init(parsing text: String) throws {
            switch text.lowercased() {
            case "create", "insert": self = .create
            case "read": self = .read
            case "update": self = .update
            case "delete", "remove": self = .delete
            default: throw UnknownOperation(text: text)
            }
        }
    }
}

extension Event.Operation: CustomStringConvertible {
    /// The operation's text: `unknown`, `create`, `read`, `update` or `delete`.
    public var description: String {
        switch self {
        case .unknown: "unknown"
        case .create: "create"
        case .read: "read"
        case .update: "update"
        case .delete: "delete"
        }
    }
}

extension Event.Operation: Codable {
    /// Reads the text of an operation; see ``init(parsing:)``.
    public init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the operation's text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A text that names no operation.
public struct UnknownOperation: Error, Hashable, CustomStringConvertible {
    /// The text.
    public let text: String

    /// The error in words.
    public var description: String { "Unknown operation \"\(text)\"" }
}
