/// The numbers of a table's uids that are not integers: the statements that give and read them.
///
/// Whoever gives numbers holds the lock of the registry's row until the commit, so that numbers
/// leave nothing out, and none is committed behind a higher one. A number stays its uid's.
///
/// Uids without a number are found in two ways. The *walk* goes through all uids in their order, a
/// portion a look; it finds everything, in as many looks as there are portions. Where something
/// rises from row to row as rows come, the *front* is looked at besides: the rows from where that
/// stood a while ago. It begins once the walk has come to the end, and moves on by what is known
/// for longer than a transaction is waited for: who was writing then has committed.
package struct UIDRegistry: Sendable {
    /// Most uids looked at in one statement.
    package static let portion = 8192
    /// How long a row may be uncommitted and still be found at the front, in milliseconds.
    static let patience: Int64 = 60_000

    let place: Place
    /// The table whose uids these are.
    let table: SQLTableName
    /// The column of the uids.
    let column: String
    /// The table's name as it was given.
    let metaTable: String
    let numbering: UIDNumbering
    /// Whether a uid may stand twice.
    let isView: Bool
    let dialect: any SQLDialect

    /// The inventory in which numbers are kept.
    package struct Place: Sendable {
        let tables: TableNames
        /// Its clock, as an instant.
        let now: @Sendable () -> SQLStatement
    }

    /// The inventory is in another database than the table.
    struct IsElsewhere: Error {}

    /// The columns under which ``rows`` has a row's number and uid.
    static let numberName = "tranche_uid_number"
    static let uidName = "tranche_uid"

    // MARK: Reading

    /// The table's rows that have a number, with that and the uid as text, under the table's own
    /// name.
    ///
    /// Which row a uid is of, its index says; two texts that it takes for the same are not here.
    var rows: SQLStatement {
        let uid = dialect.uid(ofText: "tranche_r.uid", numbering.kind)
        // As a case, which a planner does not take for one that few rows meet.
        let isExact: SQLStatement =
            numbering.kind == .text
            ? """
             AND CASE
                        WHEN \(text)\(dialect.bytewise) = tranche_r.uid\(dialect.bytewise) THEN true
                        ELSE false
                    END
            """ : ""
        return """
            (
                SELECT tranche_r.number AS \(name: Self.numberName),
                    tranche_r.uid AS \(name: Self.uidName), tranche_t.*
                FROM \(place.tables.uid) AS tranche_r CROSS JOIN \(table) AS tranche_t
                WHERE tranche_r.registry_id = \(number)
                    AND \(key) = \(uid)\(numbering.collation)\(isExact)
            ) AS \(name: table.table)
            """
    }

    /// The registry's own number.
    private var number: SQLStatement {
        "(SELECT id FROM \(place.tables.registry) WHERE \(isOwn))"
    }

    var isOwn: SQLStatement {
        "meta_table = \(metaTable) AND uid_column = \(column) AND kind = \(numbering.kind.rawValue)"
    }

    /// A row's uid.
    var key: SQLStatement { "tranche_t.\(name: column)" }

    /// A row's uid as text.
    var text: SQLStatement { dialect.text(ofUID: key, numbering.kind) }

    /// The statement that reads the highest number; NULL where none was given.
    var highestID: SQLStatement {
        "SELECT nullif(max(last_id), 0) FROM \(place.tables.registry) WHERE \(isOwn)"
    }

    /// The statement that reads uids and their numbers.
    func numbers(of uids: [String]) -> SQLStatement {
        let list = SQLStatement.list(uids.map { "\(numbering.kind.canonical($0))" })
        return """
            SELECT uid, number
            FROM \(place.tables.uid)
            WHERE registry_id = \(number) AND uid IN (\(list))
            """
    }

    /// The statement that reads numbers, ascending, and their uids.
    func uids(of numbers: [Int64]) -> SQLStatement {
        """
        SELECT number, uid
        FROM \(place.tables.uid)
        WHERE registry_id = \(number) AND \(dialect.column("number", isAmong: numbers))
        """
    }

    /// How far the numbers go.
    struct Standing: Sendable {
        /// The highest number that was given.
        var lastID: Int64
        /// How often the walk came to the end.
        var rounds: Int64
        /// Whether the walk stands at the beginning.
        var isAtStart: Bool
        /// Whether what is new is found at the front.
        var hasFront: Bool

        init(_ rows: SQLRows) throws {
            var row = rows.first
            lastID = try row?.integer() ?? 0
            rounds = try row?.integer() ?? 0
            isAtStart = try row?.boolean() ?? true
            hasFront = try row?.boolean() ?? false
        }
    }

    /// The statement that reads how far the numbers go.
    var standing: SQLStatement {
        """
        SELECT last_id, rounds, CASE WHEN walked IS NULL THEN 1 ELSE 0 END,
            CASE WHEN front IS NULL THEN 0 ELSE 1 END
        FROM \(place.tables.registry)
        WHERE \(isOwn)
        """
    }

    // MARK: Numbering

    /// The statements that make the registry, where it is not there, and lock it: the last reads
    /// how far the numbers go.
    var locking: [SQLStatement] {
        [
            """
            INSERT INTO \(place.tables.registry) (meta_table, uid_column, kind)
            SELECT CAST(\(metaTable) AS text), CAST(\(column) AS text),
                CAST(\(numbering.kind.rawValue) AS text)
            WHERE NOT EXISTS (SELECT 1 FROM \(place.tables.registry) WHERE \(isOwn))
            ON CONFLICT DO NOTHING
            """,
            "\(standing)\n\(dialect.lockingRow)",
        ]
    }

    /// The statements that number uids where few numbers are left to hand out, in a transaction in
    /// which they are handed out.
    ///
    /// - Parameters:
    ///   - size: How many are enough.
    ///   - firstID: The lowest number that is left.
    /// - Returns: The statements.
    func numbering(unless size: Int, from firstID: SQLStatement) -> [SQLStatement] {
        // Numbers leave nothing out.
        let isScarce: SQLStatement = """
            last_id - \(unsafeRaw: String(size)) < (
                SELECT CASE WHEN tranche_first < 1 THEN 1 ELSE tranche_first END
                FROM (SELECT \(firstID) AS tranche_first) AS tranche_begin
            )
            """
        return locking + walk(where: "front IS NULL AND \(isScarce)")
            + front(where: "front IS NOT NULL AND \(isScarce)")
    }

    /// The statements that look at the next portion of the walk, behind ``locking``.
    ///
    /// - Parameter condition: Whether to, of the registry's row.
    /// - Returns: The statements.
    func walk(where condition: SQLStatement = "1 = 1") -> [SQLStatement] {
        let from = dialect.uid(
            ofText: "(SELECT walked FROM tranche_state)",
            numbering.kind
        )
        let looked: SQLStatement = """
            SELECT \(unsafeRaw: isView ? "DISTINCT " : "")\(key) AS tranche_key,
                \(text) AS tranche_text
            FROM \(table) AS tranche_t
            WHERE (SELECT count(*) FROM tranche_state) = 1
                AND \(key) >= coalesce(\(from), \(numbering.lowest))\(numbering.collation)
            ORDER BY \(key)
            LIMIT \(unsafeRaw: String(Self.portion))
            """
        let isEnd: SQLStatement = "tranche_count < \(unsafeRaw: String(Self.portion))"
        var changes: [SQLStatement] = [
            "walked = CASE WHEN \(isEnd) THEN NULL ELSE tranche_last END",
            "rounds = rounds + CASE WHEN \(isEnd) THEN 1 ELSE 0 END",
        ]
        if numbering.order != nil {
            // What writes now is at the front, or is seen by the walk, before that is the front.
            changes += moving(where: "\(isEnd) AND front IS NULL", isFirst: "next_at IS NULL")
        }
        return numbered(
            looked,
            order: "tranche_key",
            where: condition,
            changes,
            countingLooked: true
        )
    }

    /// The statements that look at the rows that came last, behind ``locking``.
    ///
    /// - Parameter condition: Whether to, of the registry's row; it has a front.
    /// - Returns: The statements; none where nothing rises from row to row.
    func front(where condition: SQLStatement = "front IS NOT NULL") -> [SQLStatement] {
        guard let order = numbering.order else { return [] }
        let from = dialect.uid(ofText: "(SELECT front FROM tranche_state)", order.kind)
        let looked: SQLStatement = """
            SELECT \(unsafeRaw: isView ? "DISTINCT " : "")\(key) AS tranche_key,
                \(text) AS tranche_text, \(order.value) AS tranche_order
            FROM \(table) AS tranche_t
            WHERE (SELECT count(*) FROM tranche_state) = 1
                AND \(order.value) >= \(from)\(order.collation)
                AND \(key) IS NOT NULL
                AND (\(known(text))) IS NULL
            ORDER BY \(order.value)
            LIMIT \(unsafeRaw: String(Self.portion))
            """
        // What was not looked at yet must not be passed over.
        let isEnd: SQLStatement = "tranche_count < \(unsafeRaw: String(Self.portion))"
        return numbered(
            looked,
            order: "tranche_order, tranche_key",
            where: condition,
            moving(where: isEnd, isFirst: "1 = 0"),
            countingLooked: false
        )
    }

    /// The statements that give some uids a number, where they have none, behind ``locking``.
    ///
    /// - Parameter uids: The uids as text; not empty, and at most ``portion``.
    /// - Returns: The statements.
    func numbering(of uids: [String]) -> [SQLStatement] {
        let named = SQLStatement.list(uids.map { "(CAST(\($0) AS text))" })
        let looked: SQLStatement = """
            SELECT column1 AS tranche_key, column1 AS tranche_text
            FROM (VALUES \(named)) AS tranche_named
            """
        return numbered(looked, order: "tranche_key", where: "1 = 1", [], countingLooked: false)
    }

    /// A query with a row where a uid has a number.
    ///
    /// As a value it is looked up uid by uid; of `NOT EXISTS` PostgreSQL makes a join with the
    /// whole registry while it knows little of that.
    func known(_ text: SQLStatement) -> SQLStatement {
        """
        SELECT 1
        FROM \(place.tables.uid) AS tranche_known
        WHERE tranche_known.registry_id = (SELECT id FROM tranche_state)
            AND tranche_known.uid = \(text)\(dialect.bytewise)
        """
    }

    /// The changes that move the front on, where it has been known for long enough.
    private func moving(where condition: SQLStatement, isFirst: SQLStatement) -> [SQLStatement] {
        guard let order = numbering.order else { return [] }
        let newest: SQLStatement = """
            (
                SELECT \(dialect.text(ofUID: order.value, order.kind))
                FROM \(table) AS tranche_t
                WHERE \(order.value) IS NOT NULL AND \(order.isMeant)
                ORDER BY \(order.value) DESC
                LIMIT 1
            )
            """
        let isDue: SQLStatement = """
            \(condition) AND next_at <= \(dialect.instant(place.now(), plus: "\(-Self.patience)"))
            """
        let isNew: SQLStatement = "\(isFirst) OR \(isDue)"
        return [
            "front = CASE WHEN \(isDue) THEN coalesce(next_front, front) ELSE front END",
            "next_front = CASE WHEN \(isNew) THEN \(newest) ELSE next_front END",
            "next_at = CASE WHEN \(isNew) THEN \(place.now()) ELSE next_at END",
        ]
    }

    /// The statements that number what was looked at, and note how far that was.
    ///
    /// - Parameters:
    ///   - looked: The query of what is looked at: `tranche_key` and `tranche_text`.
    ///   - order: In which order numbers are given.
    ///   - condition: Whether to look, of the registry's row.
    ///   - changes: What to note, by `tranche_count` and `tranche_last` of what was looked at.
    ///   - countingLooked: Whether all that was looked at counts; else what got a number.
    /// - Returns: The statements.
    private func numbered(
        _ looked: SQLStatement,
        order: SQLStatement,
        where condition: SQLStatement,
        _ changes: [SQLStatement],
        countingLooked: Bool
    ) -> [SQLStatement] {
        let insert: SQLStatement = """
            INSERT INTO \(place.tables.uid) (registry_id, number, uid)
            SELECT id, last_id + row_number() OVER (ORDER BY \(order)), tranche_text
            FROM tranche_looked CROSS JOIN tranche_state
            WHERE (\(known("tranche_text"))) IS NULL
            """
        if dialect.changesWithinQueries {
            return [numbered("WITH \(state(condition, looked))", insert, changes)]
        }
        // Differs by dialect: no query changes rows here, and nobody else does meanwhile.
        let given: SQLStatement = "(\(condition)) OR last_id < \(highest)"
        return [
            "WITH \(state(condition, looked))\n\(insert)",
            noted("WITH \(state(given, looked))", changes, countingLooked: countingLooked),
        ]
    }

    /// The registry's row, where it is to be looked, and what is looked at.
    private func state(_ condition: SQLStatement, _ looked: SQLStatement) -> SQLStatement {
        """
        tranche_state AS (
            SELECT id, last_id, walked, front
            FROM \(place.tables.registry)
            WHERE \(isOwn) AND (\(condition))
        ), tranche_looked AS MATERIALIZED (
        \(looked)
        )
        """
    }

    private static let last: SQLStatement =
        "(SELECT tranche_text FROM tranche_looked ORDER BY tranche_key DESC LIMIT 1)"

    /// The statement that numbers and notes at once.
    private func numbered(
        _ with: SQLStatement,
        _ insert: SQLStatement,
        _ changes: [SQLStatement]
    ) -> SQLStatement {
        """
        \(with), tranche_fresh AS (
        \(insert)
        RETURNING 1
        )
        UPDATE \(place.tables.registry)
        SET \(SQLStatement.list(changes + ["last_id = last_id + tranche_new"]))
        FROM (
            SELECT count(*) AS tranche_count, \(Self.last) AS tranche_last,
                (SELECT count(*) FROM tranche_fresh) AS tranche_new
            FROM tranche_looked
        ) AS tranche_seen
        WHERE id = (SELECT id FROM tranche_state)
        """
    }

    /// The highest number, once those that are new are there.
    private var highest: SQLStatement {
        """
        coalesce(
            (
                SELECT max(number)
                FROM \(place.tables.uid) AS tranche_given
                WHERE tranche_given.registry_id = \(number)
            ),
            0
        )
        """
    }

    /// The statement that notes what was numbered before.
    private func noted(
        _ with: SQLStatement,
        _ changes: [SQLStatement],
        countingLooked: Bool
    ) -> SQLStatement {
        let count: SQLStatement =
            countingLooked
            ? "(SELECT count(*) FROM tranche_looked)"
            : "\(highest) - (SELECT last_id FROM tranche_state)"
        return """
            \(with)
            UPDATE \(place.tables.registry)
            SET \(SQLStatement.list(changes + ["last_id = \(highest)"]))
            FROM (
                SELECT \(count) AS tranche_count, \(Self.last) AS tranche_last
            ) AS tranche_seen
            WHERE id = (SELECT id FROM tranche_state)
            """
    }
}
