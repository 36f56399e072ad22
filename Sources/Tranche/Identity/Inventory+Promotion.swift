import FoundationEssentials

/// What becomes of ids that were handed out from a server whose place a standby has taken.
extension Inventory {
    /// How far a standby may lag behind, beside what the run's policy says of late commits.
    private static let lag = Duration.seconds(60)

    /// Compares the ids handed out last with those that the new server has.
    ///
    /// What an asynchronous standby lacks is the end of what was committed. Ids without a row are
    /// watched: rows that come under them are other ones. Where any is missing, each id that has a
    /// row may have got another one already, drawn anew since, and is handed out again: also below
    /// the lowest missing one, as that may be of a transaction that has just drawn it. Where none
    /// is, nothing is done twice.
    ///
    /// An inventory in the same database went back with its source, and has nothing to compare.
    ///
    /// - Parameters:
    ///   - run: The run as it is kept.
    ///   - source: Its source.
    ///   - mark: The source's mark now.
    /// - Returns: What was found.
    /// - Throws: The source's failure, or the store's.
    func lookBack(
        _ run: RunRecord,
        _ source: any IdentifiedSource,
        _ mark: String
    ) async throws -> LookBack {
        guard let cursor = run.cursor, let known = run.standing.identity?.mark,
            let from = source.timeline(in: known), let to = source.timeline(in: mark), from < to
        else { return .sameTimeline }
        let identity = SourceIdentity(mark: mark, witness: try await source.witness())
        var promotion = SourcePromotion(from: from, to: to, at: now, cursor: cursor)
        if source.isKept(beside: try await store.identity()) { return .found(promotion, identity) }
        let handedOut = try await idsHandedOutLast(of: run)
        guard let first = handedOut.first, let last = handedOut.last else {
            return .found(promotion, identity)
        }
        let missing = handedOut.subtracting(try await ids(of: source, in: first...last))
        let present = handedOut.subtracting(missing)
        promotion.lowest = first
        promotion.compared = handedOut.count
        // Where nothing is left it is another content, which holds the run.
        guard missing.count > 0, present.count > 0 else { return .found(promotion, identity) }
        promotion.missing = missing.count
        // What another one had handed out again may be done by now, and is not due once more.
        let standing = try await store.runs(RunSelection(run.key)).first?.standing
        guard standing?.identity?.mark == known else { return .overtaken }
        promotion.redone = try await store.queueLate(present, of: run.key, isRedo: true)
        _ = try await store.watchAgain(missing, of: run.key)
        return .found(promotion, identity)
    }

    /// What a look back came to.
    enum LookBack: Sendable {
        /// The source's timeline is the one that is known.
        case sameTimeline
        /// What was found, and what the source is known by from now on.
        case found(SourcePromotion, SourceIdentity)
        /// Another task or process has looked meanwhile, and kept what it found.
        case overtaken
    }

    /// The ids of the batches that began within the last while before the last one.
    private func idsHandedOutLast(of run: RunRecord) async throws -> IDRuns {
        var ids = IDRuns()
        var end: Date?
        var page = BatchSelection(runs: RunSelection(run.key), limit: Audit.stepSize)
        while true {
            let batches = try await store.batches(page)
            guard let start = batches.map(\.startedAt).max(), let before = batches.last?.id else {
                return ids
            }
            let last = max(end ?? start, start)
            end = last
            let span = run.policy.settleWait + run.policy.settleLag + Self.lag
            let horizon = last.addingTimeInterval(-span.seconds)
            let recent = batches.filter { $0.startedAt >= horizon }
            for batch in recent { ids = ids.union(batch.ids ?? IDRuns(batch.range)) }
            if recent.isEmpty || batches.count < Audit.stepSize { return ids }
            page.before = before
        }
    }

    private func ids(
        of source: any MetaSource,
        in range: ClosedRange<Int64>
    ) async throws -> IDRuns {
        var ids = IDRuns()
        var reading = RangeReading(range, size: BatchItems.pageSize)
        while let items = try await reading.next(
            { try await source.matchingItems(in: [$0], limit: $1) },
            id: { $0.id }
        ) {
            try Task.checkCancellation()
            for item in items where ids.last != item.id { ids.append(item.id) }
        }
        return ids
    }
}
