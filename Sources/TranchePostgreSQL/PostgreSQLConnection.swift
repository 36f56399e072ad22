import FoundationEssentials
import Tranche
package import TrancheSQL

/// A connection to a PostgreSQL server, with its own thread.
///
/// All statements go through libpq's pipeline mode: those of one call are sent together, and
/// prepared the first time they are met.
package actor PostgreSQLConnection: SQLConnection {
    private nonisolated let executor: SerialQueueExecutor
    private let handle: PostgreSQLHandle
    private let alarm: PostgreSQLAlarm
    private let canceller: PostgreSQLCanceller
    private let session: PostgreSQLSession
    /// Whether others use the session between transactions of ours: nothing may be left in it then,
    /// and nothing be expected to be there.
    private let isShared: Bool
    /// The statements that the session knows, by their text; none in one that others share.
    private var prepared: [String: [PostgreSQLPrepared]] = [:]
    /// How many these are.
    private var preparedCount = 0
    private var isUnusable = false
    /// Whether its user may write to the sequence that has commits on disk; found out when it is
    /// needed first.
    private var mayFlush: Bool?
    /// Whether it has prepared so many statements that it is given up once it is given back.
    private var isWornOut = false
    /// The records that are being loaded.
    var loading: Load?
    /// What is told that the server does not tell its timeline; `nil` where nobody asks.
    private let timelineRefusal: TimelineRefusal?
    /// The timeline that was told last.
    private var knownTimeline: Int64?

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// Connects.
    ///
    /// It blocks; call it from a thread of its own.
    ///
    /// - Parameters:
    ///   - url: The URL.
    ///   - timeout: How long to wait for the only server.
    ///   - lead: Which of several servers is tried first.
    ///   - session: What the session is told.
    ///   - roundTrip: What is told how long a round trip takes; `nil` where nobody asks.
    ///   - timelineRefusal: What is told that the server does not tell its timeline; `nil` where
    ///     nobody asks.
    /// - Throws: `PostgreSQLError` when the server does not answer or refuses.
    init(
        url: PostgreSQLURL,
        timeout: Duration,
        lead: PostgreSQLLead,
        session: PostgreSQLSession,
        roundTrip: RoundTrip? = nil,
        timelineRefusal: TimelineRefusal? = nil
    ) throws {
        executor = SerialQueueExecutor(label: "tranche.postgresql")
        alarm = try PostgreSQLAlarm()
        handle = try PostgreSQLHandle(
            url: url,
            timeout: timeout,
            lead: lead,
            alarm: alarm,
            greeting: { session.first(process: $0) }
        )
        canceller = handle.makeCanceller()
        self.session = session
        self.timelineRefusal = timelineRefusal
        isShared = handle.welcome.process != .integer(Int64(handle.process))
        try handle.enterPipeline()
        if isShared { try Self.probeTransaction(on: handle) }
        if let timelineRefusal { knownTimeline = try handle.timeline(timelineRefusal) }
        for _ in 0..<2 { try roundTrip?.note(handle.measureRoundTrip()) }
    }

    package var isInTransaction: Bool { !isBroken && handle.isInTransaction }

    /// Whether the connection must not be lent again.
    var isBroken: Bool { isUnusable || alarm.isRinging || handle.isBroken }

    package var isUsable: Bool { !isBroken && !isInTransaction && !isWornOut }

    package func isAlive() -> Bool { !isBroken && handle.isCurrent && handle.isQuiet() }

    package func noteDemand(_ isWanted: Bool) {}

    package func atomically(
        _ statements: [SQLStatement],
        isWriting: Bool
    ) async throws -> [SQLRows] {
        // What is sent before one sync is one transaction. Source: PostgreSQL 15 manual, 34.5.
        try await interruptibly {
            guard isShared else { return try exchange(statements) }
            let opening = session.beginning()
            do {
                let rows = try exchange(opening + statements + ["COMMIT"])
                return Array(rows.dropFirst(opening.count).dropLast())
            } catch {
                if isInTransaction { try undo() }
                guard isWriting, Self.areAskingTimeline(statements),
                    let refusal = noteRefusal(error)
                else { throw error }
                // It can be told no more that it is the same.
                throw PostgreSQLError(
                    sqlState: refusal.sqlState,
                    message: "\(SQLTimelineMark.text): \(refusal.message)"
                )
            }
        }
    }

    package func begin(_ statements: [SQLStatement]) async throws -> [SQLRows] {
        try await interruptibly {
            do {
                return try openTransaction(statements)
            } catch {
                guard isShared, noteRefusal(error) != nil else { throw error }
                if isInTransaction { try undo() }
                return try openTransaction(statements)
            }
        }
    }

    private func openTransaction(_ statements: [SQLStatement]) throws -> [SQLRows] {
        let opening =
            isShared
            ? session.beginning(telling: toldTimeline)
            : ["BEGIN ISOLATION LEVEL READ COMMITTED"]
        // What kind of transaction it is must be said before it reads anything.
        let kind = statements.prefix { $0.text.hasPrefix("SET TRANSACTION ") }
        let all = opening.prefix(1) + kind + opening.dropFirst()
        let rows = try exchange(Array(all + statements.dropFirst(kind.count)))
        if isShared {
            // Behind a pooler, another server may have taken the place of the last one.
            var row = rows[all.count - 1].first
            knownTimeline = try row?.optionalInteger()
        }
        return Array(rows.dropFirst().prefix(kind.count) + rows.dropFirst(all.count))
    }

    package func run(_ statements: [SQLStatement]) async throws -> [SQLRows] {
        try await interruptibly { try exchange(statements) }
    }

    package func commit(_ statements: [SQLStatement]) async throws -> [SQLRows] {
        try await interruptibly { try exchange(statements + ["COMMIT"]).dropLast() }
    }

    package func commit(
        _ statements: [SQLStatement],
        releasingBefore sequence: SQLTableName
    ) async throws -> [SQLRows] {
        try await interruptibly {
            let all = statements + ["COMMIT"]
            guard try mayFlush(sequence) else { return try exchange(all).dropLast() }
            return try exchange(all, releasingBefore: sequence).dropLast()
        }
    }

    package func atomically(
        _ statements: [SQLStatement],
        releasingBefore sequence: SQLTableName
    ) async throws -> [SQLRows] {
        guard try await interruptibly({ try mayFlush(sequence) }) else {
            return try await atomically(statements, isWriting: true)
        }
        return try await interruptibly { try exchange(statements, releasingBefore: sequence) }
    }

    /// Runs statements whose transaction ends with them, and waits until all is on disk.
    ///
    /// A commit that waits for the disk keeps its locks meanwhile; one behind it waits for both.
    /// Source: PostgreSQL 15 manual, 30.4 and 20.5.1 (synchronous_commit).
    private func exchange(
        _ statements: [SQLStatement],
        releasingBefore sequence: SQLTableName
    ) throws -> [SQLRows] {
        let early: SQLStatement = "SELECT set_config('synchronous_commit', 'off', true)"
        let rows = try exchange(
            [early] + statements,
            then: ["SELECT setval(CAST(\(sequence.quoted) AS regclass), 1)"]
        )
        return Array(rows.dropFirst().prefix(statements.count))
    }

    private func mayFlush(_ sequence: SQLTableName) throws(PostgreSQLError) -> Bool {
        if let mayFlush { return mayFlush }
        // In a session that others share nothing may be sent behind a transaction.
        if isShared { return false }
        let rows = try exchange(
            ["SELECT has_sequence_privilege(CAST(\(sequence.quoted) AS text), 'UPDATE')"]
        )
        var row = rows[0].first
        let answer = row?.value() == .boolean(true)
        mayFlush = answer
        return answer
    }

    package func rollback() async throws {
        guard !isBroken else { return }
        do {
            let isCopying = loading.map { !$0.load.isCareful } ?? false
            loading = nil
            if isCopying { _ = try endCopy("it was given up") }
            try undo()
        } catch {
            isUnusable = true
            throw error
        }
    }

    package func runScript(_ script: String) async throws {
        _ = try await runCounting(script)
    }

    /// Runs statements.
    ///
    /// - Parameter script: The statements.
    /// - Returns: How many rows all of them wrote, copied or gave.
    /// - Throws: The error of the first that fails.
    func runCounting(_ script: String) async throws -> Int {
        try await interruptibly {
            try handle.exitPipeline()
            let count: Int
            do {
                try handle.sendScript(script)
                count = try Self.finishScript(of: handle)
            } catch {
                try handle.enterPipeline()
                throw error
            }
            try handle.enterPipeline()
            return count
        }
    }

    package func check(_ statement: SQLStatement) async throws {
        try await interruptibly {
            // Even to read a statement the server waits for locks.
            if isShared { _ = try exchange(session.beginning()) }
            defer { if isShared, isInTransaction { giveUp() } }
            try handle.sendPrepare("", statement.text, types: [])
            try handle.sendDescribe("")
            try handle.sync()
            var count = 0
            try collect(2) { index, result in
                if index == 1 { count = result.parameterCount }
            }
            guard count == statement.binds.count else {
                throw PostgreSQLError(
                    sqlState: "42P02",
                    message: "it has a placeholder; write its value"
                )
            }
        }
    }

    // MARK: Timeline

    // Sessions survive a promotion: one that was opened on a standby asks again once that leads.
    package func timeline() async throws -> Int64? {
        guard knownTimeline == nil, !isShared, handle.welcome.isStandby,
            let timelineRefusal, !timelineRefusal.isKnown
        else { return knownTimeline }
        let found = try await interruptibly { try handle.timeline(timelineRefusal) }
        knownTimeline = found
        return found
    }

    package func requirement(of timeline: Int64?) -> SQLStatement? {
        guard isShared, let own = toldTimeline else { return nil }
        return """
            SELECT CAST(
                CASE
                    WHEN (\(own)) IS DISTINCT FROM CAST(\(timeline) AS bigint)
                    THEN \(SQLTimelineMark.text) ELSE '0'
                END AS integer
            )
            """
    }

    /// What tells the timeline; `nil` where nobody asks, or the server refuses it.
    private var toldTimeline: SQLStatement? {
        guard let timelineRefusal, !timelineRefusal.isKnown else { return nil }
        return PostgreSQLDatabase.ownTimeline
    }

    /// Whether the first of some statements asks for the timeline, as ``requirement(of:)`` does.
    private static func areAskingTimeline(_ statements: [SQLStatement]) -> Bool {
        statements.first?.text.contains("pg_control_checkpoint") ?? false
    }

    /// Notes that the server tells its timeline no longer, where an error says so: its functions
    /// were taken from the role since it was asked first, or a pooler leads to another server.
    ///
    /// - Parameter error: The error.
    /// - Returns: The error; `nil` where it is another.
    private func noteRefusal(_ error: any Error) -> PostgreSQLError? {
        guard let timelineRefusal, let error = error as? PostgreSQLError,
            // Insufficient privilege; undefined function.
            ["42501", "42883"].contains(error.sqlState), error.message.contains("pg_control_")
        else { return nil }
        timelineRefusal.note()
        knownTimeline = nil
        return error
    }

    // MARK: Copying

    /// Runs a script and begins to copy in; pipelines have to wait until its end.
    func copyIn(after script: String, _ copy: String) throws {
        try handle.exitPipeline()
        do {
            if !script.isEmpty {
                try handle.sendScript(script)
                _ = try Self.finishScript(of: handle)
            }
            try handle.sendScript(copy)
            try handle.waitForCopy()
            handle.setPatience(true)
        } catch {
            try handle.enterPipeline()
            throw error
        }
    }

    /// Copies bytes in.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - size: How many libpq is given at once; 8 MiB by default.
    /// - Throws: The database's error.
    func putCopy(_ bytes: [UInt8], inPiecesOf size: Int = 8 << 20) throws {
        try handle.putCopy(bytes, inPiecesOf: size)
    }

    /// How long, in milliseconds, the server may leave untaken what was sent; `nil` where the
    /// system does not say.
    var userTimeout: Int32? { handle.userTimeout }

    /// Ends the copying, with an error to give it up.
    ///
    /// - Returns: How many rows were copied, without those that the table's triggers left out.
    func endCopy(_ reason: String?) throws(PostgreSQLError) -> Int {
        defer { handle.setPatience(false) }
        let count: Int
        do {
            try handle.endCopy(reason)
            count = try Self.finishScript(of: handle)
        } catch {
            let failure = error
            try handle.enterPipeline()
            if failure.endsConnection { isUnusable = true }
            // What was given up fails, as it should.
            if reason == nil || failure.endsConnection { throw failure }
            return 0
        }
        try handle.enterPipeline()
        return count
    }

    // MARK: Steps

    /// Rolls back; a connection that cannot is not lent again.
    private func undo() throws(PostgreSQLError) {
        do {
            _ = try exchange(["ROLLBACK"])
        } catch {
            isUnusable = true
            throw error
        }
    }

    /// Rolls back what needs no answer.
    private func giveUp() {
        // A connection that cannot roll back is not lent again, and its transaction ends with it.
        try? undo()
    }

    /// Sends statements and collects their rows: one round trip.
    ///
    /// - Parameters:
    ///   - statements: The statements.
    ///   - last: What is run behind the transaction that these end; none by default.
    /// - Returns: Each one's rows.
    /// - Throws: The first failure.
    private func exchange(
        _ statements: [SQLStatement],
        then last: [SQLStatement] = []
    ) throws(PostgreSQLError) -> [SQLRows] {
        let isLarge = PostgreSQLHandle.areLarge(statements)
        if isLarge { handle.setPatience(true) }
        defer { if isLarge { handle.setPatience(false) } }
        if isShared { return try exchangeUnnamed(statements + last) }
        var pipeline = Pipeline()
        for statement in statements { try send(statement, in: &pipeline) }
        try handle.sync()
        var parts = [0..<pipeline.count]
        if !last.isEmpty {
            for statement in last { try send(statement, in: &pipeline) }
            try handle.sync()
            parts.append(parts[0].upperBound..<pipeline.count)
        }
        let results = try collect(parts, of: pipeline)
        // Names are never reused: after many texts the session is given up instead, at its end.
        if preparedCount > 500 { isWornOut = true }
        return pipeline.places.map { results[$0] ?? SQLRows() }
    }

    /// What was sent, and is not answered yet.
    private struct Pipeline {
        /// How many results there will be.
        var count = 0
        /// The statements that are prepared, by the place of the result.
        var preparing: [Int: PostgreSQLPrepared] = [:]
        /// The places of the results that have rows.
        var places: [Int] = []
    }

    /// Sends a statement, behind its preparation where the session does not know it.
    private func send(
        _ statement: SQLStatement,
        in pipeline: inout Pipeline
    ) throws(PostgreSQLError) {
        let known =
            prepared[statement.text]?.first { $0.runs(statement) }
            ?? pipeline.preparing.values.first { $0.runs(statement) }
        let ready = known ?? PostgreSQLPrepared(statement)
        if known == nil {
            try handle.sendPrepare(ready.name, ready.text, types: ready.types)
            pipeline.preparing[pipeline.count] = ready
            pipeline.count += 1
        }
        try handle.sendRun(ready.name, statement.binds)
        pipeline.places.append(pipeline.count)
        pipeline.count += 1
    }

    /// Takes the results of parts that each end with a sync; the first failure is thrown after all.
    private func collect(
        _ parts: [Range<Int>],
        of pipeline: Pipeline
    ) throws(PostgreSQLError) -> [Int: SQLRows] {
        var results: [Int: SQLRows] = [:]
        var failure: PostgreSQLError?
        for part in parts {
            do {
                try collect(part.count) { index, result in
                    let index = part.lowerBound + index
                    if let ready = pipeline.preparing[index] {
                        prepared[ready.text, default: []].append(ready)
                        preparedCount += 1
                    } else {
                        results[index] = result.rows()
                    }
                }
            } catch {
                failure = failure ?? error
                if isUnusable { break }
            }
        }
        if let failure { throw failure }
        return results
    }

    /// Sends statements that no session keeps.
    private func exchangeUnnamed(
        _ statements: [SQLStatement]
    ) throws(PostgreSQLError) -> [SQLRows] {
        for statement in statements {
            try handle.sendUnnamed(
                statement.text,
                types: statement.binds.map(\.parameterType),
                statement.binds
            )
        }
        try handle.sync()
        var results = [SQLRows](repeating: SQLRows(), count: statements.count)
        try collect(statements.count) { index, result in results[index] = result.rows() }
        return results
    }

    /// Takes the results of a pipeline up to its sync; the first failure is thrown after that.
    private func collect(
        _ count: Int,
        _ take: (Int, borrowing PostgreSQLResult) -> Void
    ) throws(PostgreSQLError) {
        var failure: PostgreSQLError?
        do {
            for index in 0..<count {
                while let result = try handle.nextResult() {
                    switch result.outcome {
                    case .done: take(index, result)
                    case .failed(let error): failure = failure ?? error
                    case .skipped, .sync: break
                    }
                }
            }
            try handle.waitForSync()
        } catch {
            isUnusable = true
            throw failure ?? error
        }
        if let failure {
            if failure.endsConnection { isUnusable = true }
            throw failure
        }
    }

    private static func finishScript(
        of handle: borrowing PostgreSQLHandle
    ) throws(PostgreSQLError) -> Int {
        var failure: PostgreSQLError?
        var count = 0
        while let result = try handle.nextResult() {
            if case .failed(let error) = result.outcome { failure = failure ?? error }
            count += result.rowCount
        }
        if let failure { throw failure }
        return count
    }

    /// Finds out whether a transaction may take more than one round trip.
    private static func probeTransaction(
        on handle: borrowing PostgreSQLHandle
    ) throws(PostgreSQLError) {
        for statement in ["BEGIN", "COMMIT"] {
            try handle.sendUnnamed(statement, types: [], [])
            try handle.sync()
            var failure: PostgreSQLError?
            while let result = try handle.nextResult() {
                if case .failed(let error) = result.outcome { failure = failure ?? error }
            }
            if let failure { throw failure.explained(isReadOnly: true) }
            try handle.waitForSync()
        }
    }

    /// Runs blocking calls of this connection; cancelling the task stops them, and only them.
    ///
    /// A connection that was cancelled is not lent again: the server's answer to the cancel request
    /// may come late, and must not hit another's statement.
    func interruptibly<R: Sendable>(_ body: () throws -> R) async throws -> R {
        try Task.checkCancellation()
        guard !isBroken else {
            throw PostgreSQLError(sqlState: "08006", message: "the connection was lost")
        }
        let alarm = alarm
        let canceller = canceller
        do {
            return try await withTaskCancellationHandler {
                try perform(body)
            } onCancel: {
                alarm.ring()
                canceller.cancel()
            }
        } catch let error as PostgreSQLError {
            if alarm.isRinging { throw CancellationError() }
            let error = error.explained(isReadOnly: session.isReadOnly)
            if error.endsConnection { isUnusable = true }
            throw error
        }
    }

    /// Calls `body`; being the actor's own, it keeps the closure around it on the actor's thread.
    private func perform<R>(_ body: () throws -> R) throws -> R {
        try body()
    }
}
