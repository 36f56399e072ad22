import Tranche

/// An event: something happened, somewhere, to something.
public struct Event: Sendable, Hashable {
    /// Where: a table, a folder, a topic, as its input has it.
    public var location: String
    /// The change that happened.
    public var operation: Operation
    /// To what: a key, a path, a time.
    public var id: String
    /// The name of the input, or of the process, that gave the event.
    public var trigger: String
    /// More about it, as JSON; `nil` (the default) where there is none.
    public var payload: String?

    /// Describes an event.
    public init(
        location: String,
        operation: Operation,
        id: String,
        trigger: String = "",
        payload: String? = nil
    ) {
        self.location = location
        self.operation = operation
        self.id = id
        self.trigger = trigger
        self.payload = payload
    }

    /// The default key of the event: its location and its id, with a separator that neither has.
    public var subject: String { "\(location)\u{1F}\(id)" }
}

extension Event: Codable {
    package enum CodingKeys: String, CodingKey {
        case location, operation, id, trigger, payload
    }

    /// Reads an event.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        location = try container.decode(String.self, forKey: .location)
        operation = try container.decode(Operation.self, forKey: .operation)
        id = try container.decode(String.self, forKey: .id)
        trigger = try container.decode(String.self, forKey: .trigger)
        payload = try container.decodeIfPresent(RawJSON.self, forKey: .payload)?.text
    }

    /// Writes the event; ``json`` keeps the order of the keys, and the payload as it is.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(location, forKey: .location)
        try container.encode(operation, forKey: .operation)
        try container.encode(id, forKey: .id)
        try container.encode(trigger, forKey: .trigger)
        if let payload { try container.encode(RawJSON(payload), forKey: .payload) }
    }
}

extension Event {
    /// The event that a process has completed a batch.
    ///
    /// - Parameters:
    ///   - item: The completion, as the inventory of the process's job lists it.
    ///   - process: The process.
    init(completion item: Item, of process: String) {
        self.init(
            location: process,
            operation: .create,
            id: "\(item.id)",
            trigger: process,
            payload: item.text
        )
    }
}
