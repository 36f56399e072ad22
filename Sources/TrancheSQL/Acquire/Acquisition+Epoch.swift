import Tranche

/// A connection leads to a server on which numbers of batches are not known to be new.
struct NewTimeline: Error {}

extension SQLInventoryStore {
    /// How many numbers of batches are left out when another server has taken the server's place.
    private static var numbersLeftOut: Int64 { 10_000 }

    /// The statements that leave out numbers that batches of another timeline may have.
    ///
    /// - Parameters:
    ///   - timeline: The server's timeline now.
    ///   - known: The one on which numbers were given; `nil` where none is known.
    /// - Returns: The statements; none where it is that.
    func leavingOutNumbers(on timeline: Int64, after known: Int64?) -> [SQLStatement] {
        guard let known, known != timeline else { return [] }
        return dialect.leavingOutNumbers(Self.numbersLeftOut, of: tables.batch)
    }

    /// The statement that reads the timeline of the newest run that has one.
    var selectTimeline: SQLStatement {
        "SELECT timeline FROM \(tables.run) WHERE timeline IS NOT NULL ORDER BY id DESC LIMIT 1"
    }

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
            do {
                return try await database.withTransaction(statements) { connection, rows in
                    let timeline = try await connection.timeline()
                    guard hasNewNumbers(on: timeline) else { throw NewTimeline() }
                    return try await body(connection, rows)
                }
            } catch is NewTimeline {
                try await makeNumbersNew()
            }
        }
    }

    /// Leaves out numbers where the server to which a connection leads is new to the inventory.
    private func makeNumbersNew() async throws {
        try await database.withTransaction([selectTimeline]) { connection, rows in
            guard let timeline = try await connection.timeline() else { return }
            var row = rows[0].first
            let known = try row?.optionalInteger()
            if known != timeline {
                let note: SQLStatement = """
                    UPDATE \(tables.run) SET timeline = \(timeline)
                    WHERE id = (SELECT max(id) FROM \(tables.run))
                    """
                _ = try await connection.commit(
                    leavingOutNumbers(on: timeline, after: known) + [note]
                )
            }
            noteNewNumbers(on: timeline)
        }
    }
}

extension Acquisition {
    /// Gives no number twice to batches of a server's two timelines.
    ///
    /// An asynchronous standby lacks the last batches, as does a restored dump, and would give
    /// their numbers to others: a worker that still holds a lost one, or a program with its number,
    /// would end another's. So numbers are left out before the run's first batch on the new
    /// timeline.
    ///
    /// - Parameter connection: The connection that holds the lock.
    /// - Throws: The database's error.
    mutating func leaveOutNumbers(on connection: isolated Database.Connection) async throws {
        guard let timeline = try await connection.timeline(), timeline != run.timeline else {
            return
        }
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
