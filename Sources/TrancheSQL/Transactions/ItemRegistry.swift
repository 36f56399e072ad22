package import FoundationEssentials
package import Tranche

/// A table in which items are registered in the order in which they are found.
///
/// Its ids leave nothing out, and none is committed late: each registration takes its ids while no
/// other can.
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
        // SQLite gives no id twice then, so that nothing is to be warned of.
        let key: SQLStatement =
            database.dialect.hasOneWriter
            ? "integer PRIMARY KEY AUTOINCREMENT" : "bigint NOT NULL PRIMARY KEY"
        let statement: SQLStatement = """
            CREATE TABLE IF NOT EXISTS \(table) (
                uid \(key),
                item text NOT NULL,
                weight bigint NOT NULL,
                version text NOT NULL,
                modified \(unsafeRaw: time),
                CONSTRAINT version_registered_once UNIQUE (item, version)
            )
            """
        try await database.writing { transaction in
            try await transaction.loading { connection in
                _ = try await connection.run([statement])
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

    /// SQLite 3.40 takes at most 32,766 values a statement.
    private static let page = 1000

    private func add(_ entries: [Entry]) async throws -> Outcome {
        let table = table
        let lock = database.lockForMigration(table)
        let time: SQLStatement = hasTimes ? ", modified" : ""
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
            INSERT INTO \(table) (uid, item, weight, version\(time))
            SELECT
                (SELECT coalesce(max(uid), 0) FROM \(table)) + row_number() OVER (ORDER BY place),
                item, weight, version\(time)
            FROM fresh
            """
        return try await database.writing { transaction in
            try await transaction.loading { connection in
                // Apart from the statements, which must see what was committed before it had the
                // lock.
                if !lock.isEmpty { _ = try await connection.run(lock) }
                return try Self.outcome(try await connection.run([count, statement])[0])
            }
        }
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
                sum(CASE WHEN EXISTS (SELECT 1 FROM \(table) AS t WHERE t.item = fresh.item)
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
            WHERE t.item = found.item AND t.version = found.version
        )
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
