import Tranche
import TrancheConnectors
import TrancheSQL

/// The options that say where a job's items are listed.
struct SourceOptions: Sendable {
    /// The source; `nil` where it is the one that the job has.
    var spec: SourceSpec?
    /// What is said of it besides its place.
    let fields: [String: SpecValue]
    /// The ids at the root that a run over the batches of a job is limited to.
    let rootIDs: IDBounds

    static let group = CommandDescription.OptionGroup(
        title: "The items",
        options: [
            .init("job", "JOB", "name of the job", isRequired: true),
            .init(
                "meta",
                "TABLE",
                "source of the items: [schema.]TABLE or table:NAME; inventory:JOB, the "
                    + "succeeded batches of a job; csv:PATH or jsonl:PATH, the records "
                    + "of a file; gs://BUCKET/NAME or s3://BUCKET/NAME, the records of "
                    + "an object; mongodb://HOST/DATABASE.COLLECTION, the documents of a "
                    + "collection; pages:NAME, pages that each name the next one. A job "
                    + "that has begun remembers it and the options below",
                isUsual: true,
                brief: "items: [schema.]TABLE, inventory:JOB, csv:PATH, …"
            ),
            .init("schema", "SCHEMA", "schema of the table, with --meta table:NAME"),
            .init(
                "uid",
                "COLUMN",
                "id column (default: uid). It holds integers or, in the inventory's own database, "
                    + "unique uuids, texts or times, which Tranche numbers as it finds them. A "
                    + "search that finds none reads up to 131,072 of them, unless --settle-column "
                    + "has an index or the uids rise with time",
                isUsual: true,
                brief: "id column (default: uid)"
            ),
            .init(
                "item",
                "COLUMN",
                "payload column (default: item, if the table has it)",
                isUsual: true,
                brief: "payload column (default: item)"
            ),
            .init(
                "weight-column",
                "COLUMN",
                "weight column (default: weight, if the table has it)",
                isUsual: true,
                brief: "weight column (default: weight)"
            ),
            .init(
                "where",
                "SQL",
                "condition that items must meet; its answer for a row must never change; JSON "
                    + "for a collection",
                isUsual: true,
                brief: "condition that items must meet"
            ),
            .init(
                "volatile-filter",
                nil,
                "allow --where to call functions whose answer may change; rows that "
                    + "begin to match behind the cursor are then missed"
            ),
            .init(
                "settle-column",
                "COLUMN",
                "column with the time when an item was created; with --settle-lag, only "
                    + "older items are handed out; Tranche finds new uids that are not integers "
                    + "by it"
            ),
            .init(
                "key",
                "COLUMN",
                "column that separates batches: a batch has items of one key only. Items "
                    + "of a key should be neighbours, otherwise batches are small"
            ),
            .init(
                "time-column",
                "COLUMN",
                "column with the time of an item, for --by, and for times in --from and --to",
                isUsual: true,
                brief: "time of an item, for --by, --from and --to"
            ),
            .init(
                "by",
                "hour|day|month",
                "cut batches at full hours, days or months; TRANCHE_FROM and TRANCHE_TO have the "
                    + "interval of a batch",
                isUsual: true,
                brief: "cut batches at full hours, days or months"
            ),
            .init(
                "zone",
                "ZONE",
                "time zone of --by, --from and --to, such as Europe/Berlin (default: UTC)"
            ),
            .init(
                "time-as",
                "utc|zone|seconds|milliseconds",
                "how to read times that name no zone: as times in UTC or in --zone, or as numbers "
                    + "since 1970"
            ),
            .init(
                "upstream-run",
                "RUN",
                "with inventory:JOB: only the batches of this run, '' for the open-ended "
                    + "run (default: all runs)"
            ),
            .init("upstream-meta", "TABLE", "table of the upstream job, if it has several"),
            .init(
                "first",
                "CURSOR",
                "with pages:NAME: cursor of the first page; needed until the inventory knows it"
            ),
            .init(
                "repeated",
                "fails|ends",
                "with pages:NAME: whether a cursor that another page already has is an "
                    + "error, or the end for now (default: fails)"
            ),
        ]
    )

    /// How a file is written, with `--meta csv:PATH` and the like.
    static let fileGroup = ReadingOptions.group("The file of the items")

    static let rootIDsOption = CommandDescription.Option(
        "root-ids",
        "A..B",
        "with inventory:JOB: only batches that contain one of these ids of the "
            + "first table; needs --run"
    )

    init(_ arguments: Arguments) throws {
        let options = SpecOptions.source
        rootIDs = try arguments.value("root-ids", parseBounds) ?? IDBounds()
        var fields = try options.fields(arguments)
        let ends = try RunEnds(arguments)
        fields.merge(ends.fields) { _, given in given }
        if let upstream = arguments.text("upstream-meta") {
            fields["upstream_meta"] = .text(try Self.recordedName(of: upstream))
        }
        if arguments.has("root-ids") { fields["root_ids"] = try SpecValue(encoding: rootIDs) }
        self.fields = fields
        spec = try Self.named(arguments).map { named in
            var spec = named
            spec.fields.merge(fields) { _, given in given }
            return try options.named {
                // Of other sources it means that work goes on.
                if arguments.has("follow"),
                    try Connectors.ofProgram.scheme(of: spec).fields.contains("follow")
                {
                    spec.fields["follow"] = true
                }
                _ = try Connectors.ofProgram.source(spec, ConnectorContext())
                return spec
            }
        }
        if !rootIDs.isOpen, (arguments.text("run") ?? "").isEmpty {
            throw UsageError("--root-ids needs --run: the run without a name is open-ended")
        }
    }

    /// The source that `--meta` and `--schema` name, without what else is known of it.
    ///
    /// - Parameter arguments: The command line.
    /// - Returns: The source; `nil` where none is named.
    /// - Throws: ``UsageError``.
    static func named(_ arguments: Arguments) throws -> SourceSpec? {
        guard let text = arguments.text("meta") else {
            if arguments.has("schema") {
                throw UsageError("--schema goes with '--meta table:NAME'")
            }
            return nil
        }
        return try SpecOptions.source.named {
            var spec = try SourceSpec(text)
            if let schema = arguments.text("schema") { spec.fields["schema"] = .text(schema) }
            _ = try Connectors.ofProgram.recordedNames(of: spec)
            return spec
        }
    }

    private static func recordedName(of upstream: String) throws -> String {
        do {
            return try Connectors.ofProgram.recordedNames(of: SourceSpec(upstream))[0]
        } catch let error as SpecError {
            throw UsageError("--upstream-meta: \(error)")
        }
    }

    /// The source; a table is in the database that the settings name.
    ///
    /// - Throws: ``UsageError``, also where no source is named, and for times that no source has.
    func source(_ settings: Settings) throws -> any MetaSourceDescription {
        guard let spec else { throw UsageError("--meta is missing") }
        let source = try SpecOptions.source.named {
            try Connectors.ofProgram.source(spec, settings.connecting)
        }
        if let time = (source as? SQLSource)?.time {
            do {
                try time.validate()
            } catch let error as TrancheError {
                throw UsageError(error.message)
            }
        }
        return source
    }
}
