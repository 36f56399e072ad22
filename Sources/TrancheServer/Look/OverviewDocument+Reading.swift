import FoundationEssentials
import Tranche

extension OverviewDocument {
    /// Jobs that are told.
    private static let mostJobs = 200
    /// Budgets that are told, and workers.
    private static let mostBeside = 100

    /// Makes the first screen of what was read, as far as it is a caller's.
    init(
        _ reading: OverviewReading,
        of inventory: InventoryDocument,
        for caller: Caller,
        series: [Minute]
    ) {
        let now = reading.asOf
        let runs = reading.status.overview.runs.filter { caller.has(job: $0.run.key.job) }
        let open = reading.open.filter { caller.has(job: $0.key.job) }
        self.inventory = inventory
        asOf = now
        let byRun = Dictionary(grouping: open, by: \.key)
        let findings = reading.findings.filter { caller.has(job: $0.job) }
        verdict = Verdict(findings, runs, byRun, reading)
        numbers = Numbers(
            Overview(runs),
            reading,
            for: caller,
            series: caller.jobs == nil ? series : []
        )
        let incremental = runs.filter { $0.run.key.run.isEmpty }
        let backfills = Dictionary(
            grouping: runs.filter { !$0.run.key.run.isEmpty },
            by: { JobKey(metaTable: $0.run.key.metaTable, job: $0.run.key.job) }
        )
        // A job that has bounded runs alone has a line, too.
        var shown = incremental
        let known = Set(
            incremental.map { JobKey(metaTable: $0.run.key.metaTable, job: $0.run.key.job) }
        )
        for run in runs where !run.run.key.run.isEmpty {
            let key = JobKey(metaTable: run.run.key.metaTable, job: run.run.key.job)
            if !known.contains(key) { shown.append(run) }
        }
        shown = Overview(shown).runs
        jobs = shown.prefix(Self.mostJobs).map { run in
            let key = JobKey(metaTable: run.run.key.metaTable, job: run.run.key.job)
            let below = run.run.key.run.isEmpty ? backfills[key] ?? [] : []
            return Job(run, below, byRun[run.run.key] ?? [], reading)
        }
        moreJobs = max(0, shown.count - Self.mostJobs)
        let named = reading.budgets.filter { budget in
            budget.owner.name != nil
                && (caller.jobs == nil || budget.claims.contains { caller.has(job: $0.run.job) })
        }
        budgets = named.prefix(Self.mostBeside).map { budget in
            BudgetDocument(budget, reading.excesses[budget.owner])
        }
        moreBudgets = max(0, named.count - Self.mostBeside)
        let all = Self.workers(of: open, reading, for: caller, version: inventory.version)
        workers = Array(all.known.prefix(Self.mostBeside))
        moreWorkers = max(0, all.known.count - Self.mostBeside) + all.others
        changes = reading.changes.filter { change in
            caller.jobs == nil || change.owner.run.map { caller.has(job: $0.job) } ?? false
        }.prefix(10).map(ChangeDocument.init)
    }
}

extension OverviewDocument.Numbers {
    fileprivate init(
        _ overview: Overview,
        _ reading: OverviewReading,
        for caller: Caller,
        series: [OverviewDocument.Minute]
    ) {
        let runs = overview.runs
        waiting = OverviewDocument.Amount(
            batches: nil,
            items: overview.waitingItems,
            weight: runs.reduce(0) { $0.addingClamped($1.waitingWeight) },
            isExact: overview.isExact
        )
        oldestSeconds = overview.oldestAt.map { max(0, reading.asOf.timeIntervalSince($0)) }
        inFlight = overview.inFlight
        doneLastHour = OverviewDocument.Amount(
            batches: runs.reduce(0) { $0 + $1.summary.lastHour.succeeded.batches },
            items: runs.reduce(0) { $0.addingClamped($1.summary.lastHour.succeeded.items) },
            weight: runs.reduce(0) { $0.addingClamped($1.summary.lastHour.succeeded.weight) },
            isExact: runs.allSatisfy { $0.summary.lastHour.seconds >= 3600 }
        )
        failedLastHour = overview.failedLastHour
        failedLastDay = reading.failed.batches.count { caller.has(job: $0.key.job) }
        isFailedCut = reading.failed.isCut
        self.series = series
    }
}

extension OverviewDocument.Job {
    fileprivate init(
        _ run: RunStatus,
        _ below: [RunStatus],
        _ open: [BatchRecord],
        _ reading: OverviewReading
    ) {
        let key = run.run.key
        job = key.job
        meta = key.metaTable
        self.run = key.run
        status = run.state.name
        backlog = run.backlog.map { backlog in
            OverviewDocument.Amount(
                batches: nil,
                items: run.waitingItems,
                weight: run.waitingWeight,
                isExact: backlog.isExact
            )
        }
        oldestSeconds = run.oldestAt.map { max(0, reading.asOf.timeIntervalSince($0)) }
        drainSeconds = OverviewDocument.Drain(run)
        held = run.held.batches
        parallelism = reading.parallelism(of: key)
        doneLastHour = run.summary.lastHour.succeeded.items
        failed = run.failedBatches
        phrase = Obstacle(run, reading).phrase
        coverage = reading.lowest[key].flatMap { lowest in
            Coverage(run, lowest: lowest, batches: open, now: reading.asOf).map {
                CoverageDocument($0, sourceEnd: run.backlog?.highestID)
            }
        }
        backfills = below.prefix(20).map { OverviewDocument.Backfill($0, reading) }
    }
}

extension OverviewDocument.Backfill {
    fileprivate init(_ run: RunStatus, _ reading: OverviewReading) {
        self.run = run.run.key.run
        status = run.state.name
        percent = run.percentPassed
        drainSeconds = OverviewDocument.Drain(run)
        failed = run.failedBatches
        phrase = Obstacle(run, reading).phrase
    }
}

extension OverviewDocument.Drain {
    /// How long a run takes; `nil` where nobody knows.
    init?(_ run: RunStatus) {
        guard let drain = run.drains(hasWeights: run.run.source?.weight != nil) else { return nil }
        self.init(low: drain.shortest, high: drain.longest)
    }
}

extension Obstacle {
    /// Finds what stands in a run's way.
    init(_ run: RunStatus, _ reading: OverviewReading) {
        self.init(
            run,
            fault: reading.status.faults[run.run.key],
            parallelism: reading.parallelism(of: run.run.key),
            writers: reading.status.writers[run.run.key] ?? [],
            now: reading.asOf
        )
    }
}

extension RunStatus {
    /// How much of its ids it has passed, 0 to 100; `nil` where its ends are not known.
    var percentPassed: Double? {
        guard let lower = run.bounds.lower,
            let upper = run.bounds.upper ?? backlog?.highestID, upper >= lower
        else { return nil }
        guard let cursor = run.cursor else { return 0 }
        let span = Double(upper) - Double(lower) + 1
        return min(max((Double(cursor) - Double(lower) + 1) / span, 0), 1) * 100
    }
}
