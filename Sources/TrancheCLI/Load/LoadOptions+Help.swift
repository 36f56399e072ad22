import Tranche

extension LoadOptions {
    /// Where records may go.
    static let sinks =
        "table:NAME beside the inventory, sqlite:PATH or postgresql://… with --table, "
        + "mongodb://host/database.collection, csv:PATH, jsonl:PATH, webhook:https://…, "
        + "cypher:http://host:7474/database with --cypher, or none to write nothing"

    /// The options, grouped as the help shows them.
    static let groups: [CommandDescription.OptionGroup] = [
        ReadingOptions.group("The file").usual("format", "delimiter"),
        .init(
            title: "The records",
            options: [
                .init(
                    "map",
                    "FILE",
                    "JSON with new names, groups and constants: \"rename\", \"group\", \"constant\""
                ),
                .init("clean", nil, "leave out what are no letters, digits or the like"),
                .init(
                    "schema",
                    "FILE",
                    "a JSON Schema that records must meet; converts their fields",
                    isUsual: true,
                    brief: "a JSON Schema that records must meet"
                ),
                .init(
                    "strict-types",
                    nil,
                    "judge values by the schema as they are: a text is no number, null is a value"
                ),
                .init(
                    "rejects",
                    "FILE",
                    "where records go that are refused; with --schema FILE.error.jsonl by default"
                ),
                .init(
                    "max-rejects",
                    "N|P%",
                    "most of them in a batch, else it fails",
                    isUsual: true,
                    brief: "most refused records in a batch, else it fails"
                ),
                .init(
                    "drop-unknown",
                    nil,
                    "leave out fields that the table has no column for; refused by default"
                ),
                .init("add-columns", nil, "add columns for them to the table"),
                .init(
                    "to",
                    "SINK",
                    sinks + " (TRANCHE_SINK)",
                    isUsual: true,
                    brief: "table:NAME beside the inventory, sqlite:PATH or postgresql://… with "
                        + "--table, csv:PATH, jsonl:PATH, none and others"
                ),
                .init("table", "TABLE", "the table in that database", isUsual: true),
                .init(
                    "key",
                    "A,B,…",
                    "the fields that name a row: one that is there is replaced",
                    isUsual: true,
                    brief: "the fields that name a row"
                ),
                .init(
                    "create-table",
                    nil,
                    "make the table, with --key as its key, if there is none: of types that the "
                        + "schema says, or else that the first \(LoadCommand.sampledRecords) records "
                        + "of each file hold without loss; --dry-run shows it",
                    isUsual: true,
                    brief: "make the table, from the schema or the records"
                ),
                .init(
                    "create-index",
                    nil,
                    "make the unique index of --key in MongoDB, if there is none"
                ),
                .init(
                    "each",
                    nil,
                    "send a webhook each record as a request, rather than each batch"
                ),
                .init(
                    "cypher",
                    "FILE",
                    "the statement that a graph runs, with records as $batch: UNWIND $batch AS row "
                        + "MERGE …"
                ),
                .init("file-per-batch", nil, "keep a file for each batch in the folder PATH"),
                .init(
                    "overwrite",
                    nil,
                    "replace what others left at PATH, or as file of rejects; refused by default"
                ),
                .init(
                    "promise",
                    DeliveryPromise.allCases.map(\.rawValue).joined(separator: "|"),
                    "what the sink must promise; idempotent by default. MongoDB then writes a "
                        + "batch in a transaction",
                    choices: DeliveryPromise.allCases.map(\.rawValue)
                ),
            ]
        ),
        .init(
            title: "The job",
            options: [
                .init("job", "JOB", "name of the job; load by default", isUsual: true),
                .init("run", "RUN", "name of a bounded run; the open-ended one by default"),
                .init(
                    "again",
                    "NAME",
                    "load what was loaded before anew, and into another target if you like: as a "
                        + "run of that name, which goes on when it is given again",
                    isUsual: true,
                    brief: "load what was loaded before anew, as a run of that name"
                ),
                .init("from", "OFFSET", "the lowest offset of the run; needs --run"),
                .init("to-offset", "OFFSET", "the highest offset of the run; needs --run"),
                .init("weight", "BYTES", "most bytes of a batch; 8MiB by default"),
                .init("count", "N", "most records of a batch"),
                .init("workers", "N", "batches at a time; 1 by default", isUsual: true),
                .init("prefetch", "K", "batches that each worker acquires ahead; 0 by default"),
                .init("worker", "NAME", "who asks (TRANCHE_WORKER); host and process by default"),
                .init("follow", nil, "never end: wait for the file to grow", isUsual: true),
                LogFormat.option,
                .init(
                    "replaced",
                    nil,
                    "with --follow: give up what was not read of the file that stood there before"
                ),
                Grace.option(of: "batches"),
                ProgramStatus.idleOption(0),
                .init(
                    "dry-run",
                    nil,
                    "check the records and count what would be refused; show what would be "
                        + "read, made and written, and write nothing",
                    isUsual: true,
                    brief: "check all records, count rejects, and write nothing"
                ),
            ]
        ),
        PolicyOptions.group.usual(), LimitOptions.groupOfFiles,
    ]
}
