public import Tranche
public import TrancheConnectors

/// Tables of SQL databases: `TABLE`, `SCHEMA.TABLE`, or `table:NAME` for a name verbatim.
///
/// As a source it has the fields `uid`, `item`, `weight_column`, `where`, `volatile_filter`,
/// `settle_column` and `key`, as ``SQLSource`` has them, an empty text for none; `time_column`,
/// `time_as`, `by`, `zone`, `time_from` and `time_to`, as `SourceTime` has them; `database`, the
/// database as a text, else the context's; and behind `table:` the `schema`. As a sink it is beside
/// the inventory: `key`, a list of columns, `drop_unknown` and `add_columns`.
///
/// It takes any name without a scheme, and all recorded ones: in a list of connectors it comes
/// last.
public struct TableConnector: SourceConnector, SinkConnector {
    /// Makes the connector.
    public init() {}

    /// Names without a scheme, and `table:NAME`.
    public var schemes: [ConnectorScheme] {
        let fields = TableSourceFields.names.union(["database"])
        return [
            ConnectorScheme(
                .source,
                "",
                form: "[SCHEMA.]TABLE",
                noun: "a table",
                fields: fields.union(["schema"])
            ),
            ConnectorScheme(
                .source,
                "table",
                form: "table:NAME for a name with a colon",
                noun: "a table",
                fields: fields.union(["schema"])
            ),
            ConnectorScheme(
                .sink,
                "table",
                form: "table:NAME",
                noun: "a table",
                fields: TableSinkFields.names
            ),
        ]
    }

    // MARK: - Sources

    /// The table, in the database that the fields or else the context names.
    public func source(
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) throws -> any MetaSourceDescription {
        let fields = try spec.fields(as: TableSourceFields.self)
        let database = try (fields.database ?? context.database)
            .map { try context.connectors.sqlConnector(of: $0).database($0) }
        let table =
            spec.scheme.isEmpty
            ? SQLSource(try bareName(spec, fields))
            : SQLSource(table: try verbatimName(spec, fields), schema: fields.schema)
        return try fields.applied(to: table, in: database)
    }

    /// The table's name, behind its schema where it has one.
    public func recordedNames(of spec: SourceSpec) throws -> [String] {
        let fields = try spec.fields(as: TableSourceFields.self)
        guard !spec.scheme.isEmpty else { return [try bareName(spec, fields)] }
        let name = try verbatimName(spec, fields)
        return [fields.schema.map { "\($0).\(name)" } ?? name]
    }

    /// A recorded name that holds dots may have been given whole, or as a schema and a table.
    public func specs(
        recordedAs definition: SourceDefinition,
        rootIDs: IDBounds
    ) throws -> [SourceSpec] {
        var fields: [String: SpecValue] = [
            "uid": .text(definition.uid), "item": .text(definition.item ?? ""),
            "weight_column": .text(definition.weight ?? ""),
            // Whether it may change its answer was decided when the run began.
            "volatile_filter": true,
        ]
        fields["where"] = definition.filter.map { .text($0) }
        fields["settle_column"] = definition.settleColumn.map { .text($0) }
        fields["key"] = definition.key.map { .text($0) }
        if let time = definition.time {
            fields["time_column"] = .text(time.column)
            fields["time_as"] = time.reading.map { .text($0.rawValue) }
            fields["zone"] = .text(time.zone)
            fields["by"] = time.step.map { .text($0.rawValue) }
            fields["time_from"] = time.text(time.from).map { .text($0) }
            fields["time_to"] = time.text(time.to).map { .text($0) }
        }
        func spec(_ table: String, in schema: String?) throws(SpecError) -> SourceSpec {
            var fields = fields
            fields["schema"] = schema.map { .text($0) }
            return try SourceSpec(scheme: "table", place: table, fields: fields)
        }
        let name = definition.table
        guard let dot = name.firstIndex(of: ".") else { return [try spec(name, in: nil)] }
        return [
            try spec(String(name[name.index(after: dot)...]), in: String(name[..<dot])),
            try spec(name, in: nil),
        ]
    }

    private func bareName(
        _ spec: SourceSpec,
        _ fields: TableSourceFields
    ) throws(SpecError) -> String {
        guard !spec.place.isEmpty else {
            throw SpecError(.invalidValue, "is empty; name a table or view")
        }
        guard fields.schema == nil else {
            throw SpecError(
                .invalidValue,
                field: ["schema"],
                "goes with 'table:\(spec.place)'; or give SCHEMA.TABLE"
            )
        }
        guard !spec.place.contains(":") else {
            throw SpecError(
                .invalidValue,
                value: spec.place,
                "is not a table's name; one that holds a colon goes as 'table:NAME'"
            )
        }
        return spec.place
    }

    private func verbatimName(
        _ spec: SourceSpec,
        _ fields: TableSourceFields
    ) throws(SpecError) -> String {
        guard !spec.place.isEmpty else {
            throw SpecError(.invalidValue, "is empty; name a table or view")
        }
        // It would be recorded as the inventory of a job is.
        guard fields.schema != nil || !spec.place.hasPrefix(InventorySource.prefix) else {
            throw SpecError(
                .invalidValue,
                value: spec.location,
                "is recorded as \(InventorySource.prefix)JOB, which means the batches of a job; "
                    + "give the table's schema, or make a view"
            )
        }
        return spec.place
    }

    // MARK: - Sinks

    /// The table, beside the inventory.
    public func sink(_ spec: SinkSpec, _ context: ConnectorContext) throws -> any RecordSink {
        guard !spec.place.isEmpty else {
            throw SpecError(.unusable, value: spec.location, "give table:NAME")
        }
        return try spec.fields(as: TableSinkFields.self).sink(spec.place, in: nil, context)
    }

    /// The table.
    public func target(of spec: SinkSpec) throws -> SinkTarget {
        let fields = try spec.fields(as: TableSinkFields.self)
        return SinkTarget("table '\(spec.place)'", key: fields.key)
    }
}
