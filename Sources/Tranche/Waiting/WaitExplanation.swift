public import FoundationEssentials

/// Why workers that have nothing in hand are given nothing, as far as can be found out.
public struct WaitExplanation: Sendable {
    /// The run.
    public var key: RunKey
    /// The answer of the last acquire.
    public var reason: NoBatchReason
    /// The inventory's time.
    public var now: Date
    /// How long the run's batches are held without a heartbeat.
    public var lease: Duration
    /// How many failures a batch may have.
    public var maxAttempts: Int
    /// What the run does with its batches.
    package let policy: RunPolicy
    /// The id up to which items wait for ``writers``; `nil` where they wait for none.
    public var candidate: Int64?
    /// When these items are handed out at the latest; `nil` where no time is known.
    public var until: Date?
    /// Whose transactions are waited for.
    public var writers: [SourceWriter] = []
    /// The batches that workers hold or that are offered again, the next first.
    public var open: [OpenBatch] = []
    /// Whether there is more of that than ``open``.
    public var isCut = false

    /// The most open batches that are looked at.
    static let mostOpen = 200

    init(_ reason: NoBatchReason, of run: RunRecord, now: Date) {
        key = run.key
        self.reason = reason
        self.now = now
        lease = run.policy.lease
        maxAttempts = run.policy.maxAttempts
        policy = run.policy
    }
}

extension Inventory {
    /// Finds out why nothing is handed out.
    ///
    /// - Parameters:
    ///   - reason: What an acquire answered.
    ///   - key: The run.
    ///   - source: The run's source.
    /// - Returns: The explanation; `nil` where there is no such run.
    /// - Throws: ``TrancheError`` of the store; the source's failure.
    package func explanation(
        of reason: NoBatchReason,
        for key: RunKey,
        in source: any MetaSource
    ) async throws -> WaitExplanation? {
        guard let run = try await store.runs(RunSelection(key)).first else { return nil }
        var explanation = WaitExplanation(reason, of: run, now: now)
        switch reason {
        case .unsettled:
            try await addWriters(of: run, in: source, to: &explanation)
            try await addOpen(to: &explanation)
        case .waiting, .limited, .stuck: try await addOpen(to: &explanation)
        case .complete, .paused, .cancelled, .held, .heldBack, .superseded: break
        }
        return explanation
    }

    private func addOpen(to explanation: inout WaitExplanation) async throws {
        let most = WaitExplanation.mostOpen
        let open = try await store.openBatches(of: explanation.key, heldAt: nil, limit: most + 1)
        explanation.open = Array(open.prefix(most))
        explanation.isCut = open.count > most
    }

    private func addWriters(
        of run: RunRecord,
        in source: any MetaSource,
        to explanation: inout WaitExplanation
    ) async throws {
        explanation.candidate = run.settling.candidate
        explanation.until = run.settling.passesAt(
            wait: run.policy.settleWait,
            lag: run.policy.settleLag
        )
        explanation.writers = try await source.writers(try await writers(awaitedBy: run))
    }

    /// Describes the writers that a run waits for; by their names alone where its source cannot be
    /// asked.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - gaps: Its gaps, where they were read already.
    ///   - source: Finds its source.
    ///   - onFailure: Told why the source cannot be asked.
    /// - Returns: The writers, those first that have been seen for longest.
    /// - Throws: The store's failure; what `onFailure` throws; `CancellationError`.
    package func writers(
        awaitedBy run: RunRecord,
        gaps: [Gap]? = nil,
        from source: () async throws -> any MetaSourceDescription,
        onFailure: (any Error) throws -> Void = { _ in }
    ) async throws -> [SourceWriter] {
        let seen = try await writers(awaitedBy: run, gaps: gaps)
        guard !seen.isEmpty else { return [] }
        do {
            return try await self.source(source()).writers(seen)
        } catch let error as CancellationError {
            throw error
        } catch {
            try onFailure(error)
            return seen.map { SourceWriter($0.key, seenSince: $0.value) }
        }
    }

    /// The writers that a run waits for, and since when each is known: those of its candidate, else
    /// those of its open gaps.
    package func writers(
        awaitedBy run: RunRecord,
        gaps: [Gap]? = nil
    ) async throws -> [String: Date] {
        let seen = run.settling.holders.filter { run.settling.awaited.contains($0.key) }
        if run.settling.candidate != nil || run.gapsDueAt == nil { return seen }
        let gaps = if let gaps { gaps } else { try await store.gaps(of: run.key) }
        return gaps.filter(\.isOpen).reduce(into: [:]) { known, gap in
            for name in gap.holders {
                known[name] = min(known[name] ?? gap.foundAt, gap.foundAt)
            }
        }
    }

    /// Ends the leases of batches whose holder was a process of this host that has ended.
    ///
    /// Another host's is never judged, nor one that cannot be looked at.
    ///
    /// - Parameter key: The run.
    /// - Returns: How many were in hand here, of the 200 at most that are looked at; and those of
    ///   them whose leases were ended, which the next acquire finds expired.
    /// - Throws: ``TrancheError`` of the store.
    package func takeOver(from key: RunKey) async throws -> (held: Int, taken: [OpenBatch]) {
        guard let here = ProcessMark.currentPlace else { return (0, []) }
        let most = WaitExplanation.mostOpen
        let held = try await store.openBatches(of: key, heldAt: here, limit: most)
        shareAudits(of: key, held: held.count)
        var taken: [OpenBatch] = []
        for open in held where open.process?.life(seenFrom: here) == .ended {
            let holding = AttemptKey(batch: open.batch.id, attempt: open.batch.attempt)
            let words = open.process?.endedWords(seenAt: now)
            if try await store.endLease(of: holding, because: words) { taken.append(open) }
        }
        return (held.count, taken)
    }
}
