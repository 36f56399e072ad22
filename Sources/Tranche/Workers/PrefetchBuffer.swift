/// Batches that a worker holds before it works on them, in the order of their turn.
struct PrefetchBuffer<Held: Sendable>: Sendable {
    private var entries: [Entry] = []

    private struct Entry: Sendable {
        let id: Int64
        var batch: Held
        /// The time between two heartbeats.
        let interval: Duration
        var dueAt: Duration
    }

    /// How many there are.
    var count: Int { entries.count }

    /// Their numbers.
    var ids: Set<Int64> { Set(entries.map(\.id)) }

    /// Adds a batch behind all others.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - id: Its number.
    ///   - lease: How long it may be held without a heartbeat.
    ///   - now: The time.
    mutating func add(_ batch: Held, id: Int64, lease: Duration, now: Duration) {
        entries.append(Entry(id: id, batch: batch, interval: lease / 3, dueAt: now + lease / 3))
    }

    /// Takes the batch whose turn it is.
    mutating func take() -> Held? {
        entries.isEmpty ? nil : entries.removeFirst().batch
    }

    /// Takes all.
    mutating func takeAll() -> [Held] {
        defer { entries = [] }
        return entries.map(\.batch)
    }

    /// The batch of some that needs a heartbeat next, and when.
    func nextDue(among ids: Set<Int64>) -> (id: Int64, batch: Held, at: Duration)? {
        entries.filter { ids.contains($0.id) }.min { $0.dueAt < $1.dueAt }
            .map { ($0.id, $0.batch, $0.dueAt) }
    }

    /// Notes a heartbeat.
    ///
    /// - Parameters:
    ///   - batch: The batch as it is held from now on.
    ///   - id: Its number.
    ///   - now: The time.
    mutating func renew(_ batch: Held, id: Int64, now: Duration) {
        guard let place = entries.firstIndex(where: { $0.id == id }) else { return }
        entries[place].batch = batch
        entries[place].dueAt = now + entries[place].interval
    }

    /// Forgets a batch that is held no more.
    mutating func drop(_ id: Int64) {
        entries.removeAll { $0.id == id }
    }
}
