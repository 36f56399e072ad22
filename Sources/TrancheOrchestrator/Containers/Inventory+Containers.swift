import FoundationEssentials
package import Tranche
import TrancheSQL

extension Inventory {
    /// What tells this inventory from others on a container engine, however a process names it.
    package var containerMark: String {
        get async throws {
            String(FNVHash(of: try await store.placeIdentity()).value, radix: 16)
        }
    }

    /// Says of some attempts why they hold their batches no longer, and whether they may again.
    ///
    /// - Parameter attempts: The attempts.
    /// - Returns: The losses, without the attempts that hold their batches.
    /// - Throws: `TrancheError` of the store.
    package func losses(of attempts: [AttemptKey]) async throws -> [AttemptKey: AttemptLoss] {
        let ids = Array(Set(attempts.map(\.batch))).sorted()
        var records: [Int64: BatchRecord] = [:]
        for start in stride(from: 0, to: ids.count, by: 500) {
            let some = Array(ids[start..<min(start + 500, ids.count)])
            for record in try await batches(BatchSelection(ids: some)) {
                records[record.id] = record
            }
        }
        let now = now
        var losses: [AttemptKey: AttemptLoss] = [:]
        for attempt in attempts {
            guard let record = records[attempt.batch] else {
                losses[attempt] = AttemptLoss("batch \(attempt.batch) is packed, or forgotten")
                continue
            }
            losses[attempt] = record.loss(of: attempt.attempt, at: now)
        }
        return losses
    }

    /// Finds the attempts whose workers may be about to take their batches back: of those whose
    /// leases have ended alone the ones of this host's processes that live, and for a minute all
    /// that are not known to have ended, as where the inventory was away.
    ///
    /// - Parameter losses: Attempts, and why they hold their batches no longer.
    /// - Returns: The attempts.
    /// - Throws: `TrancheError` of the store.
    package func returning(
        among losses: [AttemptKey: AttemptLoss]
    ) async throws -> Set<AttemptKey> {
        let lapsed = losses.compactMapValues(\.lapsed)
        var lives: [AttemptKey: ProcessMark.Life] = [:]
        if let here = ProcessMark.currentPlace {
            for key in Set(lapsed.values.map(\.key)) {
                for open in try await store.openBatches(of: key, heldAt: here, limit: 1000) {
                    let attempt = AttemptKey(batch: open.batch.id, attempt: open.batch.attempt)
                    lives[attempt] = open.process?.life(seenFrom: here)
                }
            }
        }
        let now = now
        let returning = lapsed.filter { attempt, batch in
            switch lives[attempt] {
            case .running: true
            case .ended: false
            case .unknown, nil:
                batch.leaseExpiresAt.map { now.timeIntervalSince($0) < 60 } ?? false
            }
        }
        return Set(returning.keys)
    }
}

/// Why an attempt holds its batch no longer.
package struct AttemptLoss: Sendable, Hashable {
    package let reason: String
    /// The batch whose lease has ended alone: the next heartbeat of a worker that lives has it
    /// again.
    let lapsed: BatchRecord?

    init(_ reason: String, lapsed: BatchRecord? = nil) {
        (self.reason, self.lapsed) = (reason, lapsed)
    }

    /// Whether a worker that lives has the batch again with its next heartbeat.
    var mayReturn: Bool { lapsed != nil }
}

extension BatchRecord {
    /// Why an attempt holds the batch no longer; `nil` where it does.
    fileprivate func loss(of number: Int, at now: Date) -> AttemptLoss? {
        guard attempt == number else {
            let verb = status == .running ? "holds it" : "was the last"
            return AttemptLoss("attempt \(attempt) \(verb)")
        }
        guard status == .running else {
            if cause == .cancelled { return AttemptLoss("the batch was cancelled") }
            if status == .succeeded { return AttemptLoss("the batch has succeeded") }
            return AttemptLoss("the batch is \(status.rawValue)")
        }
        guard let end = leaseExpiresAt, end <= now else { return nil }
        return AttemptLoss("its lease ended at \(end.utcText)", lapsed: self)
    }
}
