import Foundation
import Tranche

extension InventoryTables {
    /// Ends an attempt badly.
    mutating func fail(_ holding: Holding, with failure: BatchFailure, now: Date) throws
        -> BatchRecord
    {
        try requireJSON(failure.result)
        var batch = try find(holding)
        guard batch.attempt == holding.attempt else { throw lost(holding, batch) }
        switch batch.status {
        case .running: break
        case .failed, .split, .quarantined: return batch
        case .succeeded, .released: throw lost(holding, batch)
        }
        try requireParts(failure.parts, of: batch)
        batch.endedAt = now
        batch.leaseExpiresAt = nil
        batch.result = failure.result
        batch.logging = failure.message
        try decide(failure, &batch, now: now)
        keep(batch)
        endAttempt(of: batch, .failed, error: failure.message, now: now)
        for part in failure.parts { _ = addChild(part, of: batch, failure: failure, now: now) }
        return batch
    }

    /// Decides what follows a failure.
    private mutating func decide(
        _ failure: BatchFailure,
        _ batch: inout BatchRecord,
        now: Date
    ) throws {
        let policy = run(batch.key)?.policy ?? RunPolicy()
        if !failure.parts.isEmpty {
            batch.status = .split
            return
        }
        batch.status = .failed
        if policy.onExhausted == .fail {
            batch.failures += 1
            batch.retryAt = policy.wait(afterFailures: batch.failures).map { now.advanced(by: $0) }
            return
        }
        if failure.isTransient {
            let wait = policy.backoff(afterFailures: max(1, batch.attempt))
            batch.retryAt = now.advanced(by: wait)
            return
        }
        if let until = try holdsForOutage(failure, batch, now: now) {
            batch.retryAt = until
            return
        }
        batch.failures += 1
        if batch.failures < policy.attempts(of: batch) {
            batch.retryAt = now.advanced(by: policy.backoff(afterFailures: batch.failures))
        } else if batch.count == 1 {
            batch.status = .quarantined
        } else {
            // It is split by who is offered it next.
            batch.retryAt = now
        }
    }

    /// Tells the run's guard of a failure.
    ///
    /// - Returns: Until when the run is held, when the failure is an outage's.
    private mutating func holdsForOutage(
        _ failure: BatchFailure,
        _ batch: BatchRecord,
        now: Date
    ) throws -> Date? {
        var until: Date?
        let root = root(of: batch)
        try changeRun(batch.key) { run in
            let isOutage = run.outage.noteFailure(
                root: root,
                batch: batch.id,
                message: failure.message,
                now: now
            )
            if isOutage { until = run.outage.hold.map { Date(milliseconds: $0.until) } }
        }
        return until
    }

    /// The number of the batch that a part goes back to.
    private func root(of batch: BatchRecord) -> Int64 {
        var root = batch
        while let parent = root.parent, let above = self.batch(parent) { root = above }
        return root.parent ?? root.id
    }

    // MARK: Parts

    /// Splits a failed batch.
    mutating func split(_ holding: Holding, into parts: [BatchPart], now: Date) throws
        -> [BatchRecord]
    {
        var batch = try find(holding)
        guard batch.attempt == holding.attempt else { throw lost(holding, batch) }
        if batch.status == .split { return rows.map(\.batch).filter { $0.parent == batch.id } }
        guard batch.status == .failed else { throw lost(holding, batch) }
        try requireParts(parts, of: batch)
        batch.status = .split
        batch.retryAt = nil
        keep(batch)
        return parts.map { addChild($0, of: batch, failure: nil, now: now) }
    }

    /// Makes quarantined items batches again.
    mutating func redrive(_ selection: BatchSelection, items: IDRuns?, now: Date) -> [BatchRecord] {
        var selection = selection
        let limit = selection.limit
        selection.status = .quarantined
        selection.limit = .max
        let meant = batches(selection).filter { items?.contains($0.idStart) ?? true }
        return meant.prefix(limit).map { batch in
            var split = batch
            split.status = .split
            keep(split)
            let part = BatchPart(
                ids: batch.ids ?? IDRuns(batch.idStart...batch.idEnd),
                weight: batch.weight ?? 0
            )
            return addChild(part, of: batch, kind: .redrive, failure: nil, now: now)
        }
    }

    /// Adds a batch made of another's ids, which nobody was handed out yet.
    private mutating func addChild(
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
                status: part.isBad ? .quarantined : .released,
                attempt: 1,
                failures: part.isBad ? 1 : 0,
                idStart: part.ids.first ?? parent.idStart,
                idEnd: part.ids.last ?? parent.idEnd,
                coverStart: nil,
                itemIDs: part.ids.isDense ? nil : part.ids,
                count: part.ids.count,
                weight: part.weight,
                startedAt: now,
                endedAt: part.isBad ? now : nil,
                logging: part.isBad ? failure?.message : nil,
                parent: parent.id
            )
        )
    }

    /// Checks that parts are a batch's own ids, each once.
    private func requireParts(_ parts: [BatchPart], of batch: BatchRecord) throws {
        if parts.isEmpty { return }
        let all = parts.reduce(IDRuns()) { $0.union($1.ids) }
        let isWhole =
            batch.ids.map { $0 == all }
            ?? all.subtracting(IDRuns(batch.idStart...batch.idEnd)).runs.isEmpty
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
