import Tranche

/// The options that name a run which exists.
struct RunOptions: Sendable {
    /// What is known of the run.
    let selection: RunSelection

    static func group(jobIsRequired: Bool) -> CommandDescription.OptionGroup {
        .init(
            title: "The run",
            options: [
                .init("job", "JOB", "name of the job", isRequired: jobIsRequired),
                .init("meta", "TABLE", "the job's table or inventory:JOB, where it has several"),
                .init("schema", "SCHEMA", "the schema, with --meta table:NAME"),
                .init("run", "RUN", "name of a bounded run"),
            ]
        )
    }

    init(_ arguments: Arguments) throws {
        selection = RunSelection(
            metaTable: try MetaName(arguments)?.recorded,
            job: arguments.text("job"),
            run: arguments.text("run")
        )
    }
}
