public import Tranche
public import TrancheConnectors

/// Collections of MongoDB: `mongodb://host/database.collection`.
///
/// Fields of a source: `uid`, `item`, `weight_column` and `where`, as ``MongoSource`` has them.
/// Fields of a sink: `key`, a list of fields; `create_index`; `transactional`. The connection uses
/// the credentials `MONGO_USERNAME` and `MONGO_PASSWORD`.
public struct MongoConnector: SourceConnector, SinkConnector {
    /// Makes the connector.
    public init() {}

    private static let form = "mongodb://HOST/DATABASE.COLLECTION"

    /// `mongodb://…` and `mongodb+srv://…`.
    public var schemes: [ConnectorScheme] {
        ["mongodb", "mongodb+srv"].flatMap { name in
            [
                ConnectorScheme(
                    .source,
                    name,
                    form: Self.form,
                    noun: "a collection",
                    fields: ["uid", "item", "weight_column", "where"]
                ),
                ConnectorScheme(
                    .sink,
                    name,
                    form: Self.form,
                    noun: "a collection",
                    fields: ["key", "create_index", "transactional"]
                ),
            ]
        }
    }

    private struct SourceFields: Decodable {
        var uid: String?
        var item: String?
        var weightColumn: String?
        var `where`: String?
    }

    private struct SinkFields: Decodable {
        var key: [String]?
        var createIndex: Bool?
        var transactional: Bool?
    }

    // MARK: - Sources

    /// The collection's documents.
    public func source(
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) throws -> any MetaSourceDescription {
        let fields = try spec.fields(as: SourceFields.self)
        func named(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
        return MongoSource(
            try location(of: spec, context),
            uid: fields.uid ?? "uid",
            item: named(fields.item),
            weight: fields.weightColumn == nil ? "weight" : named(fields.weightColumn),
            filter: named(fields.where)
        )
    }

    /// The URL without user information.
    public func recordedNames(of spec: SourceSpec) throws -> [String] {
        [try MongoLocation(spec.location).recordedName]
    }

    /// The collection of a definition.
    public func specs(
        recordedAs definition: SourceDefinition,
        rootIDs: IDBounds
    ) throws -> [SourceSpec] {
        let prefix = schemes.map { "\($0.name)://" }.first(where: definition.table.hasPrefix)
        guard prefix != nil else { return [] }
        var fields: [String: SpecValue] = [
            "uid": .text(definition.uid), "weight_column": .text(definition.weight ?? ""),
        ]
        fields["item"] = definition.item.map { .text($0) }
        fields["where"] = definition.filter.map { .text($0) }
        return [try SourceSpec(definition.table, fields: fields)]
    }

    // MARK: - Sinks

    /// The collection.
    public func sink(_ spec: SinkSpec, _ context: ConnectorContext) throws -> any RecordSink {
        let fields = try spec.fields(as: SinkFields.self)
        var configuration = MongoSink.Configuration()
        configuration.createsIndex = fields.createIndex ?? false
        configuration.isTransactional = fields.transactional ?? false
        return MongoSink(
            try location(of: spec, context),
            key: fields.key ?? [],
            configuration: configuration
        )
    }

    /// Hosts, database and collection, and the key.
    public func target(of spec: SinkSpec) throws -> SinkTarget {
        let key = try spec.fields(as: SinkFields.self).key
        return SinkTarget(try MongoLocation(spec.location).name, key: key)
    }

    private func location<Role: SpecRole>(
        of spec: Spec<Role>,
        _ context: ConnectorContext
    ) throws -> MongoLocation {
        try MongoLocation(
            spec.unmaskedLocation,
            environment: context.credentials.environment("MONGO_USERNAME", "MONGO_PASSWORD")
        )
    }
}
