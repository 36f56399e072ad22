package import Tranche

/// A table in which items are registered in the order in which they are found.
///
/// Its ids leave nothing out, and none is committed late: each registration takes its ids while no other can.
package struct ItemRegistry: Sendable {
    /// An item to register.
    package struct Entry: Sendable, Hashable {
        /// What it is, such as a URL.
        package var item: String
        package var weight: Int64
        /// What tells it from an earlier item of the same name.
        package var version: String

        package init(item: String, weight: Int64, version: String) {
            self.item = item
            self.weight = weight
            self.version = version
        }
    }

    private let database: any SQLDatabase
    private let table: SQLTableName
    private let isOwn: Bool

    /// Opens a registry, and makes its table if there is none.
    ///
    /// - Parameters:
    ///   - table: The table's name: `table` or `schema.table`.
    ///   - location: The database; the inventory's own with `nil`.
    ///   - store: The inventory's store.
    /// - Throws: `TrancheError` `.invalidArgument` when there can be no such table, or there is another one
    ///   of that name.
    package init(
        _ table: String,
        in location: SourceDatabase?,
        beside store: any InventoryStore
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
            try await wrapping { try await prepare() }
        } catch {
            await close()
            throw error
        }
    }

    private func prepare() async throws {
        let table = table
        if try await database.table(table) == nil {
            try await database.writing { transaction in
                try await transaction.loading { connection in
                    _ = try await connection.run(
                        [
                            """
                            CREATE TABLE IF NOT EXISTS \(table) (
                                uid bigint NOT NULL PRIMARY KEY,
                                item text NOT NULL,
                                weight bigint NOT NULL,
                                version text NOT NULL,
                                CONSTRAINT version_registered_once UNIQUE (item, version)
                            )
                            """
                        ]
                    )
                }
            }
        }
        let known = Set(try await database.table(table)?.columns.map(\.name) ?? [])
        let missing = ["uid", "item", "weight", "version"].filter { !known.contains($0) }
        guard missing.isEmpty else {
            throw TrancheError(
                .invalidArgument,
                "table '\(table.table)' has no column '\(missing[0])': it was not made to register items "
                    + "in; name another table"
            )
        }
    }

    /// Registers items that are not known yet.
    ///
    /// - Parameters:
    ///   - entries: The items, in the order in which they are to come.
    ///   - isTrial: Whether only to count them.
    /// - Returns: How many are new.
    /// - Throws: The database's failure.
    package func register(_ entries: [Entry], isTrial: Bool = false) async throws -> Int {
        var count = 0
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

    private func add(_ entries: [Entry]) async throws -> Int {
        let table = table
        let lock = database.lockForMigration(table)
        let statement: SQLStatement = """
            WITH found (place, item, weight, version) AS (\(Self.values(entries))),
            fresh AS (
                SELECT min(place) AS place, item, max(weight) AS weight, version
                FROM found
                WHERE NOT EXISTS (
                    SELECT 1 FROM \(table) AS t
                    WHERE t.item = found.item AND t.version = found.version
                )
                GROUP BY item, version
            )
            INSERT INTO \(table) (uid, item, weight, version)
            SELECT
                (SELECT coalesce(max(uid), 0) FROM \(table)) + row_number() OVER (ORDER BY place),
                item, weight, version
            FROM fresh
            RETURNING uid
            """
        return try await database.writing { transaction in
            try await transaction.loading { connection in
                // Apart from the statement, which must see what was committed before it had the lock.
                if !lock.isEmpty { _ = try await connection.run(lock) }
                return try await connection.run([statement])[0].count
            }
        }
    }

    private func countNew(_ entries: [Entry]) async throws -> Int {
        let table = table
        return try await database.read(
            """
            WITH found (place, item, weight, version) AS (\(Self.values(entries)))
            SELECT DISTINCT item, version
            FROM found
            WHERE NOT EXISTS (
                SELECT 1 FROM \(table) AS t
                WHERE t.item = found.item AND t.version = found.version
            )
            """
        )[0].count
    }

    private static func values(_ entries: [Entry]) -> SQLStatement {
        var values: SQLStatement = "VALUES "
        for (place, entry) in entries.enumerated() {
            if place > 0 { values.append(", ") }
            values.append(
                """
                (CAST(\(place) AS bigint), CAST(\(entry.item) AS text), \
                CAST(\(entry.weight) AS bigint), CAST(\(entry.version) AS text))
                """
            )
        }
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
                "items cannot be registered in '\(table.table)': \(error.message)",
                underlying: error
            )
        }
    }
}
