import Synchronization

/// Which names this process works under, so that a migration can tell who is at work.
///
/// A record that cannot be written is left out: the work goes on, and a migration that finds
/// batches in hand says that it does not know the version of who holds them.
final class WorkerPresence: Sendable {
    /// How often a process says that it works still.
    static let interval = Duration.seconds(60)

    private struct Name {
        var groups = 0
        var recordedAt: Duration?
    }

    private let names = Mutex<[String: Name]>([:])

    /// Records that a group of workers has begun.
    func begin(_ name: String, in inventory: Inventory) async {
        names.withLock { $0[name, default: Name()].groups += 1 }
        await keep(name, in: inventory)
    }

    /// Records again that a name is at work, where that is due.
    func keep(_ name: String, in inventory: Inventory) async {
        let now = inventory.stopwatch.elapsed
        let isDue = names.withLock { names in
            if let last = names[name]?.recordedAt, now - last < Self.interval { return false }
            names[name]?.recordedAt = now
            return true
        }
        guard isDue, let store = inventory.store as? any WorkerRecordingStore else { return }
        do {
            try await store.recordWorker(name)
        } catch {
            // It is tried again in a minute; without it only a migration knows less.
        }
    }

    /// Removes the record when the last group of a name has ended.
    func end(_ name: String, in inventory: Inventory) async {
        let isLast = names.withLock { names in
            names[name]?.groups -= 1
            guard let known = names[name], known.groups <= 0 else { return false }
            names[name] = nil
            return true
        }
        guard isLast, let store = inventory.store as? any WorkerRecordingStore else { return }
        // In a task that is not cancelled: that is how most groups end.
        let removal = Task {
            do {
                try await store.removeWorker(name)
            } catch {
                // A record that stays is out of date in minutes.
            }
        }
        await removal.value
    }
}
