/// Follows the progress of a workflow, in a process that works on it.
///
/// It is told of the start first and of the end last, each once, also where the process is
/// cancelled; and of the first failure once. Its calls come one after the other. One that throws,
/// or takes longer than its ``patience``, is not waited for: the work goes on, and the interval is
/// left out until the call has returned.
public protocol Tracker: Sendable {
    /// How long it is from one call to the next; 5 min by default.
    var interval: Duration { get }

    /// How long a call may take before it is given up; 30 s by default.
    var patience: Duration { get }

    /// Takes note of the progress.
    ///
    /// - Parameters:
    ///   - moment: The occasion of the call.
    ///   - progress: How far the run is, over all processes.
    /// - Throws: Any error; it is reported to the caller that runs the workflow.
    func track(_ moment: TrackerMoment, _ progress: WorkflowProgress) async throws
}

extension Tracker {
    /// Five minutes.
    public var interval: Duration { .seconds(300) }

    /// Thirty seconds.
    public var patience: Duration { .seconds(30) }
}

/// The occasion of a call of a tracker.
public enum TrackerMoment: String, Sendable, Hashable, Codable {
    /// The process begins to work.
    case started
    /// The tracker's interval has passed.
    case interval
    /// The first attempt of this process failed.
    case firstFailure = "first_failure"
    /// The process works no more.
    case ended
}
