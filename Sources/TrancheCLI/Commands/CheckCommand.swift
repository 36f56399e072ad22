import Tranche
import TrancheOrchestrator

/// Says what is wrong with a pipeline's file.
struct CheckCommand: Command {
    static let description = CommandDescription(
        name: "check",
        summary: "Check the file of a pipeline; report faults with line and column",
        examples: ["tranche check pipeline.yaml"],
        operands: [PipelineFile.operand],
        groups: [],
        notes: PipelineFile.notes + end,
        brief: PipelineFile.brief + end
    )

    private static let end = "It opens nothing and runs nothing. Exit: 0 valid, 1 invalid.\n"

    private let file: PipelineFile

    init(_ arguments: Arguments) throws {
        file = try PipelineFile(arguments)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let faults: [YAMLError]
        do {
            let pipeline = try file.checked(context)
            let graph = try pipeline.graph
            try context.write(CheckDocument(file: file.path, faults: [])) {
                let count = graph.jobs.count + pipeline.jobs.count
                let jobs = HumanText.count(count, "job", "jobs")
                let inputs = HumanText.count(graph.inputs.count, "input", "inputs")
                let processes = HumanText.count(graph.processes.count, "process", "processes")
                let more = [
                    (pipeline.budgets.count, "budget"), (pipeline.alerts.count, "alert"),
                ].filter { $0.0 > 0 }.map { HumanText.count($0.0, $0.1) }
                let parts = ([inputs, processes, jobs] + more).joined(separator: ", ")
                return "\(file.path): pipeline '\(pipeline.name)' of \(parts); it can be run"
            }
            return .done
        } catch let error as YAMLFaults {
            faults = error.faults
        } catch let error as YAMLError {
            faults = [error]
        }
        try context.write(CheckDocument(file: file.path, faults: faults)) {
            faults.map { "\($0)\n" }.joined()
        }
        return .failed
    }
}

/// What is wrong with a pipeline's file, as a document.
struct CheckDocument: Codable, Sendable {
    var file: String
    var faults: [Fault]

    struct Fault: Codable, Sendable {
        var line: Int
        var column: Int
        var path: String?
        var message: String
    }

    init(file: String, faults: [YAMLError]) {
        self.file = file
        self.faults = faults.map {
            Fault(line: $0.line, column: $0.column, path: $0.path, message: $0.message)
        }
    }
}
