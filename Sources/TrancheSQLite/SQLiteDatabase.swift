internal import CSQLite
import Dispatch
import FoundationEssentials
import Glibc
import Synchronization
import Tranche
package import TrancheSQL

/// A SQLite file: one connection that writes, and some that read.
package final class SQLiteDatabase: SQLDatabase {
    package let name: String
    package let path: String
    /// `nil` for a file that is only read.
    private let writer: SQLConnectionPool<SQLiteConnection>?
    private let isInventory: Bool
    package let readers: SQLConnectionPool<SQLiteConnection>
    /// One connection that never writes: what it sees change was written by others, those of this
    /// process among them.
    private let watchers: SQLConnectionPool<SQLiteConnection>

    package var dialect: any SQLDialect { SQLiteDialect() }

    package var file: String? { path }

    /// What a database is opened for.
    package enum Use: Sendable {
        case inventory(creates: Bool)
        case source
    }

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - use: What for; a source's file is never written.
    ///   - lockTimeout: How long to wait for a lock.
    /// - Returns: What was opened.
    /// - Throws: The database's error.
    package static func open(
        path: String,
        for use: Use,
        lockTimeout: Duration
    ) async throws -> SQLiteDatabase {
        try await withCheckedThrowingContinuation { continuation in
            // Opening may read a slow disk: not on the shared pool.
            DispatchQueue(label: "tranche.sqlite.open").async {
                continuation.resume(
                    with: Result {
                        try SQLiteDatabase(path: path, use: use, lockTimeout: lockTimeout)
                    }
                )
            }
        }
    }

    private init(path: String, use: Use, lockTimeout: Duration) throws {
        name = "sqlite:\(path)"
        self.path = path
        let closed: @Sendable () -> any Error = {
            SQLiteError(code: SQLITE_MISUSE, message: "'\(path)' was closed")
        }
        var mode = SQLiteConnection.Mode.source
        var first: SQLiteConnection?
        if case .inventory(let creates) = use {
            // Opened now, so that a file that is none is found out, and the file is there to read.
            first = try Self.writer(path, creates: creates, lockTimeout)
            mode = .inventoryReader
            isInventory = true
        } else {
            isInventory = false
        }
        writer = first.map { first in
            SQLConnectionPool(limit: 1, idle: [first], closedError: closed) {
                try SQLiteConnection(
                    path: path,
                    mode: .inventory(creates: false),
                    lockTimeout: lockTimeout
                )
            }
        }
        let reading = mode
        let reader = try SQLiteConnection(path: path, mode: reading, lockTimeout: lockTimeout)
        let open: @Sendable () throws -> SQLiteConnection = {
            try SQLiteConnection(path: path, mode: reading, lockTimeout: lockTimeout)
        }
        readers = SQLConnectionPool(limit: 4, idle: [reader], closedError: closed, make: open)
        watchers = SQLConnectionPool(limit: 1, closedError: closed, make: open)
    }

    /// Whether there is a file, and no folder, that this user may read.
    private static func isReadableFile(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        return access(path, R_OK) == 0
    }

    /// Opens the connection that writes; `nil` where an inventory can only be looked at.
    private static func writer(
        _ path: String,
        creates: Bool,
        _ lockTimeout: Duration
    ) throws(SQLiteError) -> SQLiteConnection? {
        do throws(SQLiteError) {
            return try SQLiteConnection(
                path: path,
                mode: .inventory(creates: creates),
                lockTimeout: lockTimeout
            )
        } catch {
            guard error.isOfAccess, isReadableFile(path) else { throw error }
            return nil
        }
    }

    package func readOnlyReason(of tables: [SQLTableName]) async throws -> String? {
        writer == nil ? "this user may not write to '\(path)', or to its folder" : nil
    }

    package func identity() async throws -> String {
        "sqlite:" + URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }

    package var writers: SQLConnectionPool<SQLiteConnection> {
        get throws {
            if let writer { return writer }
            if isInventory { throw SQLiteError.readOnly(path) }
            throw SQLiteError(code: SQLITE_READONLY, message: "'\(path)' was opened as a source")
        }
    }

    // The number counts for one connection alone. Source: sqlite.org/pragma.html, data_version.
    package func changeMark() async throws -> String? {
        try await watchers.withConnection { connection in
            let rows = try await connection.atomically(["PRAGMA data_version"], isWriting: false)
            var row = rows[0][0]
            return "\(ObjectIdentifier(connection).hashValue) \(try row.integer())"
        }
    }

    package func close() async {
        readers.close()
        watchers.close()
        guard let writer else { return }
        // So that the file alone holds everything. What is in use now, the next writer moves;
        // nothing is lost either way.
        _ = try? await writer.withConnection { connection in
            try await connection.atomically(["PRAGMA wal_checkpoint(PASSIVE)"], isWriting: false)
        }
        writer.close()
    }

    // MARK: Schema

    package func table(_ name: SQLTableName) async throws -> SQLTable? {
        let schema = name.schema ?? "main"
        let rows = try await read(
            """
            SELECT c.name, c.type, c."notnull", c.pk,
                (SELECT count(*) FROM pragma_table_info(\(name.table), \(schema)) WHERE pk > 0),
                EXISTS (
                    SELECT 1 FROM pragma_table_list(\(name.table))
                    WHERE schema = \(schema) AND strict = 1
                ),
                -- Keys of tables WITHOUT ROWID, and one spelt INTEGER PRIMARY KEY DESC, are no
                -- numbers of rows; they have an index.
                NOT EXISTS (
                    SELECT 1 FROM pragma_index_list(\(name.table), \(schema)) WHERE origin = 'pk'
                ) AND EXISTS (
                    SELECT 1 FROM pragma_table_list(\(name.table))
                    WHERE schema = \(schema) AND type = 'table' AND wr = 0
                ),
                c.dflt_value IS NOT NULL, c.hidden IN (2, 3)
            FROM pragma_table_xinfo(\(name.table), \(schema)) AS c
            """,
            """
            SELECT min(i.name)
            FROM pragma_index_list(\(name.table), \(schema)) AS l
            JOIN pragma_index_info(l.name, \(schema)) AS i
            WHERE l."unique" = 1 AND l.partial = 0
            GROUP BY l.name
            HAVING count(*) = 1 AND min(i.name) IS NOT NULL
            """,
            """
            SELECT l.name, l.partial, i.name
            FROM pragma_index_list(\(name.table), \(schema)) AS l
            JOIN pragma_index_info(l.name, \(schema)) AS i
            WHERE l."unique" = 1
            ORDER BY l.seq, i.seqno
            """,
            """
            SELECT type = 'view' FROM pragma_table_list
            WHERE lower(name) = lower(\(name.table)) AND schema = \(schema)
            """
        )
        let unique = Set(try rows[1].map { try $0.text() })
        let columns = try rows[0].map { row in
            let name = try row.text()
            let type = row.optionalText() ?? ""
            let isNotNull = try row.boolean()
            let isKey = try row.integer() > 0
            let isOnlyKey = try row.integer() == 1 && isKey
            let isStrict = try row.boolean()
            let isRowID = try row.boolean() && isOnlyKey && type.uppercased() == "INTEGER"
            var column = SQLTable.Column(
                name: name,
                type: type,
                baseType: SQLiteAffinity(ofType: type, isStrict: isStrict).rawValue,
                isNotNull: isNotNull || isRowID,
                kind: Self.kind(ofType: type),
                isUnique: isOnlyKey || unique.contains(name)
            )
            column.mayHoldFractions = !isRowID && !isStrict
            column.hasDefault = try row.boolean() || isRowID
            if try row.boolean() { column.giver = .expression }
            return column
        }
        if columns.isEmpty { return nil }
        var indexes: [SQLTable.UniqueIndex] = []
        for index in 0..<rows[2].count {
            var row = rows[2][index]
            let (name, isPartial) = (try row.text(), try row.boolean())
            if indexes.last?.name != name {
                indexes.append(SQLTable.UniqueIndex(name: name, columns: [], isPartial: isPartial))
            }
            indexes[indexes.count - 1].columns.append(row.optionalText())
        }
        // A key that is the row number has no index.
        for column in columns where column.isUnique {
            indexes.append(
                SQLTable.UniqueIndex(name: column.name, columns: [column.name], isPartial: false)
            )
        }
        let isView = try rows[3].first.map { row in
            var row = row
            return try row.boolean()
        }
        return SQLTable(columns: columns, indexes: indexes, isView: isView ?? false)
    }

    /// What a declared type lets through.
    ///
    /// Source: sqlite.org/datatype3.html, section 3.1.
    private static func kind(ofType type: String) -> SQLTable.Kind {
        let type = type.uppercased()
        if type.contains("INT") { return .integer }
        if ["CHAR", "CLOB", "TEXT", "BLOB"].contains(where: { type.contains($0) }) {
            return .other
        }
        if ["REAL", "FLOA", "DOUB"].contains(where: { type.contains($0) }) { return .number }
        return .any
    }

    // A text is a time only to a function, and these are looked at.
    package func changingCasts(in query: SQLStatement) async throws -> [String] { [] }

    package func changingFunctions(among calls: FilterCalls) async throws -> [String] {
        let rows = try await read(
            // 0x800 is SQLITE_DETERMINISTIC.
            """
            SELECT DISTINCT name FROM pragma_function_list
            GROUP BY name
            HAVING min(flags & 2048) = 0
            """
        )
        let changing = Set(try rows[0].map { try $0.text().lowercased() })
        let called = calls.calls.map {
            FilterCalls.Call($0.name.lowercased(), arguments: $0.arguments)
        }
        var found = Set(called.map(\.name)).intersection(changing)
        // Times are functions of their arguments unless these say 'now', or no time at all.
        let times: Set = ["date", "time", "datetime", "julianday", "unixepoch", "strftime"]
        // 'no' || 'w' says it, too.
        let saysNow =
            !calls.literals.isDisjoint(with: ["now", "localtime", "utc"])
            || calls.concatenates && calls.literals.contains { !$0.isEmpty && "now".contains($0) }
        for call in called where times.contains(call.name) {
            let leastArguments = call.name == "strftime" ? 2 : 1
            if saysNow || call.arguments < leastArguments { found.insert(call.name) }
        }
        found.formUnion(
            calls.words.intersection(["current_timestamp", "current_date", "current_time"])
        )
        return Array(found)
    }

    package func lockForMigration(_ name: SQLTableName) -> [SQLStatement] { [] }

    package func dependents(of name: SQLTableName) async throws -> [String] {
        let rows = try await read(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY 1, 2",
            // Indexes would go with the old table, and so would the rows that refer to it.
            """
            SELECT type, name FROM sqlite_master
            WHERE type = 'index' AND lower(tbl_name) = lower(\(name.table)) AND sql IS NOT NULL
            UNION ALL
            SELECT m.type, m.name FROM sqlite_master AS m
            WHERE m.type = 'table' AND EXISTS (
                SELECT 1 FROM pragma_foreign_key_list(m.name) AS f
                WHERE lower(f."table") = lower(\(name.table))
            )
            ORDER BY 1, 2
            """
        )
        let texts = try rows[0].map { row in
            (label: try "\(row.text()) '\(row.text())'", sql: row.optionalText() ?? "")
        }.filter { Self.text($0.sql, names: name.table) }.map(\.label)
        return try texts + rows[1].map { try "\($0.text()) '\($0.text())'" }
    }

    /// Whether some SQL holds a name as a word, quoted or not.
    private static func text(_ sql: String, names name: String) -> Bool {
        let words = sql.lowercased().split {
            !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "$")
        }
        if words.contains(Substring(name.lowercased())) { return true }
        return sql.lowercased().contains(name.lowercased().quotedAsName)
    }

    // MARK: Zones

    package func zone(_ asked: String?) async throws -> String {
        // SQLite's current_timestamp, which pybatchintory wrote, is UTC.
        guard let asked else { return "UTC" }
        guard ZoneClock(anyName: asked) != nil else {
            throw TrancheError(
                .invalidArgument,
                "there is no time zone '\(asked)'; give a name such as UTC or Europe/Berlin"
            )
        }
        return asked
    }

    package func zoneShifts(
        _ zone: String,
        tables: TableNames,
        on connection: isolated SQLiteConnection
    ) async throws -> [SQLStatement] {
        guard let zone = ZoneClock(anyName: zone), !zone.isUniversal else { return [] }
        let dialect = SQLiteDialect()
        let rows = try await connection.run([
            """
            SELECT id, \(dialect.milliseconds(ofProcessingTime: "processing_start")),
                \(dialect.milliseconds(ofProcessingTime: "processing_end"))
            FROM \(tables.batch)
            """
        ])
        return try rows[0].map { row in
            let id = try row.integer()
            let start = zone.utc(ofWallClock: try row.instant())
            let end = try row.optionalInstant().map { zone.utc(ofWallClock: $0) }
            return """
                UPDATE \(tables.batch)
                SET processing_start = \(dialect.processingTime("\(start.milliseconds)")),
                    processing_end = \(dialect.processingTime("\(end?.milliseconds)"))
                WHERE id = \(id)
                """
        }
    }
}

extension ZoneClock {
    /// The instant at which a clock in this zone shows what `time` shows in UTC.
    ///
    /// A time that the zone has twice is the second, one that it leaves out is counted on from
    /// before: as PostgreSQL has it.
    fileprivate func utc(ofWallClock time: Date) -> Date {
        let milliseconds = time.milliseconds
        let day: Int64 = 86_400
        let second = Int64(time.timeIntervalSince1970.rounded(.down))
        let after = offset(at: second + day)
        let isAfter = offset(at: second - after) == after
        let offset = isAfter ? after : offset(at: second - day)
        return Date(milliseconds: milliseconds - offset * 1000)
    }
}
