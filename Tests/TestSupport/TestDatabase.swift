package import Foundation
package import Tranche
import TranchePostgreSQL
package import TrancheSQL
import TrancheSQLite

/// A database of a test's own: a SQLite file, or a schema on the server.
package struct TestDatabase: Sendable {
    /// Which database it is.
    package enum Backend: String, Sendable {
        case sqlite, postgreSQL

        /// SQLite, and PostgreSQL where a server was named.
        package static var available: [Backend] {
            TestPostgreSQL.server == nil ? [.sqlite] : [.sqlite, .postgreSQL]
        }
    }

    package let backend: Backend
    /// A writable connection's database.
    package let database: any SQLDatabase
    /// The schema, where there is one.
    package let schema: String?
    /// The file's path or the server's URL.
    package let address: String

    /// What stands before a table's name.
    package var prefix: String { schema.map { $0 + "." } ?? "" }

    /// A table's name, quoted and with its schema.
    package func name(_ table: String) -> SQLTableName {
        SQLTableName(schema: schema, table: table)
    }

    /// A configuration of an inventory in it.
    package func configuration(
        table: String = "inventory",
        decidesItself: Bool? = nil,
        now: (@Sendable () -> Date)? = nil
    ) -> StoreConfiguration {
        var configuration = StoreConfiguration(
            table: table,
            schema: schema,
            missingSchema: .refuse,
            now: now
        )
        configuration.decidesItself = decidesItself
        return configuration
    }

    /// Where an inventory in it is opened.
    package var location: InventoryLocation {
        switch backend {
        case .sqlite: .sqlite(address)
        case .postgreSQL: .postgres(address)
        }
    }

    /// Opens a migrator with connections of its own.
    ///
    /// - Parameters:
    ///   - table: The inventory's table.
    ///   - proxy: The database's URL behind a proxy; `nil` for its own address.
    /// - Returns: The migrator.
    /// - Throws: The database's error.
    package func migrator(
        table: String = "inventory",
        through proxy: String? = nil
    ) async throws -> any InventoryMigrator {
        let address = proxy ?? address
        return switch backend {
        case .sqlite:
            try await SQLiteInventory.migrator(address, configuration(table: table))
        case .postgreSQL:
            try PostgreSQLInventory.migrator(address, configuration(table: table))
        }
    }

    /// Migrates up, with a migrator of its own.
    @discardableResult
    package func migrateUp(
        table: String = "inventory",
        to version: Int? = nil,
        _ adoption: AdoptionOptions = AdoptionOptions(),
        isDryRun: Bool = false
    ) async throws -> MigrationReport {
        let migrator = try await migrator(table: table)
        do {
            let report = try await migrator.up(to: version, adoption: adoption, isDryRun: isDryRun)
            await migrator.close()
            return report
        } catch {
            await migrator.close()
            throw error
        }
    }

    /// Opens an inventory that must have been migrated.
    package func open(
        table: String = "inventory",
        now: (@Sendable () -> Date)? = nil
    ) async throws -> Inventory {
        var configuration = Inventory.Configuration(
            store: configuration(table: table, now: now),
            worker: "worker"
        )
        configuration.auditsWhileWorking = false
        return try await Inventory.open(location, configuration: configuration)
    }

    /// Runs a script in a transaction of its own.
    package func run(_ script: String) async throws {
        try await database.run(script)
    }

    /// Reads rows; each value as text, `NULL` for null.
    package func read(_ statement: SQLStatement) async throws -> [[String]] {
        let rows = try await database.read(statement)[0]
        return rows.map { row in (0..<rows.width).map { _ in row.optionalText() ?? "NULL" } }
    }

    /// Reads the one column of rows.
    package func column(_ statement: SQLStatement) async throws -> [String] {
        try await read(statement).map { $0.joined(separator: "|") }
    }
}

/// Runs `body` with a database of its own, and removes that.
package func withTestDatabase<R>(
    _ backend: TestDatabase.Backend,
    _ body: (TestDatabase) async throws -> R
) async throws -> R {
    switch backend {
    case .sqlite:
        return try await withTemporaryFolder { folder in
            let path = folder.path("test.db")
            let database = try await SQLiteDatabase.open(
                path: path,
                for: .inventory(creates: true),
                lockTimeout: .seconds(30)
            )
            return try await closing(database) {
                try await body(
                    TestDatabase(backend: backend, database: database, schema: nil, address: path)
                )
            }
        }
    case .postgreSQL:
        guard let server = TestPostgreSQL.server else { throw NoServer() }
        return try await withTestDatabase(on: server, body)
    }
}

/// Runs `body` with a schema of its own on a server, and removes that.
package func withTestDatabase<R>(
    on server: TestPostgreSQL,
    _ body: (TestDatabase) async throws -> R
) async throws -> R {
    try await withTestSchema(server) { schema in
        let database = try server.database()
        return try await closing(database) {
            try await body(
                TestDatabase(
                    backend: .postgreSQL,
                    database: database,
                    schema: schema,
                    address: server.url
                )
            )
        }
    }
}

private func closing<R>(
    _ database: any SQLDatabase,
    _ body: () async throws -> R
) async throws -> R {
    do {
        let result = try await body()
        await database.close()
        return result
    } catch {
        await database.close()
        throw error
    }
}

private struct NoServer: Error {}

/// The migrations, as a report names them.
package let migrationSteps = [
    "0001_create_inventory", "0002_create_run", "0003_watch_gaps", "0004_number_completions",
    "0005_create_archive",
    "0006_identify_source", "0007_rename_cursor", "0008_keep_output",
    "0009_create_budget",
    "0010_cancel_runs",
    "0011_create_page",
    "0012_count_deferrals",
    "0013_find_stuck",
    "0014_create_workflow",
    "0015_add_target_weight",
    "0016_share_budget",
    "0017_create_probe",
    "0018_bound_budget",
    "0019_begin_batches",
    "0020_limit_keys",
    "0021_create_event",
    "0022_find_failed",
    "0023_create_pipeline",
    "0024_tally_runs",
    "0025_keep_note",
    "0026_let_through",
    "0027_keep_interval",
    "0028_number_uids",
    "0029_record_worker",
    "0030_keep_timeline",
]
