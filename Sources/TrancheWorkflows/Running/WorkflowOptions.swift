public import Tranche

/// How a process works on a workflow, whatever the description says.
public struct WorkflowOptions: Sendable {
    /// Makes the handler of a batch, given the workflow for its parameters.
    public typealias HandlerMaker = @Sendable (Workflow) throws -> any BatchHandler

    /// The handlers that this process has, by the names under which workflows ask for them.
    public var handlers: [String: HandlerMaker]
    /// Makes the handler that runs a program; `nil` where this process runs none.
    public var program: (@Sendable ([String], Workflow) throws -> any BatchHandler)?
    /// The trackers, which follow the progress; none by default.
    public var trackers: [any Tracker]
    /// When to end: by default when the run is complete.
    public var end: BatchesEnd
    /// Asks this process to stop.
    public var stop = StopSource()
    /// How long what is in hand may go on after a stop; 5 s by default.
    public var grace = Duration.seconds(5)
    /// Called with each attempt that ended; an error that it throws ends the work of this process.
    public var onBatch: (@Sendable (BatchReport) throws -> Void)?
    /// Called with batches of records that were given back before work on them began; the handlers
    /// of other workflows are told themselves.
    public var onGivenBack: (@Sendable ([Batch]) -> Void)?
    /// Observes the workers, except how attempts end; none by default.
    public var watcher: (any WorkWatcher)?
    /// Called with notes for the caller that runs the workflow.
    public var onNotice: (@Sendable (String) -> Void)?
    /// Called with the open source before work on it begins, such as for its risks.
    public var onSource: (@Sendable (any MetaSource) -> Void)?

    /// Makes options.
    public init(
        handlers: [String: HandlerMaker] = [:],
        trackers: [any Tracker] = [],
        end: BatchesEnd = .whenComplete
    ) {
        self.handlers = handlers
        self.trackers = trackers
        self.end = end
    }
}
