import FoundationEssentials
import Tranche

extension SQLInventoryStore {
    package func importLines(
        _ next: @escaping @Sendable () async throws -> [[UInt8]]?,
        isDryRun: Bool
    ) async throws -> TransferReport {
        try await wrapping {
            let all = try await transferTables()
            let identity = try await identity()
            return try await database.withLongTransaction { connection, _ in
                var version = try await connection.run([selectSchemaVersion])[0].first
                var transfer = RecordImport(
                    store: self,
                    tables: all,
                    version: try version?.integer() ?? 0,
                    identity: identity
                )
                while let lines = try await next() {
                    for line in lines { try await transfer.add(line, on: connection) }
                }
                try await transfer.finish(on: connection)
                // What is not committed is rolled back.
                if isDryRun { return transfer.report }
                // Batches that are packed have their numbers, too.
                let packed: SQLStatement =
                    "(SELECT coalesce(max(last_batch), 0) FROM \(tables.archive))"
                let numbers = all.filter { $0.keys == ["id"] }.flatMap { table in
                    dialect.continuingNumbers(
                        of: table.table,
                        from: table.table == tables.batch ? packed : nil
                    )
                }
                _ = try await connection.commit(numbers)
                return transfer.report
            }
        }
    }
}

/// Records while they are read, line by line.
struct RecordImport<Database: SQLDatabase> {
    let store: SQLInventoryStore<Database>
    private let tables: [String: TransferTable]
    private let version: Int64
    /// What the inventory is, and what the one was that was written; `nil` where it does not say.
    private let identity: String
    private var former: String?
    private(set) var report = TransferReport()
    private var number = 0
    private var hasHead = false
    private var hasEnd = false
    /// The numbers that rows have now, by table and the number that they had.
    var numbers: [String: [Int64: Int64]] = [:]
    private var waiting: [SQLStatement] = []
    /// The line of the first that waits.
    private var firstWaiting = 0
    private var waitingBatches: [Int64] = []
    /// The numbers of uids that are known here already, by their registry's number here.
    var knownUIDs: [Int64: [Int64: String]] = [:]
    /// The registries, by the numbers that they had, that are here already.
    var knownRegistries: Set<Int64> = []
    /// The budgets, by the numbers that they had, that are here already.
    var knownBudgets: Set<Int64> = []
    /// The lists of pages, by the numbers that they had, that are here already.
    var knownLists: [Int64: String] = [:]
    /// The pages of these, by their list's number here.
    var knownPages: [Int64: [Int64: KnownPage]] = [:]
    /// The jobs that are in the file.
    private(set) var jobs: Set<JobKey> = []
    /// The runs over the batches of other jobs.
    private(set) var takers: [Taker] = []
    /// Whether all that an inventory had is in the file.
    private(set) var isWhole = false
    /// The definitions of runs over the events of inputs and over pages, which come later.
    private var movedLater: [MovedRun] = []
    /// The inputs and lists of pages that are in the file.
    private var parts: Set<Part> = []

    /// An input or a list of pages: the name of its table, and its own.
    private struct Part: Hashable {
        let table: String
        let name: String
    }

    /// A page of a list that is here already, as the file has it.
    struct KnownPage {
        let list: String
        let cursor: String
        let end: String?
    }

    /// A run that takes the batches of a job as its items.
    struct Taker {
        let line: Int
        /// The number that it had.
        let number: Int64
        let key: RunKey
        let upstream: JobKey
    }

    /// A run that goes on with a part of the inventory, if that comes along.
    private struct MovedRun {
        /// The number that it had.
        let number: Int64
        let part: Part
        let definition: String
    }

    /// How many statements are run at a time.
    static var most: Int { 200 }

    init(
        store: SQLInventoryStore<Database>,
        tables: [TransferTable],
        version: Int64,
        identity: String
    ) {
        self.store = store
        self.tables = Dictionary(
            tables.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        self.version = version
        self.identity = identity
    }

    /// Reads a line.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`; the database's error.
    mutating func add(
        _ line: [UInt8],
        on connection: isolated Database.Connection
    ) async throws {
        number += 1
        if line.isEmpty { return }
        let name: String
        let values: [String: Value]
        do {
            (name, values) = try TransferLine.read(line)
        } catch {
            let words = "it is not a record of an inventory"
            throw fault(number > 1 ? words : words + "; give a file of 'tranche export'")
        }
        guard !hasEnd else { throw fault("it comes after the end") }
        if name == TransferLine.head { return try readHead(values) }
        guard hasHead else { throw fault("the file does not begin as 'tranche export' writes it") }
        if name == TransferLine.end { return try readEnd(values) }
        guard let table = tables[name] else {
            throw fault("'\(name)' is not a table of the inventory")
        }
        try await add(values, to: table, on: connection)
        report.add(1, of: name)
    }

    /// Ends the file.
    ///
    /// - Throws: `TrancheError` `.invalidArgument` where something is missing.
    mutating func finish(on connection: isolated Database.Connection) async throws {
        guard hasEnd else {
            throw TrancheError(
                .invalidArgument,
                "the file ends early, after line \(number): its last line is missing. Nothing was "
                    + "changed"
            )
        }
        try await flush(on: connection)
        try await moveParts(on: connection)
        try await compareUIDs(on: connection)
        try await comparePages(on: connection)
        try await requireUpstreams(on: connection)
        try await limitRuns(on: connection)
    }

    private mutating func readHead(_ values: [String: Value]) throws {
        guard !hasHead else { throw fault("the file begins twice") }
        guard values["format"] == .integer(TransferLine.format),
            let schema = values["schema"]?.integer
        else {
            throw fault("it has a form that this program does not know")
        }
        guard schema <= version else {
            throw fault(
                "it was written with the inventory's version \(schema), this one has \(version): "
                    + "run 'tranche migrate up' of a program that has it"
            )
        }
        former = values["identity"]?.text
        isWhole = values["whole"] == .integer(1)
        hasHead = true
    }

    private mutating func readEnd(_ values: [String: Value]) throws {
        guard values["records"]?.integer == Int64(report.total) else {
            throw fault("\(report.total) records were read, which is not what the end says")
        }
        hasEnd = true
    }

    // MARK: Rows

    private mutating func add(
        _ values: [String: Value],
        to table: TransferTable,
        on connection: isolated Database.Connection
    ) async throws {
        if table.name == "input_log" || table.name == "page_list" {
            parts.insert(Part(table: table.name, name: values["name"]?.text ?? ""))
        }
        if try await isKnown(values, in: table, on: connection) { return }
        let statement = try insert(table.name == "run" ? moved(values) : values, into: table)
        if table.keepsID {
            guard let id = values["id"]?.integer else { throw fault("it has no id") }
            waitingBatches.append(id)
        }
        if table.name == "archive" { waitingBatches += try packedBatches(in: values) }
        guard table.isReferredTo else {
            if waiting.isEmpty { firstWaiting = number }
            waiting.append(statement)
            if waiting.count >= Self.most { try await flush(on: connection) }
            return
        }
        try await flush(on: connection)
        guard let old = values["id"]?.integer,
            var row = try await run([statement + " RETURNING id"], on: connection)[0].first
        else { throw fault("it has no id") }
        numbers[table.name, default: [:]][old] = try row.integer()
    }

    /// A run's values, with the inventory that it is in now.
    ///
    /// The batches of a job that it takes as its items have come along. Whether the events or pages
    /// have that it takes is not known yet.
    private mutating func moved(_ values: [String: Value]) throws -> [String: Value] {
        let key = Self.key(of: values)
        jobs.insert(JobKey(metaTable: key.metaTable, job: key.job))
        guard let text = values["definition"]?.text else { return values }
        do {
            var definition = try JSONText.decode(SourceDefinition.self, from: text)
            if let upstream = InventorySource(definition)?.upstream,
                let old = values["id"]?.integer
            {
                takers.append(Taker(line: number, number: old, key: key, upstream: upstream))
            }
            guard let former, definition.isOfInventory, definition.database.hasPrefix(former)
            else { return values }
            definition.database = identity + definition.database.dropFirst(former.count)
            let moved = try definition.canonicalText
            if let part = Self.part(of: definition), let number = values["id"]?.integer {
                movedLater.append(MovedRun(number: number, part: part, definition: moved))
                return values
            }
            var values = values
            values["definition"] = .text(moved)
            return values
        } catch {
            throw fault("its 'definition' is not that of a source")
        }
    }

    /// The run whose values they are.
    static func key(of values: [String: Value]) -> RunKey {
        RunKey(
            metaTable: values["meta_table"]?.text ?? "",
            job: values["job"]?.text ?? "",
            run: values["run"]?.text ?? ""
        )
    }

    private static func part(of definition: SourceDefinition) -> Part? {
        if let log = InputLogSource(definition) { return Part(table: "input_log", name: log.name) }
        return PagedSource(definition).map { Part(table: "page_list", name: $0.name) }
    }

    /// Gives runs over the events of inputs and over pages the inventory that they are in now.
    ///
    /// One whose events or pages are not in the file stays as it was: it would go on behind them
    /// with what gets their numbers here.
    private func moveParts(on connection: isolated Database.Connection) async throws {
        for moved in movedLater where parts.contains(moved.part) {
            guard let number = numbers["run"]?[moved.number] else { continue }
            let update: SQLStatement = """
                UPDATE \(store.tables.run)
                SET definition = \(moved.definition)
                WHERE id = \(number)
                """
            _ = try await run([update], on: connection)
        }
    }

    private func insert(
        _ values: [String: Value],
        into table: TransferTable
    ) throws -> SQLStatement {
        var columns: [SQLStatement] = []
        var expressions: [SQLStatement] = []
        var left = values
        for column in table.columns {
            guard let value = left.removeValue(forKey: column.name) else { continue }
            if column.name == "id", !table.keepsID { continue }
            guard var read = value.read(as: column.kind) else {
                throw fault("'\(value.text ?? "NULL")' is not a value of its '\(column.name)'")
            }
            // What budgets let in is not in the file.
            if column.name == "folded_to" { read = .integer(0) }
            // Another server's says nothing of this one's.
            if column.name == "timeline" { read = .null }
            if let target = TransferTable.references[column.name], let old = read.integer {
                guard let new = numbers[target]?[old] else {
                    throw fault("its '\(column.name)' \(old) is not in the file before it")
                }
                read = .integer(new)
            }
            columns.append("\(name: column.name)")
            expressions.append(expression(of: read, as: column.kind))
        }
        if let unknown = left.keys.sorted().first {
            throw fault("'\(table.name)' has no column '\(unknown)' here")
        }
        return """
            INSERT INTO \(table.table) (\(SQLStatement.list(columns)))
            VALUES (\(SQLStatement.list(expressions)))
            """
    }

    private func expression(
        of value: Value,
        as kind: TransferTable.Kind
    ) -> SQLStatement {
        let dialect = store.dialect
        return switch kind {
        case .instant: dialect.instant("\(value)")
        case .processingTime: dialect.processingTime(dialect.instant("\(value)"))
        case .json: dialect.json(of: "\(value)")
        case .text, .integer, .real, .blob: "\(value)"
        }
    }

    /// Writes what waits.
    private mutating func flush(on connection: isolated Database.Connection) async throws {
        if waiting.isEmpty { return }
        if let id = try await known(among: waitingBatches.sorted(), on: connection) {
            throw fault("there is a batch \(id) already: take an inventory of its own")
        }
        waitingBatches = []
        let statements = waiting
        waiting = []
        _ = try await run(statements, from: firstWaiting, on: connection)
    }

    func run(
        _ statements: [SQLStatement],
        from first: Int? = nil,
        on connection: isolated Database.Connection
    ) async throws -> [SQLRows] {
        do {
            return try await connection.run(statements)
        } catch let error as any SQLDatabaseError where error.category != .transient {
            let first = first ?? number
            let place = first < number ? "lines \(first) to \(number)" : "line \(number)"
            let what = first < number ? "one of them" : "it"
            throw TrancheError(
                .invalidArgument,
                "\(place): the database refuses \(what): \(error.message). Nothing was changed"
            )
        }
    }

    func fault(_ words: String) -> TrancheError {
        TrancheError(.invalidArgument, "line \(number): \(words). Nothing was changed")
    }
}
