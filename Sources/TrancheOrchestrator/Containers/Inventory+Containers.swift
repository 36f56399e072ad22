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

    /// Says of some attempts why they hold their batches no longer.
    ///
    /// - Parameter attempts: The attempts.
    /// - Returns: The reasons, without the attempts that hold their batches.
    /// - Throws: `TrancheError` of the store.
    package func reasonsOfLoss(_ attempts: [AttemptKey]) async throws -> [AttemptKey: String] {
        try await losses(of: attempts).mapValues(\.reason)
    }

    /// Says of some attempts why they hold their batches no longer, and whether they may again.
    ///
    /// - Parameter attempts: The attempts.
    /// - Returns: The losses, without the attempts that hold their batches.
    /// - Throws: `TrancheError` of the store.
    func losses(of attempts: [AttemptKey]) async throws -> [AttemptKey: AttemptLoss] {
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
}

/// Why an attempt holds its batch no longer.
struct AttemptLoss: Sendable, Hashable {
    let reason: String
    /// Whether its lease has ended alone: the next heartbeat of a worker that lives has it again.
    let mayReturn: Bool

    init(_ reason: String, mayReturn: Bool = false) {
        (self.reason, self.mayReturn) = (reason, mayReturn)
    }
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
        return AttemptLoss("its lease ended at \(end.utcText)", mayReturn: true)
    }
}
