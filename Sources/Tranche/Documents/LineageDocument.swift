/// What happened to one item, and to what was made of it.
package struct LineageDocument: Codable, Sendable, Hashable {
    package let meta: String
    package let id: Int64
    package let uid: String?
    package let batches: [Entry]
    package let cut: Bool

    /// Makes the document of an item's lineage.
    package init(of id: Int64, _ uid: String? = nil, in meta: String, _ lineage: Inventory.Lineage)
    {
        self.meta = meta
        self.id = id
        self.uid = uid
        batches = lineage.entries.map(Entry.init)
        cut = lineage.isCut
    }

    /// A batch that has to do with the item: the members of a batch, and then its own.
    package struct Entry: Codable, Sendable, Hashable {
        package let batch: BatchDocument
        package let ids: String?
        package let attempts: [AttemptDocument]
        /// What people did with the batch, the oldest first.
        package let changes: [ChangeDocument]
        package let level: Int
        package let itemID: Int64?

        init(_ entry: Inventory.Lineage.Entry) {
            batch = BatchDocument(entry.batch)
            ids = entry.batch.ids?.packed
            attempts = entry.attempts.map(AttemptDocument.init)
            changes = entry.changes.map(ChangeDocument.init)
            level = entry.level
            itemID = entry.id
        }

        package init(from decoder: any Decoder) throws {
            batch = try BatchDocument(from: decoder)
            let members = try decoder.container(keyedBy: CodingKeys.self)
            ids = try members.decodeIfPresent(String.self, forKey: .ids)
            attempts = try members.decode([AttemptDocument].self, forKey: .attempts)
            changes = try members.decode([ChangeDocument].self, forKey: .changes)
            level = try members.decode(Int.self, forKey: .level)
            itemID = try members.decodeIfPresent(Int64.self, forKey: .itemID)
        }

        package func encode(to encoder: any Encoder) throws {
            try batch.encode(to: encoder)
            var members = encoder.container(keyedBy: CodingKeys.self)
            try members.encodeIfPresent(ids, forKey: .ids)
            try members.encode(attempts, forKey: .attempts)
            try members.encode(changes, forKey: .changes)
            try members.encode(level, forKey: .level)
            try members.encodeIfPresent(itemID, forKey: .itemID)
        }

        enum CodingKeys: String, CodingKey {
            case ids, attempts, changes, level
            case itemID = "item_id"
        }
    }
}
