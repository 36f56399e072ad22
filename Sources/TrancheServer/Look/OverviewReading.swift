import FoundationEssentials
import Tranche

/// What the first screen shows, read at one time.
struct OverviewReading: Sendable {
    /// The runs that are looked at.
    let status: StatusReading
    /// What is wrong, by the server's bounds.
    let findings: [StatusDocument.Finding]
    let budgets: [Budget]
    /// What is known where more is held than a budget allows.
    let excesses: [Budget.Owner: BudgetExcess]
    /// Batches that have not succeeded, of each kind the newest.
    let open: [BatchRecord]
    /// Whether more are held than those.
    let isRunningCut: Bool
    let failed: FailedLastDay
    /// The lowest id that each run was given.
    let lowest: [RunKey: Int64]
    let changes: [ChangeRecord]
    /// The processes that are at work, as far as is known.
    let workers: [WorkerStatus]
    let asOf: Date

    /// Runs at most.
    static let mostRuns = 1000
    /// Batches of each kind at most.
    static let most = 500
    /// Runs whose coverage is drawn.
    static let mostBars = 60

    /// Looks at runs, their sources and their latest batches.
    ///
    /// - Parameters:
    ///   - inventory: What is shown.
    ///   - known: The runs as they are now, where somebody has read them; `nil` to read them.
    ///   - beginnings: What is known from the readings before.
    ///   - check: The bounds beyond which something is wrong.
    ///   - workers: The processes that are at work.
    ///   - source: Finds the source of a run.
    /// - Throws: The inventory's failure; `CancellationError`.
    init(
        _ inventory: Inventory,
        known: [RunSummary]?,
        _ beginnings: RunBeginnings,
        by check: StatusCheck,
        workers: [WorkerStatus],
        _ source: @escaping SourceLooks.SourceFinder
    ) async throws {
        let now = inventory.now
        asOf = now
        self.workers = workers
        let summaries: [RunSummary] =
            if let known { known } else {
                try await inventory.summaries(RunSelection(), after: nil, limit: Self.mostRuns)
            }
        status = try await StatusReading(of: summaries, in: inventory, source: source)
        findings = check.findings(in: status, at: now)
        budgets = try await inventory.budgets()
        excesses = try await inventory.excesses(of: budgets.filter { $0.owner.name != nil })
        var open: [[BatchRecord]] = []
        for kind in [BatchStatus.running, .released, .failed, .quarantined] {
            let selection = BatchSelection(status: kind, limit: Self.most)
            open.append(try await inventory.batches(selection))
        }
        self.open = open.flatMap { $0 }
        isRunningCut = open[0].count >= Self.most
        failed = FailedLastDay(among: Array(open[2...]), most: Self.most, now: now)
        lowest = try await beginnings.lowest(
            of: status.overview.runs.prefix(Self.mostBars).map(\.run),
            in: inventory
        )
        changes = try await inventory.changes(limit: 50)
    }

    /// The most batches of a run at once.
    func parallelism(of key: RunKey) -> Int? {
        budgets.first { $0.owner == .run(key) }?.limits.batches
    }
}

/// The batches that failed for good or were quarantined in the last day, as far as they were read.
struct FailedLastDay: Sendable {
    let batches: [BatchRecord]
    /// Whether there may be more: what was read ends with one of that day.
    let isCut: Bool

    /// Finds them.
    ///
    /// - Parameters:
    ///   - readings: Batches, of each kind the newest first. What failed and is tried again is
    ///     among them, too: in an outage it may be all of them.
    ///   - most: How many of each kind are read at most.
    ///   - now: The time.
    init(among readings: [[BatchRecord]], most: Int, now: Date) {
        let day = now.addingTimeInterval(-86_400)
        batches = readings.flatMap { $0 }.filter { batch in
            batch.isFinal && (batch.endedAt ?? .distantPast) >= day
        }
        isCut = readings.contains { reading in
            reading.count >= most && reading.last.map { ($0.endedAt ?? now) >= day } ?? false
        }
    }
}
