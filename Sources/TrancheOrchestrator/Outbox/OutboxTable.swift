/// A table whose changes an outbox records.
public struct OutboxTable: Sendable, Hashable, Codable {
    /// The table's schema, verbatim.
    public var schema: String
    /// The table's name, verbatim.
    ///
    /// A partitioned table stands for all its partitions, and one that others inherit from for
    /// those.
    public var table: String
    /// The columns that name a row, none of which may be null; `nil`, the default, for those of the
    /// primary key.
    public var key: [String]?
    /// Whether each row is recorded by a trigger of its own.
    ///
    /// By default a statement is, which is several times as fast for many rows. A table into whose
    /// changed rows its own triggers write again needs it, or its events are out of order. A table
    /// that a subscription writes, and a partition that is named without its table, are always
    /// recorded so.
    public var eachRow: Bool

    /// Names a table.
    public init(
        schema: String = "public",
        _ table: String,
        key: [String]? = nil,
        eachRow: Bool = false
    ) {
        self.schema = schema
        self.table = table
        self.key = key
        self.eachRow = eachRow
    }

    private enum CodingKeys: String, CodingKey {
        case schema, table, key
        case eachRow = "each_row"
    }

    /// The name as it stands in a log's `location`.
    var location: String { "\(schema).\(table)" }
}
