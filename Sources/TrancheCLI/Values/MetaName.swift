import Tranche
import TrancheSQL

/// A meta source's name as `--meta` and `--schema` give it.
struct MetaName: Sendable, Hashable {
    private let table: String
    private let schema: String?
    private let isVerbatim: Bool

    /// Reads `--meta [schema.]table`, or `--meta table:NAME` with or without `--schema S`.
    ///
    /// - Throws: ``UsageError``.
    init(_ name: String, schema: String?) throws {
        self.schema = schema
        isVerbatim = name.hasPrefix("table:")
        table = isVerbatim ? String(name.dropFirst("table:".count)) : name
        guard !table.isEmpty else { throw UsageError("--meta is empty; name a table or view") }
        if isVerbatim { return }
        if schema != nil {
            throw UsageError(
                "--schema goes with '--meta table:\(name)'; or give '--meta SCHEMA.TABLE'"
            )
        }
        if name.contains(":") {
            throw UsageError(
                "--meta '\(redacted(name))' is no table's name; one that holds a colon goes as "
                    + "'table:NAME'"
            )
        }
    }

    /// The name of `arguments`, or `nil` when they have none.
    init?(_ arguments: Arguments) throws {
        guard let name = arguments.text("meta") else {
            if arguments.has("schema") {
                throw UsageError("--schema goes with '--meta table:NAME'")
            }
            return nil
        }
        try self.init(name, schema: arguments.text("schema"))
    }

    /// The name as the inventory keeps it.
    var recorded: String {
        isVerbatim ? (schema.map { $0 + "." } ?? "") + table : table
    }

    /// The source of that name, with the default columns.
    var source: SQLSource {
        isVerbatim ? SQLSource(table: table, schema: schema) : SQLSource(table)
    }
}
