import Tranche

/// Runs a program for each batch of a bounded run.
struct BackfillCommand: Command {
    static let description = CommandDescription(
        name: "backfill",
        summary: "Run a program for each batch of a range of ids or times, under a run's name",
        isUsual: true,
        examples: [
            """
            tranche backfill --job thumbs --meta photo --run july \\
                --from 1000 --to 2000 --count 100 -- ./make-thumbnails
            """,
            """
            tranche backfill --job sums --meta events --run january --time-column created_at \\
                --from 2026-01-01 --to 2026-02-01 --by hour -- ./sum-hour
            """,
        ],
        takesProgram: true,
        groups: [
            SourceOptions.group, JobOptions.run(isRequired: true), JobOptions.limits,
            PolicyOptions.group, LimitOptions.group,
            InputOptions.group, WorkOptions.group(mayFollow: false),
            SourceOptions.fileGroup,
        ],
        notes: "The same --run continues where it ended, and remembers its bounds.\n\n"
            + WorkOptions.notes,
        brief: WorkOptions.brief
    )

    var handlesSignals: Bool { true }

    private let options: WorkOptions

    init(_ arguments: Arguments) throws {
        options = try WorkOptions(arguments)
        guard !options.job.request.run.isEmpty else {
            throw UsageError("--run is empty; name the run")
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await options.run(context) { request in
            // Those of a run that has begun are known.
            guard request.ids.isOpen, request.rootIDs.isOpen else { return }
            throw UsageError(
                "a backfill has bounds: give --from, --to or both, as ids or times, or --root-ids with "
                    + "inventory:JOB"
            )
        }
    }
}
