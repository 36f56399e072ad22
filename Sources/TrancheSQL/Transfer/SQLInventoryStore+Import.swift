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
                let numbers = all.filter { $0.keys == ["id"] }
                    .compactMap { dialect.continuingNumbers(of: $0.table) }
                _ = try await connection.commit(numbers)
                return transfer.report
            }
        }
    }
}

/// Records while they are read, line by line.
struct RecordImport<Database: SQLDatabase> {
    private let store: SQLInventoryStore<Database>
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
    private var numbers: [String: [Int64: Int64]] = [:]
    private var waiting: [SQLStatement] = []
    /// The line of the first that waits.
    private var firstWaiting = 0
    private var waitingBatches: [Int64] = []
    /// The numbers of uids that are known here already, by their registry's number here.
    private var knownUIDs: [Int64: [Int64: String]] = [:]
    /// The registries, by the numbers that they had, that are here already.
    private var knownRegistries: Set<Int64> = []
    /// The definitions of runs over the events of inputs and over pages, which come later.
    private var movedLater: [MovedRun] = []
    /// The inputs and lists of pages that are in the file.
    private var parts: Set<Part> = []

    /// An input or a list of pages: the name of its table, and its own.
    private struct Part: Hashable {
        let table: String
        let name: String
    }

    /// A run that goes on with a part of the inventory, if that comes along.
    private struct MovedRun {
        /// The number that it had.
        let number: Int64
        let part: Part
        let definition: String
    }

    /// How many statements are run at a time.
    private static var most: Int { 200 }

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
        if try await isKnown(values, in: table, on: connection) { return }
        if table.name == "input_log" || table.name == "page_list" {
            parts.insert(Part(table: table.name, name: values["name"]?.text ?? ""))
        }
        let statement = try insert(table.name == "run" ? moved(values) : values, into: table)
        if table.keepsID {
            guard let id = values["id"]?.integer else { throw fault("it has no id") }
            waitingBatches.append(id)
        }
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
        guard let former, let text = values["definition"]?.text else { return values }
        do {
            var definition = try JSONText.decode(SourceDefinition.self, from: text)
            guard definition.isOfInventory, definition.database.hasPrefix(former) else {
                return values
            }
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

    /// Whether there is such a row already, which is an error where it is not a budget.
    private mutating func isKnown(
        _ values: [String: Value],
        in table: TransferTable,
        on connection: isolated Database.Connection
    ) async throws -> Bool {
        let select: SQLStatement
        switch table.name {
        case "run":
            let key = RunKey(
                metaTable: values["meta_table"]?.text ?? "",
                job: values["job"]?.text ?? "",
                run: values["run"]?.text ?? ""
            )
            select = "SELECT id FROM \(store.tables.run) WHERE \(store.isRun(key))"
            if try await !run([select], on: connection)[0].isEmpty {
                throw fault("\(key) is there already; 'tranche forget' removes it")
            }
            return false
        case "budget" where values["name"]?.text != nil, "page_list", "input_log":
            let name = values["name"]?.text ?? ""
            select = "SELECT id FROM \(table.table) WHERE name = \(name)"
            guard var row = try await run([select], on: connection)[0].first else { return false }
            guard table.name == "budget", let old = values["id"]?.integer else {
                throw fault("there is a \(table.name) '\(name)' already")
            }
            numbers[table.name, default: [:]][old] = try row.integer()
            return true
        case "probe":
            let name = values["name"]?.text ?? ""
            select = "SELECT id FROM \(table.table) WHERE name = \(name)"
            return try await !run([select], on: connection)[0].isEmpty
        case "registry":
            let isSame = ["meta_table", "uid_column", "kind"].map { column -> SQLStatement in
                "\(name: column) = \(values[column] ?? .null)"
            }
            select = """
                SELECT id FROM \(table.table) WHERE \(isSame[0]) AND \(isSame[1]) AND \(isSame[2])
                """
            guard var row = try await run([select], on: connection)[0].first,
                let old = values["id"]?.integer
            else { return false }
            numbers[table.name, default: [:]][old] = try row.integer()
            knownRegistries.insert(old)
            return true
        case "uid":
            guard let old = values["registry_id"]?.integer, knownRegistries.contains(old),
                let registry = numbers["registry"]?[old]
            else { return false }
            guard let number = values["number"]?.integer, let uid = values["uid"]?.text else {
                throw fault("it has no number, or no uid")
            }
            knownUIDs[registry, default: [:]][number] = uid
            if knownUIDs[registry]?.count ?? 0 >= Self.most {
                try await compareUIDs(on: connection)
            }
            return true
        case "run_budget":
            // It may be one that is known, of a run that is not.
            return false
        default: return false
        }
    }

    /// Refuses uids that have other numbers here, where batches of other runs have them.
    private mutating func compareUIDs(on connection: isolated Database.Connection) async throws {
        for (registry, uids) in knownUIDs {
            let isMeant = store.dialect.column("number", isAmong: uids.keys.sorted())
            let select: SQLStatement = """
                SELECT number, uid FROM \(store.tables.uid)
                WHERE registry_id = \(registry) AND \(isMeant)
                """
            let rows = try await run([select], on: connection)[0]
            var left = uids
            for index in 0..<rows.count {
                var row = rows[index]
                let number = try row.integer()
                if left[number] == (try row.text()) { left[number] = nil }
            }
            guard let (number, uid) = left.min(by: { $0.key < $1.key }) else { continue }
            throw fault(
                "uid '\(uid)' has the number \(number) in the file, and another one, or none, "
                    + "here: import into an inventory that does not number these uids yet"
            )
        }
        knownUIDs = [:]
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
        if !waitingBatches.isEmpty {
            let isMeant = store.dialect.column("id", isAmong: waitingBatches.sorted())
            let select: SQLStatement = "SELECT min(id) FROM \(store.tables.batch) WHERE \(isMeant)"
            var row = try await run([select], on: connection)[0].first
            if let id = try row?.optionalInteger() {
                throw fault("there is a batch \(id) already: take an inventory of its own")
            }
            waitingBatches = []
        }
        let statements = waiting
        waiting = []
        _ = try await run(statements, from: firstWaiting, on: connection)
    }

    private func run(
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

    private func fault(_ words: String) -> TrancheError {
        TrancheError(.invalidArgument, "line \(number): \(words). Nothing was changed")
    }
}
