public import Tranche

/// How a workflow ended, or this process's part in it.
public enum WorkflowEnding: Sendable, Hashable {
    /// Every batch succeeded, but those that somebody cancelled by themselves.
    case complete
    /// Nothing is left to do, but batches failed or are stuck, or items are quarantined.
    case completeWithFailures
    /// Somebody cancelled the run.
    case cancelled
    /// This process gets nothing more: another description has begun, of this generation.
    case superseded(by: Int)
    /// This process was asked to stop.
    case stopped
    /// This process gets nothing now, for another reason.
    case unfinished(NoBatchReason)

    /// The ending in one word.
    public var name: String {
        switch self {
        case .complete: "complete"
        case .completeWithFailures: "failed"
        case .cancelled: "cancelled"
        case .superseded: "superseded"
        case .stopped: "stopped"
        case .unfinished: "unfinished"
        }
    }
}

/// The outcome of a workflow.
public struct WorkflowResult: Sendable, Hashable {
    /// How it ended.
    public var ending: WorkflowEnding
    /// The outcome of the whole run, over all processes.
    public var progress: WorkflowProgress
}
