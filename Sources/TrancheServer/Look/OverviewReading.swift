import FoundationEssentials
import Tranche

/// What the first screen shows, read at one time.
struct OverviewReading: Sendable {
    /// The runs that are looked at.
    let status: StatusReading
    /// What is wrong, by the bounds of `status --check` without options.
    let findings: [StatusDocument.Finding]
    let budgets: [Budget]
    /// Batches that have not succeeded, of each kind the newest.
    let open: [BatchRecord]
    /// Batches that failed for good or were quarantined in the last day.
    let failedLastDay: Int
    let isFailedCut: Bool
    /// The lowest id that each run was given.
    let lowest: [RunKey: Int64]
    let changes: [ChangeRecord]
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
    ///   - source: Finds the source of a run.
    /// - Throws: The inventory's failure; `CancellationError`.
    init(
        _ inventory: Inventory,
        known: [RunSummary]?,
        _ beginnings: RunBeginnings,
        _ source: @escaping SourceLooks.SourceFinder
    ) async throws {
        let now = inventory.now
        asOf = now
        let summaries: [RunSummary] =
            if let known { known } else {
                try await inventory.summaries(RunSelection(), after: nil, limit: Self.mostRuns)
            }
        status = try await StatusReading(of: summaries, in: inventory, source: source)
        findings = StatusCheck().findings(in: status, at: now)
        budgets = try await inventory.budgets()
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
