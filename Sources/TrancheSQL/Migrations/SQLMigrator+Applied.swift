import FoundationEssentials
import Tranche

/// The migrations that an inventory has, held against those that this program knows.
extension SQLMigrator {
    /// An applied migration.
    struct Applied: Sendable {
        var version: Int
        var name: String
        var checksum: String
        var at: Date
        /// The version of the program that applied it; `nil` where that was not recorded.
        var program: String?
        /// The lowest migration that a program must know to work with it.
        var worksWith: Int
    }

    /// Reads the applied migrations and checks them against the known ones.
    ///
    /// - Parameter passesOverNewer: Whether one that this program does not know is let pass where
    ///   it works with programs as old as this.
    /// - Returns: The migrations, in order.
    /// - Throws: `TrancheError` `.schemaUnknown`; the database's error.
    func applied(passingOverNewer passesOverNewer: Bool = false) async throws -> [Applied] {
        guard let table = try await database.table(tables.migration) else { return [] }
        let hasPrograms = table.columns.contains { $0.name == "works_with" }
        let rows = try await database.read(selectApplied(withPrograms: hasPrograms))
        return try check(rows[0], passingOverNewer: passesOverNewer)
    }

    /// Selects the applied migrations.
    ///
    /// - Parameter hasPrograms: Whether the table has the columns that tell of programs.
    /// - Returns: The statement.
    func selectApplied(withPrograms hasPrograms: Bool = false) -> SQLStatement {
        let programs: SQLStatement =
            hasPrograms ? "program, works_with" : "CAST(NULL AS text), CAST(NULL AS integer)"
        return """
            SELECT version, checksum, name, \(database.dialect.milliseconds("applied_at")),
                \(programs)
            FROM \(tables.migration)
            ORDER BY version
            """
    }

    func check(_ rows: SQLRows, passingOverNewer: Bool = false) throws -> [Applied] {
        try rows.map { row in
            let version = Int(try row.integer())
            let checksum = try row.text()
            let applied = Applied(
                version: version,
                name: try row.text(),
                checksum: checksum,
                at: try row.instant(),
                program: row.optionalText(),
                worksWith: try row.optionalInteger().map(Int.init) ?? version
            )
            guard let known = set.migrations.first(where: { $0.version == version }) else {
                if passingOverNewer, applied.worksWith <= set.latest { return applied }
                throw unknown(applied)
            }
            guard known.checksum == checksum else {
                throw TrancheError(
                    .schemaUnknown,
                    "migration \(version) (\(applied.name)) of the inventory in \(self.name) was "
                        + "applied from other text than this program has; use the program that "
                        + "applied it"
                )
            }
            return applied
        }
    }

    /// The error for a migration that this program does not know.
    private func unknown(_ applied: Applied) -> TrancheError {
        let applier = applied.program.map { "tranche \($0)" } ?? "a newer program"
        return TrancheError(
            .schemaUnknown,
            "the inventory in \(self.name) has migration \(applied.version) (\(applied.name)), "
                + "applied by \(applier); this is tranche \(TrancheVersion.text), which knows "
                + "migrations up to \(set.latest): use a newer 'tranche', or migrate down with the "
                + "one that made it"
        )
    }
}
