/// One entry of a meta source.
public struct Item: Sendable, Hashable, Codable {
    /// The entry's id: any Int64, unique within its source.
    public let id: Int64
    /// What the source lists under that id, such as a path; null where it has no such column.
    public let item: Value
    /// The entry's weight in the source's unit; 0 where the source has none or says `NULL`.
    public let weight: Double
    /// The value of the source's key column in text form; `nil` for NULL, and without such a
    /// column.
    ///
    /// It is no part of the item's JSON.
    public let key: String?
    /// Whether the payload is a text that is JSON, which the item's JSON holds as it is.
    public let holdsJSON: Bool

    /// Makes an item.
    ///
    /// - Parameters:
    ///   - id: Its id.
    ///   - item: What is listed under that id.
    ///   - weight: Its weight.
    ///   - key: The value of the key column.
    ///   - holdsJSON: Whether `item` is a text that is strict JSON; no by default.
    public init(
        id: Int64,
        item: Value = .null,
        weight: Double = 0,
        key: String? = nil,
        holdsJSON: Bool = false
    ) {
        self.id = id
        self.item = item
        self.weight = weight
        self.key = key
        self.holdsJSON = holdsJSON
    }

    /// The payload as text; empty when it is null.
    public var text: String { item.text ?? "" }
}

extension Item {
    private enum CodingKeys: String, CodingKey {
        case id, item, weight
    }

    /// Reads an item, whose key is not known then.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let json = try members.decode(RawJSON.self, forKey: .item).text
        let holdsJSON = json.hasPrefix("{") || json.hasPrefix("[")
        self.init(
            id: try members.decode(Int64.self, forKey: .id),
            item: holdsJSON ? .text(json) : try members.decode(Value.self, forKey: .item),
            weight: try members.decode(Double.self, forKey: .weight),
            holdsJSON: holdsJSON
        )
    }
}
