package import Tranche
package import TrancheSQL

/// SQLite's SQL: one writer at a time, so no locks on rows; instants are integer milliseconds.
package struct SQLiteDialect: SQLDialect {
    package init() {}

    package var hasOneWriter: Bool { true }

    package var changesWithinQueries: Bool { false }

    package var joinsLaterally: Bool { false }

    package var beginningLongTransaction: [SQLStatement] { [] }

    package var lockingRow: SQLStatement { "" }

    package var lockingKeptRow: SQLStatement { "" }

    package var keepingRow: SQLStatement { "" }

    package var lockingFreeRows: SQLStatement { "" }

    // 'subsec' is newer than SQLite 3.40; a julian day's double is exact to 0.05 ms.
    package var clock: SQLStatement {
        "CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS integer)"
    }

    package var instantType: String { "integer" }

    package var bytewise: SQLStatement { " COLLATE BINARY" }

    // Differs by dialect: a column may hold anything here.
    package func text(ofUID column: SQLStatement, _ kind: UIDKind) -> SQLStatement {
        kind == .integer
            ? "CAST(\(column) AS text)"
            : "CASE WHEN typeof(\(column)) = 'text' THEN CAST(\(column) AS text) END"
    }

    package func uid(ofText text: SQLStatement, _ kind: UIDKind) -> SQLStatement {
        kind == .integer ? "CAST(\(text) AS integer)" : text
    }

    // Types that STRICT tables have, too.
    package func type(of kind: SQLColumnKind) -> String {
        switch kind {
        case .integer, .boolean: "INTEGER"
        case .real: "REAL"
        // Digits that no double holds are kept as they are.
        case .decimal, .text, .json, .timestamp, .date: "TEXT"
        case .blob: "BLOB"
        }
    }

    package var mostColumns: Int { 2000 }

    package func objection(toColumn name: String) -> String? { nil }

    package func instant(_ milliseconds: SQLStatement) -> SQLStatement { milliseconds }

    package func milliseconds(_ instant: SQLStatement) -> SQLStatement { instant }

    package func instant(_ instant: SQLStatement, plus milliseconds: SQLStatement) -> SQLStatement {
        // In parentheses: others calculate with it.
        "(\(instant) + \(milliseconds))"
    }

    package func processingTime(_ instant: SQLStatement) -> SQLStatement {
        "strftime('%Y-%m-%d %H:%M:%f', \(instant) / 1000.0, 'unixepoch')"
    }

    package func instant(ofProcessingTime column: SQLStatement) -> SQLStatement {
        milliseconds(ofProcessingTime: column)
    }

    package func milliseconds(ofProcessingTime column: SQLStatement) -> SQLStatement {
        "CAST(round((julianday(\(column)) - 2440587.5) * 86400000.0) AS integer)"
    }

    // A statement costs little here, and a planner that has seen a small table may walk through it.
    package func bulkValues(
        of rows: [[Value]],
        by column: String
    ) -> (isMeant: SQLStatement, values: [SQLStatement])? {
        nil
    }

    package func table(
        ofColumns columns: [(name: String, type: String, values: [Value])]
    ) -> SQLStatement? {
        nil
    }

    package func json(of text: SQLStatement) -> SQLStatement { text }

    package func beginning(of column: String) -> SQLStatement {
        "substr(\(name: column), 1, 2048)"
    }

    package func double(_ expression: SQLStatement) -> SQLStatement { expression }

    package func sum(ofWeights column: SQLStatement) -> SQLStatement { "sum(\(column))" }

    package func text(_ text: SQLStatement, has part: SQLStatement) -> SQLStatement {
        "coalesce(instr(\(text), \(part)) > 0, 0)"
    }

    // A transaction sees the file as it was when it first read.
    package var beginningSnapshot: [SQLStatement] { [] }

    // AUTOINCREMENT keeps the highest number that there ever was, also of rows that came with one.
    package func continuingNumbers(
        of table: SQLTableName,
        from floor: SQLStatement?
    ) -> [SQLStatement] {
        guard let floor else { return [] }
        let isOfTable: SQLStatement = "name = \(table.table)"
        return [
            """
            INSERT INTO sqlite_sequence (name, seq)
            SELECT \(table.table), 0
            WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE \(isOfTable))
            """,
            "UPDATE sqlite_sequence SET seq = max(seq, \(floor)) WHERE \(isOfTable)",
        ]
    }

    // Differs by dialect: a file has no standby.
    package func leavingOutNumbers(_ count: Int64, of table: SQLTableName) -> [SQLStatement] { [] }

    package func column(_ column: String, isAmong ids: [Int64]) -> SQLStatement {
        let list = "[" + ids.map(String.init).joined(separator: ",") + "]"
        return "\(name: column) IN (SELECT value FROM json_each(\(list)))"
    }

    package func table(of ranges: [ClosedRange<Int64>]) -> SQLStatement {
        let list =
            "[" + ranges.map { "[\($0.lowerBound),\($0.upperBound)]" }.joined(separator: ",") + "]"
        return """
            (
                SELECT
                    key AS tranche_place,
                    json_extract(value, '$[0]') AS tranche_from,
                    json_extract(value, '$[1]') AS tranche_to
                FROM json_each(\(list))
            )
            """
    }

    // Differs by dialect: a query for each range needs no grouping, which takes longer than the
    // reading; here each result needs a query of its own.
    package func tallies(
        of ranges: [ClosedRange<Int64>],
        adding number: SQLStatement,
        from rows: SQLStatement
    ) -> SQLStatement {
        """
        SELECT
            tranche_place,
            (SELECT count(*) \(rows)),
            (SELECT coalesce(sum(\(number)), 0) \(rows))
        FROM \(table(of: ranges)) AS tranche_range
        """
    }

    package func isAged(_ column: SQLStatement, milliseconds: SQLStatement) -> SQLStatement {
        "\(julianDay(column)) <= julianday('now') - \(milliseconds) / 86400000.0"
    }

    package func milliseconds(ofTime column: SQLStatement) -> SQLStatement {
        "CAST(round((\(julianDay(column)) - 2440587.5) * 86400000.0) AS integer)"
    }

    package func isTime(_ column: SQLStatement) -> SQLStatement {
        "coalesce(\(julianDay(column)) <= julianday('now') + 1, 0)"
    }

    /// The beginning of a text that is a point in time, as GLOB has patterns.
    private static let time =
        "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][ T][0-9][0-9]:[0-9][0-9]*"

    /// The day of a point in time; null for what is none.
    ///
    /// Text is read as UTC, and needs a date and a time of day: a date alone says nothing about
    /// hours, and `now` is another time whenever it is read. A day that does not exist, such as
    /// February 31, which SQLite takes for March 3, is none. Numbers are seconds since 1970, of the
    /// years from 1980 to 2286: what lies outside counts otherwise, in milliseconds or days.
    private func julianDay(_ column: SQLStatement) -> SQLStatement {
        """
        (CASE
            WHEN typeof(\(column)) = 'text'
                AND \(column) GLOB '\(unsafeRaw: Self.time)'
                AND date(substr(\(column), 1, 10), '+0 days') = substr(\(column), 1, 10)
            THEN julianday(\(column))
            WHEN typeof(\(column)) IN ('integer', 'real')
                AND \(column) BETWEEN 315532800 AND 9999999999
            THEN julianday(\(column), 'unixepoch')
        END)
        """
    }

    package func objection(toTimesOfType type: String) -> String? { nil }

    // Differs by dialect: each value has a type of its own here.
    package func timeType(of type: String) -> SQLTimeType { .any }

    // What is in temp goes with its connection.
    package func schema(named name: String) -> SQLStatement {
        "SELECT 1 FROM pragma_database_list WHERE name = lower(\(name)) AND name <> 'temp'"
    }

    package func hasIndex(on column: String, of table: SQLTableName) -> SQLStatement {
        """
        SELECT CASE
            WHEN NOT EXISTS (
                SELECT 1 FROM pragma_table_list(\(table.table)) WHERE type = 'table'
            ) THEN NULL
            ELSE EXISTS (
                SELECT 1
                FROM pragma_index_list(\(table.table)) AS l
                JOIN pragma_index_info(l.name) AS i
                WHERE l.partial = 0 AND i.seqno = 0 AND i.name = \(column)
            )
        END
        """
    }

    // An index has a name here, and its schema stands before that.
    package func creatingIndex(
        on columns: [String],
        of table: SQLTableName,
        isUnique: Bool
    ) -> String {
        let words = [table.table] + columns + [isUnique ? "key" : "idx"]
        let name = SQLTableName(schema: table.schema, table: words.joined(separator: "_"))
        let list = columns.map(\.quotedAsName).joined(separator: ", ")
        return "CREATE\(isUnique ? " UNIQUE" : "") INDEX \(name.quoted) ON "
            + "\(table.table.quotedAsName) (\(list))"
    }

    package func name(ofTypeOf column: SQLStatement) -> SQLStatement { "typeof(\(column))" }

    package var timesUnderstood: String {
        "Times are UTC text such as '2026-11-27 03:01:00', or seconds since 1970, not more than a "
            + "day ahead: mend the entry, or make a view whose column says it so, and give its "
            + "name with --settle-column"
    }

    // Versions of rows that a reader keeps are in the log alone, and slow nobody down.
    package func oldestTransaction(openFor milliseconds: Int64) -> SQLStatement? { nil }

    package func describingTransactions(_ names: [String]) -> SQLStatement? { nil }

    // One writer at a time, each in its turn: nobody to wait for.
    package func lockingInserts(into table: SQLTableName) -> [SQLStatement] { [] }

    package func lockForNumbering(_ name: String) -> [SQLStatement] { [] }

    package func lockInOrder(
        _ columns: SQLStatement,
        of table: SQLTableName,
        where condition: SQLStatement,
        queue: String
    ) -> SQLStatement {
        "SELECT \(columns) FROM \(table) WHERE \(condition)"
    }

    // Differs by dialect: who writes has all locks already.
    package func lockSoon(
        _ table: SQLTableName,
        where condition: SQLStatement,
        _ lock: SQLStatement,
        within limit: Duration
    ) -> SQLStatement {
        "SELECT id FROM \(table) WHERE \(condition) ORDER BY id"
    }
}
