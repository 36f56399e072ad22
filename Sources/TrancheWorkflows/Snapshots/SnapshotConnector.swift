import FoundationEssentials
public import Tranche
public import TrancheConnectors

/// Folders of snapshots as sources, `snapshots:FOLDER`, and prefixes of objects, such as
/// `snapshots:s3://BUCKET/PREFIX`.
///
/// Each file is an item, whose id follows from its time and whose weight is its size, and a batch
/// by itself. Its records are the batches that the snapshot tells of, with the fields `meta`,
/// `job`, `run`, `at`, `id`, `id_start`, `id_end`, `count`, `weight`, `status`, `attempt`,
/// `worker`, `started_at` and `ended_at`.
public struct SnapshotConnector: SourceConnector {
    /// Makes the connector.
    public init() {}

    /// `snapshots:FOLDER`, which may be the URL of a prefix of objects.
    public var schemes: [ConnectorScheme] {
        [ConnectorScheme(.source, SnapshotSource.scheme, form: "snapshots:FOLDER", fields: [])]
    }

    /// The folder, or the prefix of objects.
    public func source(
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) throws -> any MetaSourceDescription {
        let place = try place(of: spec)
        guard let colon = place.firstRange(of: "://") else {
            return SnapshotSource(files: FolderSnapshots(place: place))
        }
        let scheme = String(place[..<colon.lowerBound])
        let keepers = context.connectors.all((any DocumentConnector).self)
        guard let keeper = keepers.first(where: { $0.documentSchemes.contains(scheme) }) else {
            let known = keepers.flatMap(\.documentSchemes).map { "\($0)://" }
            throw SpecError(
                .unknownScheme,
                value: spec.location,
                "is not a place of snapshots; give "
                    + (["a folder"] + known).joined(separator: ", ")
            )
        }
        return SnapshotSource(
            files: ObjectSnapshots(place: place, keeper: keeper, context: context)
        )
    }

    /// The folder by its absolute path, links followed; a URL without a slash at its end.
    public func recordedNames(of spec: SourceSpec) throws -> [String] {
        [try anchored(spec).location]
    }

    /// As ``recordedNames(of:)``.
    public func anchored<Role: SpecRole>(_ spec: Spec<Role>) throws -> Spec<Role> {
        try Spec(scheme: spec.scheme, place: try place(of: spec), fields: spec.fields)
    }

    /// The folder that a definition means.
    public func specs(
        recordedAs definition: SourceDefinition,
        rootIDs: IDBounds
    ) throws -> [SourceSpec] {
        let prefix = "\(SnapshotSource.scheme):"
        guard definition.table.hasPrefix(prefix) else { return [] }
        let path = String(definition.table.dropFirst(prefix.count))
        return [try SourceSpec(scheme: SnapshotSource.scheme, place: path)]
    }

    private func place<Role: SpecRole>(of spec: Spec<Role>) throws -> String {
        guard !spec.place.isEmpty else {
            let words = "names no folder; give snapshots:FOLDER"
            throw SpecError(.invalidValue, value: spec.location, words)
        }
        guard spec.place.contains("://") else { return ResolvedPath(spec.place).text }
        return spec.place.hasSuffix("/") ? String(spec.place.dropLast()) : spec.place
    }
}
