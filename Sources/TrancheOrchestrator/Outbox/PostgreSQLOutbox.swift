import FoundationEssentials
import Tranche
package import TranchePostgreSQL
package import TrancheSQL

/// A log of the changes of tables, written by the transactions that change them.
///
/// The log is the table `tranche.log_<name>` in the tables' own database. A transaction that is
/// rolled back leaves nothing in it, and one that is committed leaves all.
///
/// | column | holds |
/// | --- | --- |
/// | `id` | ascending; those of one row's changes ascend as the changes do |
/// | `location` | `schema.table`; of a partition's row, the table that was named |
/// | `operation` | `create`, `update`, `delete` or `truncate` |
/// | `key` | the key's value as text, or a JSON object of several; for `truncate`, a partition's name, or null for all |
/// | `payload` | the row after a create or update as JSON, where asked for; else null |
/// | `at` | when the statement was run |
///
/// The role needs the right to create a schema in the database, unless there is one named `tranche`
/// in which it may create tables, and the right `TRIGGER` on each table. It must own those that are
/// recorded row by row, and all that it is to take the triggers from again. Who writes to the
/// tables needs no right on the log, and no transaction of theirs notifies anybody.
///
/// The events of one row ascend; between rows no order is promised. Where rows of a partitioned
/// table move, a key that stays is one update, and a key that names the partition is a delete and a
/// create. A row that is recorded by a trigger of its own moves as a delete and a create, too.
public struct PostgreSQLOutbox: Sendable {
    /// The settings of an outbox: what it records, and how.
    public let configuration: Configuration
    let database: PostgreSQLDatabase

    /// The part of each row that a log holds.
    public enum Payload: String, Sendable, Codable {
        /// Its key.
        case key
        /// Its key, and the row as it is after the change.
        case row
    }

    /// The settings of an outbox: what it records, and how.
    public struct Configuration: Sendable {
        /// The log's name; 1 to 59 UTF-8 bytes.
        public var name: String
        /// The tables.
        public var tables: [OutboxTable]
        /// Schemas all of whose tables are recorded too, but for those without a primary key, and
        /// those of an inventory.
        public var schemas: [String]
        /// The recorded part of each row; only the key by default.
        public var payload: Payload
        /// How long to wait for a table's lock, while later callers wait behind; 2 s by default.
        public var lockTimeout: Duration

        /// Makes a configuration.
        public init(
            name: String,
            tables: [OutboxTable] = [],
            schemas: [String] = [],
            payload: Payload = .key,
            lockTimeout: Duration = .seconds(2)
        ) {
            self.name = name
            self.tables = tables
            self.schemas = schemas
            self.payload = payload
            self.lockTimeout = lockTimeout
        }
    }

    /// Describes an outbox; nothing is connected to, and nothing made.
    ///
    /// - Throws: `TrancheError` `.invalidArgument` for a name that is empty or too long.
    package init(_ configuration: Configuration, in database: PostgreSQLDatabase) throws {
        // PostgreSQL cuts longer names in silence.
        let count = configuration.name.utf8.count
        guard (1...59).contains(count), !configuration.name.utf8.contains(0) else {
            throw TrancheError(
                .invalidArgument,
                "the input's name '\(configuration.name)' has \(count) bytes; give 1 to 59"
            )
        }
        self.configuration = configuration
        self.database = database
    }

    /// Describes an outbox in a database of its own connections; the first use connects.
    ///
    /// - Parameters:
    ///   - configuration: What to record.
    ///   - url: The database as libpq takes it.
    /// - Throws: `TrancheError` `.invalidArgument`.
    public init(_ configuration: Configuration, url: String) throws {
        try self.init(
            configuration,
            in: PostgreSQLDatabase(
                url: try PostgreSQLURL(url),
                isReadOnly: false,
                lockTimeout: .seconds(10),
                maxConnections: 2
            )
        )
    }

    /// Closes its connections.
    public func close() async {
        await database.close()
    }

    /// The log's table, for a source.
    package var log: SQLTableName {
        SQLTableName(schema: "tranche", table: "log_\(configuration.name)")
    }

    var name: String { configuration.name }

    // MARK: Steps

    /// Runs a statement in a transaction that does not wait for locks for longer than it may.
    func withLockTimeout(_ statements: [SQLStatement]) async throws -> [SQLRows] {
        let milliseconds = "\(max(1, configuration.lockTimeout.milliseconds))ms"
        let bound: SQLStatement = "SELECT set_config('lock_timeout', \(milliseconds), true)"
        return try await database.withTransaction([bound]) { connection, _ in
            try await connection.commit(statements)
        }
    }

    /// Says what to do about a database's error.
    func explained<R>(
        _ doing: String,
        _ body: () async throws -> R
    ) async throws -> R {
        do {
            return try await body()
        } catch let error as PostgreSQLError {
            var advice = ""
            if error.isBusy {
                advice =
                    "; it stayed locked for \(configuration.lockTimeout). What is done stays: do "
                    + "the "
                    + "same again when no long transaction holds it"
            } else if error.sqlState == "42501" {
                advice =
                    "; needed are CREATE on the database or on the schema tranche, and TRIGGER on "
                    + "the tables; the role that removes a table, or records it row by row, "
                    + "must own it"
            }
            throw TrancheError(
                error.code(passing: .sourceUnavailable, lasting: .sourceFailed),
                "input '\(name)': \(doing): \(error.message)\(advice)",
                underlying: error
            )
        }
    }

    /// Refuses to go on where nothing records yet.
    func requireInstalled() async throws {
        let advice = "'tranche input add FILE \(name)'"
        guard try await explained("looking", isInstalled) else {
            throw TrancheError(
                .invalidSource,
                "nothing records for the input '\(name)' yet; \(advice) installs what does"
            )
        }
        guard try await explained("looking", notesReaders) else {
            throw TrancheError(
                .invalidSource,
                "what records for the input '\(name)' is of an earlier version; \(advice) brings "
                    + "it up to date"
            )
        }
    }

    /// Refuses to go on where what records is not what the configuration asks for.
    ///
    /// - Throws: `TrancheError` `.invalidSource` where nothing records yet, or where tables,
    ///   schemas or the payload were changed since; of the database.
    func requireAsConfigured() async throws {
        try await requireInstalled()
        let differences = try await differences()
        if differences.isEmpty { return }
        throw TrancheError(
            .invalidSource,
            "what records for the input '\(name)' is not what is asked for: "
                + differences.joined(separator: "; ")
                + "; 'tranche input add FILE \(name)' brings it up to date"
        )
    }

    /// How what was installed differs from the configuration, in words.
    ///
    /// - Returns: A sentence for each difference; none where nothing is installed.
    /// - Throws: `TrancheError` `.sourceUnavailable` or `.sourceFailed`.
    func differences() async throws -> [String] {
        let rows = try await explained("looking") {
            try await database.read(
                "SELECT payload FROM tranche.log WHERE name = \(name)",
                """
                SELECT concat(t ->> 'schema', '.', t ->> 'table')
                FROM tranche.log AS l, jsonb_array_elements(l.tables) AS t
                WHERE l.name = \(name)
                ORDER BY 1
                """,
                """
                SELECT s FROM tranche.log AS l, unnest(l.schemas) AS s
                WHERE l.name = \(name)
                ORDER BY 1
                """
            )
        }
        guard var row = rows[0].first else { return [] }
        let payload = try row.text()
        let tables = try rows[1].map { try $0.text() }
        let schemas = try rows[2].map { try $0.text() }
        let wantedTables = configuration.tables.map(\.location)
        var words = Self.differences("table", of: tables, to: wantedTables)
        words += Self.differences("schema", of: schemas, to: configuration.schemas)
        let wanted = configuration.payload.rawValue
        if payload != wanted { words.append("its payload is '\(payload)', and not '\(wanted)'") }
        return words
    }

    private static func differences(
        _ kind: String,
        of installed: [String],
        to wanted: [String]
    ) -> [String] {
        wanted.filter { !installed.contains($0) }.map { "\(kind) '\($0)' is not recorded yet" }
            + installed.filter { !wanted.contains($0) }
            .map { "\(kind) '\($0)' is recorded, and no longer named" }
    }

    /// Whether what is installed notes who reads, as it did not in earlier versions.
    func notesReaders() async throws -> Bool {
        let rows = try await database.read("SELECT to_regclass('tranche.reader') IS NOT NULL")
        guard var row = rows[0].first else { return false }
        return try row.boolean()
    }

    /// Whether the log is there.
    func isInstalled() async throws -> Bool {
        // A table is looked for before it is read: without it the statement could not be read.
        let found = try await database.read(
            "SELECT to_regclass('tranche.log') IS NOT NULL"
        )
        guard var row = found[0].first, try row.boolean() else { return false }
        let rows = try await database.read(
            "SELECT name FROM tranche.log WHERE name = \(name)"
        )
        return !rows[0].isEmpty
    }
}
