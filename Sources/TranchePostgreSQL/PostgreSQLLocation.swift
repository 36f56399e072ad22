public import Tranche
import TranchePostgreSQLMigrations
public import TrancheSQL

extension InventoryLocation {
    /// An inventory in a PostgreSQL database.
    ///
    /// - Parameter url: Such as `postgresql://user@host/database`. What it leaves out comes from
    ///   libpq's environment variables and password file.
    /// - Returns: The location.
    public static func postgres(_ url: String) -> InventoryLocation {
        let name = (try? PostgreSQLURL(url).name) ?? "postgresql://"
        return InventoryLocation(name: name) { configuration in
            try await PostgreSQLInventory.open(url, configuration)
        }
    }
}

extension SourceDatabase {
    /// A PostgreSQL database; its server is told to refuse writing.
    ///
    /// - Parameter url: Such as `postgresql://user@host/database`.
    /// - Returns: The database.
    public static func postgres(_ url: String) -> SourceDatabase {
        let name = (try? PostgreSQLURL(url).name) ?? "postgresql://"
        return SourceDatabase(
            name: name,
            key: url,
            open: { try await SQLMetaSource($0, in: try readOnly(url)) },
            identify: {
                let database = try readOnly(url)
                let identity = try await database.identity()
                await database.close()
                return identity
            },
            openForReading: { try readOnly(url) },
            openForWriting: {
                PostgreSQLDatabase(
                    url: try PostgreSQLURL(url),
                    isReadOnly: false,
                    lockTimeout: .seconds(30),
                    maxConnections: 16
                )
            }
        )
    }

    private static func readOnly(_ url: String) throws -> PostgreSQLDatabase {
        PostgreSQLDatabase(
            url: try PostgreSQLURL(url),
            isReadOnly: true,
            lockTimeout: .seconds(30),
            maxConnections: 4
        )
    }
}

/// Opens what is in PostgreSQL databases.
public enum PostgreSQLInventory: Sendable {
    /// Opens a migrator.
    ///
    /// - Parameters:
    ///   - url: The database.
    ///   - configuration: The table's and schema's names.
    /// - Returns: The migrator; it connects when it is used.
    /// - Throws: `TrancheError` `.invalidArgument` for a URL that cannot be read.
    public static func migrator(
        _ url: String,
        _ configuration: StoreConfiguration = StoreConfiguration()
    ) throws -> any InventoryMigrator {
        try sqlMigrator(url, configuration)
    }

    static func open(_ url: String, _ configuration: StoreConfiguration) async throws
        -> any InventoryStore
    {
        let migrator = try sqlMigrator(url, configuration)
        if configuration.missingSchema == .create, try await migrator.isEmpty() {
            _ = try await migrator.up(to: nil, adoption: AdoptionOptions(), isDryRun: false)
        }
        try await migrator.requireCurrent()
        return SQLInventoryStore(
            migrator.database,
            configuration: configuration,
            knowing: postgreSQLMigrations.latest
        )
    }

    private static func sqlMigrator(
        _ url: String,
        _ configuration: StoreConfiguration
    ) throws -> SQLMigrator<PostgreSQLDatabase> {
        let database = PostgreSQLDatabase(
            url: try PostgreSQLURL(url),
            isReadOnly: false,
            lockTimeout: configuration.lockTimeout,
            maxConnections: configuration.maxConnections
        )
        return SQLMigrator(database, configuration: configuration, set: postgreSQLMigrations)
    }
}
