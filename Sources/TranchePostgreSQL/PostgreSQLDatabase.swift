import FoundationEssentials
import Synchronization
import Tranche
package import TrancheSQL

/// A PostgreSQL database, through a pool of connections.
package final class PostgreSQLDatabase: SQLDatabase {
    package let name: String
    package let writers: SQLConnectionPool<PostgreSQLConnection>
    /// Connections in whose transactions others write: a caller that waits for one holds none of
    /// the others.
    package let longWriters: SQLConnectionPool<PostgreSQLConnection>
    private let roundTrip = RoundTrip()
    /// The tables that uids come from, where those stand under the names themselves.
    let named = Mutex<[NamedColumn: PostgreSQLSourceFamily.Column]>([:])

    package var dialect: any SQLDialect { PostgreSQLDialect() }

    // What a query that decides on an acquire costs the server more than the statements that leave
    // it to the program.
    package var isFar: Bool { roundTrip.shortest >= .microseconds(150) }

    /// Describes a database; the first use connects.
    ///
    /// - Parameters:
    ///   - url: As libpq takes it.
    ///   - isReadOnly: Whether the server is to refuse writing, as for a source.
    ///   - lockTimeout: How long to wait for a lock.
    ///   - maxConnections: Most connections.
    package init(
        url: PostgreSQLURL,
        isReadOnly: Bool,
        lockTimeout: Duration,
        maxConnections: Int
    ) {
        name = url.name
        let lead = PostgreSQLLead.of(url)
        let refusal = isReadOnly ? nil : TimelineRefusal()
        let session = PostgreSQLSession(
            lockTimeout: lockTimeout,
            isReadOnly: isReadOnly
        )
        func makePool(measuring roundTrip: RoundTrip?) -> SQLConnectionPool<PostgreSQLConnection> {
            SQLConnectionPool(
                limit: maxConnections,
                closedError: { PostgreSQLError(sqlState: "08003", message: "it was closed") }
            ) {
                try PostgreSQLConnection(
                    url: url,
                    timeout: .seconds(10),
                    lead: lead,
                    session: session,
                    roundTrip: roundTrip,
                    timelineRefusal: refusal
                )
            }
        }
        writers = makePool(measuring: isReadOnly ? nil : roundTrip)
        longWriters = makePool(measuring: nil)
    }

    package func identity() async throws -> String {
        let rows = try await read(
            "SELECT system_identifier, current_database() FROM pg_control_system()"
        )
        var row = rows[0][0]
        return "postgresql:\(try row.text())/\(try row.text())"
    }

    // Which transactions are seen, and so what is: it is the same text until one that has written
    // has ended, in any database of the server. Looking at it is not one.
    package func changeMark() async throws -> String? {
        var row = try await read("SELECT CAST(pg_current_snapshot() AS text)")[0][0]
        return try row.text()
    }

    package var readers: SQLConnectionPool<PostgreSQLConnection> { writers }

    package func readOnlyReason(of tables: [SQLTableName]) async throws -> String? {
        let checks: [SQLStatement] = tables.map { table in
            """
            SELECT pg_is_in_recovery(), current_user, \(table.quoted),
                has_table_privilege(to_regclass(\(table.quoted)), 'INSERT')
                    AND has_table_privilege(to_regclass(\(table.quoted)), 'UPDATE')
            """
        }
        let rows = try await readers.withConnection {
            try await $0.atomically(checks, isWriting: false)
        }
        for row in rows.compactMap(\.first) {
            var row = row
            if try row.boolean() { return "the server is a standby, which takes no writes" }
            let (role, table) = (try row.text(), try row.text())
            if try !row.boolean() { return "the role '\(role)' may not write to \(table)" }
        }
        return nil
    }

    package func close() async {
        writers.close()
        longWriters.close()
    }

    // MARK: Schema

    package func table(_ name: SQLTableName) async throws -> SQLTable? {
        let rows = try await read(
            """
            SELECT a.attname, format_type(a.atttypid, a.atttypmod), format_type(t.oid, NULL),
                a.attnotnull,
                CASE
                    WHEN t.oid IN (20, 21, 23) THEN 'integer'
                    WHEN t.oid IN (700, 701, 1700) THEN 'number'
                    ELSE 'other'
                END,
                EXISTS (
                    SELECT FROM pg_index AS i
                    WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indisvalid
                        AND i.indpred IS NULL
                        AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum
                ),
                a.atthasdef OR a.attidentity <> '' OR d.typdefault IS NOT NULL,
                a.attgenerated <> '', a.attidentity = 'a'
            FROM pg_attribute AS a
            JOIN pg_type AS d ON d.oid = a.atttypid
            CROSS JOIN LATERAL (
                -- A domain's type may be a domain.
                WITH RECURSIVE base AS (
                    SELECT oid, typbasetype FROM pg_type WHERE oid = a.atttypid
                    UNION ALL
                    SELECT next.oid, next.typbasetype
                    FROM base JOIN pg_type AS next ON next.oid = base.typbasetype
                )
                SELECT oid FROM base WHERE typbasetype = 0
            ) AS t
            WHERE a.attrelid = to_regclass(\(name.quoted)) AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum
            """,
            """
            SELECT c.relname, NOT i.indimmediate, i.indpred IS NOT NULL,
                (
                    SELECT string_agg(coalesce(a.attname, ''), chr(1) ORDER BY k.place)
                    FROM unnest(CAST(i.indkey AS int2[])) WITH ORDINALITY AS k (attnum, place)
                    LEFT JOIN pg_attribute AS a
                        ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
                    WHERE k.place <= i.indnkeyatts
                )
            FROM pg_index AS i
            JOIN pg_class AS c ON c.oid = i.indexrelid
            WHERE i.indrelid = to_regclass(\(name.quoted)) AND i.indisunique AND i.indisvalid
            ORDER BY c.relname
            """,
            """
            SELECT relkind IN ('v', 'm'), row_security_active(oid)
            FROM pg_class
            WHERE oid = to_regclass(\(name.quoted))
            """
        )
        guard var kind = rows[2].first else { return nil }
        let isView = try kind.boolean()
        let hasPolicies = try kind.boolean()
        let columns = try rows[0].map { row in
            var column = SQLTable.Column(
                name: try row.text(),
                type: try row.text(),
                baseType: try row.text(),
                isNotNull: try row.boolean(),
                kind: Self.kind(try row.text()),
                isUnique: try row.boolean()
            )
            // A view leaves it to the table behind it.
            column.hasDefault = try row.boolean() || isView
            if try row.boolean() { column.giver = .expression }
            if try row.boolean() { column.giver = .identity }
            return column
        }
        if columns.isEmpty { return nil }
        let indexes = try rows[1].map { row in
            let name = try row.text()
            let (isDeferrable, isPartial) = (try row.boolean(), try row.boolean())
            let columns = try row.text().split(separator: "\u{1}", omittingEmptySubsequences: false)
            return SQLTable.UniqueIndex(
                name: name,
                columns: columns.map { $0.isEmpty ? nil : String($0) },
                isPartial: isPartial,
                isDeferrable: isDeferrable
            )
        }
        return SQLTable(
            columns: columns,
            indexes: indexes,
            isView: isView,
            needsInserts: isView || hasPolicies
        )
    }

    package func place(of name: SQLTableName) async throws -> String {
        let rows = try await read(
            """
            SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.oid = to_regclass(\(name.quoted))
            """
        )
        guard var row = rows[0].first else { return name.quoted }
        return try row.text()
    }

    package func mayWrite(to name: SQLTableName, replacing: Bool) async throws -> Bool {
        // What is replaced is read, and what replaces it is copied aside, as is what must come by
        // INSERT.
        let rights = replacing ? "{INSERT,UPDATE,SELECT}" : "{INSERT}"
        // By the catalog, since a name in a schema that may not be used is an error elsewhere.
        let rows = try await read(
            """
            SELECT has_schema_privilege(n.oid, 'USAGE') AND (
                    SELECT bool_and(has_any_column_privilege(c.oid, privilege))
                    FROM unnest(CAST(\(rights) AS text[])) AS privilege
                )
                AND (
                    NOT (
                        \(.boolean(replacing)) OR c.relkind IN ('v', 'm')
                        OR row_security_active(c.oid)
                    )
                    OR has_database_privilege(current_database(), 'TEMPORARY')
                )
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relname = CAST(\(name.table) AS text)
                AND CASE
                    WHEN CAST(\(name.schema) AS text) IS NULL THEN pg_table_is_visible(c.oid)
                    ELSE n.nspname = CAST(\(name.schema) AS text)
                END
            """
        )
        guard var row = rows[0].first else { return true }
        return try row.boolean()
    }

    // The logs of recorded tables, and the views that list them as events. They are cleaned from
    // below, whoever reads them and under whatever name.
    package func floor(of name: SQLTableName) -> SQLStatement? {
        guard name.schema == "tranche" else { return nil }
        for prefix in ["event_", "log_"] where name.table.hasPrefix(prefix) {
            let log = String(name.table.dropFirst(prefix.count))
            return "SELECT floor FROM tranche.log WHERE name = \(log)"
        }
        return nil
    }

    package func spellings(of name: SQLTableName) async throws -> [String] {
        let rows = try await read(
            """
            SELECT CASE WHEN pg_table_is_visible(c.oid) THEN '' ELSE n.nspname || '.' END || c.relname
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE lower(c.relname) = lower(\(name.table)) AND c.relkind IN ('r', 'p', 'v', 'f')
                AND CASE
                    WHEN CAST(\(name.schema) AS text) IS NULL THEN pg_table_is_visible(c.oid)
                    ELSE lower(n.nspname) = lower(CAST(\(name.schema) AS text))
                END
            ORDER BY 1
            LIMIT 5
            """
        )
        return try rows[0].map { try $0.text() }
    }

    private static func kind(_ name: String) -> SQLTable.Kind {
        switch name {
        case "integer": .integer
        case "number": .number
        default: .other
        }
    }

    package func changingFunctions(among calls: FilterCalls) async throws -> [String] {
        let names =
            "{"
            + calls.functions.map { "\"\($0.replacing("\"", with: ""))\"" }.sorted()
            .joined(separator: ",") + "}"
        let rows = try await read(
            // Several functions may share a name, and which one is meant only the server's parser
            // knows: refused are names of which one is volatile, or none immutable.
            """
            SELECT proname
            FROM pg_proc
            WHERE proname = ANY (CAST(\(names) AS text[]))
            GROUP BY proname
            HAVING bool_or(provolatile = 'v') OR NOT bool_or(provolatile = 'i')
            ORDER BY proname
            """
        )
        let keywords: Set = [
            "current_timestamp", "current_date", "current_time", "localtime", "localtimestamp",
            "current_user", "session_user", "current_role",
        ]
        var found = try rows[0].map { try $0.text() } + calls.words.intersection(keywords)
        // With one argument it counts from today, with two it is immutable.
        if calls.calls.contains(.init("age", arguments: 1)) { found.append("age") }
        return found
            + calls.literals.filter { PostgreSQLTimeWords.mayChange($0) }.map(\.quotedAsText)
    }

    package func changingCasts(in query: SQLStatement) async throws -> [String] {
        var explain: SQLStatement = "EXPLAIN (VERBOSE, COSTS OFF) "
        explain.append(query)
        let rows = try await read(explain)
        // What is immutable was put together by the planner; a text that becomes a time was not.
        let cast =
            #/
                \(('(?:[^']|'')*')
                ::(?:text|name|cstring|character\ varying|character|bpchar)\)
                ::(?:timestamp|date|time)
            /#
        let lines = try rows[0].map { try $0.text() }
        return Set(lines.flatMap { $0.matches(of: cast).map { String($0.output.1) } }).sorted()
    }

    package func lockForMigration(_ name: SQLTableName) -> [SQLStatement] {
        ["SELECT pg_advisory_xact_lock(hashtextextended(\("tranche " + name.quoted), 0))"]
    }

    package func dependents(of name: SQLTableName) async throws -> [String] {
        let rows = try await read(
            """
            SELECT DISTINCT
                CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'view ' END
                    || CAST(CAST(c.oid AS regclass) AS text)
            FROM pg_depend AS d
            JOIN pg_rewrite AS r ON r.oid = d.objid
            JOIN pg_class AS c ON c.oid = r.ev_class
            WHERE d.classid = CAST('pg_rewrite' AS regclass)
                AND d.refclassid = CAST('pg_class' AS regclass)
                AND d.refobjid = to_regclass(\(name.quoted))
                AND c.oid <> d.refobjid
            ORDER BY 1
            """
        )
        return try rows[0].map { try $0.text() }
    }

    // MARK: Zones

    package func zone(_ asked: String?) async throws -> String {
        guard let asked else {
            var row = try await read("SELECT current_setting('TimeZone')")[0][0]
            return try row.text()
        }
        do {
            _ = try await read("SELECT now() AT TIME ZONE \(asked)")
        } catch let error as PostgreSQLError where error.sqlState == "22023" {
            throw TrancheError(
                .invalidArgument,
                "the server knows no time zone '\(asked)'; give a name such as UTC or Europe/Berlin",
                underlying: error
            )
        }
        return asked
    }

    package func zoneShifts(
        _ zone: String,
        tables: TableNames,
        on connection: isolated PostgreSQLConnection
    ) async throws -> [SQLStatement] {
        // The migration itself has turned them.
        []
    }
}

/// Whether a server refuses to tell its timeline, as a service may that keeps its own promises
/// about failovers: it is not asked again then.
final class TimelineRefusal: Sendable {
    private let refused = Mutex(false)

    var isKnown: Bool { refused.withLock { $0 } }

    func note() {
        refused.withLock { $0 = true }
    }
}

/// The shortest round trip that was seen.
final class RoundTrip: Sendable {
    private let seen = Mutex<Duration?>(nil)

    /// Zero as long as none was.
    var shortest: Duration { seen.withLock { $0 ?? .zero } }

    func note(_ time: Duration) {
        seen.withLock { $0 = min($0 ?? time, time) }
    }
}
