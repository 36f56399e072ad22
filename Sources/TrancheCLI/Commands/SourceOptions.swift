import Tranche
import TrancheConnectors

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
                "[schema.]table of the items, table:NAME, inventory:JOB for the batches of a job that "
                    + "succeeded, csv:PATH or jsonl:PATH for the records of a file, gs://BUCKET/NAME or "
                    + "s3://BUCKET/NAME for those of an object, mongodb://HOST/DATABASE.COLLECTION for the "
                    + "documents of a collection, pages:NAME for pages that are found one from "
                    + "another; a job that has begun knows it, and all below",
                brief: "[schema.]table of the items, or inventory:JOB, csv:PATH, "
                    + "jsonl:PATH, s3://… and others; known of a job that has begun"
            ),
            .init("schema", "SCHEMA", "the schema, with --meta table:NAME"),
            .init("uid", "COLUMN", "the id's column; uid by default", isUsual: true),
            .init(
                "item",
                "COLUMN",
                "the payload's column; item by default, if there is one",
                isUsual: true,
                brief: "the payload's column; item by default"
            ),
            .init(
                "weight-column",
                "COLUMN",
                "the weight's column; weight by default, if there is one",
                isUsual: true,
                brief: "the weight's column; weight by default"
            ),
            .init(
                "where",
                "SQL",
                "a condition that items must meet, and whose answer for a row never changes; of a collection "
                    + "as JSON",
                isUsual: true,
                brief: "a condition that items must meet"
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
                "key",
                "COLUMN",
                "the column at whose borders batches are cut: none holds items of two keys. "
                    + "Items of a key should follow each other, or batches are small"
            ),
            .init(
                "upstream-run",
                "RUN",
                "of inventory:JOB, only the batches of this run; all by default, '' for the "
                    + "open-ended one"
            ),
            .init("upstream-meta", "TABLE", "the upstream job's table, where it has several"),
            .init(
                "first",
                "CURSOR",
                "of pages:NAME, the first page's cursor; needed until the inventory knows it"
            ),
            .init(
                "repeated",
                "fails|ends",
                "of pages:NAME, what a cursor means that another page has already: an error, which "
                    + "is the default, or the end for now"
            ),
        ]
    )

    /// How a file is written, with `--meta csv:PATH` and the like.
    static let fileGroup = ReadingOptions.group("The items' file")

    static let rootIDsOption = CommandDescription.Option(
        "root-ids",
        "A..B",
        "of inventory:JOB, only batches that hold one of these ids of the first table; needs --run"
    )

    init(_ arguments: Arguments) throws {
        let options = SpecOptions.source
        rootIDs = try arguments.value("root-ids", parseBounds) ?? IDBounds()
        var fields = try options.fields(arguments)
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
    /// - Throws: ``UsageError``, also where no source is named.
    func source(_ settings: Settings) throws -> any MetaSourceDescription {
        guard let spec else { throw UsageError("--meta is missing") }
        return try SpecOptions.source.named {
            try Connectors.ofProgram.source(spec, settings.connecting)
        }
    }
}
