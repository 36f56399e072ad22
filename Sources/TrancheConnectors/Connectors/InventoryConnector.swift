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
        let rootIDs = fields.rootIds ?? IDBounds()
        try requireEnds(spec.fields["root_ids"], rootIDs)
        return InventorySource(
            job: spec.place,
            run: fields.upstreamRun,
            metaTable: fields.upstreamMeta,
            rootIDs: rootIDs
        )
    }

    /// Refuses ids whose ends have other names, and would be left out, or hold no id.
    private func requireEnds(_ value: SpecValue?, _ ids: IDBounds) throws {
        if case .object(let members)? = value,
            let other = members.keys.sorted().first(where: { $0 != "lower" && $0 != "upper" })
        {
            throw SpecError(
                .unknownField,
                field: ["root_ids", other],
                "is no end of ids; there are lower and upper"
            )
        }
        if let lower = ids.lower, let upper = ids.upper, lower > upper {
            throw SpecError(
                .invalidValue,
                field: ["root_ids"],
                value: "\(lower)...\(upper)",
                "hold no id: the lower end is above the upper"
            )
        }
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
