import Tranche

/// The result of a simulation.
public struct SimulationReport: Sendable, Hashable {
    /// Steps of writers and acquirers.
    public var steps = 0
    /// Ids that were committed.
    public var ids = 0
    /// Hand-outs.
    public var attempts = 0
    /// Hand-outs of late batches.
    public var late = 0
    /// Batches that were split.
    public var splits = 0
    /// Requests that were refused because the batch was lost.
    public var lost = 0
    /// Batches that were begun, where that happens at most once.
    public var begun = 0
    /// Answers that a budget or a parallelism had no room.
    public var limited = 0
    /// Batches that stayed failed or were quarantined, before they were made batches again.
    public var bad = 0

    /// Makes an empty report.
    public init() {}

    /// Adds another simulation's.
    public static func += (sum: inout SimulationReport, other: SimulationReport) {
        sum.steps += other.steps
        sum.ids += other.ids
        sum.attempts += other.attempts
        sum.late += other.late
        sum.splits += other.splits
        sum.lost += other.lost
        sum.begun += other.begun
        sum.limited += other.limited
        sum.bad += other.bad
    }

    mutating func count(_ record: BatchRecord) {
        attempts += 1
        if record.kind == .late { late += 1 }
    }
}
