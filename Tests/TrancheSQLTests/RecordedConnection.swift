import Synchronization
import Tranche
import TrancheSQL

/// What was sent to a database, one entry for each trip.
final class StatementLog: Sendable {
    /// What travelled together.
    struct Trip: Sendable {
        let what: String
        let statements: [SQLStatement]
    }

    private let trips = Mutex<[Trip]>([])
    /// What happens once something was read, and before its rows are looked at.
    let onRead: (@Sendable ([SQLStatement]) async throws -> Void)?

    /// Makes an empty log.
    ///
    /// - Parameter onRead: What happens once something was read, by default nothing.
    init(onRead: (@Sendable ([SQLStatement]) async throws -> Void)? = nil) {
        self.onRead = onRead
    }

    func add(_ what: String, _ statements: [SQLStatement] = []) {
        trips.withLock { $0.append(Trip(what: what, statements: statements)) }
    }

    /// Takes out what was sent since the last time.
    func take() -> [Trip] {
        trips.withLock { trips in
            defer { trips = [] }
            return trips
        }
    }
}

/// A connection whose statements are noted before they are run.
///
/// It lives on the executor of the other, so that it may ask it without waiting.
actor RecordedConnection<Base: SQLConnection>: SQLConnection {
    nonisolated let base: Base
    private let log: StatementLog

    nonisolated var unownedExecutor: UnownedSerialExecutor { base.unownedExecutor }

    init(_ base: Base, _ log: StatementLog) {
        self.base = base
        self.log = log
    }

    var isInTransaction: Bool { base.assumeIsolated { $0.isInTransaction } }

    var isUsable: Bool { base.assumeIsolated { $0.isUsable } }

    func isAlive() -> Bool { base.assumeIsolated { $0.isAlive() } }

    func noteDemand(_ isWanted: Bool) {
        base.assumeIsolated { $0.noteDemand(isWanted) }
    }

    func atomically(_ statements: [SQLStatement], isWriting: Bool) async throws -> [SQLRows] {
        log.add(isWriting ? "in a transaction of their own" : "reading", statements)
        let rows = try await base.atomically(statements, isWriting: isWriting)
        if !isWriting { try await log.onRead?(statements) }
        return rows
    }

    func begin(_ statements: [SQLStatement]) async throws -> [SQLRows] {
        log.add("opening a transaction", statements)
        return try await base.begin(statements)
    }

    func run(_ statements: [SQLStatement]) async throws -> [SQLRows] {
        log.add("in the transaction", statements)
        return try await base.run(statements)
    }

    func commit(_ statements: [SQLStatement]) async throws -> [SQLRows] {
        log.add("with the commit", statements)
        return try await base.commit(statements)
    }

    func commit(
        _ statements: [SQLStatement],
        releasingBefore sequence: SQLTableName
    ) async throws -> [SQLRows] {
        log.add("with a commit that gives up its locks before it is on disk", statements)
        return try await base.commit(statements, releasingBefore: sequence)
    }

    func rollback() async throws {
        log.add("rolling back")
        try await base.rollback()
    }

    func runScript(_ script: String) async throws { try await base.runScript(script) }

    func beginLoad(_ load: SQLLoad) async throws { try await base.beginLoad(load) }

    func load(_ records: [Record]) async throws -> [RefusedRecord] {
        try await base.load(records)
    }

    func endLoad() async throws -> SQLLoad.End { try await base.endLoad() }

    func check(_ statement: SQLStatement) async throws { try await base.check(statement) }
}
