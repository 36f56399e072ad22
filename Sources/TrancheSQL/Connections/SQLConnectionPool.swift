import Dispatch
import Synchronization
import Tranche

/// Lends connections, one borrower each at a time, and makes them when there are too few.
///
/// Who waits gets one in the order of asking. Nobody holds a connection while waiting for another, so
/// waiting always ends.
package final class SQLConnectionPool<Connection: SQLConnection>: Sendable {
    private let limit: Int
    private let state: Mutex<State>
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
        state = Mutex(State(idle: idle, open: idle.count))
        self.closedError = closedError
        self.make = make
    }

    /// Lends a connection for the time of `body`.
    package func withConnection<R: Sendable>(
        _ body: @Sendable (isolated Connection) async throws -> R
    ) async throws -> R {
        let connection = try await take()
        return try await lend(connection, to: body)
    }

    /// Calls `body` and gives the connection back, all on the connection's own thread: going there and
    /// back costs as much as a small statement.
    private func lend<R: Sendable>(
        _ connection: isolated Connection,
        to body: @Sendable (isolated Connection) async throws -> R
    ) async throws -> R {
        do {
            let result = try await body(connection)
            giveBack(connection)
            return result
        } catch {
            giveBack(connection)
            throw error
        }
    }

    /// Closes the pool: who waits or comes gets an error, what is lent is closed when given back.
    package func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            state.idle = []
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(throwing: closedError()) }
    }

    // MARK: Steps

    private typealias Continuation = CheckedContinuation<Connection?, any Error>

    private struct State {
        var idle: [Connection]
        var open: Int
        var nextTicket = 0
        var waiters: [(ticket: Int, continuation: Continuation)] = []
        var isClosed = false

        /// Takes what can be had without waiting.
        mutating func take(limit: Int) -> Grant? {
            if let connection = idle.popLast() { return .connection(connection) }
            guard open < limit else { return nil }
            open += 1
            return .place
        }

        /// Hands a connection, or with `nil` a place to open one, to the first who waits.
        mutating func passOn(_ connection: Connection?) -> Continuation? {
            if !waiters.isEmpty { return waiters.removeFirst().continuation }
            if let connection, !isClosed { idle.append(connection) } else { open -= 1 }
            return nil
        }
    }

    private enum Grant {
        case connection(Connection)
        case place
    }

    private func take() async throws -> Connection {
        try Task.checkCancellation()
        let (grant, isClosed) = state.withLock { state in
            (state.isClosed ? nil : state.take(limit: limit), state.isClosed)
        }
        if isClosed { throw closedError() }
        switch grant {
        case .connection(let connection): return connection
        case .place: return try await open()
        case nil:
            if let connection = try await wait() { return connection }
            return try await open()
        }
    }

    private func wait() async throws -> Connection? {
        let ticket = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let grant = state.withLock { state -> Grant? in
                    // One may have been given back since this was found to wait.
                    if let grant = state.take(limit: limit) { return grant }
                    state.waiters.append((ticket, continuation))
                    return nil
                }
                switch grant {
                case .connection(let connection): continuation.resume(returning: connection)
                case .place: continuation.resume(returning: nil)
                // A cancellation that came before the waiter stood in line found nobody.
                case nil: if Task.isCancelled { abandon(ticket) }
                }
            }
        } onCancel: {
            abandon(ticket)
        }
    }

    private func abandon(_ ticket: Int) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.ticket == ticket }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(throwing: CancellationError())
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
            state.withLock { $0.passOn(nil) }?.resume(returning: nil)
            throw error
        }
    }

    private func giveBack(_ connection: isolated Connection) {
        let isUsable = connection.isUsable
        state.withLock { $0.passOn(isUsable ? connection : nil) }?
            .resume(returning: isUsable ? connection : nil)
    }
}
