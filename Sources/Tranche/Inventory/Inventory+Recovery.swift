import FoundationEssentials

extension Inventory {
    /// Cuts a batch into its bad items and the rest.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - bad: The ids of the bad items.
    ///   - source: The batch's source, which knows the weights.
    /// - Returns: The parts, as ``BatchFailure/parts`` wants them.
    /// - Throws: ``TrancheError`` `.invalidArgument` when the batch has no such id.
    public func parts(
        of batch: BatchRecord,
        bad: Set<Int64>,
        in source: any MetaSource
    ) async throws -> [BatchPart] {
        try await splitter(batch, in: source).parts(bad: bad)
    }

    /// Splits a batch that stays failed into two batches that are due at once.
    ///
    /// - Parameters:
    ///   - batch: The batch; failed, and of more than one item.
    ///   - description: The batch's source, which knows the weights.
    ///   - mayRepeat: Whether one is split, too, that has begun under
    ///     ``RunPolicy/Execution/atMostOnce``; no by default.
    ///   - reason: The reason, for the list of changes.
    /// - Returns: The two batches.
    /// - Throws: ``TrancheError`` `.invalidArgument` for a batch that cannot be split, or may have
    ///   been executed; `.batchLost` (conflict) when it is no longer failed.
    public func split(
        _ batch: BatchRecord,
        from description: some MetaSourceDescription,
        mayRepeat: Bool = false,
        reason: String? = nil
    ) async throws -> [BatchRecord] {
        try batch.requireRepeatable(mayRepeat)
        let parts = try await halves(of: batch, from: description)
        return try await split(batch, into: parts, note(reason))
    }

    /// The two parts of a batch that stays failed.
    ///
    /// Throws as splitting it does.
    package func halves(
        of batch: BatchRecord,
        from description: some MetaSourceDescription
    ) async throws -> [BatchPart] {
        guard batch.status == .failed, batch.count > 1 else {
            throw TrancheError(
                .invalidArgument,
                "batch \(batch.id) is \(batch.status.rawValue) and has "
                    + "\(HumanText.count(batch.count, "item")); "
                    + "only failed batches of several items are split"
            )
        }
        return try await splitter(batch, in: try await source(description)).halves
    }

    /// Makes quarantined items batches again, due at once.
    ///
    /// - Parameters:
    ///   - selection: Whose; the status is not looked at.
    ///   - items: The items' ids; `nil` for all.
    ///   - reason: The reason, for the list of changes, which names the quarantined batches.
    /// - Returns: The new batches.
    /// - Throws: ``TrancheError`` of the store.
    public func redrive(
        _ selection: BatchSelection,
        items: Set<Int64>? = nil,
        reason: String? = nil
    ) async throws -> [BatchRecord] {
        let ids = items.map { IDRuns($0) }
        let note = note(reason)
        return try await retrying { _ in try await store.redrive(selection, items: ids, note) }
    }

    /// Packs succeeded batches into the archive.
    ///
    /// Results, logs and attempts of these batches are given up; their ids, counts, weights and
    /// completions are kept, at some bytes a batch.
    ///
    /// - Parameters:
    ///   - selection: The runs.
    ///   - keep: How long a batch stays as it is after it ended; at least 0.
    ///   - isDryRun: Whether only to count.
    /// - Returns: What was packed, or would be.
    /// - Throws: ``TrancheError`` of the store.
    public func compact(
        _ selection: RunSelection = RunSelection(),
        keep: Duration = .seconds(30 * 86_400),
        isDryRun: Bool = false
    ) async throws -> CompactionReport {
        guard keep >= .zero else {
            throw TrancheError(.invalidArgument, "the time to keep is negative; give 0 or more")
        }
        let ended = now.addingTimeInterval(-keep.seconds)
        return try await retrying { _ in
            try await store.compact(selection, endedBefore: ended, isDryRun: isDryRun)
        }
    }

    /// Splits a batch that failed as often as it may, when it is offered.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - isDoubtful: Whether single items are to show if the work can succeed at all.
    ///   - source: Its source, which knows the weights.
    ///   - last: The attempt that was to be split just before; `nil` for none.
    /// - Returns: The attempt of this batch.
    /// - Throws: What the store or the source throws; that it is not to be split, where it was to
    ///   be just before, or the store would be asked for ever.
    func splitExhausted(
        _ batch: BatchRecord,
        _ isDoubtful: Bool,
        from source: any MetaSource,
        after last: AttemptKey?
    ) async throws -> AttemptKey {
        let holding = AttemptKey(batch: batch.id, attempt: batch.attempt)
        let splitter = try await splitter(batch, in: source)
        let parts = isDoubtful ? splitter.samples(OutageGuard.threshold) : splitter.halves
        do {
            // What a policy does is nobody's change.
            _ = try await split(batch, into: parts, nil)
        } catch let error as TrancheError where error.isLoss && holding != last {
            // Somebody else was faster, and nothing is left to do.
        }
        return holding
    }

    private func split(
        _ batch: BatchRecord,
        into parts: [BatchPart],
        _ note: ChangeNote?
    ) async throws -> [BatchRecord] {
        let holding = AttemptKey(batch: batch.id, attempt: batch.attempt)
        let made = try await retrying { _ in
            try await store.split(holding, into: parts, note)
        }
        events?.report(.split, batch) { $0.count = made.count }
        return made
    }

    private func splitter(_ batch: BatchRecord, in source: any MetaSource) async throws
        -> BatchSplitter
    {
        var items: [Item] = []
        for try await item in BatchItems(record: batch, source: source, inventory: self) {
            // The weight is all that is needed.
            items.append(Item(id: item.id, weight: item.weight))
        }
        return BatchSplitter(ids: batch.ids, items: items)
    }
}
