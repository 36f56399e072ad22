import Tranche
import TrancheOrchestrator

/// Prints the JSON Schema of a pipeline's file.
struct SchemaCommand: Command {
    static let description = CommandDescription(
        name: "schema",
        summary: "Print the JSON Schema of a pipeline's file, for editors",
        examples: ["tranche schema > pipeline.schema.json"],
        groups: [],
        notes: """
            An editor that reads it completes keys and marks faults:

                tranche schema > pipeline.schema.json
                # yaml-language-server: $schema=pipeline.schema.json

            'tranche check' finds more faults, such as a link to a process that does not exist.

            """
    )

    init(_ arguments: Arguments) throws {}

    func run(_ context: Context) async throws -> ProgramStatus {
        let types = try PipelineFile.types({ _ in nil }, context)
        try context.output.write(PipelineSchema.text(of: types))
        return .done
    }
}
