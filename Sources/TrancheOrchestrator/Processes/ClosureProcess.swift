import Tranche

/// A closure as a process.
public struct ClosureProcess: EventProcess {
    /// The name in the graph.
    public let name: String
    private let work: @Sendable (EventBatch) async throws -> ProcessResult

    /// Makes a process that runs once for each event.
    ///
    /// Where a batch has several and one throws, the batch fails, and all of them come again.
    ///
    /// - Parameters:
    ///   - name: The name in the graph.
    ///   - work: Given an event.
    public init(_ name: String, _ work: @escaping @Sendable (Event) async throws -> Void) {
        self.init(
            name,
            onBatches: { events in
                for event in events.events {
                    try await work(event)
                    events.progress.report()
                }
                return ProcessResult()
            }
        )
    }

    /// Makes a process that runs once for each batch.
    ///
    /// - Parameters:
    ///   - name: The name in the graph.
    ///   - work: Given the events.
    public init(
        _ name: String,
        onBatches work: @escaping @Sendable (EventBatch) async throws -> ProcessResult
    ) {
        self.name = name
        self.work = work
    }

    /// Runs the closure.
    public func run(_ events: EventBatch) async throws -> ProcessResult { try await work(events) }
}
