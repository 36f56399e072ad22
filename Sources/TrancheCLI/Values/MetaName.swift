import Tranche
import TrancheChains
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
        guard !table.isEmpty else { throw UsageError("--meta is empty; name a table or view") }
        if file != nil {
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
                    + "'jsonl:PATH'"
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

    /// The name as the inventory keeps it.
    var recorded: String {
        isVerbatim ? (schema.map { $0 + "." } ?? "") + table : table
    }

    /// The table of that name, with the default columns; of use only where no job is meant.
    var source: SQLSource {
        isVerbatim ? SQLSource(table: table, schema: schema) : SQLSource(table)
    }
}

/// A file whose records are items.
struct FileName: Sendable, Hashable {
    /// How the file is written.
    enum Format: String, Sendable, Hashable, CaseIterable {
        case csv, jsonl
    }

    let format: Format
    let path: String

    /// Reads `csv:PATH` or `jsonl:PATH`; `nil` for other texts.
    ///
    /// - Throws: ``UsageError`` when there is no path.
    init?(_ text: String) throws {
        guard let format = Format.allCases.first(where: { text.hasPrefix("\($0.rawValue):") })
        else {
            return nil
        }
        let path = String(text.dropFirst(format.rawValue.count + 1))
        guard !path.isEmpty else {
            throw UsageError("'\(text)' names no file; give \(format.rawValue):PATH")
        }
        self.init(format: format, path: path)
    }

    init(format: Format, path: String) {
        self.format = format
        self.path = path
    }

    /// The file's records as a source.
    ///
    /// - Parameters:
    ///   - csv: How a CSV file is written.
    ///   - grows: Whether the file may grow.
    /// - Returns: The source.
    func source(_ csv: CSVFormat = CSVFormat(), grows: Bool) -> any MetaSourceDescription {
        switch format {
        case .csv: CSVSource(.file(path), format: csv, grows: grows)
        case .jsonl: JSONLinesSource(.file(path), grows: grows)
        }
    }
}
