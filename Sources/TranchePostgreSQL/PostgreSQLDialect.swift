package import Tranche
package import TrancheSQL

/// PostgreSQL's SQL: rows are locked one by one, instants are `timestamptz`.
package struct PostgreSQLDialect: SQLDialect {
    package init() {}

    package var hasOneWriter: Bool { false }

    package var changesWithinQueries: Bool { true }

    package var joinsLaterally: Bool { true }

    // It holds no run; a stopped process may hold what was written for an hour.
    package var beginningLongTransaction: [SQLStatement] {
        ["SET LOCAL idle_in_transaction_session_timeout = '1h'"]
    }

    package var lockingRow: SQLStatement { "FOR UPDATE" }

    package var lockingKeptRow: SQLStatement { "FOR NO KEY UPDATE" }

    package var keepingRow: SQLStatement { "FOR KEY SHARE" }

    package var lockingFreeRows: SQLStatement { "FOR UPDATE SKIP LOCKED" }

    package var clock: SQLStatement { "clock_timestamp()" }

    package var instantType: String { "timestamptz" }

    package func type(of kind: SQLColumnKind) -> String {
        switch kind {
        case .integer: "bigint"
        case .real: "double precision"
        case .decimal: "numeric"
        case .boolean: "boolean"
        case .text: "text"
        case .json: "jsonb"
        case .timestamp: "timestamp with time zone"
        case .date: "date"
        case .blob: "bytea"
        }
    }

    package var mostColumns: Int { 1600 }

    package func objection(toColumn name: String) -> String? {
        if name.isEmpty { return "a column has a name in PostgreSQL" }
        let system: Set = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]
        if system.contains(name) { return "PostgreSQL has a column of that name in every table" }
        return name.utf8.count > 63 ? "a name has at most 63 bytes in PostgreSQL" : nil
    }

    package func instant(_ milliseconds: SQLStatement) -> SQLStatement {
        "to_timestamp(CAST(\(milliseconds) AS double precision) / 1000)"
    }

    package func milliseconds(_ instant: SQLStatement) -> SQLStatement {
        // Unlike extract, date_part gives a double, exact to the microsecond here, and is faster.
        "CAST(date_part('epoch', \(instant)) * 1000 AS bigint)"
    }

    package func instant(_ instant: SQLStatement, plus milliseconds: SQLStatement) -> SQLStatement {
        "\(instant) + \(milliseconds) * interval '1 millisecond'"
    }

    package func processingTime(_ instant: SQLStatement) -> SQLStatement { instant }

    package func instant(ofProcessingTime column: SQLStatement) -> SQLStatement { column }

    package func milliseconds(ofProcessingTime column: SQLStatement) -> SQLStatement {
        milliseconds(column)
    }

    // Differs by dialect: beginning a statement costs more here than a row. Values come in arrays,
    // each read once; a join with them would be planned, for as long as the session lasts, for the
    // table as it is now.
    package func bulkValues(
        of rows: [[Value]],
        by column: String
    ) -> (isMeant: SQLStatement, values: [SQLStatement])? {
        guard let first = rows.first else { return nil }
        let arrays = first.indices.map { place -> SQLStatement in
            let values = rows.map { $0[place] }
            let type = values.contains { $0.integer != nil } ? "bigint" : "text"
            let list = "{" + values.map(\.asArrayElement).joined(separator: ",") + "}"
            return """
                CAST((SELECT CAST(\(list) AS \(unsafeRaw: type)[])) AS \(unsafeRaw: type)[])
                """
        }
        let place: SQLStatement = "array_position(\(arrays[0]), \(name: column))"
        return (
            "\(name: column) = ANY (\(arrays[0]))", arrays.dropFirst().map { "(\($0))[\(place)]" }
        )
    }

    // Differs by dialect: each statement is planned, started and sent by itself here.
    package func table(
        ofColumns columns: [(name: String, type: String, values: [Value])]
    ) -> SQLStatement? {
        var table: SQLStatement = "unnest("
        for (place, column) in columns.enumerated() {
            let list = "{" + column.values.map(\.asArrayElement).joined(separator: ",") + "}"
            table.append(place == 0 ? "" : ", ")
            table.append("CAST(\(list) AS \(unsafeRaw: column.type)[])")
        }
        let names = columns.map { "\($0.name.quotedAsName)" } + ["place"]
        table.append(
            ") WITH ORDINALITY AS given (\(unsafeRaw: names.joined(separator: ", ")))"
        )
        return table
    }

    package func json(of text: SQLStatement) -> SQLStatement { "CAST(\(text) AS json)" }

    package var bytewise: SQLStatement { #" COLLATE "C""# }

    // Differs by dialect: times have a type here, and their usual spelling goes by the session.
    package func text(ofUID column: SQLStatement, _ kind: UIDKind) -> SQLStatement {
        func time(_ value: SQLStatement, _ format: String) -> SQLStatement {
            """
            CASE
                WHEN NOT isfinite(\(column)) THEN CAST(\(column) AS text)
                WHEN extract(year FROM \(column)) < 0
                THEN to_char(\(value), '\(unsafeRaw: format)') || ' BC'
                ELSE to_char(\(value), '\(unsafeRaw: format)')
            END
            """
        }
        let second = #"YYYY-MM-DD"T"HH24:MI:SS.US"#
        return switch kind {
        case .uuid, .text, .integer: "CAST(\(column) AS text)"
        case .timestamp: time(column, second)
        case .instant: time("\(column) AT TIME ZONE 'UTC'", second + #""Z""#)
        case .date: time(column, "YYYY-MM-DD")
        }
    }

    package func uid(ofText text: SQLStatement, _ kind: UIDKind) -> SQLStatement {
        switch kind {
        case .text: text
        case .uuid: "CAST(\(text) AS uuid)"
        case .timestamp: "CAST(\(text) AS timestamp)"
        case .instant: "CAST(\(text) AS timestamptz)"
        case .date: "CAST(\(text) AS date)"
        case .integer: "CAST(\(text) AS bigint)"
        }
    }

    package func beginning(of column: String) -> SQLStatement {
        "left(CAST(\(name: column) AS text), 2048)"
    }

    package func double(_ expression: SQLStatement) -> SQLStatement {
        "CAST(\(expression) AS double precision)"
    }

    package func double(_ column: SQLStatement, ofType type: String) -> SQLStatement {
        guard type == "numeric" else { return double(column) }
        // Only such a number can be beyond, which would be an error that names no row.
        return """
            CASE
                WHEN \(column) >= 1e-300 AND \(column) <= 1e300
                THEN CAST(\(column) AS double precision)
                WHEN \(column) = 'NaN' THEN CAST('NaN' AS double precision)
                WHEN \(column) > 1.7976931348623157e308 THEN CAST('Infinity' AS double precision)
                WHEN \(column) < -1.7976931348623157e308 THEN CAST('-Infinity' AS double precision)
                WHEN abs(\(column)) < 1e-300 THEN CAST(0 AS double precision)
                ELSE CAST(\(column) AS double precision)
            END
            """
    }

    // Differs by dialect: a sum that is beyond is an error here.
    package func sum(ofWeights column: SQLStatement) -> SQLStatement {
        let scaled: SQLStatement = "CASE WHEN \(column) > 1e200 THEN \(column) * 1e-30 ELSE 0 END"
        return """
            CAST(
                CASE
                    WHEN max(\(column)) > 1e290
                    THEN least(sum(\(scaled)), CAST(1.79e278 AS double precision))
                        * CAST(1e30 AS double precision)
                    ELSE sum(CASE WHEN \(column) > 1e290 THEN 0 ELSE \(column) END)
                END AS double precision
            )
            """
    }

    package func text(_ text: SQLStatement, has part: SQLStatement) -> SQLStatement {
        "coalesce(strpos(\(text), \(part)) > 0, false)"
    }

    // Differs by dialect: each statement sees what was committed before it, unless told otherwise.
    package var beginningSnapshot: [SQLStatement] {
        ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"] + beginningLongTransaction
    }

    // Differs by dialect: a standby may take the server's place. An identity column needs no right
    // on its sequence, but drawing from that does.
    package func leavingOutNumbers(_ count: Int64, of table: SQLTableName) -> [SQLStatement] {
        [
            """
            SELECT CASE
                WHEN has_sequence_privilege(sequence.name, 'USAGE')
                THEN (
                    SELECT count(drawn.id)
                    FROM (
                        SELECT nextval(CAST(sequence.name AS regclass)) AS id
                        FROM generate_series(1, \(count))
                    ) AS drawn
                )
            END
            FROM (SELECT pg_get_serial_sequence(\(table.quoted), 'id') AS name) AS sequence
            """
        ]
    }

    // Differs by dialect: a row that comes with a number leaves the sequence where it is.
    package func continuingNumbers(
        of table: SQLTableName,
        from floor: SQLStatement?
    ) -> [SQLStatement] {
        [
            """
            SELECT setval(
                pg_get_serial_sequence(\(table.quoted), 'id'),
                greatest(
                    (SELECT coalesce(max(id), 0) FROM \(table)),
                    \(floor ?? "0"),
                    coalesce(pg_sequence_last_value(
                        CAST(pg_get_serial_sequence(\(table.quoted), 'id') AS regclass)
                    ), 0),
                    1
                )
            )
            """
        ]
    }

    package func column(_ column: String, isAmong ids: [Int64]) -> SQLStatement {
        let list = "{" + ids.map(String.init).joined(separator: ",") + "}"
        return "\(name: column) = ANY (CAST(\(list) AS bigint[]))"
    }

    package func table(of ranges: [ClosedRange<Int64>]) -> SQLStatement {
        func list(_ ids: [Int64]) -> String {
            "{" + ids.map(String.init).joined(separator: ",") + "}"
        }
        return """
            (
                SELECT
                    ordinality - 1 AS tranche_place,
                    lower_id AS tranche_from,
                    upper_id AS tranche_to
                FROM unnest(
                    CAST(\(list(ranges.map(\.lowerBound))) AS bigint[]),
                    CAST(\(list(ranges.map(\.upperBound))) AS bigint[])
                ) WITH ORDINALITY AS given (lower_id, upper_id, ordinality)
            )
            """
    }

    // Differs by dialect: a query for each range needs no grouping, which takes longer than the
    // reading; only here may one query give both results. The sum of small integers is no slow
    // numeric.
    package func tallies(
        of ranges: [ClosedRange<Int64>],
        adding number: SQLStatement,
        from rows: SQLStatement
    ) -> SQLStatement {
        """
        SELECT tranche_place, tranche_count, tranche_sum
        FROM \(table(of: ranges)) AS tranche_range
        CROSS JOIN LATERAL (
            SELECT
                count(*) AS tranche_count,
                coalesce(sum(CAST(\(number) AS integer)), 0) AS tranche_sum
            \(rows)
        ) AS tranche_tally
        """
    }

    package func milliseconds(ofTime column: SQLStatement) -> SQLStatement {
        "CASE WHEN isfinite(\(column)) THEN \(milliseconds(column)) END"
    }

    package func isTime(_ column: SQLStatement) -> SQLStatement {
        "coalesce(\(column) <= clock_timestamp() + interval '1 day' AND isfinite(\(column)), false)"
    }

    package func objection(toTimesOfType type: String) -> String? {
        switch type {
        case "timestamp with time zone": nil
        case "timestamp without time zone":
            "which is a point in time only with a zone: give it one, such as at AT TIME ZONE 'UTC'"
        case "date": "which says no time of day"
        case "smallint", "integer", "bigint", "real", "double precision", "numeric":
            "which is not a time: seconds since 1970 become one by to_timestamp(at), "
                + "milliseconds by "
                + "to_timestamp(at / 1000.0)"
        default: "which is not a point in time"
        }
    }

    package func timeType(of type: String) -> SQLTimeType {
        switch type {
        case "timestamp with time zone": .instant
        case "timestamp without time zone": .clock
        case "date": .date
        case "smallint", "integer", "bigint": .number(isWhole: true)
        case "real", "double precision", "numeric": .number(isWhole: false)
        default: .none
        }
    }

    package func schema(named name: String) -> SQLStatement {
        "SELECT 1 FROM pg_namespace WHERE nspname = \(name)"
    }

    package func hasIndex(on column: String, of table: SQLTableName) -> SQLStatement {
        """
        SELECT CASE
            WHEN c.relkind NOT IN ('r', 'm', 'p') THEN NULL
            WHEN EXISTS (
                SELECT 1
                FROM pg_index AS i
                JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
                    AND a.attname = \(column)
            ) THEN 1
            ELSE 0
        END
        FROM pg_class AS c
        WHERE c.oid = CAST(\(table.quoted) AS regclass)
        """
    }

    // One that any table takes: a partitioned one takes no CONCURRENTLY.
    package func creatingIndex(
        on columns: [String],
        of table: SQLTableName,
        isUnique: Bool
    ) -> String {
        creatingIndex(on: columns, of: table, isUnique: isUnique, isConcurrent: false)
    }

    /// The statement that makes an index; concurrently it locks out nobody who writes.
    func creatingIndex(
        on columns: [String],
        of table: SQLTableName,
        isUnique: Bool,
        isConcurrent: Bool
    ) -> String {
        let kind = (isUnique ? " UNIQUE" : "") + " INDEX" + (isConcurrent ? " CONCURRENTLY" : "")
        let list = columns.map(\.quotedAsName).joined(separator: ", ")
        return "CREATE\(kind) ON \(table.quoted) (\(list))"
    }

    package func name(ofTypeOf column: SQLStatement) -> SQLStatement {
        "CAST(pg_typeof(\(column)) AS text)"
    }

    package var timesUnderstood: String {
        "Times are of the type timestamp with time zone, not more than a day ahead: mend the "
            + "entry, change the column's type, or make a view with such a column, and give its "
            + "name with --settle-column"
    }

    package func isAged(_ column: SQLStatement, milliseconds: SQLStatement) -> SQLStatement {
        "\(column) <= clock_timestamp() - \(milliseconds) * interval '1 millisecond'"
    }

    // What keeps dead rows of this database is its own transactions. Source: PostgreSQL 15,
    // procarray.c, ComputeXidHorizons. Those of other roles have no time unless the role may read
    // all statistics.
    package func oldestTransaction(openFor milliseconds: Int64) -> SQLStatement? {
        """
        SELECT pid, usename, application_name, \(self.milliseconds("xact_start"))
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND (backend_xid IS NOT NULL OR backend_xmin IS NOT NULL)
            AND xact_start <= clock_timestamp() - \(milliseconds) * interval '1 millisecond'
        ORDER BY xact_start
        LIMIT 1
        """
    }

    // Each transaction holds the lock of its own name; a prepared one has no process, and is found
    // by the lock of its transaction id. What belongs to other roles has no state, and a query that
    // says so, unless the role may read all statistics.
    package func describingTransactions(_ names: [String]) -> SQLStatement? {
        let names = PostgreSQLDatabase.array(names)
        return """
            SELECT l.virtualtransaction, a.pid, CAST(a.usename AS text), a.application_name,
                host(a.client_addr), a.state, \(milliseconds("a.state_change")),
                \(milliseconds("a.xact_start")), left(a.query, 1000), CAST(NULL AS text)
            FROM pg_locks AS l
            JOIN pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'virtualxid' AND l.virtualxid = l.virtualtransaction
                AND l.virtualtransaction = ANY (CAST(\(names) AS text[]))
            UNION ALL
            SELECT l.virtualtransaction, NULL, CAST(p.owner AS text), NULL, NULL, 'prepared',
                \(milliseconds("p.prepared")), NULL, NULL, p.gid
            FROM pg_locks AS l
            JOIN pg_prepared_xacts AS p ON p.transaction = l.transactionid
            WHERE l.locktype = 'transactionid' AND l.pid IS NULL
                AND l.virtualtransaction = ANY (CAST(\(names) AS text[]))
            """
    }

    package func lockingInserts(into table: SQLTableName) -> [SQLStatement] {
        ["LOCK TABLE \(table) IN EXCLUSIVE MODE"]
    }

    package func lockForNumbering(_ name: String) -> [SQLStatement] {
        ["SELECT pg_advisory_xact_lock(hashtextextended(\("tranche completion " + name), 0))"]
    }

    // Differs by dialect: those who wait for an advisory lock are served in turn. The row is read
    // as it is once it is locked, whatever the statement saw when it began. Source: PostgreSQL 15
    // manual, 13.2.1.
    package func lockInOrder(
        _ columns: SQLStatement,
        of table: SQLTableName,
        where condition: SQLStatement,
        queue: String
    ) -> SQLStatement {
        """
        WITH queue AS MATERIALIZED (
            SELECT pg_advisory_xact_lock(hashtextextended(\("tranche " + queue), 0))
        ), locked AS MATERIALIZED (
            SELECT tranche_row.*
            FROM \(table) AS tranche_row CROSS JOIN queue
            WHERE \(condition)
            FOR UPDATE OF tranche_row
        )
        SELECT \(columns)
        FROM locked
        """
    }

    // Differs by dialect: others hold locks. The time limit is looked up when a wait begins
    // (PostgreSQL 15, proc.c, ProcSleep). It is changed and put back within the statement, which
    // saves two of their own, and about 0.03 ms are left.
    package func lockSoon(
        _ table: SQLTableName,
        where condition: SQLStatement,
        _ lock: SQLStatement,
        within limit: Duration
    ) -> SQLStatement {
        """
        WITH patience AS MATERIALIZED (
            SELECT current_setting('lock_timeout') AS former,
                set_config('lock_timeout', '\(unsafeRaw: "\(limit.milliseconds)")', true)
        ), locked AS MATERIALIZED (
            SELECT tranche_row.id, former
            FROM \(table) AS tranche_row CROSS JOIN patience
            WHERE \(condition)
            ORDER BY tranche_row.id
            \(lock) OF tranche_row
        )
        -- An aggregate has all rows locked before it is put back.
        SELECT set_config('lock_timeout', max(former), true) FROM locked
        """
    }
}

extension Value {
    /// The value as an element of an array's text.
    fileprivate var asArrayElement: String {
        guard let text else { return "NULL" }
        if case .text = self {
            return text.quotedAsArrayElement
        }
        return text
    }
}

extension String {
    /// The text between quotes, with a backslash before those that it has; byte by byte, as many
    /// rows go through here.
    fileprivate var quotedAsArrayElement: String {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        bytes.reserveCapacity(utf8.count + utf8.count / 4 + 2)
        for byte in utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(UInt8(ascii: "\\"))
            }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }
}
