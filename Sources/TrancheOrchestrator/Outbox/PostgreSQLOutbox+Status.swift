import Tranche
import TranchePostgreSQL
import TrancheSQL

extension PostgreSQLOutbox {
    /// Tells what is covered, and what is not seen.
    ///
    /// Nothing is changed.
    ///
    /// - Returns: The status; `nil` where there is no such log.
    /// - Throws: `TrancheError` `.sourceUnavailable` or `.sourceFailed`.
    public func status() async throws -> OutboxStatus? {
        try await explained("looking") {
            guard try await isInstalled() else { return nil }
            let rows = try await database.read(
                "SELECT payload, floor FROM tranche.log WHERE name = \(name)",
                "SELECT max(id) FROM \(log)",
                """
                SELECT EXISTS (
                    SELECT FROM pg_event_trigger
                    WHERE evtname = 'tranche_cover_later' AND evtenabled IN ('O', 'A')
                )
                """
            )
            // It may have been removed meanwhile.
            guard var own = rows[0].first, var highest = rows[1].first, var later = rows[2].first
            else { return nil }
            let payload = Payload(rawValue: try own.text()) ?? .key
            let coversLater = try later.boolean()
            return OutboxStatus(
                name: name,
                payload: payload,
                floor: try own.integer(),
                highest: try highest.optionalInteger(),
                coversLaterAtOnce: coversLater,
                parts: try await parts(),
                readers: try await readers(),
                blindSpots: try await blindSpots()
            )
        }
    }

    private func parts() async throws -> [OutboxStatus.Part] {
        let rows = try await database.read(
            """
            SELECT n.nspname || '.' || c.relname, m.nspname || '.' || r.relname, v.mode = 'row',
                CAST(extract(epoch FROM v.since) * 1000 AS bigint)
            FROM tranche.covered AS v
            JOIN pg_class AS c ON c.oid = CAST(v.relation AS oid)
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_class AS r ON r.oid = CAST(v.root AS oid)
            JOIN pg_namespace AS m ON m.oid = r.relnamespace
            WHERE v.log = \(name)
            ORDER BY 1
            """
        )
        return try rows[0].map { row in
            OutboxStatus.Part(
                relation: try row.text(),
                location: try row.text(),
                eachRow: try row.boolean(),
                since: try row.instant()
            )
        }
    }

    // MARK: What is not seen

    private func blindSpots() async throws -> [OutboxStatus.BlindSpot] {
        let queries: [(code: String, query: SQLStatement)] = [
            ("missing-table", missingTables), ("", unrecordable), ("uncovered", uncovered),
            ("disabled-trigger", disabledTriggers), ("attached-data", attachedData),
            ("own-trigger", ownTriggers), ("deferrable-key", deferrableKeys),
            ("replica-role", replicaRoles),
        ]
        var spots: [OutboxStatus.BlindSpot] = []
        for (code, query) in queries {
            let rows = try await database.read(query)[0]
            spots += try rows.map { row in
                let relation = row.optionalText()
                let detail = try row.text()
                return OutboxStatus.BlindSpot(
                    code: code.isEmpty ? detail : code,
                    relation: relation,
                    message: Self.words(code, relation ?? "", detail)
                )
            }
        }
        return spots
    }

    private static func words(_ code: String, _ relation: String, _ detail: String) -> String {
        switch code {
        case "missing-table": "'\(relation)' is not there; it is recorded once it is"
        case "uncovered":
            "changes of '\(relation)' are not recorded, or not as they should be: refresh the input"
        case "disabled-trigger":
            "trigger \(detail) is switched off, so that changes of '\(relation)' are not recorded: "
                + "ALTER TABLE … ENABLE TRIGGER switches it on"
        case "attached-data":
            "'\(relation)' had rows when it was covered, at \(detail): those that were attached "
                + "with "
                + "it, or written to it by name before, are not in the log"
        case "own-trigger":
            "trigger \(detail) of '\(relation)' runs for each row: if it changes rows of the same "
                + "table, that is recorded before the change that it was called for. Recording "
                + "each row avoids it"
        case "deferrable-key":
            "index \(detail) of '\(relation)' may be checked at the end of a transaction: where "
                + "it is "
                + "(SET CONSTRAINTS), events of one key may be out of order"
        case "replica-role":
            "what is written while session_replication_role is replica"
                + (detail.isEmpty ? "" : ", as for \(detail),")
                + " is not recorded, but in tables that are recorded row by row"
        default: "'\(relation)' \(OutboxProblem.words(detail))"
        }
    }

    private var missingTables: SQLStatement {
        """
        SELECT concat(t ->> 'schema', '.', t ->> 'table'), ''
        FROM tranche.log AS l, jsonb_array_elements(l.tables) AS t
        WHERE l.name = \(name)
            AND to_regclass(format('%I.%I', t ->> 'schema', t ->> 'table')) IS NULL
        ORDER BY 1
        """
    }

    private var unrecordable: SQLStatement {
        """
        SELECT n.nspname || '.' || c.relname, w.problem
        FROM tranche.wanted(\(name)) AS w
        JOIN pg_class AS c ON c.oid = w.relation
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE w.problem IS NOT NULL AND w.relation = w.root
        ORDER BY 1
        """
    }

    private var uncovered: SQLStatement {
        """
        SELECT n.nspname || '.' || c.relname, ''
        FROM tranche.pending(\(name)) AS p
        JOIN pg_class AS c ON c.oid = p.relation
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE p.is_wanted
        ORDER BY 1
        """
    }

    private var disabledTriggers: SQLStatement {
        // R fires for the replica role alone, and O not for what a subscription writes.
        """
        SELECT n.nspname || '.' || c.relname, quote_ident(t.tgname)
        FROM tranche.covered AS v
        JOIN pg_proc AS p ON p.pronamespace = CAST('tranche' AS regnamespace)
            AND p.proname = 'record_' || v.number
        JOIN pg_trigger AS t ON t.tgrelid = CAST(v.relation AS oid) AND t.tgfoid = p.oid
        JOIN pg_class AS c ON c.oid = t.tgrelid
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE v.log = \(name) AND (
            t.tgenabled IN ('D', 'R') OR v.mode = 'row' AND t.tgenabled <> 'A'
        )
        ORDER BY 1, 2
        """
    }

    private var attachedData: SQLStatement {
        """
        SELECT n.nspname || '.' || c.relname,
            to_char(v.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        FROM tranche.covered AS v
        JOIN pg_class AS c ON c.oid = CAST(v.relation AS oid)
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE v.log = \(name) AND v.held_rows
        ORDER BY 1
        """
    }

    private var ownTriggers: SQLStatement {
        // Type: 1 is FOR EACH ROW, 2 is BEFORE. Source: PostgreSQL 15, pg_trigger.h.
        """
        SELECT n.nspname || '.' || c.relname, quote_ident(t.tgname)
        FROM tranche.covered AS v
        JOIN pg_trigger AS t ON t.tgrelid = CAST(v.relation AS oid)
        JOIN pg_proc AS p ON p.oid = t.tgfoid
        JOIN pg_class AS c ON c.oid = t.tgrelid
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE v.log = \(name) AND v.mode = 'statement' AND NOT t.tgisinternal
            AND t.tgenabled <> 'D' AND t.tgtype & 3 = 1
            AND p.pronamespace <> CAST('tranche' AS regnamespace)
        ORDER BY 1, 2
        """
    }

    private var deferrableKeys: SQLStatement {
        """
        SELECT DISTINCT n.nspname || '.' || c.relname, quote_ident(x.relname)
        FROM tranche.wanted(\(name)) AS w
        JOIN pg_class AS c ON c.oid = w.root
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_index AS i ON i.indrelid = w.root AND i.indisunique AND NOT i.indimmediate
            AND (CAST(i.indkey AS smallint[]))[0:i.indnkeyatts - 1] <@ w.key
        JOIN pg_class AS x ON x.oid = i.indexrelid
        WHERE w.problem IS NULL
        ORDER BY 1, 2
        """
    }

    private var replicaRoles: SQLStatement {
        """
        SELECT NULL, coalesce(
            (
                SELECT string_agg(
                    concat_ws(' in ', 'role ' || quote_ident(r.rolname),
                        'database ' || quote_ident(d.datname)),
                    ', ' ORDER BY r.rolname, d.datname
                )
                FROM pg_db_role_setting AS s
                LEFT JOIN pg_roles AS r ON r.oid = s.setrole
                LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
                WHERE 'session_replication_role=replica' = ANY (s.setconfig)
                    AND (s.setdatabase = 0 OR d.datname = current_database())
            ),
            ''
        )
        WHERE EXISTS (SELECT FROM tranche.covered WHERE log = \(name) AND mode = 'statement')
        """
    }
}
