import Foundation
import Tranche

extension MemoryTables {
    /// The runs that are meant, in order of source, job and name.
    func runs(_ selection: RunSelection, after mark: RunKey?, limit: Int) -> [RunRecord] {
        func place(_ key: RunKey) -> (String, String, String) { (key.metaTable, key.job, key.run) }
        let meant = runs.filter { run in
            selection.includes(run.key) && mark.map { place(run.key) > place($0) } ?? true
        }
        return Array(meant.sorted { place($0.key) < place($1.key) }.prefix(limit))
    }

    /// The batches that are meant, newest first.
    func batches(_ selection: BatchSelection) -> [BatchRecord] {
        let meant = rows.map(\.batch).filter { selection.includes($0) }
        return Array(meant.reversed().prefix(selection.limit))
    }

    /// The batches that hold an id, oldest first: by their ids where these are known.
    func batches(holding id: Int64, of metaTable: String) -> [BatchRecord] {
        (archive + rows.map(\.batch)).filter { batch in
            guard batch.key.metaTable == metaTable else { return false }
            return batch.ids?.contains(id) ?? batch.range.contains(id)
        }
        .sorted { $0.id < $1.id }
    }

    /// What a run's batches add up to.
    func summary(of run: RunRecord, now: Date) -> RunSummary {
        let batches = allBatches(of: run.key)
        var summary = RunSummary(run: run, totals: [:])
        for batch in batches {
            let own = RunSummary.Totals(
                batches: 1,
                items: batch.count,
                weight: batch.weight ?? 0
            )
            summary.totals[batch.status, default: RunSummary.Totals()].add(own)
            if let cause = batch.cause {
                summary.causes[cause, default: RunSummary.Totals()].add(own)
            }
            if batch.status == .failed, batch.retryAt != nil, batch.cause == nil {
                summary.retrying.add(own)
            }
        }
        let due = batches.filter { $0.isDue(at: now) }
        summary.isDue = !due.isEmpty
        summary.dueSince = due.compactMap { $0.leaseExpiresAt ?? $0.retryAt }.min()
        for batch in due where batch.status == .running {
            summary.lapsed.add(.init(batches: 1, items: batch.count, weight: batch.weight ?? 0))
        }
        summary.nextDue =
            batches
            .filter { !$0.isDue(at: now) }
            .compactMap { $0.nextDue(now: now) }
            .min()
        let succeeded = batches.filter { $0.status == .succeeded }
        summary.lastSuccess = succeeded.compactMap(\.endedAt).max()
        summary.runningAgain = batches.count { $0.status == .running && $0.failures > 0 }
        addPace(of: batches, to: &summary)
        addLastHour(of: batches, to: &summary, now: now)
        return summary
    }

    /// The tiles of the hundred that end last that succeeded.
    private func newest(of batches: [BatchRecord]) -> [BatchRecord] {
        batches.filter(\.isTile).sorted { ($0.idEnd, $0.id) < ($1.idEnd, $1.id) }
            .suffix(RunSummary.mostLatest(of: 1))
            .filter { $0.status == .succeeded }
    }

    /// What ended in the last hour.
    private func addLastHour(
        of batches: [BatchRecord],
        to summary: inout RunSummary,
        now: Date
    ) {
        let hourAgo = now.addingTimeInterval(-3600)
        let numbers = Set(batches.map(\.id))
        summary.lastHour.failures =
            attempts.count { attempt in
                numbers.contains(attempt.batch) && attempt.endedAt.map { $0 > hourAgo } ?? false
                    && (attempt.outcome == .failed || attempt.outcome == .expired)
            }
        let last = newest(of: batches)
        let recent = last.filter { $0.endedAt.map { $0 > hourAgo } ?? false }
        let isCut = recent.count >= RunSummary.mostLatest(of: 1)
        let others = batches.filter { batch in
            !batch.isTile && batch.status == .succeeded
                && batch.endedAt.map { $0 > hourAgo } ?? false
        }
        for batch in recent + (isCut ? [] : others) {
            summary.lastHour.succeeded.add(
                .init(batches: 1, items: batch.count, weight: batch.weight ?? 0)
            )
        }
        summary.lastHour.isCut = isCut
        guard !last.isEmpty || !others.isEmpty else { return }
        let since = isCut ? last.map(\.startedAt).min() : nil
        let began = since ?? max(summary.run.createdAt, hourAgo)
        summary.lastHour.seconds = min(3600, max(0, now.timeIntervalSince(began)))
    }

    /// The pace from the start of the first of the newest tiles to the end of the last.
    private func addPace(of batches: [BatchRecord], to summary: inout RunSummary) {
        let last = newest(of: batches)
        guard let from = last.map(\.startedAt).min(), let to = last.compactMap(\.endedAt).max()
        else { return }
        let seconds = to.timeIntervalSince(from)
        guard seconds > 0 else { return }
        let weight = last.reduce(0) { $0 + ($1.weight ?? 0) }
        summary.weightPerSecond = (weight / seconds).clamped
        summary.itemsPerSecond = Double(last.reduce(0) { $0 + $1.count }) / seconds
    }

    // MARK: Changes

    /// Makes finally failed batches due at once.
    mutating func retry(_ selection: BatchSelection, mayRepeat: Bool, now: Date) -> [Int64] {
        var selection = selection
        let limit = selection.limit
        selection.limit = .max
        let failed = batches(selection).filter { batch in
            let isFailed =
                selection.cause == nil && (batch.cause == .stuck || batch.cause == .begun)
            if batch.begunAt != nil, !mayRepeat { return false }
            return batch.status == .failed
                && (isFailed || batch.retryAt == nil && batch.cause == selection.cause)
        }
        for var batch in failed.prefix(limit) {
            if batch.cause != .cancelled { batch.failures = 0 }
            // One that was never handed out is as it was before.
            if batch.cause == .cancelled, batch.endedAt == nil {
                batch.status = .released
            } else {
                batch.retryAt = now
            }
            batch.cause = nil
            batch.begunAt = nil
            keep(batch)
        }
        return failed.prefix(limit).map(\.id)
    }

    /// Changes one run.
    mutating func changeRun(_ key: RunKey, _ change: (inout RunRecord) -> Void) throws {
        guard let index = runs.firstIndex(where: { $0.key == key }) else {
            throw TrancheError(.unknownRun, "there is no \(key)")
        }
        change(&runs[index])
    }

    /// Changes what was set when runs were first acquired from.
    mutating func redefine(
        _ key: RunKey,
        definition: SourceDefinition?,
        bounds: IDBounds?,
        policy: RunPolicy?
    ) throws {
        if let run = run(key) {
            if let bounds { try run.require(newBounds: bounds, time: definition?.time) }
            if let policy { try run.require(noOpenBatchFor: policy, isOpen: hasOpenBatch(key)) }
        }
        try changeRun(key) { run in
            run.bounds = bounds ?? run.bounds
            run.policy = policy ?? run.policy
        }
        guard let definition else { return }
        try redefine(JobKey(metaTable: key.metaTable, job: key.job), definition, for: key)
    }

    /// Whether a batch of a run is held, or would be offered again.
    func hasOpenBatch(_ key: RunKey) -> Bool {
        batches(of: key).contains { $0.nextDue(now: $0.startedAt) != nil || $0.cause == .stuck }
    }

    /// Gives all runs of a job another definition.
    mutating func redefine(
        _ job: JobKey,
        _ definition: SourceDefinition,
        for key: RunKey? = nil
    ) throws {
        let places = runs.indices.filter {
            runs[$0].key.metaTable == job.metaTable && runs[$0].key.job == job.job
        }
        guard !places.isEmpty else {
            throw TrancheError(.unknownRun, "there is no job '\(job.job)' on '\(job.metaTable)'")
        }
        for index in places {
            if try runs[index].isMoved(by: definition) { runs[index].standing = SourceStanding() }
            runs[index].definition = try runs[index].redefined(definition, for: key)
        }
    }
}

extension RunSelection {
    func includes(_ key: RunKey) -> Bool {
        key.metaTable == metaTable ?? key.metaTable
            && key.job == job ?? key.job
            && key.run == run ?? key.run
    }
}

extension BatchSelection {
    fileprivate func includes(_ batch: BatchRecord) -> Bool {
        runs.includes(batch.key)
            && batch.status == status ?? batch.status
            && (cause == nil || batch.cause == cause)
            && (ids.isEmpty || ids.contains(batch.id))
            && batch.id < before ?? .max
            && says(batch) && isInTime(batch)
    }

    private func says(_ batch: BatchRecord) -> Bool {
        if let text, !(batch.logging ?? "").contains(text) { return false }
        if let worker, batch.worker != worker { return false }
        return true
    }

    private func isInTime(_ batch: BatchRecord) -> Bool {
        let seen = batch.endedAt ?? batch.startedAt
        if let since, seen < since { return false }
        if let until, seen > until { return false }
        return true
    }
}
