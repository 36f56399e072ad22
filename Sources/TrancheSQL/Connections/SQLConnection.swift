package import Tranche

/// A connection to a database, with its own thread.
///
/// An actor alone would let another task in between two statements of a transaction; a pool lends
/// each connection to one borrower at a time. The statements of one call travel together: one round
/// trip where there is a network.
package protocol SQLConnection: Actor {
    /// Whether a transaction is open.
    var isInTransaction: Bool { get }
    /// Whether the connection may be lent again: sound, and no transaction left open.
    var isUsable: Bool { get }
    /// Tells the timeline of the server to which it leads, as a number that no other server or
    /// database has.
    ///
    /// It is another one once a standby has taken the server's place, or all was moved elsewhere.
    /// Where others share the session, it is that of the open transaction, or of the last one.
    ///
    /// - Returns: The timeline; `nil` where there is none, or it cannot be told.
    /// - Throws: The database's error.
    func timeline() async throws -> Int64?

    /// What fails, before other statements of its transaction, on another timeline, or where it is
    /// told no longer.
    ///
    /// - Parameter timeline: As ``timeline()`` tells it.
    /// - Returns: A statement whose error's message holds ``SQLTimelineMark/text``; `nil` where
    ///   ``timeline()`` tells that of any transaction beforehand.
    func requirement(of timeline: Int64?) -> SQLStatement?

    /// Whether the database is still there, as far as can be told without asking it; looked at
    /// before each lending.
    func isAlive() -> Bool

    /// Tells whether others of this process wait for the connection; said when it is lent and given
    /// back.
    func noteDemand(_ isWanted: Bool)

    /// Runs statements in a transaction of their own.
    ///
    /// - Parameters:
    ///   - statements: The statements.
    ///   - isWriting: Whether they write.
    /// - Returns: Each one's rows.
    /// - Throws: The database's error; nothing was changed then.
    func atomically(_ statements: [SQLStatement], isWriting: Bool) async throws -> [SQLRows]

    /// Opens a writing transaction and runs statements in it; each sees what was committed before
    /// it.
    func begin(_ statements: [SQLStatement]) async throws -> [SQLRows]

    /// Runs statements in the open transaction.
    func run(_ statements: [SQLStatement]) async throws -> [SQLRows]

    /// Runs statements and commits the open transaction.
    func commit(_ statements: [SQLStatement]) async throws -> [SQLRows]

    /// Runs statements and commits the open transaction; its locks are given up before it is on
    /// disk.
    ///
    /// It is on disk when this returns, with all that was committed before. A caller that has had
    /// one of its locks meanwhile comes later in the log, and is lost where this is lost.
    ///
    /// - Parameters:
    ///   - statements: The statements.
    ///   - sequence: A sequence whose number is of no account; it is written to.
    /// - Returns: Each statement's rows.
    /// - Throws: The database's error.
    func commit(
        _ statements: [SQLStatement],
        releasingBefore sequence: SQLTableName
    ) async throws -> [SQLRows]

    /// Runs statements in a transaction of their own, whose locks are given up as those of
    /// ``commit(_:releasingBefore:)``.
    ///
    /// - Parameters:
    ///   - statements: The statements.
    ///   - sequence: As there.
    /// - Returns: Each statement's rows.
    /// - Throws: The database's error.
    func atomically(
        _ statements: [SQLStatement],
        releasingBefore sequence: SQLTableName
    ) async throws -> [SQLRows]

    /// Rolls the open transaction back.
    func rollback() async throws

    /// Runs the statements of a script, separated by semicolons, in the open transaction.
    func runScript(_ script: String) async throws

    /// Begins to load records into a table, in the open transaction; nothing else may run until the
    /// end.
    func beginLoad(_ load: SQLLoad) async throws

    /// Loads the next records.
    ///
    /// - Returns: The records that were not taken, while all others were.
    /// - Throws: `RecordsRefused` where the transaction is lost with some; the database's error,
    ///   also that of a record where the loading is not careful.
    func load(_ records: [Record]) async throws -> [RefusedRecord]

    /// Ends the loading.
    ///
    /// - Returns: How many rows were written, and which records were not taken.
    /// - Throws: As ``load(_:)``.
    func endLoad() async throws -> SQLLoad.End

    /// Prepares a statement without running it: a check of its names and syntax.
    func check(_ statement: SQLStatement) async throws
}

extension SQLConnection {
    /// No other server takes this one's place.
    package func timeline() async throws -> Int64? { nil }

    /// There is no other timeline.
    package func requirement(of timeline: Int64?) -> SQLStatement? { nil }

    /// Commits; there are no locks that others could have before.
    package func commit(
        _ statements: [SQLStatement],
        releasingBefore sequence: SQLTableName
    ) async throws -> [SQLRows] {
        try await commit(statements)
    }

    /// Runs them as any others; there are no locks that others could have before.
    package func atomically(
        _ statements: [SQLStatement],
        releasingBefore sequence: SQLTableName
    ) async throws -> [SQLRows] {
        try await atomically(statements, isWriting: true)
    }
}

/// What tells the error of a transaction on another timeline from others.
package enum SQLTimelineMark {
    /// A part of its message.
    package static let text = "tranche: another timeline"
}

/// An error of a database's own layer.
package protocol SQLDatabaseError: Error {
    /// The category of the error.
    var category: ErrorCategory { get }
    /// Whether it says that a lock was not had in time.
    var isBusy: Bool { get }
    /// Whether the database refuses the connection for good, or cannot be used through it.
    var refusesConnection: Bool { get }
    /// Whether the database takes no writes, or none of this program's.
    var refusesWriting: Bool { get }
    /// Whether it may be the fault of a single row, while others would be taken.
    var mayBlameRow: Bool { get }
    /// The error message, without bound values.
    var message: String { get }
}

extension SQLDatabaseError {
    package var refusesConnection: Bool { false }

    package var refusesWriting: Bool { false }

    /// The code under which it is told.
    ///
    /// - Parameters:
    ///   - passing: Where trying again may help.
    ///   - lasting: Where it does not.
    /// - Returns: The code.
    package func code(
        passing: TrancheError.Code,
        lasting: TrancheError.Code
    ) -> TrancheError.Code {
        if refusesConnection { return .accessRefused }
        return category == .transient ? passing : lasting
    }
}
