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
                    .init("uid", "COLUMN", "the id's column", isUsual: true),
                    .init("item", "COLUMN", "the payload's column; '' for none", isUsual: true),
                    .init(
                        "weight-column",
                        "COLUMN",
                        "the weight's column; '' for none",
                        isUsual: true
                    ),
                    .init(
                        "where",
                        "SQL",
                        "the condition that items must meet; '' for none",
                        isUsual: true
                    ),
                    .init(
                        "volatile-filter",
                        nil,
                        "let --where call functions that may answer differently"
                    ),
                    .init("settle-column", "COLUMN", "when an item was made; '' for none"),
                    .init(
                        "database",
                        nil,
                        "they are in the database that is configured now",
                        isUsual: true
                    ),
                    .init(
                        "same",
                        nil,
                        "what stands under the name now is what stood there: go on behind the cursor",
                        isUsual: true,
                        brief: "what stands there now is what stood there: go on"
                    ),
                ]
            ),
            .init(
                title: "Another content under the same name",
                options: [
                    .init(
                        "restart",
                        nil,
                        "begin the run anew; what it handed out is kept as a run of its own, ~1",
                        isUsual: true,
                        brief: "begin the run anew, for new content"
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
                        "only those known with this database, as 'status --json' names it, or "
                            + "sqlite:PATH; implies --all --database"
                    ),
                ]
            ),
            .init(
                title: "The bounds of a named run",
                options: [
                    .init("from", "ID", "the lowest id; '' for none"),
                    .init("to", "ID", "the highest id; '' for none"),
                ]
            ),
            PolicyOptions.known,
            .init(
                title: "Changing",
                options: [
                    .init("dry-run", nil, "say what would change", isUsual: true)
                ]
            ),
        ],
        notes: """
            What is not given stays. Batches in hand and ended ones are left as they are.

            A run is held when another table, file or collection stands under its source's
            name than before. --same goes on where it was, for what was restored, moved or
            repaired; --restart begins at the first id, for new content.

            """,
        brief: "What is not given stays. Batches in hand and ended ones are left as they are.\n"
    )

    private let selection: RunOptions
    private let arguments: Arguments
    private let policy: PolicyOptions
    private let lower: Int64??
    private let upper: Int64??
    private let move: DatabaseMove?

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        selection = try RunOptions(arguments)
        policy = try PolicyOptions(arguments)
        func end(_ option: String) throws -> Int64?? {
            try arguments.value(option) { $0.isEmpty ? nil : try parseID($0) }
        }
        lower = try end("from")
        upper = try end("to")
        move = try DatabaseMove(arguments)
        guard move == nil else { return }
        guard arguments.has("job") else {
            throw UsageError("--job is missing; or give --all --database")
        }
        let ofSource = SpecOptions.tableOptions + ["database", "meta-db", "same", "restart"]
        guard
            ofSource.contains(where: arguments.has) || lower != nil || upper != nil
                || !policy.isEmpty
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
            let run = try await inventory.run(selection.find(in: inventory))
            var redefinition = Redefinition(key: run.key, isDryRun: arguments.has("dry-run"))
            redefinition.changes = policy.changes(of: run.policy)
            let bounds = try bounds(of: run)
            if let bounds {
                redefinition.add("bounds", run.bounds.description, bounds.description)
            }
            let definition = try await RedefinedSource(
                run,
                named: selection.source,
                arguments,
                context.settings
            ).definition(in: inventory)
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

    private func bounds(of run: RunRecord) throws -> IDBounds? {
        var bounds = run.bounds
        if let lower { bounds.lower = lower }
        if let upper { bounds.upper = upper }
        guard bounds != run.bounds else { return nil }
        if run.key.run.isEmpty {
            throw UsageError("the run without a name is open-ended: --from and --to go with --run")
        }
        if let lower = bounds.lower, let upper = bounds.upper, lower > upper {
            throw UsageError("--from \(lower) is above --to \(upper)")
        }
        return bounds
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
