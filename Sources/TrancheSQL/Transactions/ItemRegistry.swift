package import FoundationEssentials
package import Tranche

/// A table in which items are registered in the order in which they are found.
///
/// No id is given twice, also where the newest row was deleted, and none is committed late: each
/// registration takes its ids while no other can.
package struct ItemRegistry: Sendable {
    /// An item to register.
    package struct Entry: Sendable, Hashable {
        /// What it is, such as a URL.
        package var item: String
        package var weight: Int64
        /// What tells it from an earlier item of the same name.
        package var version: String
        /// When it was changed last, where that is known.
        package var modified: Date?

        package init(item: String, weight: Int64, version: String, modified: Date? = nil) {
            self.item = item
            self.weight = weight
            self.version = version
            self.modified = modified
        }

        /// Item and version, told apart by their bytes.
        fileprivate var identity: [[UInt8]] { [Array(item.utf8), Array(version.utf8)] }
    }

    /// What a registration came to.
    package struct Outcome: Sendable, Hashable {
        /// How many entries are new.
        package var added = 0
        /// How many of them are of an item that is known in another version.
        package var changed = 0

        package init(added: Int = 0, changed: Int = 0) {
            self.added = added
            self.changed = changed
        }

        static func += (sum: inout Self, more: Self) {
            sum.added += more.added
            sum.changed += more.changed
        }
    }

    private let database: any SQLDatabase
    private let table: SQLTableName
    private let isOwn: Bool
    /// Whether there is a table; only a trial makes none.
    private var isThere = true
    /// Whether it has a column for when items were changed.
    private var hasTimes = false
    /// Whether the database itself gives the ids, and none twice.
    private var givesIDs = false

    /// Opens a registry, and makes its table if there is none.
    ///
    /// - Parameters:
    ///   - table: The table's name: `table` or `schema.table`.
    ///   - location: The database; the inventory's own with `nil`.
    ///   - store: The inventory's store.
    ///   - isTrial: Whether nothing is to be registered: then no table is made.
    /// - Throws: `TrancheError` `.invalidArgument` when there can be no such table, or there is
    ///   another one of that name.
    package init(
        _ table: String,
        in location: SourceDatabase?,
        beside store: any InventoryStore,
        isTrial: Bool = false
    ) async throws {
        self.table = try SQLTableName(verbatim: table)
        if let location {
            database = try await location.openForWriting()
        } else if let store = store as? any SQLDatabaseStore {
            database = store.sinkDatabase
        } else {
            throw TrancheError(
                .invalidArgument,
                "\(store.name) holds no tables; name the database of '\(table)'"
            )
        }
        isOwn = location != nil
        do {
            let columns = try await wrapping { try await prepare(isTrial: isTrial) }
            isThere = columns != nil
            hasTimes = columns?.contains("modified") == true
            if isThere, !isTrial { givesIDs = try await wrapping { try await numbersRows() } }
        } catch {
            await close()
            throw error
        }
    }

    /// - Returns: The columns of the table; `nil` where there is none, and none is made.
    private func prepare(isTrial: Bool) async throws -> Set<String>? {
        let table = table
        try await database.requireSchema(of: table)
        if try await database.table(table) == nil {
            if isTrial { return nil }
            do {
                try await make()
            } catch let error as any SQLDatabaseError {
                // Another may have been faster.
                guard try await database.table(table) != nil else { throw error }
            }
        }
        let known = Set(try await database.table(table)?.columns.map(\.name) ?? [])
        let missing = ["uid", "item", "weight", "version"].filter { !known.contains($0) }
        guard missing.isEmpty else {
            throw TrancheError(
                .invalidArgument,
                "table '\(table.words)' has no column '\(missing[0])': it was not made to register "
                    + "items in; name another table"
            )
        }
        return known
    }

    private func make() async throws {
        let time = database.dialect.type(of: .timestamp)
        // Differs by dialect: either way the database gives no id twice. In PostgreSQL the name of
        // an index is the schema's and not the table's, and an index takes no long path.
        let isSQLite = database.dialect.hasOneWriter
        let key: SQLStatement =
            isSQLite
            ? "integer PRIMARY KEY AUTOINCREMENT"
            : "bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
        let constraint: SQLStatement =
            isSQLite ? ", CONSTRAINT \(unsafeRaw: Self.constraint) UNIQUE (item, version)" : ""
        var statements: [SQLStatement] = [
            """
            CREATE TABLE IF NOT EXISTS \(table) (
                uid \(key),
                item text NOT NULL,
                weight bigint NOT NULL,
                version text NOT NULL,
                modified \(unsafeRaw: time)\(constraint)
            )
            """
        ]
        if !isSQLite {
            statements.append(
                """
                CREATE UNIQUE INDEX \(name: Self.indexName(of: table)) ON \(table) (
                    hashtextextended(item, 0), hashtextextended(item, 1), version
                )
                """
            )
        }
        let making = statements
        try await database.writing { transaction in
            try await transaction.loading { connection in
                _ = try await connection.run(making)
            }
        }
    }

    /// Registers items that are not known yet.
    ///
    /// - Parameters:
    ///   - entries: The items, in the order in which they are to come.
    ///   - isTrial: Whether only to count them.
    /// - Returns: How many are new.
    /// - Throws: The database's failure.
    package func register(_ entries: [Entry], isTrial: Bool = false) async throws -> Outcome {
        guard isThere else { return Outcome(added: Set(entries.map(\.identity)).count) }
        var count = Outcome()
        var rest = entries[...]
        while !rest.isEmpty {
            let page = Array(rest.prefix(Self.page))
            count += try await wrapping {
                isTrial ? try await countNew(page) : try await add(page)
            }
            rest = rest.dropFirst(Self.page)
        }
        return count
    }

    /// What the name of the index ends with by which a table is known to be written by registering
    /// alone, whose ids are given by one transaction after the other.
    package static let constraint = "version_registered_once"

    /// The index's name in PostgreSQL, of at most 63 bytes: it is unique where the table's is.
    ///
    /// - Parameter table: The table.
    /// - Returns: The name.
    package static func indexName(of table: SQLTableName) -> String {
        let room = 62 - constraint.utf8.count
        var name = table.table
        if name.utf8.count > room {
            // It tells apart tables whose names begin alike.
            let mark = "_" + String(FNVHash(of: name).value, radix: 16)
            while name.utf8.count > room - mark.utf8.count { name.removeLast() }
            name += mark
        }
        return "\(name)_\(constraint)"
    }

    /// SQLite 3.40 takes at most 32,766 values a statement.
    private static let page = 1000

    private func add(_ entries: [Entry]) async throws -> Outcome {
        let table = table
        let lock = database.lockForMigration(table)
        let count = countingNew(entries)
        let statement: SQLStatement = """
            WITH \(found(entries)),
            fresh AS (
                SELECT
                    min(place) AS place, item, max(weight) AS weight, version,
                    max(modified) AS modified
                FROM found
                WHERE NOT \(isKnown)
                GROUP BY item, version
            )
            \(insertion)
            """
        let preparing = givesIDs && !database.dialect.hasOneWriter ? lock + [raisingSequence] : lock
        return try await database.writing { transaction in
            try await transaction.loading { connection in
                // Apart from the statements, which must see what was committed before it had the
                // lock.
                for statement in preparing { _ = try await connection.run([statement]) }
                return try Self.outcome(try await connection.run([count, statement])[0])
            }
        }
    }

    /// Inserts what is fresh, in the order in which it was found.
    private var insertion: SQLStatement {
        let time: SQLStatement = hasTimes ? ", modified" : ""
        if givesIDs {
            return """
                INSERT INTO \(table) (item, weight, version\(time))
                SELECT item, weight, version\(time)
                FROM fresh
                ORDER BY place
                """
        }
        return """
            INSERT INTO \(table) (uid, item, weight, version\(time))
            SELECT
                (SELECT coalesce(max(uid), 0) FROM \(table)) + row_number() OVER (ORDER BY place),
                item, weight, version\(time)
            FROM fresh
            """
    }

    private func countNew(_ entries: [Entry]) async throws -> Outcome {
        try Self.outcome(try await database.read(countingNew(entries))[0])
    }

    /// Counts entries that are not registered, and those of them whose item is.
    private func countingNew(_ entries: [Entry]) -> SQLStatement {
        """
        WITH \(found(entries)),
        fresh AS (
            SELECT DISTINCT item, version
            FROM found
            WHERE NOT \(isKnown)
        )
        SELECT
            count(*),
            coalesce(
                sum(CASE WHEN EXISTS (SELECT 1 FROM \(table) AS t WHERE \(isItem("fresh")))
                    THEN 1 ELSE 0 END),
                0
            )
        FROM fresh
        """
    }

    private static func outcome(_ rows: SQLRows) throws -> Outcome {
        guard var row = rows.first else { return Outcome() }
        return Outcome(added: Int(try row.integer()), changed: Int(try row.integer()))
    }

    private var isKnown: SQLStatement {
        """
        EXISTS (
            SELECT 1 FROM \(table) AS t
            WHERE \(isItem("found")) AND t.version = found.version
        )
        """
    }

    /// Whether a row of the table, `t`, is of the item of another row.
    ///
    /// Differs by dialect: PostgreSQL finds it by the index of ``indexName(of:)``.
    private func isItem(_ other: SQLStatement) -> SQLStatement {
        if database.dialect.hasOneWriter { return "t.item = \(other).item" }
        return """
            hashtextextended(t.item, 0) = hashtextextended(\(other).item, 0)
                AND hashtextextended(t.item, 1) = hashtextextended(\(other).item, 1)
                AND t.item = \(other).item
            """
    }

    /// The entries as a table of the statement.
    private func found(_ entries: [Entry]) -> SQLStatement {
        let time = database.dialect.type(of: .timestamp)
        var values: SQLStatement = "found (place, item, weight, version, modified) AS (VALUES "
        for (place, entry) in entries.enumerated() {
            if place > 0 { values.append(", ") }
            values.append(
                """
                (CAST(\(place) AS bigint), CAST(\(entry.item) AS text), \
                CAST(\(entry.weight) AS bigint), CAST(\(entry.version) AS text), \
                CAST(\(entry.modified?.utcText) AS \(unsafeRaw: time)))
                """
            )
        }
        values.append(")")
        return values
    }

    /// The files of the table's database; none where it is the inventory's or on a server.
    package var ownFiles: [OwnFiles] {
        guard isOwn, let file = database.file else { return [] }
        return [OwnFiles(of: file, with: "the table '\(table.words)'")]
    }

    /// Closes the database, where it is not the inventory's.
    package func close() async {
        if isOwn { await database.close() }
    }

    private func wrapping<R>(_ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let error as any SQLDatabaseError {
            throw TrancheError(
                error.code(passing: .sourceUnavailable, lasting: .sourceFailed),
                "items cannot be registered in '\(table.words)': \(error.message)",
                underlying: error
            )
        }
    }
}

// MARK: - Numbers

extension ItemRegistry {
    /// Whether the database gives the ids of new rows, and none twice.
    ///
    /// A table of PostgreSQL that was made before is given its identity, where this role may.
    private func numbersRows() async throws -> Bool {
        if database.dialect.hasOneWriter {
            let rows = try await database.read(
                """
                SELECT count(*)
                FROM sqlite_schema AS s JOIN pragma_table_info(s.name) AS c
                WHERE s.type = 'table' AND s.name = \(table.table) COLLATE NOCASE
                    AND c.pk > 0 AND c.name = 'uid' AND s.sql LIKE '%AUTOINCREMENT%'
                """
            )
            guard var row = rows[0].first else { return false }
            return try row.boolean()
        }
        let table = self.table
        let look = lookAtNumbers
        let lock = database.lockForMigration(table)
        return try await database.writing { transaction in
            try await transaction.loading { connection in
                if !lock.isEmpty { _ = try await connection.run(lock) }
                guard var row = try await connection.run([look])[0].first else { return false }
                let (hasIdentity, mayHaveOne) = (try row.boolean(), try row.boolean())
                if hasIdentity || !mayHaveOne { return hasIdentity }
                let next = try await connection.run(
                    ["SELECT CAST(coalesce(max(uid), 0) + 1 AS bigint) FROM \(table)"]
                )
                guard var first = next[0].first else { return false }
                let start = try first.integer()
                _ = try await connection.run(
                    [
                        """
                        ALTER TABLE \(table)
                        ALTER uid ADD GENERATED BY DEFAULT AS IDENTITY
                            (START WITH \(unsafeRaw: String(start)))
                        """
                    ]
                )
                return true
            }
        }
    }

    /// Whether the ids have an identity; whether a table made by registering may be given one.
    private var lookAtNumbers: SQLStatement {
        """
        SELECT a.attidentity <> '',
            a.attnotnull AND NOT a.atthasdef
                AND c.relkind = 'r' AND NOT c.relispartition
                AND pg_has_role(c.relowner, 'USAGE')
                AND has_schema_privilege(c.relnamespace, 'CREATE')
                AND EXISTS (
                    SELECT FROM pg_constraint AS k
                    WHERE k.conrelid = c.oid AND k.conname = \(Self.constraint)
                )
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'uid'
        WHERE c.oid = to_regclass(\(table.quoted))
        """
    }

    /// Has an identity go on behind ids that were given by whoever inserted, where this role may.
    private var raisingSequence: SQLStatement {
        """
        SELECT setval(s.seqrelid, h.highest)
        FROM (SELECT CAST(max(uid) AS bigint) AS highest FROM \(table)) AS h
        JOIN pg_sequence AS s
            ON s.seqrelid = to_regclass(pg_get_serial_sequence(\(table.quoted), 'uid'))
        WHERE CASE
            WHEN has_sequence_privilege(s.seqrelid, 'SELECT')
                AND has_sequence_privilege(s.seqrelid, 'UPDATE')
            THEN h.highest > coalesce(pg_sequence_last_value(s.seqrelid), s.seqstart - 1)
        END
        """
    }
}
