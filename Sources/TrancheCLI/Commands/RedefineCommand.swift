import Tranche
import TrancheChains

/// Changes what was set when a run began.
struct RedefineCommand: Command {
    static let description = CommandDescription(
        name: "redefine",
        summary: "Change what was set when a run began",
        examples: ["tranche redefine --job thumbs --max-attempts 5 --dry-run"],
        groups: [
            RunOptions.group(jobIsRequired: false),
            .init(
                title: "The items, for all runs of the job",
                options: [
                    .init("uid", "COLUMN", "id column", isUsual: true),
                    .init("item", "COLUMN", "payload column; '' for none", isUsual: true),
                    .init(
                        "weight-column",
                        "COLUMN",
                        "weight column; '' for none",
                        isUsual: true
                    ),
                    .init(
                        "where",
                        "SQL",
                        "condition that items must meet; '' for none",
                        isUsual: true
                    ),
                    .init(
                        "volatile-filter",
                        nil,
                        "allow --where to call functions whose answer may change"
                    ),
                    .init(
                        "settle-column",
                        "COLUMN",
                        "column with the time when an item was created; '' for none"
                    ),
                    .init(
                        "database",
                        nil,
                        "the items are in the database that is configured now",
                        isUsual: true
                    ),
                    .init(
                        "same",
                        nil,
                        "the source has the same content as before; continue after the cursor",
                        isUsual: true,
                        brief: "the content is the same as before; continue"
                    ),
                    .init(
                        "fit-ragged",
                        nil,
                        "of a CSV file: accept records with more or fewer fields than the header"
                    ),
                    .init(
                        "replace-invalid",
                        nil,
                        "of a file: replace invalid UTF-8 instead of rejecting the record"
                    ),
                ]
            ),
            .init(
                title: "Changed content under the same name",
                options: [
                    .init(
                        "restart",
                        nil,
                        "the content is new; restart the run, and keep its batches as a "
                            + "run of its own, ~1",
                        isUsual: true,
                        brief: "the content is new; restart the run"
                    )
                ]
            ),
            .init(
                title: "All jobs, when a database has moved",
                options: [
                    .init("all", nil, "with --database: all jobs over tables, at once"),
                    .init(
                        "from-database",
                        "NAME",
                        "only jobs recorded with this database, as 'status --json' names "
                            + "it, or sqlite:PATH; implies --all --database"
                    ),
                ]
            ),
            .init(
                title: "The bounds of a named run",
                options: [
                    .init(
                        "from",
                        RunEnds.placeholder,
                        "lowest id, or first time of a run that goes by times; '' for none"
                    ),
                    .init(
                        "to",
                        RunEnds.placeholder,
                        "highest id, or the time at which the run ends; '' for none"
                    ),
                ]
            ),
            PolicyOptions.known,
            .init(
                title: "Changing",
                options: [
                    .init("dry-run", nil, "show what would change", isUsual: true)
                ]
            ),
        ],
        notes: """
            Options that are not given stay. Running and ended batches stay as they are.

            Tranche holds a run when a different table, file or collection has the name of its
            source. --same continues the run, for content that was restored, moved or repaired.
            --restart begins at the first id, for new content.

            --fit-ragged and --replace-invalid let a file's records be read that could not be
            read before: redefine, then redrive, then load with the same option.

            """,
        brief: "Options that are not given stay. Running and ended batches stay as they are.\n"
    )

    private let selection: RunOptions
    private let arguments: Arguments
    private let policy: PolicyOptions
    private let ends: RedefinedEnds
    private let move: DatabaseMove?

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        selection = try RunOptions(arguments)
        policy = try PolicyOptions(arguments)
        ends = RedefinedEnds(arguments)
        move = try DatabaseMove(arguments)
        guard move == nil else { return }
        guard arguments.has("job") else {
            throw UsageError("--job is missing; or give --all --database")
        }
        let ofSource =
            SpecOptions.tableOptions + ["database", "meta-db", "same", "restart"]
            + RedefinedSource.relaxations
        guard
            ofSource.contains(where: arguments.has) || !ends.isEmpty || !policy.isEmpty
        else { throw UsageError("nothing to change; see 'tranche redefine --help'") }
        if arguments.has("same"), arguments.has("restart") {
            throw UsageError("--same goes on behind the cursor, --restart begins anew; give one")
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            if let move {
                return try await move.run(
                    inventory,
                    isDryRun: arguments.has("dry-run"),
                    context
                )
            }
            let run = try await inventory.run(selection.known(in: inventory))
            var redefinition = Redefinition(key: run.key, isDryRun: arguments.has("dry-run"))
            redefinition.changes = policy.changes(of: run.policy)
            let redefined = RedefinedSource(
                run,
                named: selection.source,
                arguments,
                context.settings,
                times: try ends.times(of: run)
            )
            let definition = try await redefined.definition(in: inventory)
            let bounds = try await ends.bounds(of: run, redefined, in: inventory)
            if let bounds {
                // A run that begins anew has passed nothing.
                if !arguments.has("restart") {
                    try await ends.require(bounds, of: run, definition?.time, in: inventory)
                    if run.hasPassed(outside: bounds) { redefinition.passed = run.cursor }
                }
                redefinition.add("bounds", run.bounds.description, bounds.description)
            }
            if let definition { redefinition.add(differencesFrom: run.source, to: definition) }
            if arguments.has("restart") {
                redefinition.add("cursor", run.cursor.map(String.init) ?? "none", "none")
            }
            let isAccepting = arguments.has("same")
            if isAccepting, definition == nil {
                redefinition.add(
                    "content",
                    run.standing.identity?.mark ?? "not known yet",
                    "what is there now"
                )
            }
            if !arguments.has("dry-run"), !redefinition.changes.isEmpty {
                // First: what is redefined without would go on in the midst of the new content.
                if arguments.has("restart") {
                    redefinition.formerRun = try await inventory.restart(run.key).run
                }
                if definition != nil || bounds != nil || !policy.isEmpty {
                    try await inventory.redefine(
                        run.key,
                        definition: definition,
                        ids: bounds,
                        policy: policy.isEmpty ? nil : policy.applied(to: run.policy)
                    )
                }
                if isAccepting { try await accept(run.key, inventory, context) }
            }
            try context.write(redefinition) { redefinition.text }
            return .done
        }
    }

    /// Takes what stands under the source's name now for what stood there, for all runs of the job.
    private func accept(
        _ key: RunKey,
        _ inventory: Inventory,
        _ context: Context
    ) async throws {
        // A file's content stands in its definition.
        guard NamedFile(recorded: key.metaTable) == nil else { return }
        let job = RunSelection(metaTable: key.metaTable, job: key.job)
        for run in try await inventory.runs(job) {
            let source = try await context.source(
                of: run,
                named: selection.source,
                in: inventory
            )
            try await inventory.acceptSource(of: run.key, source)
        }
    }
}
