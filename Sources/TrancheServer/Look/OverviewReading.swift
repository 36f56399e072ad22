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
    /// Batches that failed for good or were quarantined in the last day.
    let failedLastDay: Int
    let isFailedCut: Bool
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
        var open: [BatchRecord] = []
        for kind in [BatchStatus.running, .released, .failed, .quarantined] {
            open += try await inventory.batches(BatchSelection(status: kind, limit: Self.most))
        }
        self.open = open
        let day = now.addingTimeInterval(-86_400)
        let failed = open.filter { batch in
            [.failed, .quarantined].contains(batch.status) && batch.isFinal
                && (batch.endedAt ?? .distantPast) >= day
        }
        failedLastDay = failed.count
        isFailedCut = failed.count >= Self.most
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
