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
        let ids = Array(Set(attempts.map(\.batch))).sorted()
        var records: [Int64: BatchRecord] = [:]
        for start in stride(from: 0, to: ids.count, by: 500) {
            let some = Array(ids[start..<min(start + 500, ids.count)])
            for record in try await batches(BatchSelection(ids: some)) {
                records[record.id] = record
            }
        }
        let now = now
        var reasons: [AttemptKey: String] = [:]
        for attempt in attempts {
            guard let record = records[attempt.batch] else {
                reasons[attempt] = "batch \(attempt.batch) is packed, or forgotten"
                continue
            }
            reasons[attempt] = record.reasonOfLoss(of: attempt.attempt, at: now)
        }
        return reasons
    }
}

extension BatchRecord {
    /// Why an attempt holds the batch no longer; `nil` where it does.
    fileprivate func reasonOfLoss(of number: Int, at now: Date) -> String? {
        guard attempt == number else {
            let verb = status == .running ? "holds it" : "was the last"
            return "attempt \(attempt) \(verb)"
        }
        guard status == .running else {
            if cause == .cancelled { return "the batch was cancelled" }
            if status == .succeeded { return "the batch has succeeded" }
            return "the batch is \(status.rawValue)"
        }
        guard let end = leaseExpiresAt, end <= now else { return nil }
        return "its lease ended at \(end.utcText)"
    }
}
