import FoundationEssentials
import Synchronization
import Tranche

/// The attempts that were handed out here and have not ended, so that who observes the inventory is
/// told how each did: those that end here at once, and those that end elsewhere, or are lost, once
/// that is seen.
///
/// An attempt whose lease has been over for a while is told as lost, though nobody has taken its
/// batch over; where it succeeds all the same, that is told, too.
///
/// Nothing is kept where nobody observes the inventory.
final class HeldAttempts: Sendable {
    private struct Held {
        let handOut: HandOut
        let record: BatchRecord
        /// When it is looked whether it is held still.
        var lookAt: Date
        /// Whether it was told as lost, and may succeed all the same.
        var isGivenUp = false
    }

    /// The most that are kept, as many as lineage knows: how others end is told to nobody.
    private static let most = 100_000
    /// The most that are looked at at once.
    private static let mostLooked = 500
    /// Between two looks.
    private static let pause = Duration.seconds(10)
    /// For how long a lease is over before its attempt is told as lost; with the pause less than
    /// the half minute that is promised.
    private static let grace = Duration.seconds(15)
    /// Between two looks at one that was told as lost.
    private static let rest = Duration.seconds(300)

    private let inventory: Inventory
    private let clock: any Clock<Duration>
    private let held = Mutex<[AttemptKey: Held]>([:])

    init(_ inventory: Inventory, clock: any Clock<Duration>) {
        self.inventory = inventory
        self.clock = clock
    }

    /// How many are kept.
    var count: Int { held.withLock { $0.count } }

    // MARK: - What is done here

    /// Keeps an attempt that was handed out; one that is told again stays as it is, and one that
    /// has ended is not kept.
    func add(_ batch: Batch) {
        guard batch.record.status == .running, let handOut = batch.handOut else { return }
        let key = AttemptKey(batch: batch.id, attempt: batch.attempt)
        let end = batch.record.leaseExpiresAt ?? inventory.now
        held.withLock { held in
            guard held[key] == nil, held.count < Self.most else { return }
            held[key] = Held(handOut: handOut, record: batch.record, lookAt: end)
        }
    }

    /// Asks for the end of an attempt, and tells how it ended.
    ///
    /// - Parameters:
    ///   - key: The attempt.
    ///   - name: How it ends; `nil` where it is given back, or has failed by that.
    ///   - failure: How it failed, or which of its items did.
    ///   - body: The request.
    /// - Returns: The batch as recorded.
    /// - Throws: What `body` throws.
    func ending(
        _ key: AttemptKey,
        as name: InventoryEvent.Name?,
        _ failure: BatchFailure? = nil,
        _ body: () async throws -> BatchRecord
    ) async throws -> BatchRecord {
        let record = try await whileHeld(key, body)
        guard let ended = held.withLock({ $0.removeValue(forKey: key) }) else { return record }
        if name == .succeeded, ended.isGivenUp {
            ended.handOut.succeedAfterAll(record, failure)
        } else if let name {
            ended.handOut.end(name, record, failure)
        } else {
            let isReleased = record.status == .released
            ended.handOut.end(isReleased ? .released : .failed, record, message: record.logging)
        }
        return record
    }

    /// Asks to hold an attempt for longer.
    ///
    /// - Parameters:
    ///   - key: The attempt.
    ///   - body: The request.
    /// - Returns: When the lease ends now.
    /// - Throws: What `body` throws.
    func extending(_ key: AttemptKey, _ body: () async throws -> Date) async throws -> Date {
        let end = try await whileHeld(key, body)
        held.withLock { $0[key]?.lookAt = end }
        return end
    }

    /// Asks for something of an attempt, and tells when that shows that it is lost.
    private func whileHeld<Answer>(
        _ key: AttemptKey,
        _ body: () async throws -> Answer
    ) async throws -> Answer {
        do {
            return try await body()
        } catch let error as TrancheError where error.isLoss {
            lose(key, because: error.message)
            throw error
        }
    }

    /// Tells that an attempt is lost, unless that was told.
    private func lose(_ key: AttemptKey, because words: String) {
        guard let lost = held.withLock({ $0.removeValue(forKey: key) }) else { return }
        lost.handOut.end(.lost, lost.record, message: words)
    }

    // MARK: - What is done elsewhere

    /// Looks from time to time for attempts that have ended elsewhere, until the task is cancelled.
    ///
    /// - Throws: `CancellationError`.
    func run() async throws {
        while true {
            try await clock.sleep(for: Self.pause)
            do {
                try await look()
            } catch let error as CancellationError {
                throw error
            } catch {
                // It is looked again; who asks for something learns what is wrong.
            }
        }
    }

    /// Looks at the attempts whose leases were to end by now.
    ///
    /// - Throws: `TrancheError` of the store; `CancellationError`.
    func look() async throws {
        let now = inventory.now
        let due = held.withLock { held in
            held.filter { $0.value.lookAt <= now }.map { ($0.key, $0.value.lookAt) }
        }
        let keys = due.sorted { $0.1 < $1.1 }.map(\.0)
        for start in stride(from: 0, to: keys.count, by: Self.mostLooked) {
            try await look(at: keys[start..<min(start + Self.mostLooked, keys.count)], now)
        }
    }

    private func look(at keys: ArraySlice<AttemptKey>, _ now: Date) async throws {
        let ids = Set(keys.map(\.batch)).sorted()
        let found = try await inventory.batches(BatchSelection(ids: ids))
        let batches = Dictionary(found.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        for key in keys { try await look(at: key, of: batches[key.batch], now) }
    }

    private func look(at key: AttemptKey, of batch: BatchRecord?, _ now: Date) async throws {
        guard let batch else { return lose(key, because: "batch \(key.batch) is kept no more") }
        if batch.attempt == key.attempt, batch.status == .running {
            return wait(for: key, leasedUntil: batch.leaseExpiresAt ?? now, now)
        }
        let after = key.attempt - 1
        let attempt = try await inventory.attempts(of: key.batch, after: after, limit: 1).first
        guard let attempt, attempt.attempt == key.attempt, let name = attempt.outcome.eventName
        else { return lose(key, because: "batch \(key.batch) is in other hands") }
        guard let ended = held.withLock({ $0.removeValue(forKey: key) }) else { return }
        // What is recorded of a batch is of its last attempt.
        let record = batch.attempt == key.attempt ? batch : ended.record
        if name == .succeeded, ended.isGivenUp {
            ended.handOut.succeedAfterAll(record)
        } else {
            ended.handOut.end(name, record, message: attempt.error)
        }
    }

    /// Looks again later at an attempt that is held still, or that nobody has taken over yet, and
    /// tells it as lost where its lease has been over for long enough.
    private func wait(for key: AttemptKey, leasedUntil end: Date, _ now: Date) {
        let lostAt = end.addingTimeInterval(Self.grace.seconds)
        held.withLock { held in
            // A heartbeat may have come, or the end, since the batch was read.
            guard var one = held[key], one.lookAt <= now else { return }
            if end > now {
                one.lookAt = end
            } else if lostAt > now, !one.isGivenUp {
                one.lookAt = lostAt
            } else {
                one.lookAt = now.addingTimeInterval(Self.rest.seconds)
                if !one.isGivenUp {
                    one.isGivenUp = true
                    // Before an end that comes meanwhile: observers get it in this order.
                    let words = "its lease ended at \(end.utcText), and it did not say how it did"
                    one.handOut.end(.lost, one.record, message: words)
                }
            }
            held[key] = one
        }
    }
}

extension AttemptRecord.Outcome {
    /// The event by which observers are told of it; `nil` for one that has not ended.
    fileprivate var eventName: InventoryEvent.Name? {
        switch self {
        case .running: nil
        case .succeeded: .succeeded
        case .failed: .failed
        case .released, .deferred: .released
        case .expired, .cancelled: .lost
        }
    }
}
