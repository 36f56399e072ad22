package import FoundationEssentials

extension BatchRecord {
    /// Marks a batch as failed for good that may have been executed.
    package mutating func failBegun(now: Date) {
        status = .failed
        cause = .begun
        endedAt = now
        leaseExpiresAt = nil
        retryAt = nil
    }

    /// What is kept of an attempt whose lease ended after it had begun.
    package var begunExpiryText: String { "\(expiryText); it had begun and may have been executed" }

    /// What is kept of an attempt that gave a batch back after it had begun.
    package static let begunReleaseText = "given back after it had begun; it may have been executed"

    /// What an attempt is told that wants to begin what was begun before.
    package var begunBefore: TrancheError {
        TrancheError(
            .batchLost,
            "batch \(id) of \(key), attempt \(attempt), has begun already: another worker is at "
                + "work on it; nothing was changed"
        )
    }

    /// What an attempt is told that wants to begin, and whose lease has ended.
    package var leaseOver: TrancheError {
        TrancheError(
            .batchLost,
            "the lease of batch \(id) of \(key), attempt \(attempt), has ended: it has not begun, "
                + "and is offered again"
        )
    }

    /// Refuses to offer ids again that may have been executed, unless they may be.
    package func requireRepeatable(_ mayRepeat: Bool) throws {
        guard begunAt != nil, !mayRepeat else { return }
        throw TrancheError(
            .invalidArgument,
            "batch \(id) of \(key) may have been executed; --may-repeat (mayRepeat) offers it "
                + "again all the same. Nothing was changed"
        )
    }
}

extension RunRecord {
    /// Refuses another policy that promises at most once while batches are open: their attempts
    /// have not begun as those do of which that is promised.
    package func require(noOpenBatchFor policy: RunPolicy, isOpen: Bool) throws {
        guard needsNoOpenBatch(for: policy), isOpen else { return }
        throw TrancheError(
            .invalidArgument,
            "\(key) has batches that are held or offered again, and may have been executed: it "
                + "becomes at most once when they have ended, or begin a run of its own. "
                + "Nothing was changed"
        )
    }

    /// Whether a policy is one for which no batch may be open.
    package func needsNoOpenBatch(for policy: RunPolicy) -> Bool {
        self.policy.execution == .atLeastOnce && policy.execution == .atMostOnce
    }
}
