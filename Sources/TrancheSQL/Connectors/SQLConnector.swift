public import Tranche
public import TrancheConnectors

/// A connector of a kind of SQL database: inventories, and tables named by the field `table`.
///
/// A source of it has the fields of ``TableConnector``; a sink those of its sinks.
public protocol SQLConnector: SourceConnector, SinkConnector, DatabaseConnector {
    /// The scheme's name and how texts look, the one that others stand for first.
    var names: [(name: String, form: String)] { get }

    /// Describes a database.
    ///
    /// - Parameter spec: Where it is.
    /// - Returns: The database; nothing is opened yet.
    /// - Throws: `SpecError`, or `TrancheError` `.invalidArgument`.
    func database(_ spec: DatabaseSpec) throws -> SourceDatabase

    /// Where a database is, in words without credentials and however it was spelt.
    func recordedName(of spec: DatabaseSpec) throws -> String

    /// Whether there is nothing yet where a file would be.
    func isMissingFile(_ spec: DatabaseSpec) throws -> Bool

    /// Opens what makes and changes the tables of an inventory.
    ///
    /// - Parameters:
    ///   - spec: Where the inventory is.
    ///   - configuration: How it is configured.
    ///   - creates: Whether to make a file that does not exist.
    /// - Returns: The migrator.
    /// - Throws: `SpecError`, or `TrancheError` when the database cannot be opened.
    func migrator(
        _ spec: DatabaseSpec,
        _ configuration: StoreConfiguration,
        creates: Bool
    ) async throws -> any InventoryMigrator
}

extension SQLConnector {
    /// Databases, sources and sinks of each name.
    public var schemes: [ConnectorScheme] {
        names.flatMap { name, form in
            [
                ConnectorScheme(.database, name, form: form),
                ConnectorScheme(
                    .source,
                    name,
                    form: "\(form) with a table",
                    noun: "a table",
                    fields: TableSourceFields.names.union(["table"])
                ),
                ConnectorScheme(
                    .sink,
                    name,
                    form: "\(form) with a table",
                    noun: form,
                    fields: TableSinkFields.names.union(["table"])
                ),
            ]
        }
    }

    /// The table that the field names, in the database.
    public func source(
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) throws -> any MetaSourceDescription {
        let fields = try spec.fields(as: TableSourceFields.self)
        let table = try requireTable(fields.table, of: spec)
        return try fields.applied(
            to: SQLSource(table),
            in: try database(spec.named(as: DatabaseRole.self))
        )
    }

    /// The table's name.
    public func recordedNames(of spec: SourceSpec) throws -> [String] {
        [try requireTable(spec.fields(as: TableSourceFields.self).table, of: spec)]
    }

    /// The table that the field names, in the database.
    public func sink(_ spec: SinkSpec, _ context: ConnectorContext) throws -> any RecordSink {
        let fields = try spec.fields(as: TableSinkFields.self)
        let table = try requireTable(fields.table, of: spec)
        return try fields.sink(table, in: try database(spec.named(as: DatabaseRole.self)), context)
    }

    /// The table and its database.
    public func target(of spec: SinkSpec) throws -> SinkTarget {
        let fields = try spec.fields(as: TableSinkFields.self)
        let table = try requireTable(fields.table, of: spec)
        let place = try recordedName(of: spec.named(as: DatabaseRole.self))
        return SinkTarget("table '\(table)' in \(place)", key: fields.key)
    }

    private func requireTable<Role: SpecRole>(
        _ table: String?,
        of spec: Spec<Role>
    ) throws(SpecError) -> String {
        guard let table, !table.isEmpty else {
            throw SpecError(
                .missing,
                field: ["table"],
                value: spec.location,
                "names a database alone; name the table with"
            )
        }
        return table
    }
}

extension Connectors {
    /// The connector of a SQL database.
    ///
    /// - Parameter spec: Where it is.
    /// - Returns: The connector, which takes the value.
    /// - Throws: `SpecError`.
    public func sqlConnector(of spec: DatabaseSpec) throws -> any SQLConnector {
        try connector(of: spec, (any SQLConnector).self)
    }
}
