import Foundation
import Tranche

extension MemoryTables {
    /// Cancels a run, or one batch of it.
    mutating func cancel(_ key: RunKey, batch id: Int64?, _ note: ChangeNote, now: Date) throws
        -> [Int64]
    {
        let isNew = try known(key).cancellation == nil
        let open = batches(of: key).filter { batch in
            let isOpen = batch.nextDue(now: now) != nil || batch.cause == .stuck
            guard let id else { return isOpen }
            // One that has failed is closed where it alone is meant.
            let hasFailed = [.failed, .quarantined].contains(batch.status)
            return batch.id == id && (isOpen || hasFailed && batch.cause != .cancelled)
        }
        for var batch in open {
            if batch.status == .running {
                endAttempt(of: batch, .cancelled, error: note.cancelWords, now: now)
                batch.endedAt = now
            }
            batch.status = .failed
            batch.cause = .cancelled
            batch.logging = note.cancelWords
            batch.leaseExpiresAt = nil
            batch.retryAt = nil
            keep(batch)
        }
        if let id {
            if !open.isEmpty { noteCancel(key, from: nil, to: "batch \(id)", note, now: now) }
        } else if isNew {
            try changeRun(key) { $0.cancellation = RunCancellation(at: now, note: note) }
            noteCancel(key, from: nil, to: "run", note, now: now)
        }
        return open.map(\.id)
    }

    /// Takes back that a run was cancelled.
    mutating func takeBackCancel(of key: RunKey, _ note: ChangeNote, now: Date) throws {
        if try known(key).cancellation == nil { return }
        try changeRun(key) { $0.cancellation = nil }
        noteCancel(key, from: "run", to: nil, note, now: now)
    }

    private func known(_ key: RunKey) throws -> RunRecord {
        guard let run = run(key) else { throw TrancheError(.unknownRun, "there is no \(key)") }
        return run
    }

    private mutating func noteCancel(
        _ key: RunKey,
        from old: String?,
        to new: String?,
        _ note: ChangeNote,
        now: Date
    ) {
        add(.run(key), "cancelled", from: old, to: new, note, now: now)
    }
}
