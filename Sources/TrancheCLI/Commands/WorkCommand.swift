/// Runs a program for each batch of a job.
struct WorkCommand: Command {
    static let description = CommandDescription(
        name: "work",
        summary: "Run a program for each batch of a job",
        isUsual: true,
        examples: [
            """
            tranche work --job thumbs --meta photo --uid id --item path \\
                --weight-column size --weight 64MiB --workers 2 -- ./make-thumbnails
            """
        ],
        takesProgram: true,
        groups: [
            SourceOptions.group, JobOptions.run(isRequired: false), JobOptions.limits,
            PolicyOptions.group, LimitOptions.group,
            InputOptions.group, WorkOptions.group(mayFollow: true),
            SourceOptions.fileGroup,
        ],
        notes: WorkOptions.notes,
        brief: WorkOptions.brief
    )

    var handlesSignals: Bool { true }

    private let options: WorkOptions

    init(_ arguments: Arguments) throws {
        options = try WorkOptions(arguments)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await options.run(context)
    }
}
