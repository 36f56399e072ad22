import Tranche
import TrancheChains
import TrancheMongo
import TrancheSQL

/// The options that say where a job's items are listed.
struct SourceOptions: Sendable {
    /// The source's name.
    let meta: MetaName
    /// The ids at the root that a run over the batches of a job is limited to.
    let rootIDs: IDBounds
    private let arguments: Arguments
    /// How a file is written whose records are the items.
    private var reading = FileReading()
    private let upstreamMeta: MetaName?

    static let group = CommandDescription.OptionGroup(
        title: "The items",
        options: [
            .init("job", "JOB", "name of the job", isRequired: true),
            .init(
                "meta",
                "TABLE",
                "[schema.]table of the items, table:NAME, inventory:JOB for the batches of a job that "
                    + "succeeded, csv:PATH or jsonl:PATH for the records of a file, gs://BUCKET/NAME or "
                    + "s3://BUCKET/NAME for those of an object, mongodb://HOST/DATABASE.COLLECTION for the "
                    + "documents of a collection",
                isRequired: true
            ),
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
                "a condition that items must meet, and whose answer for a row never changes; of a collection "
                    + "as JSON"
            ),
            .init(
                "volatile-filter",
                nil,
                "let --where call functions that may answer differently later; rows that begin to match "
                    + "behind the cursor are then missed"
            ),
            .init(
                "settle-column",
                "COLUMN",
                "the column that says when an item was made: with --settle-lag, only what is older is "
                    + "handed out"
            ),
            .init(
                "upstream-run",
                "RUN",
                "of inventory:JOB, only the batches of this run; all by default, '' for the "
                    + "open-ended one"
            ),
            .init("upstream-meta", "TABLE", "the upstream job's table, where it has several"),
        ]
    )

    /// How a file is written, with `--meta csv:PATH` and the like.
    static let fileGroup = ReadingOptions.group("The items' file")

    static let rootIDsOption = CommandDescription.Option(
        "root-ids",
        "A..B",
        "of inventory:JOB, only batches that hold one of these ids of the first table; needs --run"
    )

    /// Options that mean a table's columns and rows.
    static let ofTables = [
        "uid", "item", "weight-column", "where", "volatile-filter", "settle-column",
    ]
    private static let ofInventories = ["upstream-run", "upstream-meta", "root-ids"]

    init(_ arguments: Arguments) throws {
        guard let meta = try MetaName(arguments) else { throw UsageError("--meta is missing") }
        self.meta = meta
        self.arguments = arguments
        if let file = meta.file {
            reading = try ReadingOptions(arguments, file: file.spelt).reading
            try ReadingOptions.requireUse(arguments, by: [file.format])
            if let extra = (Self.ofTables + Self.ofInventories).first(where: arguments.has) {
                throw UsageError(
                    "--\(extra) does not go with a file, whose ids are offsets and whose weights are bytes"
                )
            }
        } else if meta.collection != nil {
            let others = ["volatile-filter", "settle-column"] + Self.ofInventories
            if let extra = others.first(where: arguments.has) {
                throw UsageError("--\(extra) does not go with a collection of MongoDB")
            }
        } else if meta.upstreamJob != nil {
            try Self.refuseTableOptions(arguments)
        } else if let extra = Self.ofInventories.first(where: arguments.has) {
            throw UsageError("--\(extra) goes with '--meta inventory:JOB'")
        }
        if meta.file == nil, let extra = ReadingOptions.names.first(where: arguments.has) {
            throw UsageError("--\(extra) goes with the records of a file, as '--meta csv:PATH'")
        }
        upstreamMeta = try arguments.text("upstream-meta").map { name in
            do {
                return try MetaName(name, schema: nil)
            } catch let error as UsageError {
                throw UsageError("--upstream-meta: \(error)")
            }
        }
        rootIDs = try arguments.value("root-ids", parseBounds) ?? IDBounds()
        if !rootIDs.isOpen, (arguments.text("run") ?? "").isEmpty {
            throw UsageError("--root-ids needs --run: the run without a name is open-ended")
        }
    }

    /// Refuses options that mean a table's columns and rows.
    static func refuseTableOptions(_ arguments: Arguments) throws {
        guard let extra = ofTables.first(where: arguments.has) else { return }
        throw UsageError(
            "--\(extra) goes with a table; the items of inventory:JOB are the batches of the job, "
                + "their ids the completions"
        )
    }

    /// The source; a table is in the database that the settings name.
    func source(_ settings: Settings) throws -> any MetaSourceDescription {
        if let file = meta.file {
            return try file.source(reading, grows: arguments.has("follow"), settings)
        }
        if let job = meta.upstreamJob {
            return InventorySource(
                job: job,
                run: arguments.text("upstream-run"),
                metaTable: upstreamMeta?.recorded,
                rootIDs: rootIDs
            )
        }
        if let url = meta.collection {
            return MongoSource(
                try MongoLocation(url, environment: settings.environment),
                uid: arguments.text("uid") ?? "uid",
                item: arguments.text("item"),
                weight: arguments.text("weight-column") ?? "weight",
                filter: arguments.text("where")
            )
        }
        var source = meta.source
        source.database = try settings.metaDatabase?.source
        if let uid = arguments.text("uid") { source.uid = uid }
        if let item = arguments.text("item") { source.item = .named(item) }
        if let weight = arguments.text("weight-column") { source.weight = .named(weight) }
        source.filter = arguments.text("where")
        source.settleColumn = arguments.text("settle-column")
        source.allowsVolatileFilter = arguments.has("volatile-filter")
        return source
    }
}
