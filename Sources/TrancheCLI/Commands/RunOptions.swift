import Tranche
import TrancheConnectors

/// The options that name a run which exists.
struct RunOptions: Sendable {
    /// What is known of the run, without a look at what the inventory knows.
    let selection: RunSelection
    /// The source as it is named, where it is.
    let source: SourceSpec?

    static func group(jobIsRequired: Bool) -> CommandDescription.OptionGroup {
        .init(
            title: "The run",
            options: [
                .init("job", "JOB", "name of the job", isRequired: jobIsRequired, isUsual: true),
                .init("meta", "TABLE", "the job's table or inventory:JOB, where it has several"),
                .init("schema", "SCHEMA", "the schema, with --meta table:NAME"),
                .init("run", "RUN", "name of a bounded run", isUsual: true),
            ]
        )
    }

    init(_ arguments: Arguments) throws {
        source = try SourceOptions.named(arguments)
        selection = RunSelection(
            metaTable: try source.map { try Connectors.ofProgram.recordedNames(of: $0)[0] },
            job: arguments.text("job"),
            run: arguments.text("run")
        )
    }

    /// What is known of the run; a file may be known under an earlier spelling.
    ///
    /// - Parameter inventory: The inventory.
    /// - Returns: The selection.
    /// - Throws: `TrancheError` of the store.
    func find(in inventory: Inventory) async throws -> RunSelection {
        var found = selection
        if let source {
            found.metaTable = try await Connectors.ofProgram.knownName(of: source, in: inventory)
        }
        return found
    }
}
