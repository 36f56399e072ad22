import Dispatch
import Synchronization
import Tranche

/// Lends connections, one borrower each at a time, and makes them when there are too few.
///
/// One whose database has gone away meanwhile is not lent. Callers that wait get one in the order
/// of asking. Nobody holds a connection while waiting for another, so waiting always ends.
package final class SQLConnectionPool<Connection: SQLConnection>: Sendable {
    private let limit: Int
    private let state: Mutex<PoolState>
    private let make: @Sendable () throws -> Connection
    private let closedError: @Sendable () -> any Error

    /// Makes a pool.
    ///
    /// - Parameters:
    ///   - limit: Most connections; at least 1.
    ///   - idle: Connections that are open already.
    ///   - closedError: What is thrown after the pool was closed.
    ///   - make: Opens a connection; it may block.
    package init(
        limit: Int,
        idle: [Connection] = [],
        closedError: @escaping @Sendable () -> any Error,
        make: @escaping @Sendable () throws -> Connection
    ) {
        self.limit = max(1, limit)
        state = Mutex(PoolState(idle: idle))
        self.closedError = closedError
        self.make = make
    }

    /// Lends a connection for the time of `body`.
    package func withConnection<R: Sendable>(
        _ body: @Sendable (isolated Connection) async throws -> R
    ) async throws -> R {
        while true {
            if let result = try await lend(take(), to: body) { return result }
        }
    }

    /// Lends a connection with an open transaction in which some statements were run.
    ///
    /// `body` commits; a transaction that it leaves open, or throws from, is rolled back.
    package func withTransaction<R: Sendable>(
        _ statements: [SQLStatement],
        _ body: @Sendable (isolated Connection, [SQLRows]) async throws -> R
    ) async throws -> R {
        while true {
            if let result = try await lend(take(), after: statements, to: body) { return result }
        }
    }

    /// Closes the pool: callers that wait or come get an error; lent connections close when given
    /// back.
    package func close() {
        for waiter in state.withLock({ $0.close() }) { waiter.resume(throwing: closedError()) }
    }

    // MARK: Steps

    /// Lends a connection, all on its own thread: going there and back costs as much as a small
    /// statement.
    ///
    /// - Returns: What `body` does; `nil` where the connection is not to be lent.
    private func lend<R: Sendable>(
        _ connection: isolated Connection,
        to body: @Sendable (isolated Connection) async throws -> R
    ) async throws -> R? {
        guard isLent(connection) else { return nil }
        defer { giveBack(connection) }
        return try await body(connection)
    }

    /// Lends a connection with an open transaction, as ``lend(_:to:)``.
    private func lend<R: Sendable>(
        _ connection: isolated Connection,
        after statements: [SQLStatement],
        to body: @Sendable (isolated Connection, [SQLRows]) async throws -> R
    ) async throws -> R? {
        guard isLent(connection) else { return nil }
        defer { giveBack(connection) }
        do {
            let rows = try await connection.begin(statements)
            let result = try await body(connection, rows)
            if connection.isInTransaction { try await connection.rollback() }
            return result
        } catch {
            // The error of the body is the one to tell; a connection that cannot roll back is
            // not lent again, and its transaction ends with it.
            if connection.isInTransaction { try? await connection.rollback() }
            throw error
        }
    }

    /// Whether a connection may be lent: it may have been lost since it was given back.
    private func isLent(_ connection: isolated Connection) -> Bool {
        guard connection.isAlive() else {
            passOn(.place)
            return false
        }
        connection.noteDemand(state.withLock { !$0.waiters.isEmpty })
        return true
    }

    private func take() async throws -> Connection {
        try Task.checkCancellation()
        let grant = state.withLock { $0.take(limit: limit) }
        let granted = if let grant { grant } else { try await wait() }
        switch granted {
        case .connection(let connection as Connection): return connection
        case .closed: throw closedError()
        case .connection, .place: return try await open()
        }
    }

    private func wait() async throws -> PoolState.Grant {
        let ticket = state.withLock { $0.drawTicket() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let grant = state.withLock { state -> PoolState.Grant? in
                    // One may have been given back since this was found to wait, or all closed.
                    if let grant = state.take(limit: limit) { return grant }
                    state.waiters.append((ticket, continuation))
                    return nil
                }
                if let grant {
                    continuation.resume(returning: grant)
                } else if Task.isCancelled {
                    // A cancellation that came before the waiter stood in line found nobody.
                    abandon(ticket)
                }
            }
        } onCancel: {
            abandon(ticket)
        }
    }

    private func abandon(_ ticket: Int) {
        state.withLock { $0.abandon(ticket) }?.resume(throwing: CancellationError())
    }

    /// Opens a connection in a place that was counted already.
    private func open() async throws -> Connection {
        do {
            return try await withCheckedThrowingContinuation { continuation in
                // Connecting blocks: not on the shared pool.
                DispatchQueue(label: "tranche.connect").async { [make] in
                    continuation.resume(with: Result { try make() })
                }
            }
        } catch {
            passOn(.place)
            throw error
        }
    }

    private func giveBack(_ connection: isolated Connection) {
        let isNextWaiting = passOn(connection.isUsable ? .connection(connection) : .place)
        connection.noteDemand(isNextWaiting)
    }

    /// Hands something to the first caller that waits.
    ///
    /// - Returns: Whether anybody did.
    @discardableResult
    private func passOn(_ grant: PoolState.Grant) -> Bool {
        let waiter = state.withLock { $0.passOn(grant) }
        waiter?.resume(returning: grant)
        return waiter != nil
    }
}

/// The free connections, and the callers that wait.
struct PoolState {
    typealias Waiter = CheckedContinuation<Grant, any Error>

    /// What a borrower gets.
    enum Grant {
        case connection(any SQLConnection)
        /// Room to open one.
        case place
        /// Nothing any more.
        case closed
    }

    var idle: [any SQLConnection]
    var open: Int
    var waiters: [(ticket: Int, waiter: Waiter)] = []
    private var isClosed = false
    private var lastTicket = 0

    init(idle: [any SQLConnection]) {
        self.idle = idle
        open = idle.count
    }

    mutating func drawTicket() -> Int {
        lastTicket += 1
        return lastTicket
    }

    /// Takes what can be had without waiting; `nil` where somebody will give something back.
    mutating func take(limit: Int) -> Grant? {
        if isClosed { return .closed }
        if let connection = idle.popLast() { return .connection(connection) }
        guard open < limit else { return nil }
        open += 1
        return .place
    }

    /// Keeps what was given back, unless somebody waits for it.
    mutating func passOn(_ grant: Grant) -> Waiter? {
        if !waiters.isEmpty { return waiters.removeFirst().waiter }
        if case .connection(let connection) = grant, !isClosed {
            idle.append(connection)
        } else {
            open -= 1
        }
        return nil
    }

    mutating func abandon(_ ticket: Int) -> Waiter? {
        waiters.firstIndex { $0.ticket == ticket }.map { waiters.remove(at: $0).waiter }
    }

    /// Forgets all connections, and returns the waiting callers.
    mutating func close() -> [Waiter] {
        isClosed = true
        idle = []
        defer { waiters = [] }
        return waiters.map(\.waiter)
    }
}
