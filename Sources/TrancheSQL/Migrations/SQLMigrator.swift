import FoundationEssentials
package import Tranche

/// Migrates an inventory in a SQL database.
package struct SQLMigrator<Database: SQLDatabase>: InventoryMigrator {
    package let database: Database
    let tables: TableNames
    let set: MigrationSet

    package init(_ database: Database, configuration: StoreConfiguration, set: MigrationSet) {
        self.database = database
        self.tables = TableNames(configuration)
        self.set = set
    }

    package var name: String { database.name }

    package func close() async {
        await database.close()
    }

    var script: MigrationScript { MigrationScript(tables: tables) }

    // MARK: Looking

    package func status() async throws -> [MigrationStatus] {
        let applied = try await wrapping { try await self.applied(passingOverNewer: true) }
        let known = set.migrations.map { migration in
            let found = applied.first { $0.version == migration.version }
            return MigrationStatus(
                version: migration.version,
                name: migration.name,
                appliedAt: found?.at,
                program: found?.program,
                worksWith: migration.worksWith
            )
        }
        let newer = applied.filter { $0.version > set.latest }.map { applied in
            MigrationStatus(
                version: applied.version,
                name: applied.name,
                appliedAt: applied.at,
                program: applied.program,
                worksWith: applied.worksWith
            )
        }
        return known + newer
    }

    /// Whether any of the inventory's tables exists.
    package func isEmpty() async throws -> Bool {
        try await wrapping {
            let batch = try await database.table(tables.batch)
            let migration = try await database.table(tables.migration)
            return batch == nil && migration == nil
        }
    }

    /// Checks that the tables are what this program knows, or works with.
    ///
    /// - Throws: `TrancheError` `.schemaNotMigrated` or `.schemaUnknown`.
    package func requireCurrent() async throws {
        let applied = try await wrapping { try await self.applied(passingOverNewer: true) }
        let missing = set.migrations.filter { known in
            !applied.contains { $0.version == known.version }
        }
        if missing.isEmpty { return }
        let words =
            applied.isEmpty
            ? "there is no inventory '\(tables.batch.table)' in \(name)"
            : "the inventory '\(tables.batch.table)' in \(name) is older than this program"
        throw TrancheError(.schemaNotMigrated, words + "; run 'tranche migrate up'")
    }

    // MARK: Up

    package func up(
        to version: Int?,
        adoption options: AdoptionOptions,
        isDryRun: Bool
    ) async throws -> MigrationReport {
        let target = try known(version ?? set.latest)
        return try await wrapping {
            try await requireShortName()
            if try await isAdoptable(), let report = try await adopt(options, isDryRun: isDryRun) {
                return report
            }
            if let job = options.bounded.keys.sorted().first {
                throw TrancheError(
                    .migrationRefused,
                    "there is no table of pybatchintory's to take job '\(job)' from in \(name)"
                )
            }
            // Of a newer inventory that this program works with nothing is wanting.
            let applied = try await self.applied(passingOverNewer: true)
            if applied.contains(where: { $0.version > set.latest }) { return MigrationReport() }
            if isDryRun { return plannedUp(to: target, after: applied) }
            var report = MigrationReport()
            while true {
                let steps = try await applyNext(upTo: target)
                if steps.isEmpty { break }
                report.steps += steps.map(\.label)
                report.sql += steps.map { script.fill($0.up) }
            }
            return report
        }
    }

    private func plannedUp(to target: Int, after applied: [Applied]) -> MigrationReport {
        let pending = set.migrations.filter { migration in
            migration.version <= target && !applied.contains { $0.version == migration.version }
        }
        var sql = pending.map { script.fill($0.up) }
        // Run by hand it needs the table that a migrator makes before all others.
        if applied.isEmpty, !sql.isEmpty { sql[0] = historyScript + "\n" + sql[0] }
        return MigrationReport(steps: pending.map(\.label), sql: sql)
    }

    /// Applies the next pending migration, if any, in a transaction of its own.
    ///
    /// Where none is applied yet, all are, in one transaction: a process that opens a new inventory
    /// at the same time finds it whole or not at all.
    private func applyNext(upTo target: Int) async throws -> [Migration] {
        let lock = database.lockForMigration(tables.migration)
        return try await database.withTransaction(lock) { connection, _ in
            try await makeHistory(on: connection)
            let applied = try check(try await connection.run([selectApplied()])[0])
            let pending = set.migrations.filter { migration in
                migration.version <= target && !applied.contains { $0.version == migration.version }
            }
            let steps = applied.isEmpty ? pending : Array(pending.prefix(1))
            for step in steps { try await connection.runScript(script.fill(step.up)) }
            _ = try await connection.commit(steps.map { record($0) })
            return steps
        }
    }

    /// Makes the table of applied migrations when it is missing.
    func makeHistory(on connection: isolated Database.Connection) async throws {
        try await connection.runScript(historyScript)
    }

    private var historyScript: String {
        var script = ""
        if let schema = tables.migration.schema {
            script = "CREATE SCHEMA IF NOT EXISTS \(schema.quotedAsName);\n"
        }
        script += """
            CREATE TABLE IF NOT EXISTS \(tables.migration.quoted) (
                version integer PRIMARY KEY,
                name text NOT NULL,
                checksum text NOT NULL,
                applied_at \(database.dialect.instantType) NOT NULL
            );
            """
        return script
    }

    func record(_ migration: Migration) -> SQLStatement {
        guard migration.version >= Migration.firstWithProgram else {
            return """
                INSERT INTO \(tables.migration) (version, name, checksum, applied_at)
                VALUES (
                    \(migration.version), \(migration.name), \(migration.checksum),
                    \(database.dialect.clock)
                )
                """
        }
        return """
            INSERT INTO \(tables.migration)
                (version, name, checksum, applied_at, program, works_with)
            VALUES (
                \(migration.version), \(migration.name), \(migration.checksum),
                \(database.dialect.clock), \(TrancheVersion.text), \(migration.worksWith)
            )
            """
    }

    func known(_ version: Int) throws -> Int {
        guard set.migrations.contains(where: { $0.version == version }) else {
            let versions = set.migrations.map { String($0.version) }.joined(separator: ", ")
            throw TrancheError(
                .invalidArgument,
                "there is no migration \(version); this program knows \(versions)"
            )
        }
        return version
    }

    func wrapping<R>(_ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let error as any SQLDatabaseError {
            throw TrancheError(error, inventory: name)
        }
    }
}

extension Migration {
    /// The migration's number and name, such as `0001_create_inventory`.
    var label: String {
        let digits = String(version)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "_" + name
    }
}
