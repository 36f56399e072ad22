import Dispatch
import Synchronization
import Tranche
import TrancheSQL

/// Lends connections, and makes them when there are too few.
///
/// Nobody holds a connection while waiting for another, so waiting always ends.
final class PostgreSQLPool: Sendable {
    private struct State {
        var idle: [PostgreSQLConnection] = []
        var open = 0
        var nextTicket = 0
        var waiters: [(ticket: Int, continuation: CheckedContinuation<PostgreSQLConnection?, any Error>)] = []
        var isClosed = false
    }

    private let url: String
    private let limit: Int
    private let connectTimeout: Duration
    private let settings: PostgreSQLConnection.Settings
    private let state = Mutex(State())

    init(
        url: String,
        limit: Int,
        connectTimeout: Duration,
        settings: PostgreSQLConnection.Settings
    ) {
        self.url = url
        self.limit = max(1, limit)
        self.connectTimeout = connectTimeout
        self.settings = settings
    }

    /// Lends a connection for the time of `body`.
    func withConnection<R: Sendable>(
        _ body: @Sendable (isolated PostgreSQLConnection) async throws -> R
    ) async throws -> R {
        let connection = try await take()
        do {
            let result = try await body(connection)
            await giveBack(connection)
            return result
        } catch {
            await giveBack(connection)
            throw error
        }
    }

    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            state.idle = []
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(throwing: Self.closed) }
    }

    // MARK: Steps

    private enum Step {
        case use(PostgreSQLConnection)
        case connect
        case wait(ticket: Int)
        case fail
    }

    private func take() async throws -> PostgreSQLConnection {
        try Task.checkCancellation()
        let step: Step = state.withLock { state in
            if state.isClosed { return .fail }
            if let connection = state.idle.popLast() { return .use(connection) }
            if state.open < limit {
                state.open += 1
                return .connect
            }
            state.nextTicket += 1
            return .wait(ticket: state.nextTicket)
        }
        switch step {
        case .use(let connection): return connection
        case .connect: return try await connect()
        case .fail: throw Self.closed
        case .wait(let ticket):
            // Nothing is given when a broken connection was closed: a place to open one instead.
            if let connection = try await wait(ticket) { return connection }
            return try await connect()
        }
    }

    private func wait(_ ticket: Int) async throws -> PostgreSQLConnection? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let ready: PostgreSQLConnection?? = state.withLock { state in
                    // Somebody may have given one back since the ticket was drawn.
                    if let connection = state.idle.popLast() { return .some(connection) }
                    if state.open < limit {
                        state.open += 1
                        return .some(nil)
                    }
                    state.waiters.append((ticket, continuation))
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
                if Task.isCancelled { abandon(ticket) }
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
    private func connect() async throws -> PostgreSQLConnection {
        do {
            return try await withCheckedThrowingContinuation { continuation in
                // Connecting blocks: not on the shared pool.
                DispatchQueue(label: "tranche.postgresql.connect").async { [self] in
                    continuation.resume(
                        with: Result {
                            try PostgreSQLConnection(url: url, timeout: connectTimeout, settings: settings)
                        }
                    )
                }
            }
        } catch {
            freePlace()
            throw error
        }
    }

    private func giveBack(_ connection: PostgreSQLConnection) async {
        let isUsable = await connection.isUsable
        guard isUsable else { return freePlace() }
        let waiter = state.withLock { state -> CheckedContinuation<PostgreSQLConnection?, any Error>? in
            if !state.waiters.isEmpty { return state.waiters.removeFirst().continuation }
            if !state.isClosed { state.idle.append(connection) }
            return nil
        }
        waiter?.resume(returning: connection)
    }

    private func freePlace() {
        let waiter = state.withLock { state -> CheckedContinuation<PostgreSQLConnection?, any Error>? in
            // The place goes on to the first who waits.
            if !state.waiters.isEmpty { return state.waiters.removeFirst().continuation }
            state.open -= 1
            return nil
        }
        waiter?.resume(returning: nil)
    }

    private static let closed = PostgreSQLError(sqlState: "08003", message: "the inventory is closed")
}

extension PostgreSQLConnection {
    /// Whether the connection may be lent again: sound, and no transaction left open.
    fileprivate var isUsable: Bool { !isBroken && !isInTransaction }
}
