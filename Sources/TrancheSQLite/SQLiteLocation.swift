import FoundationEssentials
public import Tranche
public import TrancheSQL
import TrancheSQLiteMigrations

extension InventoryLocation {
    /// An inventory in a SQLite file.
    ///
    /// The file is made when it does not exist, unless the configuration refuses that. It is kept
    /// in WAL mode, and each commit is synced.
    ///
    /// - Parameter path: The file.
    /// - Returns: The location.
    public static func sqlite(_ path: String) -> InventoryLocation {
        InventoryLocation(name: "sqlite:\(path)") { configuration in
            try await SQLiteInventory.open(path, configuration)
        }
    }
}

extension SourceDatabase {
    /// A SQLite file; it is opened only for reading, its journal mode left as it is.
    ///
    /// - Parameter path: The file.
    /// - Returns: The database.
    public static func sqlite(_ path: String) -> SourceDatabase {
        SourceDatabase(
            name: "sqlite:\(path)",
            key: "sqlite:\(path)",
            open: { try await SQLMetaSource($0, in: try await SQLiteInventory.openSource(path)) },
            identify: {
                // It may be asked of a database that is to be written to.
                if let absence = SQLiteError.absence(of: path) {
                    throw TrancheError(.sinkFailed, absence)
                }
                let database = try await SQLiteInventory.openSource(path)
                let identity = try await database.identity()
                await database.close()
                return identity
            },
            openForReading: { try await SQLiteInventory.openSource(path) },
            openForWriting: {
                try await SQLiteDatabase.open(
                    path: path,
                    for: .inventory(creates: false),
                    lockTimeout: .seconds(30)
                )
            }
        )
    }
}

/// Opens what is in SQLite files.
public enum SQLiteInventory: Sendable {
    /// Opens a migrator.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - configuration: The table's name.
    ///   - creates: Whether to make the file when it does not exist.
    /// - Returns: The migrator.
    /// - Throws: `TrancheError` `.storeUnavailable` or `.storeFailed`.
    public static func migrator(
        _ path: String,
        _ configuration: StoreConfiguration = StoreConfiguration(),
        creates: Bool = true
    ) async throws -> any InventoryMigrator {
        try await sqlMigrator(path, configuration, creates: creates)
    }

    static func open(_ path: String, _ configuration: StoreConfiguration) async throws
        -> any InventoryStore
    {
        let creates = configuration.missingSchema == .create
        let migrator = try await sqlMigrator(path, configuration, creates: creates)
        if creates, try await migrator.isEmpty() {
            _ = try await migrator.up(to: nil, adoption: AdoptionOptions(), isDryRun: false)
        }
        try await migrator.requireCurrent()
        return SQLInventoryStore(
            migrator.database,
            configuration: configuration,
            knowing: sqliteMigrations.latest
        )
    }

    private static func sqlMigrator(
        _ path: String,
        _ configuration: StoreConfiguration,
        creates: Bool
    ) async throws -> SQLMigrator<SQLiteDatabase> {
        if let schema = configuration.schema, schema != "main" {
            throw TrancheError(
                .invalidArgument,
                "a SQLite file has no schema '\(schema)'; leave TRANCHE_SCHEMA out"
            )
        }
        guard creates || FileManager.default.fileExists(atPath: path) else {
            throw TrancheError(
                .schemaNotMigrated,
                "there is no file '\(path)'; 'tranche migrate up' makes the inventory"
            )
        }
        // To open it would make a database of it, which looking must not.
        guard creates || !isEmpty(path) else {
            throw TrancheError(
                .schemaNotMigrated,
                "there is no inventory '\(configuration.table)' in sqlite:\(path), an empty file; "
                    + "run 'tranche migrate up'"
            )
        }
        do {
            let database = try await SQLiteDatabase.open(
                path: path,
                for: .inventory(creates: creates),
                lockTimeout: configuration.lockTimeout
            )
            return SQLMigrator(database, configuration: configuration, set: sqliteMigrations)
        } catch let error as SQLiteError {
            throw TrancheError(error, inventory: "sqlite:\(path)")
        }
    }

    /// Whether a file has nothing in it, and nobody has begun to write a database into it.
    private static func isEmpty(_ path: String) -> Bool {
        guard SQLiteFileIdentity(path: path)?.size == 0 else { return false }
        return !["-wal", "-journal"].contains { FileManager.default.fileExists(atPath: path + $0) }
    }

    static func openSource(_ path: String) async throws -> SQLiteDatabase {
        guard FileManager.default.fileExists(atPath: path) else {
            throw TrancheError(.invalidSource, "there is no file '\(path)' to read items from")
        }
        do {
            return try await SQLiteDatabase.open(
                path: path,
                for: .source,
                lockTimeout: .seconds(30)
            )
        } catch let error as SQLiteError {
            throw TrancheError(
                error.code(passing: .sourceUnavailable, lasting: .invalidSource),
                "source sqlite:\(path): \(error.message)",
                underlying: error
            )
        }
    }
}
