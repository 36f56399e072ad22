import Foundation
import Tranche

extension MemoryTables {
    /// Hands out the ranges of a plan that are enough, and moves the cursor.
    ///
    /// - Returns: What to answer when there is no batch at all, where that is not a matter of the
    ///   run's batches and gaps.
    mutating func handOut(_ plan: RangePlan, _ acquire: inout Acquire) -> AcquireOutcome? {
        if let settling = plan.settling { acquire.run.settling = settling }
        if plan.ranges.isEmpty {
            if let scannedTo = plan.scannedTo {
                pass(to: scannedTo, handingOut: IDRuns(), isSeamless: plan.isSeamless, &acquire)
            }
            // What was too little, if anything, has vanished.
            acquire.run.pendingSince = nil
            return plan.reachedEnd ? nil : .needsPlan(acquire.demand)
        }
        for (index, range) in plan.ranges.enumerated().prefix(acquire.left) {
            let isCut = !(plan.reachedEnd && index == plan.ranges.count - 1)
            // A clock that was set back since showed a later time.
            let since = min(acquire.run.pendingSince ?? acquire.now, acquire.now)
            let waited = Duration.milliseconds(acquire.now.milliseconds - since.milliseconds)
            let request = acquire.request
            guard request.isEnough(weight: range.weight, isCut: isCut, waited: waited) else {
                acquire.run.pendingSince = since
                if let refusal = acquire.allowance.keyRefusal { return .none(refusal) }
                let enough = since.advanced(by: request.linger)
                let due = nextDue(of: request.key, now: acquire.now) ?? enough
                return .none(.waiting(until: min(due, enough)))
            }
            guard acquire.allowance.admit(weight: range.weight, key: range.key) else {
                return acquire.allowance.refusal.map { .none($0) }
            }
            makeBatch(of: range, isSeamless: plan.isSeamless, &acquire)
        }
        return nil
    }

    private mutating func makeBatch(
        of range: PlannedRange,
        isSeamless: Bool,
        _ acquire: inout Acquire
    ) {
        guard let end = range.ids.last else { return }
        add(range, as: acquire.request.kind, &acquire)
        pass(to: end, handingOut: range.ids, isSeamless: isSeamless, &acquire)
        acquire.run.tileEnd = end
        acquire.run.pendingSince = nil
    }

    /// Hands out items as a batch of their own.
    mutating func add(_ range: PlannedRange, as kind: BatchKind, _ acquire: inout Acquire) {
        let slot = acquire.slot
        let new = acquire.request.newBatch(
            range,
            as: kind,
            for: slot,
            after: acquire.run.tileEnd,
            now: acquire.now,
            leaseEnd: acquire.leaseEnd
        )
        guard let new else { return }
        let batch = add(new, token: slot.token)
        beginAttempt(of: batch)
        acquire.add(batch, items: range.items)
    }

    /// Moves the cursor; what it passes over and nobody is given becomes gaps.
    private mutating func pass(
        to id: Int64,
        handingOut ids: IDRuns,
        isSeamless: Bool,
        _ acquire: inout Acquire
    ) {
        let run = acquire.run
        guard run.cursor.map({ id > $0 }) ?? true else { return }
        if isSeamless {
            acquire.run.cursor = id
            return
        }
        let maker = TileGaps(settling: run.settling, policy: run.policy, now: acquire.now)
        let gaps = maker.gaps(
            after: run.cursor,
            through: id,
            handedOut: ids,
            within: acquire.request.definition.idsToCome(within: run.bounds)
        )
        acquire.run.cursor = id
        // Where nearly every tile has gaps, one stands for those of a minute.
        if let gap = gaps.first, gaps.count == 1, !gap.isExact || ids.count == 0,
            let before = neighbour(of: gap, after: run.cursor, of: run.key, now: acquire.now)
        {
            keep(before, of: run.key)
            acquire.run.gapsDueAt = self.gaps(of: run.key).map(\.nextLook).min()
        } else {
            add(gaps, to: &acquire.run)
        }
    }

    /// The closed gap that ends where a new one begins, extended by it.
    private func neighbour(of gap: Gap, after cursor: Int64?, of key: RunKey, now: Date) -> Gap? {
        guard let cursor, !gap.isOpen, let new = gap.known else { return nil }
        var before = gaps(of: key).first { before in
            before.range.upperBound == cursor && !before.isOpen && !before.isRedo
                && before.known != nil && before.foundAt > now.advanced(by: .seconds(-60))
        }
        guard let known = before?.known, let lower = before?.range.lowerBound else { return nil }
        before?.range = lower...gap.range.upperBound
        before?.known = known + new
        before?.watchUntil = gap.watchUntil
        before?.looks += 1
        return before
    }
}
