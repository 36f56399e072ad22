public import Tranche

/// The batches of jobs as sources: `inventory:JOB`.
///
/// Fields: `upstream_run`, the upstream run whose batches count, all by default; `upstream_meta`,
/// the name under which the inventory keeps the upstream job's own source, needed where it has
/// several; `root_ids`, an object with `lower` and `upper`, the ids at the root of which a batch
/// must hold one.
public struct InventoryConnector: SourceConnector {
    /// Makes the connector.
    public init() {}

    /// `inventory:JOB`.
    public var schemes: [ConnectorScheme] {
        [
            ConnectorScheme(
                .source,
                "inventory",
                form: "inventory:JOB",
                fields: ["upstream_run", "upstream_meta", "root_ids"]
            )
        ]
    }

    private struct Fields: Decodable {
        var upstreamRun: String?
        var upstreamMeta: String?
        var rootIds: IDBounds?
    }

    /// The job's batches that succeeded.
    public func source(
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) throws -> any MetaSourceDescription {
        guard !spec.place.isEmpty else {
            throw SpecError(.invalidValue, value: spec.location, "names no job; give inventory:JOB")
        }
        let fields = try spec.fields(as: Fields.self)
        return InventorySource(
            job: spec.place,
            run: fields.upstreamRun,
            metaTable: fields.upstreamMeta,
            rootIDs: fields.rootIds ?? IDBounds()
        )
    }

    /// The job whose batches a definition means.
    public func specs(
        recordedAs definition: SourceDefinition,
        rootIDs: IDBounds
    ) throws -> [SourceSpec] {
        guard let source = InventorySource(definition, rootIDs: rootIDs) else { return [] }
        var fields: [String: SpecValue] = [:]
        fields["upstream_run"] = source.run.map { .text($0) }
        fields["upstream_meta"] = source.metaTable.map { .text($0) }
        if !rootIDs.isOpen { fields["root_ids"] = try SpecValue(encoding: rootIDs) }
        return [try SourceSpec(scheme: "inventory", place: source.job, fields: fields)]
    }
}
