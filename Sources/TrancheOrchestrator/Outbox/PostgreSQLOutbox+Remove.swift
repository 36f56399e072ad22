import Tranche
import TranchePostgreSQL
import TrancheSQL

extension PostgreSQLOutbox {
    /// Takes the log and all that records into it out of the database.
    ///
    /// With the last log go the event trigger, and the schema `tranche` where it was made for the
    /// first one and holds nothing else. It may be called again, and does nothing where there is no
    /// such log.
    ///
    /// - Throws: `TrancheError` `.sourceUnavailable`, transient, where a table stayed locked:
    ///   calling it again goes on. `.sourceFailed`, permanent, where a right is missing.
    public func remove() async throws {
        guard try await explained("looking", isInstalled) else { return }
        let rows = try await explained("removing") {
            _ = try await database.write([
                // What is being covered is seen below, and from now on nothing is covered anew.
                """
                SELECT pg_advisory_xact_lock(
                    hashtextextended('tranche outbox ' || CAST(\(name) AS text), 0)
                )
                """,
                "UPDATE tranche.log SET is_ending = true WHERE name = \(name)",
            ])
            return try await database.read(
                """
                SELECT CAST(c.relation AS oid), CAST(c.relation AS text)
                FROM tranche.covered AS c
                WHERE c.log = \(name)
                ORDER BY 1
                """
            )
        }
        for var row in rows[0].map({ $0 }) {
            let relation = try row.integer()
            let spelling = try row.text()
            try await explained("giving up \(spelling)") { try await uncover(relation) }
        }
        try await explained("removing the log") { try await removeLog() }
    }

    private func removeLog() async throws {
        try await database.withTransaction([OutboxObjects.lock]) { connection, _ in
            try await makeObjects(on: connection)
            let numbers = try await connection.run([
                """
                SELECT p.oid, CAST(p.oid AS regprocedure)
                FROM pg_proc AS p
                WHERE p.pronamespace = CAST('tranche' AS regnamespace)
                    AND p.proname LIKE 'record\\_%'
                    AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgfoid = p.oid)
                    AND NOT EXISTS (
                        SELECT FROM tranche.covered AS c
                        WHERE p.proname = 'record_' || c.number AND c.log <> \(name)
                    )
                    AND p.proname <> 'record_source'
                ORDER BY p.oid
                """
            ])
            var script = "DROP TABLE IF EXISTS \(log.quoted);\n"
            for var row in numbers[0].map({ $0 }) {
                _ = try row.integer()
                script += "DROP FUNCTION \(try row.text());\n"
            }
            try await connection.runScript(script)
            let rest = try await connection.run([
                "DELETE FROM tranche.reader WHERE log = \(name)",
                "DELETE FROM tranche.log WHERE name = \(name)",
                "SELECT count(*) FROM tranche.log",
                "SELECT obj_description(to_regnamespace('tranche'), 'pg_namespace')",
            ])
            if var count = rest[2].first, try count.integer() == 0, var mark = rest[3].first {
                let isOwn = mark.optionalText() == OutboxObjects.schemaMark
                try await removeObjects(on: connection, withSchema: isOwn)
            }
            _ = try await connection.commit([])
        }
    }

    private func removeObjects(
        on connection: isolated PostgreSQLConnection,
        withSchema: Bool
    ) async throws {
        var script = "DROP EVENT TRIGGER IF EXISTS tranche_cover_later;\n"
        for function in OutboxObjects.functionNames { script += "DROP FUNCTION \(function);\n" }
        script += "DROP TABLE tranche.moved, tranche.reader, tranche.covered, tranche.log;\n"
        try await connection.runScript(script)
        guard withSchema else { return }
        let rest = try await connection.run([
            """
            SELECT EXISTS (
                SELECT FROM pg_class WHERE relnamespace = CAST('tranche' AS regnamespace)
            )
                OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = CAST('tranche' AS regnamespace))
                OR EXISTS (SELECT FROM pg_type WHERE typnamespace = CAST('tranche' AS regnamespace))
            """
        ])
        guard var row = rest[0].first, try !row.boolean() else { return }
        try await connection.runScript("DROP SCHEMA tranche;")
    }
}
