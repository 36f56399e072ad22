import FoundationEssentials
public import Tranche
import TrancheChains
public import TrancheConnectors
public import TrancheWorkflows

/// Begins a workflow for each event, or for each batch, and works on it until it ends.
///
/// The run's name is made of the link and of the event's number, or the batch's: an attempt that
/// comes again finds the run that was begun, and goes on with it. A workflow that is complete with
/// failures fails the batch.
public struct WorkflowProcess: EventProcess {
    /// The name in the graph.
    public let name: String
    private let settings: Settings
    private let connectors: Connectors
    private let context: ConnectorContext
    private let options: WorkflowOptions

    /// The workflow that the process begins, and its purpose.
    public struct Settings: Sendable {
        /// The workflow; its run's name is made up, and must not be said.
        public var workflow: Workflow
        /// Whether a workflow is begun for a whole batch rather than for each event; false by
        /// default.
        public var isPerBatch = false
        /// Whether the file that an event names takes the place of the workflow's source, which
        /// says how it is read; false by default.
        public var readsFile = false
        /// Parameters by name, each a member of the event: `id`, `location`, `operation`,
        /// `trigger`, `payload`, or `payload.NAME`.
        public var parameters: [String: String] = [:]
        /// Whether the batch ends when the workflow does, which is worked on here; true by default.
        ///
        /// Else it ends when the workflow is begun, and others work on it.
        public var waits = true

        /// Describes what is begun.
        public init(_ workflow: Workflow) { self.workflow = workflow }

        func check() throws(SpecError) {
            guard workflow.run.isEmpty else {
                let words =
                    "is made of the event or batch that a workflow is begun for: leave it out"
                throw SpecError(.invalidValue, field: ["run"], value: workflow.run, words)
            }
            if isPerBatch, readsFile || !parameters.isEmpty {
                let key = readsFile ? "reads" : "parameters"
                let words = "is of one event: leave out 'per: batch'"
                throw SpecError(.invalidValue, field: [key], words)
            }
            if readsFile, NamedFile(workflow.source) == nil {
                let words =
                    "must be a file, such as csv:x, which says how the events' files are read"
                throw SpecError(.invalidValue, field: ["source"], words)
            }
            for (name, member) in parameters
            where !Self.members.contains(member) && !member.hasPrefix("payload.") {
                throw SpecError(
                    .invalidValue,
                    field: ["parameters", name],
                    value: member,
                    "is not a member of an event: give \(Self.members.joined(separator: ", ")) or "
                        + "payload.NAME"
                )
            }
        }

        private static let members = ["id", "location", "operation", "trigger", "payload"]
    }

    /// Makes a process.
    ///
    /// - Parameters:
    ///   - name: The name in the graph.
    ///   - settings: What is begun, and for what; files that it names are read now.
    ///   - connectors: What makes sources and sinks of descriptions.
    ///   - context: What else belongs to them.
    ///   - options: How this process works on workflows.
    /// - Throws: `SpecError` that names the field.
    public init(
        _ name: String,
        _ settings: Settings,
        _ connectors: Connectors,
        _ context: ConnectorContext = ConnectorContext(),
        _ options: WorkflowOptions = WorkflowOptions()
    ) throws {
        self.name = name
        try settings.check()
        _ = try settings.workflow.with(
            parameters: settings.parameters.mapValues { _ in "" }
        )
        var settings = settings
        settings.workflow = try settings.workflow.readingFiles().anchored(by: connectors)
        self.settings = settings
        self.connectors = connectors
        self.context = context
        self.options = options
    }

    /// Begins workflows, and works on them one after the other.
    public func run(_ events: EventBatch) async throws -> ProcessResult {
        let batch = events.batch
        let workflows = Workflows(batch.inventory, connectors, context)
        var results: [String] = []
        let job = batch.record.key.job.asPartOfRun
        if settings.isPerBatch {
            let workflow = try settings.workflow.with(run: "\(job).\(batch.id)")
            results.append(try await work(workflow, workflows, events))
        } else {
            for (number, event) in zip(events.numbers, events.events) {
                let workflow = try workflow(for: event, run: "\(job).\(number)")
                results.append(try await work(workflow, workflows, events))
            }
        }
        return ProcessResult(result: #"{"workflows":[\#(results.joined(separator: ","))]}"#)
    }

    private func workflow(for event: Event, run: String) throws -> Workflow {
        var source: SourceSpec?
        if settings.readsFile {
            let own = settings.workflow.source
            source = try FileConnector.spec(ofFile: try event.requireFile(), own.fields)
        }
        var values: [String: String] = [:]
        for (name, member) in settings.parameters {
            values[name] = try event.member(member, for: name)
        }
        return try settings.workflow.with(run: run, source: source).with(parameters: values)
    }

    /// Works on a workflow until it ends.
    ///
    /// - Returns: What came of it, as JSON.
    private func work(
        _ workflow: Workflow,
        _ workflows: Workflows,
        _ events: EventBatch
    ) async throws -> String {
        let handle = try await workflows.start(workflow, reason: nil)
        let key = handle.key
        guard settings.waits else {
            return try JSONText.encode(Outcome(job: key.job, run: key.run, ending: nil))
        }
        var options = options
        options.end = .whenComplete
        let (told, progress) = (options.onBatch, events.progress)
        options.onBatch = { report in
            progress.report()
            try told?(report)
        }
        let result = try await workflows.work(on: handle, options)
        // Whoever stops it is no failure of it: it goes on with the next attempt.
        if case .stopped = result.ending { throw CancellationError() }
        if case .complete = result.ending {
            return try JSONText.encode(Outcome(job: key.job, run: key.run, ending: "complete"))
        }
        if case .unfinished(.paused(let reason)) = result.ending, !events.isOfDrain {
            // Nor is whoever pauses it.
            let words = "run '\(key.run)' of job '\(key.job)' is paused"
            throw BatchDeferral(
                for: BatchDeferral.longest,
                reason: reason.isEmpty ? words : "\(words): \(reason)"
            )
        }
        if case .unfinished(.held(let reason, let until?)) = result.ending, !events.isOfDrain {
            // Nor what holds it for a while, such as a server that is away.
            throw BatchDeferral(
                for: .seconds(until.timeIntervalSince(workflows.inventory.now)),
                reason: "run '\(key.run)' of job '\(key.job)' is held: \(reason)"
            )
        }
        throw Self.error(result, of: key)
    }

    private struct Outcome: Encodable {
        var job: String
        var run: String
        var ending: String?
    }

    private static func error(_ result: WorkflowResult, of key: RunKey) -> TrancheError {
        let run = "--job \(key.job) --run \(key.run)"
        switch result.ending {
        case .complete, .completeWithFailures:
            return TrancheError(
                .sinkFailed,
                "the workflow of run '\(key.run)' of job '\(key.job)' is complete with failures; "
                    + "'tranche "
                    + "batches \(run)' lists them. Retry those first, then this batch"
            )
        case .cancelled:
            return TrancheError(
                .sinkFailed,
                "the workflow of run '\(key.run)' of job '\(key.job)' was cancelled; 'tranche "
                    + "resume \(run)' "
                    + "takes that back. Then retry this batch"
            )
        case .superseded(let generation):
            return TrancheError(
                .sinkFailed,
                "the workflow of run '\(key.run)' of job '\(key.job)' was begun anew by another "
                    + "description, "
                    + "generation \(generation), while it was worked on"
            )
        case .stopped, .unfinished:
            return TrancheError(
                .sinkUnavailable,
                "the workflow of run '\(key.run)' of job '\(key.job)' is \(result.ending.words); "
                    + "'tranche "
                    + "workflow show \(run)' shows more"
            )
        }
    }

    /// What the workflow fails with is final, as long as nobody changes anything.
    public func verdict(on events: EventBatch) async throws -> BatchVerdict {
        do {
            let result = try await run(events)
            return .succeeded(BatchSuccess(result: result.result))
        } catch let error as TrancheError where error.isLoss {
            throw error
        } catch let deferral as BatchDeferral {
            return .deferred(deferral)
        } catch {
            if error is CancellationError || Task.isCancelled { return .released() }
            var failure = BatchFailure(error)
            failure.isFinal =
                error is SpecError || (error as? any CategorizedError)?.category == .permanent
            return .failed(failure)
        }
    }
}

extension String {
    /// A job's name as a part of a run's: its digest where it leaves no room.
    fileprivate var asPartOfRun: String {
        utf8.count <= 100 ? self : String(FNVHash(of: self).value, radix: 16)
    }
}

extension WorkflowEnding {
    /// Why there is nothing to do now.
    fileprivate var words: String {
        if case .unfinished(let reason) = self { return "not complete: \(reason)" }
        return name
    }
}

extension Event {
    /// A member of the event as a text; JSON where it is none.
    fileprivate func member(_ name: String, for parameter: String) throws -> String {
        switch name {
        case "id": return id
        case "location": return location
        case "operation": return "\(operation)"
        case "trigger": return trigger
        case "payload": return payload ?? ""
        default: break
        }
        let member = String(name.dropFirst("payload.".count))
        guard let value = try payloadMembers(for: parameter, member)[member] ?? nil else {
            throw TrancheError(
                .invalidItem,
                "the payload of event '\(id)' of '\(trigger)' has no member '\(member)', which is "
                    + "to be the parameter '\(parameter)'"
            )
        }
        if case .text(let text) = value { return text }
        return try JSONText.encode(value)
    }

    private func payloadMembers(
        for parameter: String,
        _ member: String
    ) throws -> [String: SpecValue?] {
        guard let payload else { return [:] }
        do {
            return try JSONText.decode([String: SpecValue?].self, from: payload)
        } catch let error as DecodingError {
            throw TrancheError(
                .invalidItem,
                "the payload of event '\(id)' of '\(trigger)' is \(Self.kind(of: payload)), and "
                    + "not an object whose member '\(member)' is to be the parameter "
                    + "'\(parameter)'",
                underlying: error
            )
        }
    }

    /// What a JSON text is, in a word or two.
    private static func kind(of json: String) -> String {
        guard let first = json.first(where: { !$0.isWhitespace }) else { return "empty" }
        switch first {
        case "\"": return "a text"
        case "[": return "a list"
        case "{": return "an object with a value that is not read"
        case "t", "f": return "true or false"
        case "n": return "null"
        default: return "a number"
        }
    }
}
