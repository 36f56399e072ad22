import Foundation
import Tranche

extension MemoryTables {
    /// Ends an attempt badly.
    mutating func fail(_ holding: AttemptKey, with failure: BatchFailure, now: Date) throws
        -> BatchRecord
    {
        try requireJSON(failure.result)
        var batch = try find(holding)
        guard batch.attempt == holding.attempt else { throw lost(holding, batch) }
        if batch.cause == .cancelled { throw lost(holding, batch) }
        switch batch.status {
        case .running: break
        case .failed, .quarantined:
            // Bad items that were not named then are not set apart now.
            if batch.cause == .begun, failure.isOfSuccess { throw lost(holding, batch) }
            let isRepeated = failure.maySpeakOfOutage && batch.logging == failure.message
            if !failure.parts.isEmpty, batch.cause != .begun, !isRepeated {
                throw lost(holding, batch)
            }
            return batch
        case .split:
            // Done but for bad items is another end than failed.
            guard failure.isOfSuccess == hasSucceeded(holding) else { throw lost(holding, batch) }
            return batch
        case .succeeded, .released: throw lost(holding, batch)
        }
        guard var run = run(batch.key) else { throw lost(holding, batch) }
        let failing = FailingBatch(
            batch: batch,
            run: run,
            root: root(of: batch),
            failure: failure,
            evidence: evidence(for: batch),
            now: now
        )
        let outcome = try failing.outcome()
        batch = outcome.batch
        run.outage = outcome.outage
        keep(run)
        keep(batch)
        endAttempt(of: batch, failing.outcome(as: batch), error: failure.message, now: now)
        keep(failure.output, of: holding)
        guard batch.status == .split else { return batch }
        for part in failure.parts { _ = addChild(part, of: batch, failure: failure, now: now) }
        return batch
    }

    /// What else of the run of a batch has succeeded.
    private func evidence(for batch: BatchRecord) -> FailingBatch.Evidence {
        let all = rows.map(\.batch).filter { $0.parent != nil }
        let parents = Set(all.filter { $0.status == .succeeded }.compactMap(\.parent))
        var line: [Int64] = [batch.id]
        var place = batch
        while let parent = place.parent, let above = self.batch(parent) {
            line.append(parent)
            place = above
        }
        let latest = allBatches(of: batch.key).filter(\.isTile)
            .sorted { $0.idEnd > $1.idEnd }.prefix(100)
            .filter { tile in
                if tile.status == .succeeded { return true }
                let parts = all.filter { $0.parent == tile.id }
                let bad = parts.count { $0.status == .quarantined }
                return tile.status == .split && parents.contains(tile.id)
                    && (bad < OutageGuard.threshold || bad * 2 < tile.count)
            }
        return FailingBatch.Evidence(
            hasWorked: !parents.isDisjoint(with: line),
            lastSuccess: latest.compactMap(\.endedAt).max(),
            lastSucceeded: latest.map(\.id).max()
        )
    }

    /// The number of the batch that a part goes back to.
    private func root(of batch: BatchRecord) -> Int64 {
        var root = batch
        while let parent = root.parent, let above = self.batch(parent) { root = above }
        return root.parent ?? root.id
    }

    // MARK: Parts

    /// Splits a failed batch.
    mutating func split(
        _ holding: AttemptKey,
        into parts: [BatchPart],
        _ note: ChangeNote?,
        now: Date
    ) throws -> [BatchRecord] {
        var batch = try find(holding)
        guard batch.attempt == holding.attempt else { throw lost(holding, batch) }
        if batch.status == .split { return rows.map(\.batch).filter { $0.parent == batch.id } }
        if batch.cause == .cancelled { throw batch.cancelled }
        guard batch.status == .failed else { throw lost(holding, batch) }
        try requireParts(parts, of: batch)
        batch.status = .split
        batch.cause = nil
        batch.retryAt = nil
        keep(batch)
        keep("split", ofBatches: [batch.id], note, now: now)
        return parts.map { addChild($0, of: batch, failure: nil, now: now) }
    }

    /// Makes quarantined items batches again.
    mutating func redrive(_ selection: BatchSelection, items: IDRuns?, now: Date) -> [BatchRecord] {
        var selection = selection
        let limit = selection.limit
        selection.status = .quarantined
        selection.limit = .max
        let meant = batches(selection).reversed().filter { items?.contains($0.idStart) ?? true }
        return meant.prefix(limit).map { batch in
            var split = batch
            split.status = .split
            keep(split)
            let part = BatchPart(
                ids: batch.ids ?? IDRuns(batch.range),
                weight: batch.weight ?? 0
            )
            return addChild(part, of: batch, kind: .redrive, failure: nil, now: now)
        }
    }

    /// Adds a batch made of another's ids, which nobody was handed out yet.
    mutating func addChild(
        _ part: BatchPart,
        of parent: BatchRecord,
        kind: BatchKind = .split,
        failure: BatchFailure?,
        now: Date
    ) -> BatchRecord {
        add(
            BatchRecord(
                id: 0,
                key: parent.key,
                kind: kind,
                status: part.status(of: parent),
                attempt: 1,
                failures: part.isBad ? 1 : 0,
                idStart: part.ids.first ?? parent.idStart,
                idEnd: part.ids.last ?? parent.idEnd,
                coverStart: nil,
                itemIDs: part.ids.isDense ? nil : part.ids,
                count: part.ids.count,
                weight: part.weight,
                worker: part.isDone ? parent.worker : nil,
                jobIdentifier: parent.jobIdentifier,
                startedAt: part.isDone ? parent.startedAt : now,
                endedAt: part.isBad || part.isDone ? now : nil,
                result: part.isDone ? parent.result : nil,
                logging: part.isBad ? part.reason ?? failure?.message : nil,
                parent: parent.id,
                cause: part.status(of: parent) == .failed ? .begun : nil,
                begunAt: part.status(of: parent) == .failed ? parent.begunAt : nil,
                itemKey: parent.itemKey,
                interval: parent.interval
            )
        )
    }

    /// Checks that parts are a batch's own ids, each once, as ``FailingBatch`` does.
    private func requireParts(_ parts: [BatchPart], of batch: BatchRecord) throws {
        if parts.isEmpty { return }
        let all = parts.reduce(IDRuns()) { $0.union($1.ids) }
        let isWhole =
            batch.ids.map { $0 == all }
            ?? all.subtracting(IDRuns(batch.range)).runs.isEmpty
        guard isWhole, all.count == parts.reduce(0, { $0 + $1.ids.count }),
            parts.allSatisfy({ $0.ids.count == 1 || $0.ids.count > 0 && !$0.isBad })
        else {
            throw TrancheError(
                .invalidArgument,
                "the parts of batch \(batch.id) of \(batch.key) must have its ids, each once, and "
                    + "bad parts one id each"
            )
        }
    }
}
