public import Tranche
import TrancheConnectors
public import TrancheWorkflows

/// Inputs, processes and links, as a file says them.
public struct Pipeline: Sendable {
    /// The inputs, in the file's order.
    public var inputs: [any Input] = []
    /// The processes, in the file's order.
    public var processes: [any EventProcess] = []
    /// The links, in the file's order.
    public var links: [Link] = []
    /// How it runs.
    public var configuration = Orchestrator.Configuration()
    /// The name under which it is applied; the stem of its file unless that says another.
    public var name = "pipeline"
    /// Where its inventory is, unless the caller that runs it says another place.
    public var inventory: SecretPlace?
    /// The budgets that are set when it is applied.
    public var budgets: [PipelineBudget] = []
    /// The jobs beside the links.
    public var jobs: [Workflow] = []
    /// The alerts that report faults.
    public var alerts: [PipelineAlert] = []
    /// The place of OpenLineage events, unless whoever runs it names another.
    public var lineage: PipelineLineage?
    /// The description of its file, to be compared with the applied one.
    public internal(set) var description = PipelineDescription()

    /// Makes an empty pipeline.
    public init() {}

    /// Reads a pipeline from the text of a file: YAML, or JSON.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - file: The file's name, for errors.
    ///   - types: Which types of inputs and processes there are.
    /// - Throws: ``YAMLFaults`` or ``YAMLError``, each fault with line and column.
    public init(text: String, file: String, types: PipelineTypes) throws {
        try self.init(bytes: Array(text.utf8), file: file, types: types)
    }

    /// Reads a pipeline from the bytes of a file: YAML, or JSON, in UTF-8.
    ///
    /// See ``init(text:file:types:)``.
    public init(bytes: [UInt8], file: String, types: PipelineTypes) throws {
        let document = try YAMLDocument(bytes, file: file)
        self = try YAMLReader.read(document, as: PipelineReader(types: types).kind)
        description = PipelineDescription(document)
        if document.root["name"]?.isNull ?? true { name = Self.name(ofFile: file) }
    }

    /// The name of a pipeline whose file says none: the file's stem, with `-` for what no name has.
    static func name(ofFile file: String) -> String {
        let last = file.split(separator: "/").last ?? ""
        let stem = last.lastIndex(of: ".").map { last[..<$0] } ?? last
        let word = stem.unicodeScalars.map { scalar -> Character in
            let isKept =
                ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
                || ("0"..."9").contains(scalar) || "._-".unicodeScalars.contains(scalar)
            return isKept ? Character(scalar) : "-"
        }
        let name = String(word.drop { "._-".contains($0) }.prefix(100))
        return name.isEmpty ? "pipeline" : name
    }

    /// The input of a name, without what a file says of its operations; `nil` where there is none.
    public func input(named name: String) -> (any Input)? {
        let input = inputs.first { $0.name == name }
        return (input as? FilteredInput)?.base ?? input
    }

    /// The graph of the parts.
    ///
    /// - Throws: ``GraphError``.
    public var graph: PipelineGraph {
        get throws(GraphError) {
            var graph = PipelineGraph()
            for input in inputs { try graph.addInput(input.name) }
            for process in processes { try graph.addProcess(process.name) }
            for link in links { try graph.add(link) }
            for job in jobs { try graph.add(job) }
            return graph
        }
    }

    /// Makes what runs it.
    ///
    /// - Parameters:
    ///   - inventory: Where events and jobs are kept.
    ///   - stop: Asks it to stop.
    ///   - means: What its jobs and alerts are run with.
    ///   - change: Changes how it runs.
    /// - Returns: The orchestrator.
    /// - Throws: ``GraphError``.
    public func orchestrator(
        on inventory: Inventory,
        stop: StopSource = StopSource(),
        with means: PipelineMeans = PipelineMeans(),
        _ change: (inout Orchestrator.Configuration) -> Void = { _ in }
    ) throws -> Orchestrator {
        var configuration = configuration
        change(&configuration)
        let orchestrator = Orchestrator(inventory, configuration: configuration, stop: stop)
        for input in inputs { try orchestrator.add(input) }
        for process in processes { try orchestrator.add(process) }
        for link in links { try orchestrator.link(link) }
        for job in jobs { try orchestrator.add(OrchestratorJob(workflow: job, means: means)) }
        let sender = AlertSender(
            credentials: means.context.credentials,
            program: means.alertProgram
        )
        try orchestrator.set(alerts, of: name, sender)
        return orchestrator
    }
}
