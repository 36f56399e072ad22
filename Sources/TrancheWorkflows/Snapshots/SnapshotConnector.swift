import FoundationEssentials
public import Tranche
public import TrancheConnectors

/// Folders of snapshots as sources: `snapshots:FOLDER`.
///
/// Each file is an item, whose id follows from its time and whose weight is its size, and a batch
/// by itself. Its records are the batches that the snapshot tells of, with the fields `meta`,
/// `job`, `run`, `at`, `id`, `id_start`, `id_end`, `count`, `weight`, `status`, `attempt`,
/// `worker`, `started_at` and `ended_at`.
public struct SnapshotConnector: SourceConnector {
    /// Makes the connector.
    public init() {}

    /// `snapshots:FOLDER`.
    public var schemes: [ConnectorScheme] {
        [ConnectorScheme(.source, SnapshotFolder.scheme, form: "snapshots:FOLDER", fields: [])]
    }

    /// The folder.
    public func source(
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) throws -> any MetaSourceDescription {
        SnapshotFolder(path: ResolvedPath(try path(of: spec)).text)
    }

    /// The folder by its absolute path, links followed.
    public func recordedNames(of spec: SourceSpec) throws -> [String] {
        [try anchored(spec).location]
    }

    /// The folder by its absolute path, links followed.
    public func anchored<Role: SpecRole>(_ spec: Spec<Role>) throws -> Spec<Role> {
        let path = ResolvedPath(try path(of: spec)).text
        return try Spec(scheme: spec.scheme, place: path, fields: spec.fields)
    }

    /// The folder that a definition means.
    public func specs(
        recordedAs definition: SourceDefinition,
        rootIDs: IDBounds
    ) throws -> [SourceSpec] {
        let prefix = "\(SnapshotFolder.scheme):"
        guard definition.table.hasPrefix(prefix) else { return [] }
        let path = String(definition.table.dropFirst(prefix.count))
        return [try SourceSpec(scheme: SnapshotFolder.scheme, place: path)]
    }

    private func path<Role: SpecRole>(of spec: Spec<Role>) throws(SpecError) -> String {
        guard !spec.place.isEmpty else {
            let words = "names no folder; give snapshots:FOLDER"
            throw SpecError(.invalidValue, value: spec.location, words)
        }
        return spec.place
    }
}
