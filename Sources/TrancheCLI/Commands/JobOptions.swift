import Tranche
import TrancheSQL

/// The options that say whose batches are asked for, and of which size.
struct JobOptions: Sendable {
    private let meta: MetaName
    private let arguments: Arguments
    /// What is asked for.
    let request: BatchRequest
    /// The parts of the policy that were given.
    let policy: PolicyOptions

    static let source = CommandDescription.OptionGroup(
        title: "The items",
        options: [
            .init("job", "JOB", "name of the job", isRequired: true),
            .init("meta", "TABLE", "[schema.]table of the items, or table:NAME", isRequired: true),
            .init("schema", "SCHEMA", "the schema, with --meta table:NAME"),
            .init("uid", "COLUMN", "the id's column; uid by default"),
            .init("item", "COLUMN", "the payload's column; item by default, if there is one"),
            .init(
                "weight-column",
                "COLUMN",
                "the weight's column; weight by default, if there is one"
            ),
            .init(
                "where",
                "SQL",
                "a condition that items must meet, and whose answer for a row never changes"
            ),
            .init(
                "volatile-filter",
                nil,
                "let --where call functions that may answer differently later; rows that begin to match "
                    + "behind the cursor are then missed"
            ),
        ]
    )

    static func run(isRequired: Bool) -> CommandDescription.OptionGroup {
        .init(
            title: "The run",
            options: [
                .init(
                    "run",
                    "RUN",
                    "name of a bounded run" + (isRequired ? "" : "; the open-ended one by default"),
                    isRequired: isRequired
                ),
                .init(
                    "from",
                    "ID",
                    "the lowest id of the run" + (isRequired ? "" : "; needs --run")
                ),
                .init(
                    "to",
                    "ID",
                    "the highest id of the run" + (isRequired ? "" : "; needs --run")
                ),
            ]
        )
    }

    static let limits = CommandDescription.OptionGroup(
        title: "The batch",
        options: [
            .init("weight", "WEIGHT", "most weight of a batch, such as 250 or 64MiB"),
            .init("count", "N", "most items of a batch"),
            .init("min-weight", "WEIGHT", "hand out less only when it has waited for --linger"),
            .init("linger", "TIME", "how long too little may wait for more"),
            .init("job-identifier", "TEXT", "your own name for the work, kept with the batch"),
            .init("worker", "NAME", "who asks (TRANCHE_WORKER); host and process by default"),
        ]
    )

    init(_ arguments: Arguments) throws {
        guard let meta = try MetaName(arguments) else { throw UsageError("--meta is missing") }
        self.meta = meta
        self.arguments = arguments
        policy = try PolicyOptions(arguments)
        let run = arguments.text("run") ?? ""
        let ids = IDBounds(
            lower: try arguments.value("from", parseID),
            upper: try arguments.value("to", parseID)
        )
        if run.isEmpty, !ids.isOpen {
            throw UsageError("--from and --to need --run: the run without a name is open-ended")
        }
        if let lower = ids.lower, let upper = ids.upper, lower > upper {
            throw UsageError("--from \(lower) is above --to \(upper)")
        }
        request = BatchRequest(
            job: try arguments.required("job"),
            run: run,
            ids: ids,
            limit: BatchLimit(
                weight: try arguments.value("weight", parseWeight),
                count: try arguments.value("count") { try parseCount($0) }
            ),
            minWeight: try arguments.value("min-weight", parseWeight),
            linger: try arguments.value("linger", parseDuration) ?? .zero,
            policy: policy.applied(to: RunPolicy()),
            jobIdentifier: arguments.text("job-identifier"),
            token: arguments.text("request")
        )
        try request.validate()
    }

    /// The name given with `--worker`.
    var worker: String? { arguments.text("worker") }

    /// What names the run.
    var key: RunKey {
        RunKey(metaTable: meta.recorded, job: request.job, run: request.run)
    }

    /// The source, in the database that the settings name.
    func source(_ settings: Settings) throws -> SQLSource {
        var source = meta.source
        source.database = try settings.metaDatabase?.source
        if let uid = arguments.text("uid") { source.uid = uid }
        if let item = arguments.text("item") { source.item = .named(item) }
        if let weight = arguments.text("weight-column") { source.weight = .named(weight) }
        source.filter = arguments.text("where")
        source.allowsVolatileFilter = arguments.has("volatile-filter")
        return source
    }

    /// Says where a known run's policy is not what was asked for.
    func notePolicy(_ inventory: Inventory, _ context: Context) async throws {
        guard !policy.isEmpty else { return }
        let runs = try await inventory.summaries(RunSelection(key))
        guard let run = runs.first?.run else { return }
        let changes = policy.changes(of: run.policy)
        if changes.isEmpty { return }
        let words = changes.map { "\($0.part) \($0.known), not \($0.asked)" }
        try context.note(
            "\(key) keeps \(words.joined(separator: ", ")); 'tranche redefine' changes it"
        )
    }
}
