import Foundation
import Tranche

extension MemoryTables {
    /// Most gaps that one look is asked for.
    static let mostLooks = 1000

    // MARK: Making

    /// Keeps new gaps of a run.
    mutating func add(_ gaps: [Gap], to run: inout RunRecord) {
        for gap in gaps {
            keep(gap, of: run.key)
            run.gapsDueAt = min(run.gapsDueAt ?? gap.nextLook, gap.nextLook)
        }
        bound(&run)
    }

    /// Joins gaps of a run where there are too many, and gives up some where that is not enough.
    private mutating func bound(_ run: inout RunRecord) {
        let limit = GapLimit(gaps(of: run.key))
        for gap in limit.joined { keep(gap, of: run.key) }
        removeGaps(limit.removed)
        run.droppedGaps += limit.dropped
    }

    // MARK: Looking

    /// Takes looks into account and hands out what they found, or asks for a look.
    ///
    /// - Returns: The gaps that are to be looked at first.
    mutating func offerLate(_ acquire: inout Acquire) throws -> [Gap]? {
        let key = acquire.run.key
        if acquire.allowance.refusal != nil { return nil }
        if let looks = acquire.input.gapChecks {
            let (gaps, limit, now) = (self.gaps(of: key), acquire.request.limit, acquire.now)
            let offer = try LateOffer(
                looks: looks,
                gaps: gaps,
                limit: limit,
                isWanted: acquire.answer.isEmpty,
                hasKeys: acquire.allowance.keys != nil,
                now: now,
                admit: { acquire.allowance.admit(weight: $0.weight, key: $0.key) }
            )
            removeGaps(offer.removed)
            for gap in offer.kept { keep(gap, of: key) }
            bound(&acquire.run)
            acquire.run.gapsDueAt = self.gaps(of: key).map(\.nextLook).min()
            if let range = offer.batch { add(range, as: .late, &acquire) }
            return nil
        }
        let (now, latest) = (acquire.now, Gap.latestLook(from: acquire.now))
        guard acquire.answer.isEmpty, let dueAt = acquire.run.gapsDueAt,
            dueAt <= now || dueAt > latest
        else { return nil }
        let due = gaps(of: key).filter { $0.nextLook <= now || $0.nextLook > latest }
            .sorted { ($0.nextLook, $0.id) < ($1.nextLook, $1.id) }
        guard !due.isEmpty else {
            acquire.run.gapsDueAt = gaps(of: key).map(\.nextLook).min()
            return nil
        }
        // Others have something better to do for a while than to look at the same.
        acquire.run.gapsDueAt = acquire.now.advanced(by: .seconds(1))
        return Array(due.prefix(Self.mostLooks))
    }

    /// Queues ids behind the cursor for a late batch.
    ///
    /// - Returns: How many were queued.
    mutating func queueLate(_ ids: IDRuns, of key: RunKey, isRedo: Bool, now: Date) throws -> Int {
        guard var run = run(key) else { throw TrancheError(.unknownRun, "there is no \(key)") }
        guard let cursor = run.cursor, let first = ids.first, first <= cursor else { return 0 }
        // What follows the cursor is handed out anyway.
        var wanted = ids.intersection(first...cursor)
        // What is held or will be tried again is in hand, whatever is to be done again.
        for batch in allBatches(of: key) where !batch.isFinal {
            wanted = wanted.subtracting(batch.ids ?? IDRuns(batch.range))
        }
        if !isRedo { wanted = wanted.subtracting(handedOut(of: key, in: first...cursor)) }
        let queue = LateQueue(
            ids: wanted,
            gaps: gaps(of: key),
            isRedo: isRedo,
            watch: run.policy.watch,
            now: now
        )
        for gap in queue.changed { keep(gap, of: key) }
        add(queue.new, to: &run)
        run.gapsDueAt = gaps(of: key).map(\.nextLook).min()
        keep(run)
        return queue.count
    }

    /// Watches ids that were handed out and have no row any more.
    ///
    /// - Returns: How many are watched.
    mutating func watchAgain(_ ids: IDRuns, of key: RunKey, now: Date) throws -> Int {
        guard var run = run(key) else { throw TrancheError(.unknownRun, "there is no \(key)") }
        guard let cursor = run.cursor, let first = ids.first, first <= cursor else { return 0 }
        let queue = LateQueue(
            gone: ids.intersection(first...cursor),
            gaps: gaps(of: key),
            watch: run.policy.watch,
            now: now
        )
        add(queue.new, to: &run)
        run.gapsDueAt = gaps(of: key).map(\.nextLook).min()
        keep(run)
        return queue.count
    }

    // MARK: What was handed out

    /// Tiles of a run, ascending by the id at which they end; those of the archive too.
    func tiles(
        of key: RunKey,
        endingAfter end: Int64?,
        meeting range: ClosedRange<Int64>?,
        limit: Int
    ) -> [Tile] {
        let first = run(key)?.bounds.lower ?? .min
        let tiles = allBatches(of: key).filter(\.isTile).map { batch in
            let start = min(batch.coverStart.map { $0 + 1 } ?? first, batch.idStart)
            return Tile(
                batch: batch.id,
                range: start...batch.idEnd,
                ids: batch.ids,
                count: batch.count
            )
        }
        return Array(
            tiles
                .filter { tile in end.map { tile.range.upperBound > $0 } ?? true }
                .filter { tile in range.map { tile.range.overlaps($0) } ?? true }
                .sorted { ($0.range.upperBound, $0.batch) < ($1.range.upperBound, $1.batch) }
                .prefix(limit)
        )
    }

    /// The ids of a range that were handed out, by tiles and by late batches or by these alone.
    func handedOut(of key: RunKey, in range: ClosedRange<Int64>, onlyLate: Bool = false) -> IDRuns {
        var ids = IDRuns()
        for batch in allBatches(of: key) where batch.kind == .late || batch.isTile && !onlyLate {
            let own = batch.ids ?? IDRuns(batch.range)
            ids = ids.union(own.intersection(range))
        }
        return ids
    }
}
