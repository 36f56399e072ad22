import Foundation
import Tranche

extension MemoryTables {
    /// Makes what is put off due now, and makes what succeeded batches again.
    mutating func offer(_ batches: [AttemptKey], _ note: ChangeNote?, now: Date) -> [BatchRecord] {
        var offered: [BatchRecord] = []
        var known: [BatchRecord] = []
        for key in Set(batches) {
            guard var batch = batch(key.batch), batch.attempt == key.attempt else { continue }
            switch batch.status {
            case .released,
                .failed where batch.cause != .stuck && batch.retryAt != nil:
                if let due = batch.retryAt, due > now { batch.retryAt = now }
                keep(batch)
                offered.append(batch)
            case .succeeded:
                if let again = openAgain(batch.id) {
                    known.append(again)
                } else {
                    offered.append(madeAgain(batch, now: now))
                }
            case .running, .failed, .split, .quarantined: break
            }
        }
        keep("offer", ofBatches: offered.map(\.id), note, now: now)
        return (known + offered).sorted { $0.id < $1.id }
    }

    /// Gives batches of one run back for those that hold them.
    mutating func release(_ holdings: [AttemptKey], _ note: ChangeNote, now: Date) throws
        -> [BatchRecord]
    {
        guard let first = holdings.first, let key = batch(first.batch)?.key else { return [] }
        var released: [BatchRecord] = []
        for holding in Set(holdings) where isHeld(holding) && batch(holding.batch)?.key == key {
            released.append(try release(holding, now: now))
        }
        keep("release", ofBatches: released.map(\.id), note, now: now)
        return released.sorted { $0.id < $1.id }
    }

    /// Pauses a run once it has handed out some more batches; one that is paused keeps its reason.
    mutating func letThrough(
        _ batches: Int,
        of key: RunKey,
        _ note: ChangeNote?,
        now: Date
    ) throws {
        try pause(key, to: run(key)?.pauseReason ?? "", after: batches, note, now: now)
    }

    /// Pauses a run, or lets it go on, and keeps it where the run is not as it was.
    mutating func pause(
        _ key: RunKey,
        to reason: String?,
        after batches: Int,
        _ note: ChangeNote?,
        now: Date
    ) throws {
        let change = note.flatMap { note in
            run(key)?.pauseChange(to: reason, after: batches, note)
        }
        try changeRun(key) { run in
            run.pauseReason = reason
            run.letThrough = batches
            if reason == nil { run.outage = OutageGuard() }
        }
        guard let note, let change else { return }
        add(.run(key), "pause", from: change.old, to: change.new, note, now: now)
    }

    /// What was made of a batch again, and has not ended.
    private func openAgain(_ id: Int64) -> BatchRecord? {
        rows.map(\.batch).first { batch in
            batch.parent == id && batch.kind == .redrive && !batch.isFinal && batch.cause != .stuck
        }
    }

    private mutating func madeAgain(_ batch: BatchRecord, now: Date) -> BatchRecord {
        let part = BatchPart(ids: batch.ids ?? IDRuns(batch.range), weight: batch.weight ?? 0)
        return addChild(part, of: batch, kind: .redrive, failure: nil, now: now)
    }

    /// Removes runs with all that is kept of them.
    mutating func forget(
        _ selection: RunSelection,
        isDryRun: Bool,
        now: Date
    ) throws -> ForgetReport {
        let keys = runs(selection, after: nil, limit: .max).map(\.key)
        let batches = keys.flatMap { allBatches(of: $0) }
        let numbers = Set(batches.map(\.id))
        var report = ForgetReport()
        report.runs = keys
        report.batches = batches.count
        // What fell into parts is counted with these.
        report.items = batches.filter { $0.status != .split }.reduce(0) { $0 + $1.count }
        report.attempts = attempts.count { numbers.contains($0.batch) && $0.endedAt != nil }
        report.gaps = keys.reduce(0) { $0 + gaps(of: $1).count }
        report.held = batches.count { $0.status == .running && !$0.isDue(at: now) }
        report.takers = takers(of: keys)
        report.probes = probes.values.count { probe in
            probe.owner.run.map { keys.contains($0) } ?? false
        }
        if isDryRun { return report }
        try report.requireUnused()
        for key in keys { forget(key) }
        rows.removeAll { numbers.contains($0.batch.id) }
        attempts.removeAll { numbers.contains($0.batch) }
        outputs = outputs.filter { !numbers.contains($0.key.batch) }
        entries.removeAll { numbers.contains($0.attempt.batch) }
        return report
    }

    /// The runs of other jobs that take batches of some runs.
    private func takers(of keys: [RunKey]) -> [RunKey] {
        let jobs = Set(keys.map { JobKey(metaTable: $0.metaTable, job: $0.job) })
        let names = Set(keys.map { InventorySource.prefix + $0.job })
        let found = runs.filter { run in
            guard names.contains(run.key.metaTable), !keys.contains(run.key) else { return false }
            let text = run.definition ?? ""
            let definition = try? JSONText.decode(SourceDefinition.self, from: text)
            let upstream = definition.flatMap { InventorySource($0) }?.upstream
            return upstream.map { jobs.contains($0) } ?? true
        }
        return runs(RunSelection(), after: nil, limit: .max).map(\.key)
            .filter { key in found.contains { $0.key == key } }
    }

    private mutating func forget(_ key: RunKey) {
        runs.removeAll { $0.key == key }
        archive.removeAll { $0.key == key }
        gaps.removeAll { $0.key == key }
        budgets.removeAll { $0.owner == .run(key) }
        probes = probes.filter { $0.value.owner != .run(key) }
        entries.removeAll { $0.owner == .run(key) }
        runBudgets[key] = nil
        for owner in waits.keys { waits[owner]?[key] = nil }
        waits[.run(key)] = nil
        changes.removeAll { $0.owner == .run(key) }
        workflows.removeAll { $0.key == key }
        sizings[key] = nil
    }
}
