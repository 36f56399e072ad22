import FoundationEssentials
import Tranche

extension SQLMigrator {
    package func down(
        to version: Int?,
        isDryRun: Bool,
        removesRows: Bool
    ) async throws -> MigrationReport {
        if let version, version != 0 { _ = try known(version) }
        return try await wrapping {
            let applied = try await self.applied()
            guard let last = applied.last else { return MigrationReport() }
            let target = version ?? last.version - 1
            let steps = set.migrations.reversed().filter { migration in
                migration.version > target && applied.contains { $0.version == migration.version }
            }
            var report = MigrationReport(
                steps: steps.map(\.label),
                sql: steps.map { script.fill($0.down) }
            )
            report.losses = try await database.withReader { connection in
                try await losses(of: steps, on: connection, isWriting: false)
            }
            try await requireNoNumbers(steps)
            if isDryRun { return report }
            if !removesRows { try refuse(report.losses, of: steps) }
            for step in steps { try await revert(step, removesRows: removesRows) }
            return report
        }
    }

    private func revert(_ migration: Migration, removesRows: Bool) async throws {
        try await database.withTransaction(database.lockForMigration(tables.migration)) {
            connection,
            _ in
            if !removesRows {
                // What has come since all were counted.
                let losses = try await losses(of: [migration], on: connection, isWriting: true)
                try refuse(losses, of: [migration])
            }
            try await connection.runScript(script.fill(migration.down))
            if migration.version == 1 {
                try await connection.runScript("DROP TABLE \(tables.migration.quoted);")
                _ = try await connection.commit([])
                return
            }
            _ = try await connection.commit([
                "DELETE FROM \(tables.migration) WHERE version = \(migration.version)"
            ])
        }
    }

    /// Refuses to drop the numbers of uids while runs stay that go by them: given anew, in another
    /// order, they would stand for other rows.
    private func requireNoNumbers(_ steps: [Migration]) async throws {
        let dropped = steps.reduce(into: Set<String>()) { $0.formUnion($1.removed.tables) }
        guard dropped.contains("inventory_registry"), !dropped.contains("inventory_run") else {
            return
        }
        let rows = try await database.read(
            """
            SELECT DISTINCT r.job
            FROM \(tables.run) AS r
            JOIN \(tables.registry) AS g ON g.meta_table = r.meta_table
            WHERE g.last_id > 0
            ORDER BY r.job
            """
        )
        let jobs = try rows[0].map { row in
            var row = row
            return "'\(try row.text())'"
        }
        if jobs.isEmpty { return }
        let all = jobs.joined(separator: ", ")
        let who = jobs.count == 1 ? "job \(all) goes" : "jobs \(all) go"
        let labels = steps.map(\.label).joined(separator: ", ")
        throw TrancheError(
            .migrationRefused,
            "reverting \(labels) in \(name) drops the numbers that uids were given, and \(who) "
                + "by them: with other numbers rows would be left out and handed out again. "
                + "Forget what goes by them first (tranche forget --job JOB), or revert all "
                + "(--to 0)"
        )
    }

    // MARK: Losses

    private func refuse(_ losses: [MigrationReport.Loss], of steps: [Migration]) throws {
        if losses.isEmpty { return }
        let labels = steps.map(\.label).joined(separator: ", ")
        throw TrancheError(
            .migrationRefused,
            "reverting \(labels) in \(name) removes \(losses.words); "
                + "do it with --yes (in Swift, removesRows: true)"
        )
    }

    /// Counts what some steps down remove; all statements of one call see the same.
    private func losses(
        of steps: [Migration],
        on connection: isolated Database.Connection,
        isWriting: Bool
    ) async throws -> [MigrationReport.Loss] {
        let touched = steps.map(\.removed)
        let dropped = touched.reduce(into: Set<String>()) { $0.formUnion($1.tables) }
        let narrowed = touched.reduce(into: Set<String>()) { $0.formUnion($1.narrowed) }
        var questions: [(what: String, count: SQLStatement)] = []
        for table in dropped.sorted() { questions.append(count(table)) }
        for table in narrowed.subtracting(dropped).sorted() {
            let (what, count) = count(table)
            questions.append((what + "' columns", count))
        }
        if questions.isEmpty { return [] }
        let statements = questions.map(\.count)
        let rows =
            isWriting
            ? try await connection.run(statements)
            : try await connection.atomically(statements, isWriting: false)
        var losses: [MigrationReport.Loss] = []
        for (question, rows) in zip(questions, rows) {
            losses += try rows.map { row in
                MigrationReport.Loss(
                    job: try row.text(),
                    what: question.what,
                    count: Int(try row.integer())
                )
            }
        }
        return losses.filter { $0.count > 0 }.sorted { ($0.job, $0.what) < ($1.job, $1.what) }
    }

    /// How to count the rows of a table by job, and what they are.
    private func count(_ table: String) -> (what: String, count: SQLStatement) {
        switch table {
        case "inventory":
            return ("batches", "SELECT job, count(*) FROM \(tables.batch) GROUP BY job")
        case "inventory_run":
            return ("runs", "SELECT job, count(*) FROM \(tables.run) GROUP BY job")
        case "inventory_attempt":
            return ("attempts", count(tables.attempt, of: tables.batch, by: "batch_id"))
        case "inventory_output":
            return ("outputs", count(tables.output, of: tables.batch, by: "batch_id"))
        case "inventory_gap":
            return ("gaps", count(tables.gap, of: tables.run, by: "run_id"))
        case "inventory_budget":
            return (
                "budgets", "SELECT '', count(*) FROM \(tables.budget) WHERE name IS NOT NULL"
            )
        case "inventory_page":
            return ("pages", "SELECT '', count(*) FROM \(tables.page)")
        case "inventory_event":
            return ("events", "SELECT '', count(*) FROM \(tables.event)")
        case "inventory_workflow":
            return ("workflows", count(tables.workflow, of: tables.run, by: "run_id"))
        case "inventory_pipeline":
            return (
                "pipelines", "SELECT '', count(DISTINCT name) FROM \(tables.pipeline)"
            )
        case "inventory_registry":
            return ("registries", "SELECT '', count(*) FROM \(tables.registry)")
        case "inventory_uid":
            return ("numbered uids", "SELECT '', count(*) FROM \(tables.uid)")
        case "inventory_alert":
            return ("alerts", "SELECT '', count(*) FROM \(tables.alert)")
        case "inventory_tally":
            // What it says is found out again from the other tables.
            return ("tallies", "SELECT '', count(*) FROM \(tables.tally) WHERE 1 = 0")
        case "inventory_migration", "inventory_worker":
            // Who applied what, and who is at work, is of no use to an older program.
            return ("rows", "SELECT '', count(*) FROM \(tables.migration) WHERE 1 = 0")
        case "inventory_archive":
            let batches: SQLStatement = "CAST(sum(t.batches) AS bigint)"
            return (
                "packed batches",
                count(tables.archive, of: tables.run, by: "run_id", counting: batches)
            )
        default:
            let name = SQLTableName(
                schema: tables.batch.schema,
                table: tables.batch.table + table.dropFirst("inventory".count)
            )
            return ("rows of \(name.table)", "SELECT '', count(*) FROM \(name)")
        }
    }

    /// How to count the rows of a table by the job of what they belong to.
    private func count(
        _ table: SQLTableName,
        of owner: SQLTableName,
        by column: String,
        counting: SQLStatement = "count(*)"
    ) -> SQLStatement {
        """
        SELECT coalesce(o.job, ''), \(counting)
        FROM \(table) AS t
        LEFT JOIN \(owner) AS o ON o.id = t.\(name: column)
        GROUP BY coalesce(o.job, '')
        """
    }
}

extension Migration {
    /// The tables that the step down drops, and those that lose columns, by their names in the
    /// script.
    var removed: (tables: Set<String>, narrowed: Set<String>) {
        var (tables, narrowed) = (Set<String>(), Set<String>())
        for statement in down.split(separator: ";") {
            let words = statement.split(whereSeparator: \.isWhitespace)
            guard words.count > 2, words[1] == "TABLE" else { continue }
            let name = words[2].trimmingPrefix("{").prefix { $0 != "}" }
            if words[0] == "DROP" { tables.insert(String(name)) }
            if words[0] == "ALTER",
                words.indices.dropLast().contains(where: {
                    words[$0] == "DROP" && words[$0 + 1] == "COLUMN"
                })
            {
                narrowed.insert(String(name))
            }
        }
        return (tables, narrowed)
    }
}
