public import Tranche

/// A process that runs on events.
///
/// ```swift
/// struct Count: EventProcess {
///     let name = "count"
///
///     func run(_ events: EventBatch) async throws -> ProcessResult {
///         ProcessResult(result: #"{"events": \#(events.events.count)}"#)
///     }
/// }
/// ```
///
/// It is not kept running: what must outlast a batch is kept elsewhere. A batch whose process
/// throws fails, and comes again as the link's policy says. (`Process` is Foundation's.)
public protocol EventProcess: Sendable {
    /// The name in the graph.
    var name: String { get }

    /// Where its records go, as runs and lineage name it: the text of a `SinkTarget`; `nil`, the
    /// default, where it alone knows.
    var target: String? { get }

    /// Runs on the events of a batch.
    ///
    /// The task is cancelled when the batch is lost, when it takes longer than it may, and when a
    /// stop has lasted longer than its grace.
    ///
    /// - Parameter events: The events, of one link.
    /// - Returns: What came of it.
    /// - Throws: What makes the batch fail; `BatchDeferral` gives it back until later.
    func run(_ events: EventBatch) async throws -> ProcessResult

    /// Runs on the events of a batch, and says how it ends; by ``run(_:)`` by default.
    ///
    /// For processes that say more of an end than an error can.
    func verdict(on events: EventBatch) async throws -> BatchVerdict
}

extension EventProcess {
    /// Nobody else knows.
    public var target: String? { nil }

    /// Runs on events; a return is a success, an error is a failure.
    public func verdict(on events: EventBatch) async throws -> BatchVerdict {
        do {
            let result = try await run(events)
            return .succeeded(
                BatchSuccess(result: result.result, note: result.note, output: result.output)
            )
        } catch let error as TrancheError where error.isLoss {
            throw error
        } catch let deferral as BatchDeferral {
            return .deferred(deferral)
        } catch {
            if Task.isCancelled { return .released() }
            return .failed(BatchFailure(error))
        }
    }
}

/// The result of a process that did not fail.
public struct ProcessResult: Sendable, Hashable {
    /// The result, as JSON: the payload of the events for processes behind this one.
    public var result: String?
    /// Free text, kept with the batch.
    public var note: String?
    /// The output of the process.
    public var output: AttemptOutput?

    /// Describes a result.
    public init(result: String? = nil, note: String? = nil, output: AttemptOutput? = nil) {
        self.result = result
        self.note = note
        self.output = output
    }
}

/// The events of a batch, on which a process runs.
public struct EventBatch: Sendable {
    /// The events, in the order of their log.
    public let events: [Event]
    /// The numbers of the events in the log, in the same order.
    public let numbers: [Int64]
    /// The batch; the orchestrator ends it, not the process.
    public let batch: Batch
    /// The link.
    public let link: Link
    /// Receives progress, if the link bounds the time without any.
    public let progress: BatchProgress
    /// Tells what keeps the batch from going on while the process goes on trying, in a sentence
    /// without secrets; nobody listens by default.
    package var tell: @Sendable (String) -> Void = { _ in }
    /// Whether whoever works on the batch ends once nothing is left to do, and would wait for one
    /// that is given back until later; false by default.
    var isOfDrain = false

    /// The events as JSON Lines.
    ///
    /// - Throws: `TrancheError` `.invalidArgument` for a payload that is not JSON.
    public var jsonLines: String {
        get throws { try events.map { try $0.json + "\n" }.joined() }
    }

    /// The events as JSON Lines with their numbers, as programs are given them.
    ///
    /// The number comes first, so that a payload stays the last member, as it was written.
    ///
    /// - Throws: As ``jsonLines``.
    package var numberedLines: String {
        get throws {
            var lines = ""
            for (number, event) in zip(numbers, events) {
                let members = try event.json.dropFirst()
                lines += "{\"number\":\(number),\(members)\n"
            }
            return lines
        }
    }

    /// The numbers of the events by their ids, of which several may be the same.
    package var numbersByID: [ExactText: [Int64]] {
        Dictionary(grouping: zip(numbers, events), by: { ExactText($0.1.id) })
            .mapValues { $0.map(\.0) }
    }
}
