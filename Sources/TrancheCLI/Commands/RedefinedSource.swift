import Tranche
import TrancheChains
import TrancheMongo
import TrancheSQL

/// The source of a known job, with what was given put in.
struct RedefinedSource: Sendable {
    private let run: RunRecord
    private let arguments: Arguments
    private let settings: Settings

    init(_ run: RunRecord, _ arguments: Arguments, _ settings: Settings) {
        self.run = run
        self.arguments = arguments
        self.settings = settings
    }

    /// Finds the definition that the job is given.
    ///
    /// - Parameter inventory: The inventory.
    /// - Returns: The definition; `nil` when nothing was said about the source.
    /// - Throws: ``UsageError`` for options that do not go with the kind of source; the source's failure.
    func definition(in inventory: Inventory) async throws -> SourceDefinition? {
        if let file = try FileName(run.key.metaTable) { return try await redefined(file) }
        if let known = run.source, let source = InventorySource(known, rootIDs: run.rootIDs) {
            try SourceOptions.refuseTableOptions(arguments)
            guard isAsked(["database", "meta-db"]) else { return nil }
            return try await inventory.source(source).definition
        }
        if MetaName.isCollection(run.key.metaTable) {
            guard isAsked(SourceOptions.ofTables + ["database"]) else { return nil }
            return try await inventory.source(collection()).definition
        }
        guard isAsked(SourceOptions.ofTables + ["database", "meta-db"]) else { return nil }
        return try await inventory.source(table()).definition
    }

    private func isAsked(_ options: [String]) -> Bool { options.contains(where: arguments.has) }

    // MARK: - Kinds

    private func redefined(_ file: FileName) async throws -> SourceDefinition? {
        if let extra = (SourceOptions.ofTables + ["database"]).first(where: arguments.has) {
            throw UsageError(
                "--\(extra) does not go with a file, whose ids are offsets and whose weights are bytes; "
                    + "'--same' takes the file as it is now for what it was, '--restart' begins anew"
            )
        }
        guard isAsked(["same", "restart"]), let known = run.source else { return nil }
        return try await file.location(settings).redefined(known)
    }

    private func collection() throws -> any MetaSourceDescription {
        for extra in ["volatile-filter", "settle-column", "database"] where arguments.has(extra) {
            throw UsageError("--\(extra) does not go with a collection of MongoDB")
        }
        let known = run.source
        return MongoSource(
            try MongoLocation(run.key.metaTable, environment: settings.environment),
            uid: arguments.text("uid") ?? known?.uid ?? "uid",
            item: text("item") ?? known?.item,
            weight: text("weight-column") ?? known?.weight,
            filter: text("where") ?? known?.filter
        )
    }

    private func table() throws -> any MetaSourceDescription {
        let known = run.source
        var source =
            try MetaName(arguments)?.source ?? MetaName(run.key.metaTable, schema: nil).source
        source.database = try settings.metaDatabase?.source
        source.uid = arguments.text("uid") ?? known?.uid ?? source.uid
        source.item = column("item", known: known, \.item) ?? source.item
        source.weight = column("weight-column", known: known, \.weight) ?? source.weight
        source.filter = text("where") ?? known?.filter
        source.settleColumn = text("settle-column") ?? known?.settleColumn
        source.allowsVolatileFilter = arguments.has("volatile-filter") || !arguments.has("where")
        return source
    }

    /// A text that was given; an empty one means none, and is told from one that was not given.
    private func text(_ option: String) -> String?? {
        arguments.text(option).map { $0.isEmpty ? nil : $0 }
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
}
