import Tranche

/// What must hold when everything has ended.
struct SimulationCheck {
    let store: any InventoryStore
    let job: String
    let plan: SimulationPlan
    let ledger: SimulationLedger

    func run() async throws {
        for run in plan.runs {
            let selection = RunSelection(job: job, run: run.name)
            let batches = try await store.batches(BatchSelection(runs: selection))
            for batch in batches where batch.status != .split { try check(batch) }
            try checkIDs(of: batches, of: run)
            try checkTiles(of: batches, of: run)
            try await checkTotals(of: batches, selection)
        }
    }

    /// Checks a batch that is there to stay.
    private func check(_ batch: BatchRecord) throws {
        try ledger.requireSound(batch)
        switch batch.status {
        case .succeeded:
            guard ledger.hasSucceeded(batch) else {
                throw Violation("\(batch.words): nobody who held it said so")
            }
        case .failed:
            guard batch.retryAt == nil, plan.policy.onExhausted == .fail else {
                throw Violation("\(batch.words) was left lying")
            }
            try requireExhausted(batch)
        case .quarantined:
            guard batch.count == 1 else { throw Violation("\(batch.words) has several items") }
            // Of items that were known to be bad, one failure is enough.
            if batch.attempt > 1 || batch.failures != 1 { try requireExhausted(batch) }
            ledger.count { $0.bad += 1 }
        case .running, .released, .split:
            throw Violation("\(batch.words) was left lying")
        }
    }

    private func requireExhausted(_ batch: BatchRecord) throws {
        guard batch.cause == .begun || batch.failures >= plan.policy.attempts(of: batch) else {
            throw Violation("\(batch.words) was given up after \(batch.failures) failures")
        }
    }

    /// Checks that each committed id is in one batch.
    private func checkIDs(of batches: [BatchRecord], of run: SimulationPlan.Run) throws {
        var places: [Int64: Int64] = [:]
        for batch in batches where batch.status != .split {
            for id in batch.ids?.ids.map({ $0 }) ?? [] {
                if let other = places[id] {
                    throw Violation("id \(id) is in the batches \(other) and \(batch.id)")
                }
                places[id] = batch.id
            }
        }
        let lost = ledger.ids(for: run.bounds).filter { places[$0] == nil }
        guard lost.isEmpty else {
            throw Violation("run '\(run.name)' lost the ids \(IDRuns(lost).packed)")
        }
    }

    /// Checks that the tiles leave nothing out.
    private func checkTiles(of batches: [BatchRecord], of run: SimulationPlan.Run) throws {
        var end: Int64?
        for batch in batches.filter(\.isTile).sorted(by: { $0.idEnd < $1.idEnd }) {
            guard batch.coverStart == end else {
                throw Violation("the tile of \(batch.words) does not begin where the last one ends")
            }
            end = batch.idEnd
        }
    }

    private func checkTotals(of batches: [BatchRecord], _ selection: RunSelection) async throws {
        guard let summary = try await store.summaries(selection).first else {
            if batches.isEmpty { return }
            throw Violation("there is no summary, but \(batches.count) batches")
        }
        var totals: [BatchStatus: RunSummary.Totals] = [:]
        for batch in batches {
            totals[batch.status, default: RunSummary.Totals()].batches += 1
            totals[batch.status, default: RunSummary.Totals()].items += batch.count
            totals[batch.status, default: RunSummary.Totals()].weight += batch.weight ?? 0
        }
        guard summary.totals.filter({ $0.value.batches > 0 }) == totals else {
            throw Violation("the summary says \(summary.totals), but the batches \(totals)")
        }
    }
}
