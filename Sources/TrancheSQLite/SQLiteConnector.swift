import FoundationEssentials
public import Tranche
public import TrancheConnectors
public import TrancheSQL

/// SQLite files: `sqlite:PATH` or `sqlite:///abs/path`.
public struct SQLiteConnector: SQLConnector {
    /// Makes the connector.
    public init() {}

    /// `sqlite:PATH`.
    public var names: [(name: String, form: String)] {
        [("sqlite", "sqlite:PATH")]
    }

    /// The inventory in the file.
    public func inventory(
        _ spec: DatabaseSpec,
        _ context: ConnectorContext
    ) throws -> InventoryLocation {
        .sqlite(try path(of: spec))
    }

    /// The file.
    public func database(_ spec: DatabaseSpec) throws -> SourceDatabase {
        .sqlite(try path(of: spec))
    }

    /// The file by its absolute path, links followed.
    public func anchored<Role: SpecRole>(_ spec: Spec<Role>) throws -> Spec<Role> {
        let path = ResolvedPath(try path(of: spec.named(as: DatabaseRole.self))).text
        return try Spec(scheme: spec.scheme, place: path, fields: spec.fields)
    }

    /// The file's absolute path.
    public func recordedName(of spec: DatabaseSpec) throws -> String {
        "sqlite:\(ResolvedPath(try path(of: spec)).text)"
    }

    /// Whether there is no file.
    public func isMissingFile(_ spec: DatabaseSpec) throws -> Bool {
        !FileManager.default.fileExists(atPath: try path(of: spec))
    }

    /// Opens the migrator of the inventory in the file.
    public func migrator(
        _ spec: DatabaseSpec,
        _ configuration: StoreConfiguration,
        creates: Bool
    ) async throws -> any InventoryMigrator {
        try await SQLiteInventory.migrator(try path(of: spec), configuration, creates: creates)
    }

    private func path(of spec: DatabaseSpec) throws(SpecError) -> String {
        var path = spec.place[...]
        if path.hasPrefix("//") {
            path = path.dropFirst(2)
            guard path.hasPrefix("/") else {
                throw SpecError(
                    .invalidValue,
                    value: spec.location,
                    "has a host; give sqlite:PATH or sqlite:///abs/path"
                )
            }
        }
        guard !path.isEmpty, path != ":memory:" else {
            throw SpecError(
                .invalidValue,
                value: spec.location,
                "names no file; give sqlite:PATH"
            )
        }
        return String(path)
    }
}
