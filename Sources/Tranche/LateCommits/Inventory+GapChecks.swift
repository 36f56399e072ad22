extension Inventory {
    /// Looks at gaps of a run, outside the store's lock.
    ///
    /// The order makes it a proof: first the writers, then the rows. A gap whose writers were
    /// gone at the first and in which nothing is found by the second is closed.
    ///
    /// - Parameters:
    ///   - gaps: The gaps.
    ///   - key: The run.
    ///   - source: Its source.
    /// - Returns: What was found.
    /// - Throws: The source's failure, or the store's.
    package func look(at gaps: [Gap], of key: RunKey, in source: any MetaSource) async throws
        -> [GapCheck]
    {
        var observed: WriterObservation?
        if gaps.contains(where: \.isOpen), let source = source.settling {
            observed = try await source.observeWriters(lag: .zero)
        }
        let exact = gaps.filter { $0.isExact || $0.isRedo }
        let items = try await itemsFound(in: exact, of: source)
        var looks = exact.map { gap in
            let found = items.filter { gap.range.contains($0.id) }
            // When not all were read, what was not reached is looked at again at once.
            let hasMore =
                items.count == GapCheck.limit && gap.range.upperBound >= (items.last?.id ?? 0)
            return look(at: gap, found: found, hasMore: hasMore, known: 0, observed)
        }
        let coarse = gaps.filter { !($0.isExact || $0.isRedo) }
        if coarse.isEmpty { return looks }
        let tallies = try await source.tallies(of: coarse.map(\.range))
        for (gap, tally) in zip(coarse, tallies) {
            let isClosing = gap.isOpen && holders(of: gap, observed).isEmpty
            // Fewer may be some that vanished and others that came.
            if let known = gap.known, tally.count == known, !isClosing {
                looks.append(
                    look(at: gap, found: [], hasMore: false, known: tally.count, observed)
                )
            } else {
                looks.append(try await compare(gap, of: key, in: source, observed))
            }
        }
        return looks
    }

    private func itemsFound(in gaps: [Gap], of source: any MetaSource) async throws -> [Item] {
        // Queued ids may lie in ranges of their own that overlap others.
        let ids = gaps.map(\.range).sorted { $0.lowerBound < $1.lowerBound }
        var ranges: [ClosedRange<Int64>] = []
        for range in ids {
            if let last = ranges.last, range.lowerBound <= last.upperBound {
                ranges[ranges.count - 1] =
                    last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
        if ranges.isEmpty { return [] }
        return try await source.matchingItems(in: ranges, limit: GapCheck.limit)
    }

    /// Compares the ids of a coarse gap one by one.
    private func compare(
        _ gap: Gap,
        of key: RunKey,
        in source: any MetaSource,
        _ observed: WriterObservation?
    ) async throws -> GapCheck {
        let handedOut = try await store.handedOut(of: key, in: gap.range, onlyLate: false)
        var found: [Item] = []
        var known = 0
        var reading = RangeReading(gap.range, size: GapCheck.limit)
        while found.count < GapCheck.limit,
            let page = try await reading.next(
                { try await source.matchingItems(in: [$0], limit: $1) },
                id: { $0.id }
            )
        {
            for item in page {
                if handedOut.contains(item.id) { known += 1 } else { found.append(item) }
            }
        }
        return look(at: gap, found: found, hasMore: reading.left != nil, known: known, observed)
    }

    private func look(
        at gap: Gap,
        found: [Item],
        hasMore: Bool,
        known: Int,
        _ observed: WriterObservation?
    ) -> GapCheck {
        GapCheck(
            gap: gap,
            found: found,
            hasMore: hasMore,
            known: known,
            holders: holders(of: gap, observed),
            epoch: observed?.epoch ?? gap.epoch
        )
    }

    /// The gap's writers that are still there.
    private func holders(of gap: Gap, _ observed: WriterObservation?) -> Set<String> {
        guard gap.isOpen, let observed else { return [] }
        // After a restart of the server only prepared transactions are left, under new names.
        if observed.epoch != gap.epoch { return observed.survivors }
        return gap.holders.intersection(observed.holders)
    }
}
