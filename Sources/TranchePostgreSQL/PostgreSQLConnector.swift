import FoundationEssentials
public import Tranche
public import TrancheConnectors
public import TrancheSQL

/// PostgreSQL databases: `postgresql://user@host/database`.
///
/// What a URL leaves out comes from libpq's environment variables and password file.
public struct PostgreSQLConnector: SQLConnector {
    /// Makes the connector.
    public init() {}

    /// `postgresql://…` and `postgres://…`.
    public var names: [(name: String, form: String)] {
        [("postgresql", Self.form), ("postgres", Self.form)]
    }

    private static let form = "postgresql://user@host/database"

    /// The inventory in the database.
    public func inventory(
        _ spec: DatabaseSpec,
        _ context: ConnectorContext
    ) throws -> InventoryLocation {
        .postgres(try url(of: spec))
    }

    /// The database.
    public func database(_ spec: DatabaseSpec) throws -> SourceDatabase {
        .postgres(try url(of: spec))
    }

    private func url(of spec: DatabaseSpec) throws(SpecError) -> String {
        guard spec.place.hasPrefix("//") else {
            throw SpecError(
                .invalidValue,
                value: spec.location,
                "is not a URL; give \(Self.form)"
            )
        }
        return spec.unmaskedLocation
    }

    /// The URL without user information and without its options, either of which may change.
    public func recordedName(of spec: DatabaseSpec) throws -> String {
        spec.unmaskedLocation.withoutSecrets
    }

    /// A server is asked.
    public func isMissingFile(_ spec: DatabaseSpec) throws -> Bool { false }

    /// Makes the migrator of the inventory in the database; it connects when it is used.
    public func migrator(
        _ spec: DatabaseSpec,
        _ configuration: StoreConfiguration,
        creates: Bool
    ) async throws -> any InventoryMigrator {
        try PostgreSQLInventory.migrator(spec.unmaskedLocation, configuration)
    }
}
