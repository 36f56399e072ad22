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
                    "JSON file with new names, groups and constants: \"rename\", "
                        + "\"group\", \"constant\""
                ),
                .init("clean", nil, "strip all characters except letters, digits and the like"),
                .init(
                    "schema",
                    "FILE",
                    "JSON Schema that records must meet; it also converts their fields",
                    isUsual: true,
                    brief: "JSON Schema that records must meet"
                ),
                .init(
                    "strict-types",
                    nil,
                    "validate values without conversion: a text is not a number, null is a value"
                ),
                .init(
                    "rejects",
                    "FILE",
                    "file for rejected records (default with --schema: FILE.error.jsonl)"
                ),
                .init(
                    "max-rejects",
                    "N|P%",
                    "fail a batch with more rejects than this",
                    isUsual: true,
                    brief: "fail a batch with more rejects than this"
                ),
                .init(
                    "drop-unknown",
                    nil,
                    "drop fields without a column in the table (default: reject the record)"
                ),
                .init("add-columns", nil, "add columns for such fields to the table"),
                .init(
                    "to",
                    "SINK",
                    sinks + " (TRANCHE_SINK)",
                    isUsual: true,
                    brief: "table:NAME beside the inventory, sqlite:PATH or postgresql://… with "
                        + "--table, csv:PATH, jsonl:PATH, none and others"
                ),
                .init("table", "TABLE", "table in that database", isUsual: true),
                .init(
                    "key",
                    "A,B,…",
                    "fields that identify a row; an existing row is replaced. Of rows with one "
                        + "key in different batches the one that is written last counts: with "
                        + "--workers, or where a batch is tried again, it need not be the last "
                        + "of the file",
                    isUsual: true,
                    brief: "fields that identify a row"
                ),
                .init(
                    "create-table",
                    nil,
                    "create the table, with --key as its key, if it does not exist; one that "
                        + "does stays as it is. Its "
                        + "types come from the schema, otherwise from the first "
                        + "\(LoadCommand.sampledRecords) records of each file; --dry-run "
                        + "shows it",
                    isUsual: true,
                    brief: "create the table, from the schema or the records"
                ),
                .init(
                    "create-index",
                    nil,
                    "create the unique index of --key in MongoDB, if it does not exist"
                ),
                .init(
                    "each",
                    nil,
                    "send a webhook one request per record, not per batch"
                ),
                .init(
                    "cypher",
                    "FILE",
                    "statement for a graph, with the records as $batch: UNWIND $batch AS "
                        + "row MERGE …"
                ),
                .init("file-per-batch", nil, "write one file per batch into the folder PATH"),
                .init(
                    "overwrite",
                    nil,
                    "replace an existing file at PATH, or of rejects (default: refuse)"
                ),
                .init(
                    "promise",
                    DeliveryPromise.allCases.map(\.rawValue).joined(separator: "|"),
                    "promise that the sink must give (default: idempotent). With "
                        + "transactional, MongoDB writes a batch in a transaction",
                    choices: DeliveryPromise.allCases.map(\.rawValue)
                ),
            ]
        ),
        .init(
            title: "The job",
            options: [
                .init("job", "JOB", "name of the job (default: load)", isUsual: true),
                .init("run", "RUN", "name of a bounded run (default: the open-ended run)"),
                .init(
                    "again",
                    "NAME",
                    "load everything again, also into another target, as a run of this "
                        + "name; the same name continues it",
                    isUsual: true,
                    brief: "load everything again, as a run of this name"
                ),
                .init("from", "OFFSET", "lowest offset of the run; needs --run"),
                .init("to-offset", "OFFSET", "highest offset of the run; needs --run"),
                .init("weight", "BYTES", "maximum bytes per batch (default: 8MiB)"),
                .init("count", "N", "maximum number of records per batch"),
                .init("workers", "N", "number of batches at a time (default: 1)", isUsual: true),
                .init(
                    "prefetch",
                    "K",
                    "number of batches that each worker acquires ahead (default: 0)"
                ),
                .init(
                    "worker",
                    "NAME",
                    "worker name recorded with each batch (TRANCHE_WORKER; default: host and "
                        + "process)"
                ),
                .init("follow", nil, "never end; wait for the file to grow", isUsual: true),
                LogFormat.option,
                LineageOptions.options[0],
                LineageOptions.options[1],
                .init(
                    "replaced",
                    nil,
                    "with --follow: give up the unread rest of the file that was there before"
                ),
                Grace.option(of: "batches"),
                .init("timeout", "TIME", "maximum time of a batch (default: none)"),
                .init("idle", "TIME", "maximum time of a batch without progress (default: none)"),
                ProgramStatus.idleOption(0),
                .init(
                    "dry-run",
                    nil,
                    "check all records, count rejects, show what would be read, created "
                        + "and written; write nothing",
                    isUsual: true,
                    brief: "check all records, count rejects, and write nothing"
                ),
            ]
        ),
        PolicyOptions.group.usual(), LimitOptions.groupOfFiles,
    ]
}
