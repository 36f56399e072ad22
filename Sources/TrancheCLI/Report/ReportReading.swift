import FoundationEssentials
import Tranche

/// What a page shows.
struct ReportReading: Sendable {
    /// The runs, and what they add up to.
    let status: StatusReading
    /// What is wrong, by the bounds of `status --check` without options.
    let findings: [StatusDocument.Finding]
    /// Batches that failed for good, are tried again, or are quarantined; the newest first.
    let failures: [BatchRecord]
    /// Batches that somebody holds, the newest first.
    let held: [BatchRecord]
    /// Batches whose lease is over, so that nobody holds them any more.
    let lapsed: [BatchRecord]
    /// Batches that were given back.
    let released: [BatchRecord]
    /// The newest batches that succeeded.
    let successes: [BatchRecord]
    /// The lowest id that each run was given.
    let lowest: [RunKey: Int64]

    /// Batches of each kind at most.
    static let most = 200
    /// Newest successes that throughput is drawn from.
    static let mostSuccesses = 2000
    /// Runs whose coverage is drawn.
    static let mostBars = 100

    /// Looks at the runs that are meant, their sources and their latest batches.
    init(_ selection: RunSelection, _ inventory: Inventory, _ context: Context) async throws {
        status = try await StatusReading(selection, inventory, context)
        findings = StatusCheck().findings(in: status, at: context.now())
        func newest(_ status: BatchStatus, _ limit: Int = Self.most) async throws -> [BatchRecord] {
            try await inventory.batches(
                BatchSelection(runs: selection, status: status, limit: limit)
            )
        }
        failures = (try await newest(.failed) + newest(.quarantined)).sorted { $0.id > $1.id }
        let (running, now) = (try await newest(.running), context.now())
        held = running.filter { !$0.hasLapsed(at: now) }
        lapsed = running.filter { $0.hasLapsed(at: now) }
        released = try await newest(.released)
        successes = try await newest(.succeeded, Self.mostSuccesses)
        var lowest: [RunKey: Int64] = [:]
        for run in status.overview.runs.prefix(Self.mostBars) {
            lowest[run.run.key] = try await inventory.lowestID(of: run.run)
        }
        self.lowest = lowest
    }
}
