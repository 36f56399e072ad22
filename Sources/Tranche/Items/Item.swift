/// One entry of a meta source.
public struct Item: Sendable, Hashable, Codable {
    /// The entry's id: any Int64, unique within its source.
    public let id: Int64
    /// The payload that the source lists under that id, such as a path; null without such a column.
    public let item: Value
    /// The entry's weight in the source's unit; 0 where the source has none or says `NULL`.
    public let weight: Double
    /// The value of the source's key column in text form; `nil` for NULL, and without such a
    /// column.
    ///
    /// It is not part of the item's JSON.
    public let key: String?
    /// The time of the batch that may hold the item; `nil` where the source has none.
    ///
    /// It is not part of the item's JSON.
    public let interval: BatchInterval?
    /// The item's uid as text, where it is not an integer: ``id`` is then the number that it was
    /// given.
    ///
    /// In the item's JSON it stands in place of the number.
    public let uid: String?
    /// Whether the payload is a text that is JSON, which the item's JSON holds as it is.
    public let holdsJSON: Bool

    /// Makes an item.
    ///
    /// - Parameters:
    ///   - id: Its id.
    ///   - item: What is listed under that id.
    ///   - weight: Its weight.
    ///   - key: The value of the key column.
    ///   - interval: The time of the batch that may hold it.
    ///   - uid: The uid as text, where it is not an integer; `nil` by default.
    ///   - holdsJSON: Whether `item` is a text that is strict JSON; no by default.
    public init(
        id: Int64,
        item: Value = .null,
        weight: Double = 0,
        key: String? = nil,
        interval: BatchInterval? = nil,
        uid: String? = nil,
        holdsJSON: Bool = false
    ) {
        self.id = id
        self.item = item
        self.weight = weight
        self.key = key
        self.interval = interval
        self.uid = uid
        self.holdsJSON = holdsJSON
    }

    /// The payload as text; empty when it is null.
    public var text: String { item.text ?? "" }

    /// How messages name it: by its uid where that is not an integer, else by its id.
    package var words: String { Self.words(id: id, uid: uid) }

    /// How messages name an item.
    ///
    /// - Parameters:
    ///   - id: Its id.
    ///   - uid: Its uid, where that is not an integer.
    /// - Returns: The words, such as `id 3` or `uid 'beta'`.
    package static func words(id: Int64, uid: String?) -> String {
        uid.map { "uid '\($0)'" } ?? "id \(id)"
    }
}

extension Item {
    private enum CodingKeys: String, CodingKey {
        case id, item, weight
    }

    /// Reads an item, whose key is not known then; nor is its number, which is 0, where its id is a
    /// uid that is not an integer.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let json = try members.decode(RawJSON.self, forKey: .item).text
        let holdsJSON = json.hasPrefix("{") || json.hasPrefix("[")
        let id = try members.decode(Value.self, forKey: .id)
        let uid: String?
        if case .text(let text) = id { uid = text } else { uid = nil }
        self.init(
            id: uid == nil ? try members.decode(Int64.self, forKey: .id) : 0,
            item: holdsJSON ? .text(json) : try members.decode(Value.self, forKey: .item),
            weight: try members.decode(Double.self, forKey: .weight),
            uid: uid,
            holdsJSON: holdsJSON
        )
    }

    /// Writes an item; its uid in place of its number, where there is one.
    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        if let uid {
            try members.encode(uid, forKey: .id)
        } else {
            try members.encode(id, forKey: .id)
        }
        try members.encode(item, forKey: .item)
        try members.encode(weight, forKey: .weight)
    }

    /// The id as the source has it: the uid, where that is not an integer.
    package var idText: String { uid ?? String(id) }
}
