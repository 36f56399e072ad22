import Tranche
import TrancheMongo
import TrancheSQL

/// A meta source's name as `--meta` and `--schema` give it.
struct MetaName: Sendable, Hashable {
    private let table: String
    private let schema: String?
    private let isVerbatim: Bool
    /// The job whose inventory is meant; `nil` for a table.
    let upstreamJob: String?
    /// The file whose records are meant; `nil` for a table.
    let file: FileName?
    /// The MongoDB collection whose documents are meant; `nil` for a table.
    let collection: String?

    /// Reads `--meta [schema.]table`, `--meta inventory:JOB`, or `--meta table:NAME` with or without
    /// `--schema S`.
    ///
    /// - Throws: ``UsageError``.
    init(_ name: String, schema: String?) throws {
        self.schema = schema
        isVerbatim = name.hasPrefix("table:")
        table = isVerbatim ? String(name.dropFirst("table:".count)) : name
        let prefix = InventorySource.prefix
        upstreamJob =
            !isVerbatim && name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
        file = isVerbatim ? nil : try FileName(name)
        collection = !isVerbatim && Self.isCollection(name) ? name : nil
        guard !table.isEmpty else { throw UsageError("--meta is empty; name a table or view") }
        if collection != nil, holdsPassword(name) {
            throw UsageError(
                "--meta holds a password, which everyone on this machine could read; set MONGO_USERNAME "
                    + "and MONGO_PASSWORD"
            )
        }
        if file != nil || collection != nil {
            guard schema == nil else {
                throw UsageError("--schema does not go with '--meta \(name)', which is no table")
            }
            return
        }
        if isVerbatim {
            // It would be recorded as the inventory of a job is.
            guard schema != nil || !table.hasPrefix(prefix) else {
                throw UsageError(
                    "--meta '\(name)': a name that begins with '\(prefix)' means the batches of a job; "
                        + "give the table's schema with --schema, or make a view"
                )
            }
            return
        }
        if let upstreamJob {
            guard !upstreamJob.isEmpty else {
                throw UsageError("--meta '\(name)' names no job; give \(prefix)JOB")
            }
            guard schema == nil else {
                throw UsageError("--schema does not go with '--meta \(name)', which is no table")
            }
            return
        }
        if schema != nil {
            throw UsageError(
                "--schema goes with '--meta table:\(name)'; or give '--meta SCHEMA.TABLE'"
            )
        }
        if name.contains(":") {
            throw UsageError(
                "--meta '\(redacted(name))' is no table's name; one that holds a colon goes as "
                    + "'table:NAME', the batches of a job as '\(prefix)JOB', a file as 'csv:PATH' or "
                    + "'jsonl:PATH', an object as 'gs://BUCKET/NAME' or 's3://BUCKET/NAME', a collection as "
                    + "'mongodb://HOST/DATABASE.COLLECTION'"
            )
        }
    }

    /// The name of `arguments`, or `nil` when they have none.
    init?(_ arguments: Arguments) throws {
        guard let name = arguments.text("meta") else {
            if arguments.has("schema") {
                throw UsageError("--schema goes with '--meta table:NAME'")
            }
            return nil
        }
        try self.init(name, schema: arguments.text("schema"))
    }

    static func isCollection(_ name: String) -> Bool {
        name.hasPrefix("mongodb://") || name.hasPrefix("mongodb+srv://")
    }

    /// The name as the inventory keeps it.
    var recorded: String {
        if let file { return file.recorded }
        // A URL that cannot be read is told where the collection is opened.
        if let collection { return (try? MongoLocation(collection).recordedName) ?? collection }
        return isVerbatim ? (schema.map { $0 + "." } ?? "") + table : table
    }

    /// The name under which an inventory knows the source: a file that was acquired from by a version that
    /// took names as they were spelt is known by that spelling.
    ///
    /// - Parameter inventory: The inventory.
    /// - Returns: The name; ``recorded`` where the inventory knows none.
    /// - Throws: `TrancheError` of the store.
    func known(in inventory: Inventory) async throws -> String {
        guard let file, file.recorded != file.spelt else { return recorded }
        func isKnown(_ name: String) async throws -> Bool {
            try await inventory.retrying { _ in
                try await !inventory.store.runs(RunSelection(metaTable: name)).isEmpty
            }
        }
        if try await isKnown(file.recorded) { return file.recorded }
        return try await isKnown(file.spelt) ? file.spelt : file.recorded
    }

    /// The table of that name, with the default columns; of use only where no job is meant.
    var source: SQLSource {
        isVerbatim ? SQLSource(table: table, schema: schema) : SQLSource(table)
    }
}
