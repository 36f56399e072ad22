import Tranche

/// Keeps a snapshot of a workflow whenever it is told: at the start, at its interval, at the first
/// failure and at the end.
///
/// One that cannot be kept is tried once more, and then told of; it hurts no work.
public struct SnapshotTracker: Tracker {
    private let handle: WorkflowHandle
    private let snapshots: WorkflowSnapshots

    /// Makes a tracker.
    ///
    /// - Parameters:
    ///   - handle: The workflow.
    ///   - snapshots: Where its snapshots are kept, and how often.
    public init(of handle: WorkflowHandle, _ snapshots: WorkflowSnapshots) {
        self.handle = handle
        self.snapshots = snapshots
    }

    /// How long it is from one snapshot to the next.
    public var interval: Duration { snapshots.interval }

    /// Keeps a snapshot.
    public func track(_ moment: TrackerMoment, _ progress: WorkflowProgress) async throws {
        let inventory = handle.workflows.inventory
        let snapshot = try await WorkflowSnapshot(progress, of: handle.key, in: inventory)
        do {
            try await handle.workflows.keep(snapshot, at: snapshots.place)
        } catch let error as TrancheError where error.category == .transient {
            try await handle.workflows.keep(snapshot, at: snapshots.place)
        }
    }
}
