import Tranche

/// A database that lends connections.
package protocol SQLDatabase: AnyObject, Sendable {
    associatedtype Connection: SQLConnection

    /// The name of the database, for messages; without credentials.
    var name: String { get }
    /// How its SQL differs.
    var dialect: any SQLDialect { get }

    /// The path of the file that it is; `nil` for one on a server.
    var file: String? { get }

    /// Whether a round trip takes longer than what a query needs that saves one.
    var isFar: Bool { get }

    /// The identity of the database, as the database reports it.
    func identity() async throws -> String

    /// Lends connections for writing; throws where nothing may be written.
    var writers: SQLConnectionPool<Connection> { get throws }

    /// Why some tables cannot be written to.
    ///
    /// - Parameter tables: The tables.
    /// - Returns: The reason, in words; `nil` where they can.
    /// - Throws: The database's error.
    func readOnlyReason(of tables: [SQLTableName]) async throws -> String?

    /// Lends connections for writing that others may wait for meanwhile: none of those that short
    /// requests need.
    var longWriters: SQLConnectionPool<Connection> { get throws }

    /// Lends connections for reading; where there is one writer at a time, none waits for it.
    var readers: SQLConnectionPool<Connection> { get }

    /// Describes a table or view; `nil` when there is none.
    func table(_ name: SQLTableName) async throws -> SQLTable?

    /// The names of tables and views that differ from a name by upper and lower case alone.
    func spellings(of name: SQLTableName) async throws -> [String]

    /// A table's name with its schema as the database has it, so that it is the same however the
    /// table is spelt.
    ///
    /// - Throws: The database's error.
    func place(of name: SQLTableName) async throws -> String

    /// Whether this database's role may write rows to a table; so it is said where there is no such
    /// table, too.
    ///
    /// - Parameters:
    ///   - name: The table.
    ///   - replacing: Whether rows that are there are replaced.
    /// - Returns: Whether it may.
    /// - Throws: The database's error.
    func mayWrite(to name: SQLTableName, replacing: Bool) async throws -> Bool

    /// Asks up to which id a log is cleaned that this program keeps in the database; `nil` for any
    /// other table or view.
    func floor(of name: SQLTableName) -> SQLStatement?

    /// The functions, of those named, whose result may differ for equal arguments.
    func changingFunctions(among calls: FilterCalls) async throws -> [String]

    /// The texts that a condition reads as times, found out by the database, where they may mean
    /// another time later.
    ///
    /// - Parameter query: A query with the condition.
    /// - Returns: The texts, in the database's spelling.
    /// - Throws: The database's error.
    func changingCasts(in query: SQLStatement) async throws -> [String]

    /// Finds out how the writers of a table or view are seen.
    ///
    /// - Parameters:
    ///   - name: The table or view; it exists.
    ///   - uid: The column of the id.
    /// - Returns: The watch.
    /// - Throws: The database's error.
    func watch(_ name: SQLTableName, uid: String) async throws -> SQLSourceWatch

    /// Finds out how uids are numbered that are not integers.
    ///
    /// - Parameters:
    ///   - column: The column of the uids.
    ///   - name: The table or view, which has it.
    ///   - settled: The column that says when a row was made, if one is named.
    /// - Returns: How; `nil` where the column holds integers, or what cannot be numbered.
    /// - Throws: The database's error.
    func numbering(
        of column: SQLTable.Column,
        in name: SQLTableName,
        settledBy settled: SQLTable.Column?
    ) async throws -> UIDNumbering?

    /// Reads the mark of what stands under the name of a table or view now.
    ///
    /// - Parameters:
    ///   - name: The table or view.
    ///   - uid: The column of the id.
    /// - Returns: The mark; `nil` where there is no such table, or nothing is known.
    /// - Throws: The database's error.
    func mark(of name: SQLTableName, uid: String) async throws -> String?

    /// Whether one table has two marks, the second after it was renamed and nothing else was.
    ///
    /// - Parameters:
    ///   - known: The mark under its former name.
    ///   - mark: The mark as it is now.
    /// - Returns: Whether that is certain, if nothing stands under the former name.
    func isRenaming(_ known: String, to mark: String) -> Bool

    /// The names by which people may call a table or view: with its schema, and without where that
    /// is enough.
    ///
    /// - Parameter name: One of them.
    /// - Returns: The names; empty where there is no such table.
    /// - Throws: The database's error.
    func sourceNames(of name: SQLTableName) async throws -> [String]

    /// The timeline of the server in a mark; `nil` where there is none.
    func timeline(inMark mark: String) -> Int64?

    /// Where the database's own count of what was written stands; `nil` where it has none.
    ///
    /// - Throws: The database's error.
    func writeCount() async throws -> Int64?

    /// A text that is the same as long as no transaction was committed that has written; `nil`
    /// where the database does not tell at little cost.
    ///
    /// - Throws: The database's error.
    func changeMark() async throws -> String?

    /// Finds out what two marks of one name tell.
    ///
    /// - Parameters:
    ///   - mark: The mark as it is now.
    ///   - known: What it was.
    ///   - count: What ``writeCount()`` was then.
    ///   - name: The table or view.
    ///   - columns: The columns of the id and of the payload.
    ///   - cursor: The id up to which ids were handed out.
    /// - Returns: The verdict, or what is to be looked at.
    /// - Throws: The database's error.
    func compare(
        mark: String,
        with known: String,
        writtenSince count: Int64?,
        of name: SQLTableName,
        columns: (uid: String, item: String?),
        passed cursor: Int64?
    ) async throws -> SQLMarkVerdict

    /// Waits until no other migrator works on a table; called first in a migration's transaction.
    func lockForMigration(_ name: SQLTableName) -> [SQLStatement]

    /// Views, triggers and the like that name a table and would break when it is rebuilt.
    func dependents(of name: SQLTableName) async throws -> [String]

    /// The time zone that zoneless timestamps have, as the database spells it.
    ///
    /// - Parameter asked: The zone asked for; `nil` for the database's own.
    /// - Returns: The zone.
    /// - Throws: `TrancheError` `.invalidArgument` when it knows no such zone.
    func zone(_ asked: String?) async throws -> String

    /// Statements that turn an adopted table's timestamps from a zone to UTC, where its migration
    /// could not.
    func zoneShifts(
        _ zone: String,
        tables: TableNames,
        on connection: isolated Connection
    ) async throws -> [SQLStatement]

    func close() async
}

extension SQLDatabase {
    package var isFar: Bool { false }

    /// None.
    package var file: String? { nil }

    /// Nothing keeps from it.
    package func readOnlyReason(of tables: [SQLTableName]) async throws -> String? { nil }

    /// None, where a table is found however it is spelt.
    package func spellings(of name: SQLTableName) async throws -> [String] { [] }

    /// The table's name, where there is one schema alone.
    package func place(of name: SQLTableName) async throws -> String { name.table.quotedAsName }

    /// It may, where there are no roles.
    package func mayWrite(to name: SQLTableName, replacing: Bool) async throws -> Bool { true }

    /// None, where no logs are kept.
    package func floor(of name: SQLTableName) -> SQLStatement? { nil }

    /// No uids are numbered.
    package func numbering(
        of column: SQLTable.Column,
        in name: SQLTableName,
        settledBy settled: SQLTable.Column?
    ) async throws -> UIDNumbering? { nil }

    /// Nothing is known.
    package func mark(of name: SQLTableName, uid: String) async throws -> String? { nil }

    /// Nothing is certain.
    package func isRenaming(_ known: String, to mark: String) -> Bool { false }

    /// No other name is known.
    package func sourceNames(of name: SQLTableName) async throws -> [String] { [] }

    /// There is no timeline.
    package func timeline(inMark mark: String) -> Int64? { nil }

    /// There is no count.
    package func writeCount() async throws -> Int64? { nil }

    /// Nothing is known.
    package func changeMark() async throws -> String? { nil }

    /// Where there are no marks, none differ.
    package func compare(
        mark: String,
        with known: String,
        writtenSince count: Int64?,
        of name: SQLTableName,
        columns: (uid: String, item: String?),
        passed cursor: Int64?
    ) async throws -> SQLMarkVerdict { .same }

    /// There is but one that writes.
    package var longWriters: SQLConnectionPool<Connection> { get throws { try writers } }

    /// Lends a connection for writing.
    package func withConnection<R: Sendable>(
        _ body: @Sendable (isolated Connection) async throws -> R
    ) async throws -> R {
        try await writers.withConnection(body)
    }

    /// Lends a connection for reading.
    package func withReader<R: Sendable>(
        _ body: @Sendable (isolated Connection) async throws -> R
    ) async throws -> R {
        try await readers.withConnection(body)
    }

    /// Runs statements in a transaction of their own, for reading.
    package func read(_ statements: SQLStatement...) async throws -> [SQLRows] {
        try await readers.withConnection {
            try await $0.atomically(statements, isWriting: false)
        }
    }

    /// Runs statements in a transaction of their own, for writing.
    ///
    /// - Parameters:
    ///   - statements: The statements.
    ///   - sequence: What is written to where locks are given up before all is on disk, as in
    ///     ``SQLConnection/commit(_:releasingBefore:)``; `nil` (the default) where they are not.
    /// - Returns: Each statement's rows.
    /// - Throws: The database's error.
    package func write(
        _ statements: [SQLStatement],
        releasingBefore sequence: SQLTableName? = nil
    ) async throws -> [SQLRows] {
        try await writers.withConnection { connection in
            guard let sequence else {
                return try await connection.atomically(statements, isWriting: true)
            }
            return try await connection.atomically(statements, releasingBefore: sequence)
        }
    }

    /// Opens a transaction with some statements and lets `body` go on with their rows.
    ///
    /// `body` commits; a transaction that it leaves open, or throws from, is rolled back.
    package func withTransaction<R: Sendable>(
        _ statements: [SQLStatement],
        _ body: @Sendable (isolated Connection, [SQLRows]) async throws -> R
    ) async throws -> R {
        try await writers.withTransaction(statements, body)
    }

    /// Opens a transaction that may take long, as others' writes do; else as
    /// ``withTransaction(_:_:)``.
    package func withLongTransaction<R: Sendable>(
        _ body: @Sendable (isolated Connection, [SQLRows]) async throws -> R
    ) async throws -> R {
        let statements = dialect.beginningLongTransaction
        return try await longWriters.withTransaction(statements, body)
    }
}

extension SQLDatabase {
    /// Lends a transaction that is committed when `body` returns.
    func writing<R: Sendable>(
        _ body: @Sendable (SQLTransaction) async throws -> R
    ) async throws -> R {
        try await withLongTransaction { connection, _ in
            let transaction = SQLTransaction(connection)
            defer { transaction.end() }
            let result = try await body(transaction)
            transaction.end()
            _ = try await connection.commit([])
            return result
        }
    }
}
