import Tranche
import TrancheConnectors

/// The fields of a source that is a table.
struct TableSourceFields: Decodable {
    var uid: String?
    var item: String?
    var weightColumn: String?
    var `where`: String?
    var volatileFilter: Bool?
    var settleColumn: String?
    var key: String?
    var schema: String?
    var table: String?
    var database: DatabaseSpec?

    /// The fields that all tables have.
    static let names: Set<String> = [
        "uid", "item", "weight_column", "where", "volatile_filter", "settle_column", "key",
    ]

    /// The table with its columns as the fields say.
    func applied(to table: SQLSource, in database: SourceDatabase?) -> SQLSource {
        var source = table
        source.database = database
        if let uid { source.uid = uid }
        if let item { source.item = item.isEmpty ? .none : .named(item) }
        if let weight = weightColumn {
            source.weight = weight.isEmpty ? .none : .named(weight)
        }
        source.filter = `where`.flatMap { $0.isEmpty ? nil : $0 }
        source.settleColumn = settleColumn.flatMap { $0.isEmpty ? nil : $0 }
        source.key = key.flatMap { $0.isEmpty ? nil : $0 }
        source.allowsVolatileFilter = volatileFilter ?? false
        return source
    }
}

/// The fields of a sink that is a table.
struct TableSinkFields: Decodable {
    var key: [String]?
    var dropUnknown: Bool?
    var addColumns: Bool?
    var table: String?

    /// The fields that all tables have.
    static let names: Set<String> = ["key", "drop_unknown", "add_columns"]

    /// The table as a sink.
    func sink(
        _ table: String,
        in database: SourceDatabase?,
        _ context: ConnectorContext
    ) throws -> SQLTableSink {
        SQLTableSink(
            table,
            key: key ?? [],
            in: database,
            unknownFields: try unknownFields,
            note: context.note
        )
    }

    private var unknownFields: SQLTableSink.UnknownFields {
        get throws(SpecError) {
            switch (dropUnknown ?? false, addColumns ?? false) {
            case (false, false): return .refuse
            case (true, false): return .drop
            case (false, true): return .addColumns
            case (true, true):
                throw SpecError(
                    .invalidValue,
                    field: ["drop_unknown"],
                    "excludes that columns are added: give one of both"
                )
            }
        }
    }
}
