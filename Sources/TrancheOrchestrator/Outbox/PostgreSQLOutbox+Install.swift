import FoundationEssentials
import Tranche
import TranchePostgreSQL
import TrancheSQL

extension PostgreSQLOutbox {
    /// Makes the log and covers the tables, each in a transaction of its own.
    ///
    /// What is as it should be is left alone, so that it may be called again, also with other
    /// tables: those that are no longer named are no longer recorded. A role that may make one gets
    /// an event trigger, by which tables and partitions that are made later are covered at once;
    /// for others see ``refresh()``.
    ///
    /// - Returns: What was done.
    /// - Throws: `TrancheError` `.invalidArgument`, permanent, for a table that cannot be recorded,
    ///   or a schema that is not there: nothing was changed then. `.sourceUnavailable`, transient,
    ///   where a table stayed locked: what was covered stays. `.sourceFailed`, permanent, with the
    ///   rights that are missing.
    @discardableResult
    public func install() async throws -> OutboxReport {
        let isLater = try await explained("looking", isInstalled)
        try await explained("making the log") { try await makeLog() }
        try await explained("making the event trigger") { try await makeEventTrigger() }
        return try await cover(isLater: isLater)
    }

    /// Covers what was made, attached or detached since, each in a transaction of its own.
    ///
    /// - Returns: What was done, with the time from which each is covered.
    /// - Throws: As ``install()``; `.invalidArgument` where there is no such log.
    @discardableResult
    public func refresh() async throws -> OutboxReport {
        guard try await explained("looking", isInstalled) else { throw noLog }
        return try await cover(isLater: true)
    }

    var noLog: TrancheError {
        TrancheError(.invalidArgument, "there is no log of an input '\(name)'; add the input first")
    }

    /// Covers what is not as it should be.
    private func cover(isLater: Bool) async throws -> OutboxReport {
        let rows = try await explained("looking for tables") {
            try await database.read(
                """
                SELECT CAST(p.relation AS bigint), CAST(CAST(p.relation AS regclass) AS text),
                    p.is_wanted
                FROM tranche.pending(\(name)) AS p
                -- Tables before their parts: what comes through a table comes for all its parts.
                ORDER BY p.is_wanted, (
                    SELECT count(*) FROM pg_partition_ancestors(CAST(p.relation AS regclass))
                ), p.relation
                """
            )
        }
        var report = OutboxReport()
        for var row in rows[0].map({ $0 }) {
            let relation = try row.integer()
            let spelling = try row.text()
            if try row.boolean() {
                try await explained("covering \(spelling)") {
                    try await cover(relation, isLater, &report)
                }
            } else {
                try await explained("giving up \(spelling)") { try await uncover(relation) }
                report.givenUp.append(spelling)
            }
        }
        return report
    }

    private func cover(
        _ relation: Int64,
        _ isLater: Bool,
        _ report: inout OutboxReport
    ) async throws {
        let rows = try await withLockTimeout([
            """
            SELECT tranche.cover(
                \(name), CAST(CAST(\(relation) AS oid) AS regclass), \(.boolean(isLater))
            )
            """,
            """
            SELECT n.nspname || '.' || c.relname,
                CAST(extract(epoch FROM v.since) * 1000 AS bigint), coalesce(v.held_rows, false)
            FROM tranche.covered AS v
            JOIN pg_class AS c ON c.oid = CAST(v.relation AS oid)
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE v.log = \(name) AND CAST(v.relation AS oid) = CAST(\(relation) AS oid)
            """,
        ])
        // Another may have covered or dropped it meanwhile.
        guard var row = rows[1].first else { return }
        report.covered.append(
            OutboxReport.Covered(
                relation: try row.text(),
                since: try row.instant(),
                heldRows: try row.boolean()
            )
        )
    }

    func uncover(_ relation: Int64) async throws {
        _ = try await withLockTimeout([
            "SELECT tranche.uncover(\(name), CAST(CAST(\(relation) AS oid) AS regclass))"
        ])
    }

    // MARK: The log

    /// Makes schema, tables, functions and the log's row, or none of them.
    private func makeLog() async throws {
        let tables = String(decoding: try JSONEncoder().encode(configuration.tables), as: UTF8.self)
        try await database.withTransaction([OutboxObjects.lock]) { connection, _ in
            try await makeObjects(on: connection)
            _ = try await connection.run([
                """
                INSERT INTO tranche.log (name, payload, tables, schemas, version)
                VALUES (
                    \(name), \(configuration.payload.rawValue), CAST(\(tables) AS jsonb),
                    ARRAY(SELECT jsonb_array_elements_text(CAST(\(try schemas()) AS jsonb))),
                    \(OutboxObjects.version)
                )
                ON CONFLICT (name) DO UPDATE
                SET payload = excluded.payload, tables = excluded.tables,
                    schemas = excluded.schemas,
                    version = excluded.version, is_ending = false
                """,
                """
                CREATE TABLE IF NOT EXISTS \(log) (
                    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    location text NOT NULL,
                    operation text NOT NULL,
                    key text,
                    payload json,
                    at timestamptz NOT NULL DEFAULT clock_timestamp()
                )
                """,
            ])
            try await refuseMissingSchemas(on: connection)
            try await refuseUnrecordable(on: connection)
            _ = try await connection.commit([])
        }
    }

    private func schemas() throws -> String {
        String(decoding: try JSONEncoder().encode(configuration.schemas), as: UTF8.self)
    }

    /// Makes what is not there, or brings what an earlier version made up to date.
    func makeObjects(on connection: isolated PostgreSQLConnection) async throws {
        let mark = "version \(OutboxObjects.version)"
        let rows = try await connection.run([
            "SELECT to_regnamespace('tranche') IS NOT NULL",
            "SELECT obj_description(to_regclass('tranche.log'), 'pg_class')",
        ])
        guard var schema = rows[0].first, var version = rows[1].first else { return }
        let hasSchema = try schema.boolean()
        let known = version.optionalText()
        if known == mark { return }
        if let number = known?.split(separator: " ").last.flatMap({ Int($0) }),
            number > OutboxObjects.version
        {
            throw TrancheError(
                .schemaUnknown,
                "the logs in schema tranche are of version \(number), and this program knows "
                    + "version "
                    + "\(OutboxObjects.version); use the newer program"
            )
        }
        if !hasSchema {
            try await connection.runScript(
                """
                CREATE SCHEMA tranche;
                COMMENT ON SCHEMA tranche IS \(OutboxObjects.schemaMark.quotedAsText);
                """
            )
        }
        try await connection.runScript(
            OutboxObjects.tables + "\nCOMMENT ON TABLE tranche.log IS \(mark.quotedAsText);\n"
                + OutboxObjects.functions.map { $0 + ";\n" }.joined()
                + OutboxObjects.functionNames.map { "REVOKE ALL ON FUNCTION \($0) FROM PUBLIC;\n" }
                .joined()
        )
    }

    private func refuseMissingSchemas(on connection: isolated PostgreSQLConnection) async throws {
        for schema in configuration.schemas {
            let rows = try await connection.run([
                "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = CAST(\(schema) AS text))"
            ])
            if var row = rows[0].first, try row.boolean() { continue }
            throw TrancheError(
                .invalidArgument,
                "input '\(name)': schema '\(schema)' is not there"
            )
        }
    }

    /// Refuses tables that were named and cannot be recorded; those of a schema are told in the
    /// status.
    private func refuseUnrecordable(on connection: isolated PostgreSQLConnection) async throws {
        for table in configuration.tables {
            guard table.schema != "tranche", !table.schema.hasPrefix("pg_") else {
                throw refused(table, OutboxProblem.words("own"))
            }
            let name = SQLTableName(schema: table.schema, table: table.table)
            let rows = try await connection.run([
                """
                SELECT w.problem, CAST(CAST(w.root AS regclass) AS text), w.root <> w.relation,
                    c.relpersistence = 't'
                FROM pg_class AS c
                LEFT JOIN tranche.wanted(\(self.name)) AS w ON w.relation = c.oid
                WHERE c.oid = to_regclass(\(name.quoted))
                """
            ])
            guard var row = rows[0].first else { throw refused(table, "is not there") }
            let problem = row.optionalText()
            let root = row.optionalText() ?? ""
            let isPart = row.value() == .boolean(true)
            if let problem { throw refused(table, OutboxProblem.words(problem)) }
            if isPart {
                throw refused(table, "belongs to \(root), which is recorded with all its parts")
            }
            if try row.boolean() { throw refused(table, "is temporary") }
        }
    }

    private func refused(_ table: OutboxTable, _ why: String) -> TrancheError {
        TrancheError(
            .invalidArgument,
            "input '\(name)': table '\(table.location)' \(why)"
        )
    }

    private func makeEventTrigger() async throws {
        let rows = try await database.read(
            """
            SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
                AND NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'tranche_cover_later')
            """
        )
        guard var row = rows[0].first, try row.boolean() else { return }
        try await database.withTransaction([OutboxObjects.lock]) { connection, _ in
            let rows = try await connection.run([
                "SELECT count(*) FROM pg_event_trigger WHERE evtname = 'tranche_cover_later'"
            ])
            // Another may have made it meanwhile.
            guard var count = rows[0].first, try count.integer() == 0 else { return }
            _ = try await connection.commit([SQLStatement(OutboxObjects.eventTrigger)])
        }
    }
}
