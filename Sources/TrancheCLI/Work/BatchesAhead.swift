import Synchronization
import Tranche

/// Batches that a worker holds before it works on them.
final class BatchesAhead: Sendable {
    private let held = Mutex<[Held]>([])

    private struct Held {
        let batch: Batch
        var renewedAt = ContinuousClock.now

        /// When the next heartbeat is due.
        var isDueAt: ContinuousClock.Instant { renewedAt + batch.lease / 3 }
    }

    var batches: [Batch] { held.withLock { $0.map(\.batch) } }

    var count: Int { held.withLock { $0.count } }

    func add(_ batches: [Batch]) {
        held.withLock { $0 += batches.map { Held(batch: $0) } }
    }

    func take() -> Batch? {
        held.withLock { $0.isEmpty ? nil : $0.removeFirst().batch }
    }

    func takeAll() -> [Batch] {
        held.withLock { held in
            defer { held = [] }
            return held.map(\.batch)
        }
    }

    /// Heartbeats until cancelled, as long as any of some batches is held.
    ///
    /// One that is lost is held no more, and neither is one whose heartbeats did not get through: its lease ends.
    func keepLeases(of batches: [Batch], clock: any Clock<Duration>) async {
        let ids = Set(batches.map(\.id))
        while let next = nextDue(among: ids), !Task.isCancelled {
            let left = next.isDueAt - ContinuousClock.now
            // Being cancelled is how this ends.
            guard (try? await clock.sleep(for: max(left, .zero))) != nil else { return }
            do {
                try await next.batch.heartbeat()
                renew(next.batch)
            } catch is CancellationError {
                return
            } catch {
                held.withLock { $0.removeAll { $0.batch.id == next.batch.id } }
            }
        }
    }

    private func nextDue(among ids: Set<Int64>) -> Held? {
        held.withLock { held in
            held.filter { ids.contains($0.batch.id) }.min { $0.isDueAt < $1.isDueAt }
        }
    }

    private func renew(_ batch: Batch) {
        held.withLock { held in
            guard let place = held.firstIndex(where: { $0.batch.id == batch.id }) else { return }
            held[place].renewedAt = .now
        }
    }
}
