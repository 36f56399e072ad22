/// Whether a bounded run is done: whether anything of it is left to do.
package enum Completeness: Sendable, Hashable {
    /// Nothing of it is: every item of it is in a batch that has ended.
    case complete
    /// Something is, or may be.
    case open
    /// Its source cannot be looked at, and why.
    case unknown(String)
}

extension Inventory {
    /// Finds out whether a bounded run is done, as an acquire and `status` see it.
    ///
    /// It is where nothing of it is held, due or waited for, and it stands at its upper end or its
    /// source has nothing more within its bounds. Failures do not count. An incremental run never
    /// is, nor is one that is paused, held, stuck or cancelled.
    ///
    /// - Parameters:
    ///   - summary: The run, read before its source is looked at.
    ///   - source: Finds the source; asked only where the inventory alone cannot tell.
    /// - Returns: Whether it is.
    /// - Throws: ``TrancheError`` of the store; `CancellationError`.
    package func completeness(
        of summary: RunSummary,
        source: @escaping SourceLooks.SourceFinder
    ) async throws -> Completeness {
        let run = summary.run
        guard !run.key.run.isEmpty, !summary.isDue else { return .open }
        switch RunStatus(summary: summary, gaps: [], risks: nil).activity {
        case .complete, .idle: break
        default: return .open
        }
        // Gaps are asked for only where nothing else is open.
        let gaps = try await gaps(of: run.key)
        if RunStatus(summary: summary, gaps: gaps, risks: nil).isUnsettled { return .open }
        if run.isAtEnd { return .complete }
        // What was above the cursor then, and is not there now, was never there.
        let looks = try await SourceLooks(inventory: self, source: source).look(at: [summary])
        guard let look = looks[run.key] else { return .open }
        if let fault = look.fault { return .unknown(fault) }
        guard look.hold == nil, let backlog = look.backlog, backlog.items == 0, backlog.isExact
        else { return .open }
        return try await isEnded(run, source) ? .complete : .open
    }

    /// Whether a source that has nothing more for a run is at its end: pages are where one says so.
    private func isEnded(
        _ run: RunRecord,
        _ find: SourceLooks.SourceFinder
    ) async throws -> Bool {
        guard run.key.metaTable.hasPrefix(PagedSource.prefix),
            let pages = try await self.source(find(run, self)) as? PageMetaSource
        else { return true }
        let plan = try await pages.nextRange(
            after: run.cursor,
            within: run.bounds,
            limit: BatchLimit(count: 1),
            batches: 1
        )
        return plan.ranges.isEmpty && plan.openEnd == nil
    }
}
