import Tranche

/// The server of an inventory as far as a process has met it.
struct ServerLife: Hashable {
    /// How many connections had been opened.
    var connections: Int
    /// The server's timeline; `nil` where there is none.
    var timeline: Int64?
}

extension SQLInventoryStore {
    /// The server's life, asked of it only where a connection was opened since the last time.
    func life(for key: RunKey) async throws -> ServerLife {
        let connections = database.connectionCount
        if let known = hint(for: key).life, known.connections == connections { return known }
        return ServerLife(connections: connections, timeline: try await database.timeline())
    }
}

extension Acquisition {
    /// How many numbers of batches are left out when a standby has taken the server's place.
    private static var numbersLeftOut: Int64 { 10_000 }

    /// Gives no number twice to batches of a server's two timelines.
    ///
    /// An asynchronous standby lacks the last batches, and would give their numbers to others: a
    /// worker that still holds a lost one, or a program with its number, would end another's. So
    /// numbers are left out before the run's first batch on the new timeline.
    ///
    /// - Parameter life: The server now.
    mutating func leaveOutNumbers(_ life: ServerLife) {
        guard let timeline = life.timeline, timeline > run.timeline ?? .min else { return }
        if run.timeline != nil {
            let count = Self.numbersLeftOut
            statements += store.dialect.leavingOutNumbers(count, of: store.tables.batch)
        }
        run.timeline = timeline
        statements.append(
            "UPDATE \(store.tables.run) SET timeline = \(timeline) WHERE \(store.isRun(run.key))"
        )
    }
}
