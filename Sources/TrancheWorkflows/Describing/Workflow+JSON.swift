import Tranche
import TrancheChains
import TrancheConnectors

extension Workflow {
    /// Reads a workflow from a JSON text.
    ///
    /// - Parameter json: The text.
    /// - Throws: `SpecError` that names the field.
    public init(json: String) throws {
        if let complaint = StrictJSON.look(in: json).complaint(about: "the workflow") {
            throw SpecError(.unusable, complaint)
        }
        do {
            self = try JSONText.decode(Workflow.self, from: json)
        } catch let error as DecodingError {
            throw SpecError(error)
        }
    }

    /// Reads a workflow from a JSON file.
    ///
    /// - Parameter path: The file's path.
    /// - Throws: `SpecError` that names the field; `TrancheError` `.invalidArgument` for a file
    ///   that cannot be read.
    public init(contentsOf path: String) throws {
        guard let text = JSONText.contents(ofFile: path) else {
            throw TrancheError(.invalidArgument, "cannot read the workflow '\(path)' as a text")
        }
        try self.init(json: text)
    }
}

extension Workflow: Codable {
    private static let fields = [
        "job", "run", "ids", "source", "steps", "sink", "program", "handler", "weight", "count",
        "workers", "prefetch", "stages", "parallelism", "per_key", "budgets", "share", "priority",
        "rest", "policy", "execution", "promise", "timeout", "idle", "snapshots", "parameters",
    ]

    /// Reads a workflow.
    ///
    /// - Throws: `SpecError` that names the field.
    public init(from decoder: any Decoder) throws {
        let members = try Members(decoder, of: "a workflow", Self.fields)
        var policy = try members.value("policy", WorkflowPolicy.self)?.policy ?? RunPolicy()
        policy.execution = try members.value("execution") ?? policy.execution
        try self.init(
            job: try members.required("job", toSay: "what the job is called"),
            run: try members.value("run") ?? "",
            ids: try members.value("ids", WorkflowBounds.self)?.bounds ?? IDBounds(),
            source: try members.required("source", toSay: "where the items are"),
            work: try Self.work(members),
            limit: BatchLimit(
                weight: try members.weight("weight"),
                count: try members.value("count")
            ),
            workers: try members.value("workers") ?? 1,
            prefetch: try members.value("prefetch") ?? 0,
            stages: try members.value("stages", StagesDocument.self)?.stages,
            parallelism: try members.value("parallelism"),
            perKey: try members.value("per_key"),
            budgets: try members.value("budgets") ?? [],
            rank: BudgetRank(
                share: try members.value("share") ?? 1,
                priority: try members.value("priority") ?? 0
            ),
            policy: policy,
            promise: try members.value("promise", DeliveryPromise.self) ?? .atLeastOnce,
            timeout: try members.duration("timeout"),
            idle: try members.duration("idle"),
            snapshots: try members.value("snapshots"),
            parameters: try members.value("parameters") ?? [:]
        )
        if let rest: WorkflowRest = try members.value("rest") {
            self = try self.rest(after: rest.weight, for: rest.time)
        }
    }

    private static func work(_ members: Members) throws -> WorkflowWork {
        let ways = try ["sink", "program", "handler"].filter { try members.has($0) }
        guard ways.count <= 1 else {
            let words = "contradicts \(ways[0]): a batch is worked on in one way"
            throw SpecError(.invalidValue, field: [ways[1]], words)
        }
        guard try ways.first == "sink" || !members.has("steps") else {
            throw SpecError(.invalidValue, field: ["steps"], "go with a sink alone")
        }
        switch ways.first {
        case "sink":
            return .records(
                steps: try members.value("steps") ?? [],
                sink: try members.required("sink", toSay: "where the records go")
            )
        case "program": return .program(try members.required("program", toSay: "what runs"))
        case "handler": return .handler(try members.required("handler", toSay: "what works"))
        default:
            let words = "nothing says what is done with a batch: give program, handler, or"
            throw SpecError(.missing, field: ["sink"], words)
        }
    }

    /// Writes the workflow, without what goes without saying.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DynamicKey.self)
        func write(_ value: (some Encodable)?, as name: String) throws {
            guard let value else { return }
            try container.encode(value, forKey: DynamicKey(name))
        }
        try write(job, as: "job")
        try write(run.isEmpty ? nil : run, as: "run")
        try write(ids.isOpen ? nil : ids, as: "ids")
        try write(source, as: "source")
        switch work {
        case .records(let steps, let sink):
            try write(steps.isEmpty ? nil : steps, as: "steps")
            try write(sink, as: "sink")
        case .program(let words): try write(words, as: "program")
        case .handler(let name): try write(name, as: "handler")
        }
        try write(limit.weight, as: "weight")
        try write(limit.count, as: "count")
        try write(workers == 1 ? nil : workers, as: "workers")
        try write(prefetch == 0 ? nil : prefetch, as: "prefetch")
        try write(stages.map { StagesDocument($0) }, as: "stages")
        try write(parallelism, as: "parallelism")
        try write(perKey, as: "per_key")
        try write(budgets.isEmpty ? nil : budgets, as: "budgets")
        try write(rank.share == 1 ? nil : rank.share, as: "share")
        try write(rank.priority == 0 ? nil : rank.priority, as: "priority")
        try write(rest, as: "rest")
        let usual = RunPolicy(execution: execution)
        try write(policy == usual ? nil : WorkflowPolicy(policy), as: "policy")
        try write(execution == .atLeastOnce ? nil : execution, as: "execution")
        try write(promise == .atLeastOnce ? nil : promise, as: "promise")
        try write(timeout?.unitText, as: "timeout")
        try write(idle?.unitText, as: "idle")
        try write(snapshots, as: "snapshots")
        try write(parameters.isEmpty ? nil : parameters, as: "parameters")
    }
}

/// The ids of a run, as JSON has them.
private struct WorkflowBounds: Decodable {
    let bounds: IDBounds

    init(from decoder: any Decoder) throws {
        let members = try Members(decoder, of: "the ids", ["lower", "upper"])
        bounds = IDBounds(lower: try members.value("lower"), upper: try members.value("upper"))
    }
}
