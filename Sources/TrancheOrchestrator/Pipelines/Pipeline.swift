public import Tranche

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
            return graph
        }
    }

    /// Makes what runs it.
    ///
    /// - Parameters:
    ///   - inventory: Where events and jobs are kept.
    ///   - stop: Asks it to stop.
    ///   - change: Changes how it runs.
    /// - Returns: The orchestrator.
    /// - Throws: ``GraphError``.
    public func orchestrator(
        on inventory: Inventory,
        stop: StopSource = StopSource(),
        _ change: (inout Orchestrator.Configuration) -> Void = { _ in }
    ) throws -> Orchestrator {
        var configuration = configuration
        change(&configuration)
        let orchestrator = Orchestrator(inventory, configuration: configuration, stop: stop)
        for input in inputs { try orchestrator.add(input) }
        for process in processes { try orchestrator.add(process) }
        for link in links { try orchestrator.link(link) }
        return orchestrator
    }
}
