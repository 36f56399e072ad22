internal import CSQLite
import Dispatch
import FoundationEssentials
import Tranche
package import TrancheSQL

/// A connection to a SQLite file, with its own thread.
package actor SQLiteConnection: SQLConnection {
    private nonisolated let executor: SerialQueueExecutor
    let handle: SQLiteHandle
    private let queue: SQLiteWriterQueue?
    private let waiter: SQLiteLockWaiter
    private let interrupter: SQLiteInterrupter
    private var statements: [ExactText: SQLiteStatement] = [:]
    private var isWanted = false
    private var queueFrontSince: ContinuousClock.Instant?
    private let path: String
    /// The file that was opened; `nil` for one that is written to, and so stays as long as it is
    /// open.
    private let file: SQLiteFileIdentity?
    /// Whether the file is read as one that nobody writes to, which is looked at before each
    /// lending.
    private let isStill: Bool
    /// How much of the file is kept in memory: 16 MiB.
    static let cacheSize = "PRAGMA cache_size = -16384;"
    /// What is being loaded.
    var loading: Loading?

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// How a connection is opened.
    enum Mode: Sendable {
        /// For an inventory: writing in turns, WAL, synced at each commit.
        case inventory(creates: Bool)
        /// For an inventory's file, only reading.
        case inventoryReader
        /// For a source: only reading, the file's journal mode left as it is.
        case source

        var isInventory: Bool { if case .source = self { false } else { true } }
    }

    /// Opens a file.
    ///
    /// It blocks for as long as opening a file does; call it from no actor.
    init(path: String, mode: Mode, lockTimeout: Duration) throws(SQLiteError) {
        executor = SerialQueueExecutor(label: "tranche.sqlite")
        self.path = path
        waiter = SQLiteLockWaiter(limit: lockTimeout)
        var isStill = false
        let seen = SQLiteFileIdentity(path: path)
        do throws(SQLiteError) {
            handle = try Self.open(path, mode, waiter, &isStill)
        } catch {
            throw error.explained(path: path, isInventory: mode.isInventory)
        }
        self.isStill = isStill
        if case .source = mode { file = seen } else { file = isStill ? seen : nil }
        interrupter = handle.makeInterrupter()
        if case .inventory = mode {
            // Only now: nothing is put beside a file that is no database.
            queue = try SQLiteWriterQueue(besides: path)
        } else {
            queue = nil
        }
    }

    private static func open(
        _ path: String,
        _ mode: Mode,
        _ waiter: SQLiteLockWaiter,
        _ isStill: inout Bool
    ) throws(SQLiteError) -> SQLiteHandle {
        // Reading the schema finds out whether the file is a database at all.
        let reading = "PRAGMA query_only = ON; SELECT count(*) FROM sqlite_master;"
        switch mode {
        case .inventory(let creates):
            let flags = SQLITE_OPEN_READWRITE | (creates ? SQLITE_OPEN_CREATE : 0)
            let writing = """
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                PRAGMA foreign_keys = ON;
                \(cacheSize)
                """
            let handle = try open(path, flags: flags, writing, waiter)
            // SQLite opens a file that it may not write for reading, without a word.
            if handle.isReadOnly { throw SQLiteError.readOnly(path) }
            return handle
        case .source: return try open(path, flags: SQLITE_OPEN_READONLY, reading, waiter)
        case .inventoryReader:
            do throws(SQLiteError) {
                let caching = reading + cacheSize
                return try open(path, flags: SQLITE_OPEN_READONLY, caching, waiter)
            } catch {
                // Where the folder cannot be written, a file in WAL mode can be read as long as
                // nobody writes to it. Source: sqlite.org/wal.html, section 5.
                guard error.isOfAccess, let name = stillName(of: path) else { throw error }
                isStill = true
                let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
                return try open(name, flags: flags, reading, waiter)
            }
        }
    }

    private static func open(
        _ name: String,
        flags: Int32,
        _ script: String,
        _ waiter: SQLiteLockWaiter
    ) throws(SQLiteError) -> SQLiteHandle {
        let handle = try SQLiteHandle(path: name, flags: flags | SQLITE_OPEN_NOMUTEX)
        handle.setBusyHandler(waiter)
        handle.setProgressHandler(waiter)
        waiter.reset()
        try handle.requireEmptyOrMore()
        try handle.run(script: script)
        return handle
    }

    /// What a file is called that nobody writes to; `nil` where somebody does.
    private static func stillName(of path: String) -> String? {
        if isWrittenTo(path) { return nil }
        let full = URL(fileURLWithPath: path).path
        return "file://\(full.percentEncoded(keeping: "/"))?immutable=1"
    }

    /// Whether there are changes beside the file; a writer makes them there first.
    private static func isWrittenTo(_ path: String) -> Bool {
        (SQLiteFileIdentity(path: path + "-wal")?.size ?? 0) > 0
    }

    isolated deinit {
        interrupter.forget()
        for statement in statements.values { statement.finalize() }
        loading?.statement.finalize()
    }

    package var isInTransaction: Bool { handle.isInTransaction }

    package var isUsable: Bool { !handle.isInTransaction }

    // Where another file was put at the path, this one still has the old one.
    package func isAlive() -> Bool {
        guard let file, let now = SQLiteFileIdentity(path: path) else { return true }
        if isStill { return now == file && !Self.isWrittenTo(path) }
        return now.isSameFile(as: file)
    }

    /// Whether another engine writes to the file, in ways that SQLite does not know.
    var isWrittenOtherwise: Bool { handle.format?.isForeign ?? false }

    /// The count of changes in the file's head; `nil` in WAL mode, in which it stands still.
    var writeCount: Int64? { handle.writeCount }

    package func noteDemand(_ isWanted: Bool) {
        self.isWanted = isWanted
        if !isWanted { leaveQueue() }
    }

    package func atomically(
        _ statements: [SQLStatement],
        isWriting: Bool
    ) async throws -> [SQLRows] {
        try await interruptibly {
            guard isWriting || statements.count > 1 else { return try execute(statements) }
            try open(isWriting: isWriting)
            do {
                let rows = try execute(statements)
                try commit()
                return rows
            } catch {
                try abandon()
                throw error
            }
        }
    }

    package func begin(_ statements: [SQLStatement]) async throws -> [SQLRows] {
        try await interruptibly {
            try open(isWriting: true)
            return try execute(statements)
        }
    }

    package func run(_ statements: [SQLStatement]) async throws -> [SQLRows] {
        try await interruptibly { try execute(statements) }
    }

    package func commit(_ statements: [SQLStatement]) async throws -> [SQLRows] {
        try await interruptibly {
            let rows = try execute(statements)
            try commit()
            return rows
        }
    }

    package func rollback() async throws {
        try abandon()
        try forgetLoading()
    }

    package func runScript(_ script: String) async throws {
        try await interruptibly { try handle.run(script: script) }
    }

    package func check(_ statement: SQLStatement) async throws {
        let prepared = try handle.prepare(statement.text)
        defer { prepared.finalize() }
        guard prepared.parameterCount == statement.binds.count else {
            throw SQLiteError(code: SQLITE_ERROR, message: "it has a placeholder; write its value")
        }
        // A misspelt column would be a text that equals none, and nothing would ever match.
        if let name = handle.nameTakenForText(in: statement.text) {
            throw SQLiteError(
                code: SQLITE_ERROR,
                message: "there is no column \"\(name)\"; if it is a text, write '\(name)'"
            )
        }
    }

    // MARK: Steps

    func execute(_ statements: [SQLStatement]) throws(SQLiteError) -> [SQLRows] {
        var results: [SQLRows] = []
        results.reserveCapacity(statements.count)
        for statement in statements {
            let prepared = try prepared(statement.text)
            results.append(try prepared.run(statement.binds) { handle.error($0) })
        }
        return results
    }

    func prepared(_ text: String) throws(SQLiteError) -> SQLiteStatement {
        let key = ExactText(text)
        if let known = statements[key] { return known }
        // Texts are few; the bound is for lists of ids of many lengths.
        if statements.count == 256 { forgetStatements() }
        let statement = try handle.prepare(text)
        statements[key] = statement
        return statement
    }

    private func forgetStatements() {
        for statement in statements.values { statement.finalize() }
        statements = [:]
    }

    private func open(isWriting: Bool) throws {
        // One whose transaction SQLite itself has rolled back is left.
        try forgetLoading()
        // One without a queue can only read.
        guard isWriting, let queue else {
            _ = try execute(["BEGIN"])
            return
        }
        guard queueFrontSince != nil || queue.take(waiter) else {
            try Task.checkCancellation()
            throw SQLiteError(
                code: SQLITE_BUSY,
                message: "other writers held the file for too long"
            )
        }
        queueFrontSince = queueFrontSince ?? .now
        do {
            _ = try execute(["BEGIN IMMEDIATE"])
        } catch {
            leaveQueue()
            throw error
        }
        // When no more of this process's writers wait, or its time is over, the front of the queue
        // is left while this transaction runs, so that another process stands there before this one
        // comes again.
        if let taken = queueFrontSince, isWanted,
            ContinuousClock.now - taken < SQLiteWriterQueue.longest
        {
            return
        }
        leaveQueue()
    }

    private func leaveQueue() {
        guard queueFrontSince != nil else { return }
        queueFrontSince = nil
        queue?.leave()
    }

    private func commit() throws(SQLiteError) {
        _ = try execute(["COMMIT"])
    }

    private func abandon() throws(SQLiteError) {
        // Some errors, such as a full disk, have rolled back already.
        if handle.isInTransaction { _ = try execute(["ROLLBACK"]) }
    }

    /// Runs blocking calls of this connection; cancelling the task interrupts them, and only them.
    func interruptibly<R: Sendable>(_ body: () throws -> R) async throws -> R {
        try Task.checkCancellation()
        waiter.reset()
        let waiter = waiter
        let interrupter = interrupter
        do {
            return try await withTaskCancellationHandler {
                try perform(body)
            } onCancel: {
                waiter.cancel()
                interrupter.interrupt()
            }
        } catch let error as SQLiteError {
            if Task.isCancelled, error.code & 0xff == SQLITE_INTERRUPT || error.isBusy {
                throw CancellationError()
            }
            throw error
        }
    }

    /// Calls `body`; being the actor's own, it keeps the closure around it on the actor's thread.
    private func perform<R>(_ body: () throws -> R) throws -> R {
        try body()
    }
}
