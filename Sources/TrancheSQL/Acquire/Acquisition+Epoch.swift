import Tranche

/// The server of an inventory as far as a process has met it.
struct ServerLife: Hashable {
    /// How many connections had been opened.
    var connections: Int
    /// The server's timeline; `nil` where there is none.
    var timeline: Int64?
}

/// A connection was opened since the server was asked who it is: it may lead to another one.
struct NewConnection: Error {}

extension SQLInventoryStore {
    /// How many numbers of batches are left out when a standby has taken the server's place.
    private static var numbersLeftOut: Int64 { 10_000 }

    /// The server's life, asked of it only where a connection was opened since the last time.
    func life(for key: RunKey) async throws -> ServerLife {
        if let known = hint(for: key).life, isCurrent(known) { return known }
        return try await life()
    }

    /// The server's life, asked of it.
    private func life() async throws -> ServerLife {
        let connections = database.connectionCount
        return ServerLife(connections: connections, timeline: try await database.timeline())
    }

    /// Whether no connection was opened since the server was asked.
    func isCurrent(_ life: ServerLife?) -> Bool { life?.connections == database.connectionCount }

    /// The statements that leave out numbers that batches of another timeline may have.
    ///
    /// - Parameters:
    ///   - timeline: The server's timeline now.
    ///   - known: The highest one on which numbers were given; `nil` where none is known.
    /// - Returns: The statements; none where it is that.
    func leavingOutNumbers(on timeline: Int64, after known: Int64?) -> [SQLStatement] {
        guard let known, known < timeline else { return [] }
        return dialect.leavingOutNumbers(Self.numbersLeftOut, of: tables.batch)
    }

    /// The statement that reads the highest timeline on which batches of any run were handed out.
    var selectTimeline: SQLStatement { "SELECT max(timeline) FROM \(tables.run)" }

    /// Opens a transaction as `SQLDatabase.withTransaction(_:_:)`.
    ///
    /// Batches that it makes otherwise than an acquire, such as the parts of another, get no number
    /// of another timeline, either.
    ///
    /// - Parameters:
    ///   - statements: The statements that are run first.
    ///   - makesBatches: Whether it makes any; true by default.
    ///   - body: What goes on with their rows, and commits.
    /// - Returns: What `body` does.
    /// - Throws: The database's error; what `body` throws.
    func withTransaction<R: Sendable>(
        _ statements: [SQLStatement],
        makingBatches makesBatches: Bool = true,
        _ body: @Sendable (isolated Database.Connection, [SQLRows]) async throws -> R
    ) async throws -> R {
        guard makesBatches else { return try await database.withTransaction(statements, body) }
        while true {
            try Task.checkCancellation()
            let life = try await lifeWithNewNumbers()
            do {
                return try await database.withTransaction(statements) { connection, rows in
                    guard isCurrent(life) else { throw NewConnection() }
                    return try await body(connection, rows)
                }
            } catch is NewConnection {
                // The server is asked again.
            }
        }
    }

    /// The server's life once its numbers are new there: asked, and seen to, only where a
    /// connection was opened since the last time.
    private func lifeWithNewNumbers() async throws -> ServerLife {
        if let known = numberedIn, isCurrent(known) { return known }
        let life = try await life()
        if let timeline = life.timeline {
            var row = try await database.read(selectTimeline)[0].first
            let known = try row?.optionalInteger()
            if known ?? .min < timeline {
                let note: SQLStatement = """
                    UPDATE \(tables.run) SET timeline = \(timeline)
                    WHERE id = (SELECT max(id) FROM \(tables.run))
                    """
                _ = try await database.write(
                    leavingOutNumbers(on: timeline, after: known) + [note]
                )
            }
        }
        numberedIn = life
        return life
    }
}

extension Acquisition {
    /// Gives no number twice to batches of a server's two timelines.
    ///
    /// An asynchronous standby lacks the last batches, and would give their numbers to others: a
    /// worker that still holds a lost one, or a program with its number, would end another's. So
    /// numbers are left out before the run's first batch on the new timeline.
    ///
    /// - Parameters:
    ///   - life: The server now.
    ///   - connection: The connection that holds the lock.
    /// - Throws: The database's error.
    mutating func leaveOutNumbers(
        _ life: ServerLife,
        on connection: isolated Database.Connection
    ) async throws {
        guard let timeline = life.timeline, timeline > run.timeline ?? .min else { return }
        var known = run.timeline
        if known == nil, !isNew {
            // One that was adopted or imported, or never acquired from since this is kept.
            var row = try await connection.run([store.selectTimeline])[0].first
            known = try row?.optionalInteger()
        }
        statements += store.leavingOutNumbers(on: timeline, after: known)
        run.timeline = timeline
        statements.append(
            "UPDATE \(store.tables.run) SET timeline = \(timeline) WHERE \(store.isRun(run.key))"
        )
    }
}
