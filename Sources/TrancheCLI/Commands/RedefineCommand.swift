import Tranche
import TrancheSQL

/// Changes what was set when a run began.
struct RedefineCommand: Command {
    static let description = CommandDescription(
        name: "redefine",
        summary: "Change what was set when a run began",
        groups: [
            RunOptions.group(jobIsRequired: true),
            .init(
                title: "The items, for all runs of the job",
                options: [
                    .init("uid", "COLUMN", "the id's column"),
                    .init("item", "COLUMN", "the payload's column; '' for none"),
                    .init("weight-column", "COLUMN", "the weight's column; '' for none"),
                    .init("where", "SQL", "the condition that items must meet; '' for none"),
                    .init(
                        "volatile-filter",
                        nil,
                        "let --where call functions that may answer differently"
                    ),
                    .init("settle-column", "COLUMN", "when an item was made; '' for none"),
                    .init("database", nil, "they are in the database that is configured now"),
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
            .init(title: "Changing", options: [.init("dry-run", nil, "say what would change")]),
        ],
        notes: "What is not given stays. Batches in hand and ended ones are left as they are.\n"
    )

    private let selection: RunOptions
    private let arguments: Arguments
    private let policy: PolicyOptions
    private let lower: Int64??
    private let upper: Int64??

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        selection = try RunOptions(arguments)
        policy = try PolicyOptions(arguments)
        func end(_ option: String) throws -> Int64?? {
            try arguments.value(option) { $0.isEmpty ? nil : try parseID($0) }
        }
        lower = try end("from")
        upper = try end("to")
        guard changesSource || lower != nil || upper != nil || !policy.isEmpty else {
            throw UsageError("nothing to change; see 'tranche redefine --help'")
        }
    }

    private var changesSource: Bool {
        (SourceOptions.ofTables + ["database", "meta-db"]).contains(where: arguments.has)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            let run = try await inventory.run(selection.find(in: inventory))
            var changes = policy.changes(of: run.policy)
            let bounds = try bounds(of: run)
            if let bounds {
                changes += [change("bounds", run.bounds.description, bounds.description)]
            }
            let source = changesSource ? try source(of: run, context.settings) : nil
            if let source {
                let asked = try await inventory.source(source).definition
                changes += differences(from: run.source, to: asked)
            }
            if !arguments.has("dry-run"), !changes.isEmpty {
                try await inventory.redefine(
                    run.key,
                    source: source,
                    ids: bounds,
                    policy: policy.isEmpty ? nil : policy.applied(to: run.policy)
                )
            }
            try show(changes, of: run.key, context)
            return .done
        }
    }

    // MARK: - What changes

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

    /// The source as it is known, with what was given put in.
    private func source(of run: RunRecord, _ settings: Settings) throws
        -> any MetaSourceDescription
    {
        let known = run.source
        if let known, let source = InventorySource(known, rootIDs: run.rootIDs) {
            try SourceOptions.refuseTableOptions(arguments)
            return source
        }
        var source =
            try MetaName(arguments)?.source ?? MetaName(run.key.metaTable, schema: nil).source
        source.database = try settings.metaDatabase?.source
        source.uid = arguments.text("uid") ?? known?.uid ?? source.uid
        source.item = column("item", known: known, \.item) ?? source.item
        source.weight = column("weight-column", known: known, \.weight) ?? source.weight
        source.filter = arguments.text("where").map { $0.isEmpty ? nil : $0 } ?? known?.filter
        source.settleColumn =
            arguments.text("settle-column").map { $0.isEmpty ? nil : $0 } ?? known?.settleColumn
        source.allowsVolatileFilter = arguments.has("volatile-filter") || !arguments.has("where")
        return source
    }

    private func column(
        _ option: String,
        known: SourceDefinition?,
        _ part: KeyPath<SourceDefinition, String?>
    ) -> SQLColumn? {
        if let given = arguments.text(option) {
            return given.isEmpty ? SQLColumn.none : .named(given)
        }
        guard let known else { return nil }
        return known[keyPath: part].map { .named($0) } ?? SQLColumn.none
    }

    private func differences(from known: SourceDefinition?, to asked: SourceDefinition) -> [Change]
    {
        let parts: [(String, String?, String?)] = [
            ("database", known?.database, asked.database),
            ("uid", known?.uid, asked.uid),
            ("item", known?.item, asked.item),
            ("weight-column", known?.weight, asked.weight),
            ("where", known?.filter, asked.filter),
            ("settle-column", known?.settleColumn, asked.settleColumn),
        ]
        return parts.filter { $0.1 != $0.2 }.map { change($0.0, $0.1 ?? "none", $0.2 ?? "none") }
    }

    private func change(_ part: String, _ known: String, _ asked: String) -> Change {
        Change(part: part, known: known, asked: asked)
    }

    // MARK: - Telling

    private func show(_ changes: [Change], of key: RunKey, _ context: Context) throws {
        let documents = changes.map { change in
            JSON.object([
                ("part", .string(change.part)), ("from", .string(change.known)),
                ("to", .string(change.asked)),
            ])
        }
        let document = JSON.object([
            ("job", .string(key.job)), ("meta", .string(key.metaTable)), ("run", .string(key.run)),
            ("dry_run", .bool(arguments.has("dry-run"))), ("changes", .array(documents)),
        ])
        try context.write(document) {
            guard !changes.isEmpty else { return "\(key) is as asked for already" }
            let head = arguments.has("dry-run") ? "\(key) would change:\n" : "\(key) changed:\n"
            return head + changes.map { "  \($0.part): \($0.known) -> \($0.asked)\n" }.joined()
        }
    }
}
