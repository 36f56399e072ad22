import Foundation
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
    init(_ inventory: Inventory, _ source: @escaping SourceLooks.SourceFinder) async throws {
        let now = inventory.now
        asOf = now
        status = try await StatusReading(
            RunSelection(),
            in: inventory,
            limit: Self.mostRuns,
            source: source
        )
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
        var lowest: [RunKey: Int64] = [:]
        for run in status.overview.runs.prefix(Self.mostBars) {
            lowest[run.run.key] = try await inventory.lowestID(of: run.run)
        }
        self.lowest = lowest
        changes = try await inventory.changes(limit: 50)
    }

    /// The most batches of a run at once.
    func parallelism(of key: RunKey) -> Int? {
        budgets.first { $0.owner == .run(key) }?.limits.batches
    }
}

extension Inventory {
    /// The lowest id that a run was given; `nil` where none was.
    func lowestID(of run: RunRecord) async throws -> Int64? {
        if let lower = run.bounds.lower { return lower }
        let tiles = try await tiles(of: run.key, endingAfter: nil, meeting: nil, limit: 1)
        return tiles.first.map { $0.ids?.first ?? $0.range.lowerBound }
    }
}
