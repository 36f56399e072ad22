import Tranche
import TrancheOrchestrator

/// Prints the graph of a pipeline's file.
struct GraphCommand: Command {
    static let description = CommandDescription(
        name: "graph",
        summary: "Print the graph of a pipeline: which process gets the events of which input",
        examples: ["tranche graph pipeline.yaml --format mermaid"],
        operands: [PipelineFile.operand],
        groups: [
            .init(
                title: "Printing",
                options: [
                    .init(
                        "format",
                        PipelineGraph.Format.allCases.map(\.rawValue).joined(separator: "|"),
                        "for people, for Graphviz or for Mermaid (default: text)",
                        choices: PipelineGraph.Format.allCases.map(\.rawValue)
                    )
                ]
            )
        ]
    )

    private let file: PipelineFile
    private let format: PipelineGraph.Format

    init(_ arguments: Arguments) throws {
        file = try PipelineFile(arguments)
        format =
            try arguments.value("format") { text in
                guard let format = PipelineGraph.Format(rawValue: text) else {
                    throw ValueError("is none of text, dot and mermaid")
                }
                return format
            } ?? .text
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let graph = try PipelineFile.refusing { try file.checked(context) }.graph
        try context.write(GraphDocument(graph)) { graph.text(format) }
        return .done
    }
}

/// The graph of a pipeline, as a document.
struct GraphDocument: Codable, Sendable {
    var inputs: [String]
    var processes: [String]
    var jobs: [Job]

    struct Job: Codable, Sendable {
        var job: String
        /// `nil` for a job with a source of its own.
        var from: String?
        /// The process; of a job with work of its own its program, or where its sink is.
        var to: String
        var upstream: String?
    }

    init(_ graph: PipelineGraph) {
        inputs = graph.inputs
        processes = graph.processes
        jobs = graph.jobs.map {
            Job(job: $0.name, from: $0.link.source, to: $0.link.process, upstream: $0.upstream)
        }
        jobs += graph.users.map { Job(job: $0.job, from: nil, to: $0.process, upstream: nil) }
        jobs += graph.others.map { Job(job: $0.job, from: nil, to: $0.work, upstream: nil) }
    }
}
