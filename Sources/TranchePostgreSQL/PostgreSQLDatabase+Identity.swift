import Synchronization
import Tranche
package import TrancheSQL

/// Whether another table has come to stand under a name, or other rows in the same.
///
/// A table that was dropped and made again, or was renamed to the name, has another number: that is
/// another table, whatever its rows are. The same table in other files was truncated; or
/// `VACUUM FULL`, `CLUSTER`, a change of its tablespace or one by `ALTER TABLE` has written its
/// rows anew. The first two and the move keep with each row the transaction that made it, so one
/// row older than the last look at the old file shows that they were kept. `ALTER TABLE` makes all
/// rows its own, and the changed column's entry in the catalog with them.
extension PostgreSQLDatabase {
    package func mark(of name: SQLTableName, uid: String) async throws -> String? {
        let column = NamedColumn(table: name.quoted, column: uid)
        if let base = named.withLock({ $0[column] }) {
            if let found = try await mark(of: base, under: name), found.isNamed {
                return found.mark.description
            }
            named.withLock { $0[column] = nil }
        }
        guard let base = try await origin(of: uid, in: name) else {
            // A view whose ids come from several tables, or are made from what these hold.
            let own = try await relations(of: name).filter { $0.place == .own && $0.kind != .view }
            if own.isEmpty { return nil }
            var row = try await read("SELECT \(Self.timeline)")[0].first
            return PostgreSQLSourceMark(
                tables: own.map(\.id),
                kind: "v",
                newestFile: 0,
                sequenceFile: 0,
                form: "-",
                timeline: try row?.optionalInteger()
            ).description
        }
        guard let found = try await mark(of: base, under: name) else { return nil }
        if found.isNamed { named.withLock { $0[column] = base } }
        return found.mark.description
    }

    package func isRenaming(_ known: String, to mark: String) -> Bool {
        guard let before = PostgreSQLSourceMark(known), let now = PostgreSQLSourceMark(mark) else {
            return false
        }
        return now.kind != "v" && now.kind == before.kind && now.tables == before.tables
    }

    package func sourceNames(of name: SQLTableName) async throws -> [String] {
        let rows = try await read(
            """
            SELECT n.nspname || '.' || c.relname,
                CASE WHEN pg_table_is_visible(c.oid) THEN CAST(c.relname AS text) END
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.oid = to_regclass(CAST(\(name.quoted) AS text))
            """
        )
        guard var row = rows[0].first else { return [] }
        return [try row.text(), row.optionalText()].compactMap { $0 }
    }

    /// The mark of the table that a uid comes from.
    ///
    /// - Returns: The mark, and whether the table itself stands under the name and has the column,
    ///   so that the next look need not find out again where the uid comes from; `nil` where there
    ///   is no such table.
    private func mark(
        of base: PostgreSQLSourceFamily.Column,
        under name: SQLTableName
    ) async throws -> (mark: PostgreSQLSourceMark, isNamed: Bool)? {
        let rows = try await read(
            """
            WITH RECURSIVE \(Self.family(of: base)),
            uid(number) AS (
                SELECT attnum FROM pg_attribute
                WHERE attrelid = CAST(\(String(base.relation)) AS oid) AND attname = \(base.name)
            ),
            sequence(oid) AS (
                SELECT d.objid
                FROM uid
                JOIN pg_depend AS d ON d.refclassid = CAST('pg_class' AS regclass)
                    AND d.refobjid = CAST(\(String(base.relation)) AS oid) AND d.refobjsubid = uid.number
                    AND d.classid = CAST('pg_class' AS regclass)
                UNION
                SELECT d.refobjid
                FROM uid
                JOIN pg_attrdef AS e ON e.adrelid = CAST(\(String(base.relation)) AS oid)
                    AND e.adnum = uid.number
                JOIN pg_depend AS d ON d.classid = CAST('pg_attrdef' AS regclass)
                    AND d.objid = e.oid AND d.refclassid = CAST('pg_class' AS regclass)
            )
            SELECT c.relkind, c.relpersistence, c.relam,
                coalesce((SELECT max(relfilenode) FROM files), 0),
                coalesce((
                    SELECT max(s.relfilenode) FROM sequence JOIN pg_class AS s ON s.oid = sequence.oid
                    WHERE s.relkind = 'S'
                ), 0),
                \(Self.timeline),
                EXISTS (SELECT FROM uid) AND coalesce(c.oid = to_regclass(\(name.quoted)), false)
            FROM pg_class AS c
            WHERE c.oid = CAST(\(String(base.relation)) AS oid)
            """
        )
        guard var row = rows[0].first else { return nil }
        let kind = try row.text()
        let form = try row.text() + row.text()
        let mark = PostgreSQLSourceMark(
            tables: [base.relation],
            kind: kind,
            newestFile: try row.integer(),
            sequenceFile: try row.integer(),
            form: form,
            timeline: try row.optionalInteger()
        )
        return (mark, try row.boolean())
    }

    package func timeline(inMark mark: String) -> Int64? { PostgreSQLSourceMark(mark)?.timeline }

    /// The oldest transaction that is still open: what was written by one before it was there.
    package func writeCount() async throws -> Int64? {
        guard var row = try await read("SELECT CAST(\(Self.oldestOpen) AS text)")[0].first else {
            return nil
        }
        return Int64(try row.text())
    }

    package func compare(
        mark: String,
        with known: String,
        writtenSince count: Int64?,
        of name: SQLTableName,
        columns: (uid: String, item: String?),
        passed cursor: Int64?
    ) async throws -> SQLMarkVerdict {
        guard let now = PostgreSQLSourceMark(mark), let before = PostgreSQLSourceMark(known) else {
            return .another("was known by '\(known)', and is known by '\(mark)' now")
        }
        guard now.tables == before.tables else {
            return .another(
                "is another table than it was: oid \(before.oids) then, \(now.oids) now"
            )
        }
        // What keeps no rows of its own here says no more; a materialized view makes its own anew.
        guard let cursor, ["r", "p"].contains(now.kind),
            let base = try await origin(of: columns.uid, in: name)
        else { return .same }
        // A table that is given its first sequence has been numbered otherwise until then.
        let isRenumbered = before.sequenceFile > 0 && now.sequenceFile != before.sequenceFile
        let files = try await files(of: base)
        let isRewritten = before.newestFile > 0 && files.oldest > before.newestFile
        guard isRenumbered || isRewritten else { return .same }
        let what =
            isRewritten
            ? "was truncated and filled again: its file is \(now.newestFile) instead of "
                + "\(before.newestFile)"
            : "was emptied and filled again, with its sequence restarted"
        if files.haveForeign {
            return .sameUnlessContradicted("\(what), and none of several rows is what it was")
        }
        let rows = try await rowsKept(of: base, through: cursor, since: count, item: columns.item)
        if isRewritten, let verdict = rows.verdictOnRewritten(hasOtherForm: now.form != before.form)
        {
            return verdict
        }
        if rows.seen == 0 { return .emptied }
        if rows.hasOlder { return .same }
        return .another("\(what), and no row up to id \(cursor) is older than that")
    }

    // MARK: Statements

    /// The timeline on which a server writes; none on a standby, which others may have left behind.
    ///
    /// From the promotion to the end of the first checkpoint after it, the control file has it as
    /// the end of recovery alone, and from then on as the checkpoint's alone, so the end is read
    /// first. Functions of the log itself are refused by some services. Source: PostgreSQL 15,
    /// xlog.c (CreateEndOfRecoveryRecord, CreateCheckPoint).
    static let timeline: SQLStatement = """
        CASE WHEN NOT pg_is_in_recovery() THEN
            CAST(
                greatest(
                    (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
                    (SELECT timeline_id FROM pg_control_checkpoint())
                ) AS bigint
            )
        END
        """

    /// The timeline as a number that no other server and no other of its databases has: a dump is
    /// restored into another one, and `pg_upgrade` begins with the first timeline again.
    ///
    /// It is negative, and so lower than what a program of an earlier version takes for the
    /// timeline: that one then leaves numbers out, too.
    static let ownTimeline: SQLStatement = """
        SELECT -(
            \(timeline)
            + (SELECT system_identifier FROM pg_control_system())
            + (SELECT CAST(oid AS bigint) FROM pg_database WHERE datname = current_database())
        )
        """

    private static let oldestOpen: SQLStatement = "pg_snapshot_xmin(pg_current_snapshot())"

    /// A table with its partitions and heirs, and the files of those that have one.
    private static func family(of base: PostgreSQLSourceFamily.Column) -> SQLStatement {
        """
        below(oid) AS (
            SELECT CAST(\(String(base.relation)) AS oid)
            UNION
            SELECT i.inhrelid FROM below JOIN pg_inherits AS i ON i.inhparent = below.oid
        ),
        files AS (
            SELECT c.oid, c.relfilenode
            FROM below JOIN pg_class AS c ON c.oid = below.oid
            WHERE c.relkind = 'r'
        )
        """
    }

    /// The oldest file of a table with its partitions and heirs, and whether some of these are
    /// foreign tables: no row of them says which transaction made it, and none of the table can be
    /// asked then.
    private func files(
        of base: PostgreSQLSourceFamily.Column
    ) async throws -> (oldest: Int64, haveForeign: Bool) {
        var row = try await read(
            """
            WITH RECURSIVE \(Self.family(of: base))
            SELECT coalesce((SELECT min(relfilenode) FROM files), 0),
                EXISTS (
                    SELECT FROM below JOIN pg_class AS c ON c.oid = below.oid
                    WHERE c.relkind = 'f'
                )
            """
        )[0][0]
        return (try row.integer(), try row.boolean())
    }

    /// Looks at the first and the last rows up to an id.
    private func rowsKept(
        of base: PostgreSQLSourceFamily.Column,
        through cursor: Int64,
        since count: Int64?,
        item: String?
    ) async throws -> RowsKept {
        var names = try await read(
            """
            SELECT format('%I.%I', n.nspname, c.relname)
            FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.oid = CAST(\(String(base.relation)) AS oid)
            """
        )[0].first
        guard let table = try names?.text() else { return RowsKept() }
        // Transactions are counted round and round: those of the last two thousand million can be
        // told.
        let horizon = String((count ?? 0) % (1 << 32))
        let rows = try await read(
            """
            SELECT count(*),
                bool_or(age(born) > age(CAST(CAST(\(horizon) AS text) AS xid))) AND (
                    CAST(CAST(\(Self.oldestOpen) AS text) AS bigint) - \(count ?? .min / 2) < 2000000000
                ),
                bool_or(
                    EXISTS (
                        SELECT FROM pg_attribute AS a
                        WHERE a.attrelid = leaf AND age(a.xmin) = age(born)
                    )
                ),
                bool_or(
                    EXISTS (
                        SELECT FROM pg_attribute AS a
                        WHERE a.attrelid = leaf AND age(a.xmin) = age(born) AND a.attname = \(item)
                    )
                )
            FROM (
                (\(Self.edge(of: base, in: table, through: cursor, isLast: false)))
                UNION ALL
                (\(Self.edge(of: base, in: table, through: cursor, isLast: true)))
            ) AS edges
            """
        )
        var kept = RowsKept()
        guard var row = rows[0].first else { return kept }
        kept.seen = try row.integer()
        if kept.seen == 0 { return kept }
        kept.hasOlder = try row.boolean()
        kept.isAltered = try row.boolean()
        kept.isItemAltered = try row.boolean()
        return kept
    }

    private static func edge(
        of base: PostgreSQLSourceFamily.Column,
        in table: String,
        through cursor: Int64,
        isLast: Bool
    ) -> SQLStatement {
        """
        SELECT xmin AS born, tableoid AS leaf
        FROM \(unsafeRaw: table)
        WHERE \(name: base.name) <= \(cursor)
        ORDER BY \(name: base.name) \(unsafeRaw: isLast ? "DESC" : "ASC")
        LIMIT 500
        """
    }
}

/// A column of what stands under a name.
struct NamedColumn: Hashable {
    var table: String
    var column: String
}

/// What the first and the last rows up to an id tell.
private struct RowsKept {
    /// How many were looked at.
    var seen: Int64 = 0
    /// Whether one was made before a count of transactions.
    var hasOlder = false
    /// Whether one was made by a transaction that changed a column of its table.
    var isAltered = false
    /// Whether that column is the payload's.
    var isItemAltered = false

    /// The verdict on a table that was written anew by a change of its own; `nil` where there was
    /// none.
    func verdictOnRewritten(hasOtherForm: Bool) -> SQLMarkVerdict? {
        if seen == 0 || hasOlder { return nil }
        // A payload of another type may be spelt otherwise.
        if isItemAltered { return .same }
        guard isAltered || hasOtherForm else { return nil }
        return .sameUnlessContradicted(
            "was truncated, changed and filled again: none of several rows is what it was"
        )
    }
}
