public import FoundationEssentials

/// The coverage of an outbox, and the changes it cannot see.
public struct OutboxStatus: Sendable, Hashable, Codable {
    /// The log's name.
    public var name: String
    /// The recorded part of each row: `key` or `row`.
    public var payload: PostgreSQLOutbox.Payload
    /// The id up to which rows were cleaned away; 0 where none were.
    public var floor: Int64
    /// The highest id; `nil` in an empty log.
    public var highest: Int64?
    /// Whether tables and partitions that are made later are covered by the statement that makes
    /// them; else by the next refresh.
    public var coversLaterAtOnce: Bool
    /// The tables and partitions that are covered, by name.
    public var parts: [Part]
    /// The inventories whose links read the log, by key.
    public var readers: [Reader]
    /// The changes it cannot see, and the remedy.
    public var blindSpots: [BlindSpot]

    /// An inventory whose links read the log: nothing goes that it is not done with.
    public struct Reader: Sendable, Hashable, Codable {
        /// The key of the reader.
        public var key: String
        /// The name of the reader; without credentials.
        public var name: String
        /// The id up to which it needs nothing any more.
        public var done: Int64
        /// When its links were last at work.
        public var seenAt: Date

        private enum CodingKeys: String, CodingKey {
            case key, name, done
            case seenAt = "seen_at"
        }
    }

    /// A table or partition that is covered.
    public struct Part: Sendable, Hashable, Codable {
        /// `schema.table`.
        public var relation: String
        /// The table that stands as location in the log.
        public var location: String
        /// Whether each row is recorded by a trigger of its own, in place of each statement.
        public var eachRow: Bool
        /// All that was committed later is in the log.
        public var since: Date

        private enum CodingKeys: String, CodingKey {
            case relation, location, since
            case eachRow = "each_row"
        }
    }

    /// Changes that do not come into the log, or not in order.
    ///
    /// | code | what is not seen |
    /// | --- | --- |
    /// | `missing-table` | a named table that is not there |
    /// | `view`, `foreign-table`, `no-key`, `nullable-key`, `no-column`, `no-table` | a table that cannot be recorded |
    /// | `own` | a table of an inventory, which is not recorded |
    /// | `uncovered` | a table or partition whose triggers are not there, or not as they should be |
    /// | `disabled-trigger` | one whose trigger was switched off |
    /// | `attached-data` | rows from before a partition or later table was covered |
    /// | `own-trigger` | the order of what a row trigger of the table's own does to it |
    /// | `deferrable-key` | the order of one key's events where its check is deferred |
    /// | `replica-role` | writes under the role `replica` |
    ///
    /// Rows of a partition that is attached, detached or dropped come and go without an event.
    public struct BlindSpot: Sendable, Hashable, Codable {
        /// The kind of change; the documentation lists all.
        public var code: String
        /// The table or partition; `nil` where it concerns all.
        public var relation: String?
        /// The change it cannot see, and the remedy.
        public var message: String
    }

    private enum CodingKeys: String, CodingKey {
        case name, payload, floor, highest, parts, readers
        case coversLaterAtOnce = "covers_later_at_once"
        case blindSpots = "blind_spots"
    }
}
