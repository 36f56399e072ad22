package import Tranche

/// A table or view, open for reading.
package struct SQLMetaSource<Database: SQLDatabase>: SettlingSource, PlacedSource {
    package let definition: SourceDefinition
    package let database: Database
    /// The columns that the records of a chain have.
    package private(set) var fields: RecordFields?
    package let jsonFields: Set<String>
    let table: SQLTableName
    /// The weight as a double.
    let weightColumn: SQLStatement
    /// The column of times; `nil` where there is none.
    let times: SQLTimeColumn?
    /// The numbers of uids that are not integers; `nil` where uids are.
    let registry: UIDRegistry?
    /// How far this process has looked for uids without a number.
    let looking: WalkMemory
    let watch: SQLSourceWatch
    /// Whether ids may stand in it that are no integers.
    private let mayHaveFractions: Bool
    private let floorStatement: SQLStatement?

    /// Rows looked at in one statement where a filter may leave most of them out.
    private static var window: Int { 8192 }
    /// Fruitless windows after which planning reports how far it came.
    private static var fruitlessWindows: Int { 64 }

    /// Opens a table or view.
    ///
    /// - Parameters:
    ///   - source: Its description.
    ///   - database: The database.
    ///   - place: Where uids are numbered that are not integers; `nil` (the default) where the
    ///     inventory is in another database.
    /// - Throws: `TrancheError` `.invalidSource` or `.sourceUnavailable`.
    package init(
        _ source: SQLSource,
        in database: Database,
        numberingIn place: UIDRegistry.Place? = nil
    ) async throws {
        self.database = database
        table = try source.tableName
        floorStatement = database.floor(of: table)
        let check = try await SQLSourceCheck(
            source: source,
            table: table,
            database: database,
            place: place
        ).run()
        (definition, fields) = (check.definition, check.fields)
        (registry, looking) = (check.registry, WalkMemory())
        jsonFields = check.jsonFields
        mayHaveFractions = check.mayHaveFractions
        times = try check.definition.time.map {
            try SQLTimeColumn($0, check.timeType, database.dialect)
        }
        weightColumn =
            check.weight.map { weight in
                database.dialect.double("\(name: weight.name)", ofType: weight.baseType)
            } ?? database.dialect.double("NULL")
        do {
            // A number is given to what is committed, and none is committed late.
            watch =
                registry == nil
                ? try await database.watch(table, uid: definition.uid) : SQLSourceWatch()
        } catch let error as any SQLDatabaseError {
            throw TrancheError(
                error.code(passing: .sourceUnavailable, lasting: .invalidSource),
                "source '\(source.name)' in \(database.name): \(error.message)",
                underlying: error
            )
        }
    }

    /// The database's name.
    package var place: String? { database.name }

    package func limited(to names: [String]) -> any RecordMetaSource {
        var limited = self
        limited.fields = RecordFields(unique: names)
        return limited
    }

    /// The rows with their ids, under the table's own name.
    var relation: SQLStatement { registry?.rows ?? "\(table)" }

    /// The column of the id: the uid's own, or that of its number.
    var idName: String { registry == nil ? definition.uid : UIDRegistry.numberName }

    // MARK: Planning

    package func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        var planner = RangePlanner(after: cursor, limit: limit, batches: batches)
        var size = Self.firstStep(for: limit, batches: batches)
        var fruitless = 0
        while true {
            try Task.checkCancellation()
            let lower = IDBounds.firstID(after: planner.position, in: bounds)
            guard let lower else { return planner.finish(reachedEnd: true) }
            let step = self.step(from: "\(lower)", within: bounds, size: size)
            let rows = try await wrapping { try await database.read(step.statement)[0] }
            switch try feed(rows, of: step, to: &planner) {
            case .full: return planner.finish(reachedEnd: false)
            case .sourceEnd where isNumbered:
                switch try await numberMore(isFilling: !planner.isEmpty) {
                case .more: continue
                case .none: return planner.finish(reachedEnd: true)
                case .unfinished: return planner.finish(reachedEnd: false)
                }
            case .sourceEnd, .ceiling: return planner.finish(reachedEnd: true)
            case .more: break
            }
            fruitless = planner.isOpen ? 0 : fruitless + 1
            if fruitless == Self.fruitlessWindows { return planner.finish(reachedEnd: false) }
            size = min(size * 4, Self.window)
        }
    }

    /// How many rows to read first: what a counted limit needs, or some.
    private static func firstStep(for limit: BatchLimit, batches: Int) -> Int {
        let (needed, overflow) = (limit.count ?? 255).multipliedReportingOverflow(by: batches)
        return overflow || needed >= window ? window : max(1, needed) + 1
    }

    /// A statement that reads some rows in order of id, and how to read its rows.
    package struct Step {
        package let statement: SQLStatement
        package let size: Int
        let isFiltered: Bool
    }

    package enum Fed {
        /// All wanted ranges are cut.
        case full
        /// The source has no more rows.
        case sourceEnd
        /// The step is read to its end, and there may be more.
        case more
        /// There are rows that may not be handed out yet.
        case ceiling
    }

    /// Makes the statement that reads the next rows.
    ///
    /// - Parameters:
    ///   - lower: The lowest id, as an expression.
    ///   - bounds: The ids that may be used.
    ///   - size: Most rows to look at. It stands in the text: one prepared statement a size.
    /// - Returns: The step.
    package func step(from lower: SQLStatement, within bounds: IDBounds, size: Int) -> Step {
        let rows: SQLStatement = """
            FROM \(relation)
            WHERE \(condition(from: lower, within: bounds))
            ORDER BY \(name: idName)
            LIMIT \(unsafeRaw: String(size))
            """
        guard let condition = filterCondition else {
            let select: SQLStatement = "SELECT \(plannedColumns)\n\(rows)"
            return Step(statement: select, size: size, isFiltered: false)
        }
        return Step(
            statement: filteredStep(condition, of: rows),
            size: size,
            isFiltered: true
        )
    }

    /// The window is bounded before the filter is, so that a filter that leaves almost everything
    /// out cannot hold the run for long; its last row says how far the window went.
    private func filteredStep(_ condition: SQLStatement, of rows: SQLStatement) -> SQLStatement {
        var (names, columns): (SQLStatement, SQLStatement) = ("", "")
        if let keyColumn {
            names.append(", tranche_key")
            columns.append(", \(keyColumn) AS tranche_key")
        }
        if isNumbered {
            names.append(", tranche_uid")
            columns.append(", \(name: UIDRegistry.uidName) AS tranche_uid")
        }
        if let times {
            names.append(", tranche_time")
            columns.append(", \(times.value) AS tranche_time")
        }
        return """
            SELECT tranche_id, tranche_weight, tranche_item\(names), tranche_kept, tranche_number
            FROM (
                SELECT
                    tranche_id, tranche_weight, tranche_item\(names), tranche_kept,
                    row_number() OVER (ORDER BY tranche_id) AS tranche_number,
                    lead(tranche_id) OVER (ORDER BY tranche_id) AS tranche_next
                FROM (
                    SELECT
                        \(name: idName) AS tranche_id,
                        \(weightColumn) AS tranche_weight,
                        \(itemColumn) AS tranche_item\(columns),
                        \(condition) AS tranche_kept
            \(rows)
                ) AS tranche_window
            ) AS tranche_numbered
            WHERE tranche_kept OR tranche_next IS NULL
            ORDER BY tranche_id
            """
    }

    func condition(from lower: SQLStatement, within bounds: IDBounds) -> SQLStatement {
        var condition = isFrom(lower)
        if let lowest = bounds.lower {
            condition.append(" AND \(name: idName) >= \(lowest)")
        }
        if let upper = bounds.upper { condition.append(" AND \(name: idName) <= \(upper)") }
        return condition
    }

    /// Whether an id is one from the lowest on; also one that is no integer and lies between that
    /// and the integer before it, which would be passed over in silence.
    private func isFrom(_ lower: SQLStatement) -> SQLStatement {
        guard mayHaveFractions else { return "\(name: idName) >= \(lower)" }
        return """
            \(name: idName) > (
                SELECT CASE
                    WHEN tranche_lower > -9223372036854775807 - 1 THEN tranche_lower - 1
                    ELSE -9.3e18
                END
                FROM (SELECT \(lower) AS tranche_lower) AS tranche_first
                WHERE tranche_lower IS NOT NULL
            )
            """
    }

    /// Feeds a step's rows to a planner, up to the highest id that may be handed out.
    package func feed(
        _ rows: SQLRows,
        of step: Step,
        to planner: inout RangePlanner,
        through ceiling: Int64 = .max
    ) throws -> Fed {
        var looked = step.isFiltered ? 0 : rows.count
        for index in 0..<rows.count {
            var row = rows[index]
            if step.isFiltered {
                // What the filter leaves out need not have a weight.
                var marks = row
                let id = marks.value().integer
                for _ in 1..<plannedWidth { _ = marks.value() }
                let isKept = try marks.boolean()
                looked = Int(try marks.integer())
                if !isKept, let id {
                    if id > ceiling { return .ceiling }
                    planner.passOver(to: id)
                    continue
                }
            }
            do {
                let (item, isWanted) = try planned(&row)
                if item.id > ceiling { return .ceiling }
                guard isWanted else {
                    planner.passOver(to: item.id)
                    continue
                }
                if try !planner.offer(item) { return .full }
            } catch let error as TrancheError where error.code == .invalidItem {
                if try !planner.end(before: error) { return .full }
            }
        }
        return looked < step.size ? .sourceEnd : .more
    }

    // MARK: Reading

    package func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        let statement: SQLStatement = """
            SELECT \(itemColumns)
            FROM \(relation)
            WHERE \(name: idName) >= \(range.lowerBound)
                AND \(name: idName) <= \(range.upperBound)
            ORDER BY \(name: idName)
            LIMIT \(limit)
            """
        let items = try await items(statement)
        if items.count < limit { try await requireKept(from: range.lowerBound) }
        return items
    }

    /// Refuses what was cleaned: it must not look as if nobody had ever needed it.
    private func requireKept(from id: Int64) async throws {
        guard floorStatement != nil, id > 0, let floor = try await floor(), id <= floor else {
            return
        }
        throw TrancheError(
            .invalidItem,
            "\(definition.table) is cleaned up to id \(floor), and \(id) is among what is gone; "
                + "what is to be done again must be written again"
        )
    }

    package func items(withIDs ids: [Int64]) async throws -> [Item] {
        let isAmong = database.dialect.column(idName, isAmong: ids)
        let statement: SQLStatement = """
            SELECT \(itemColumns)
            FROM \(relation)
            WHERE \(isAmong)
            ORDER BY \(name: idName)
            """
        let items = try await items(statement)
        if items.count < ids.count, let first = ids.min() { try await requireKept(from: first) }
        return items
    }

    package func highestID() async throws -> Int64? {
        let statement = highestIDStatement
        var row = try await wrapping { try await database.read(statement)[0] }.first
        return try highest(in: &row)
    }

    package func floor() async throws -> Int64? {
        guard let floorStatement else { return nil }
        var row = try await wrapping { try await database.read(floorStatement)[0] }.first
        return try row?.optionalInteger()
    }

    package var highestIDStatement: SQLStatement {
        registry?.highestID ?? "SELECT max(\(name: idName)) FROM \(table)"
    }

    func items(_ statement: SQLStatement) async throws -> [Item] {
        let rows = try await wrapping { try await database.read(statement)[0] }
        return try rows.map { try item(&$0) }
    }

    /// Reads the entries that are planned, as far as they lie within the run's bounds of time.
    func plannedItems(_ statement: SQLStatement) async throws -> [Item] {
        let rows = try await wrapping { try await database.read(statement)[0] }
        return try rows.map { try planned(&$0) }.filter(\.isWanted).map(\.item)
    }

    var itemColumn: SQLStatement {
        definition.item.map { "\(name: $0)" } ?? "NULL"
    }

    /// The key in text form; `nil` where there is no key column.
    private var keyColumn: SQLStatement? {
        definition.key.map { "CAST(\(name: $0) AS text)" }
    }

    /// The columns of an item: id, weight, payload, and the key where there is one.
    var itemColumns: SQLStatement {
        var columns: SQLStatement = "\(name: idName), \(weightColumn), \(itemColumn)"
        if let keyColumn { columns.append(", \(keyColumn)") }
        if isNumbered { columns.append(", \(name: UIDRegistry.uidName)") }
        return columns
    }

    /// The columns of an item that is planned: those, and its time where there is a column of it.
    var plannedColumns: SQLStatement {
        times.map { "\(itemColumns), \($0.value)" } ?? itemColumns
    }

    private var itemWidth: Int { 3 + (definition.key == nil ? 0 : 1) + (isNumbered ? 1 : 0) }

    /// How many columns they are.
    private var plannedWidth: Int { itemWidth + (times == nil ? 0 : 1) }

    /// Reads an item that is planned, and whether it lies within the run's bounds of time.
    private func planned(_ row: inout SQLRow) throws -> (item: Item, isWanted: Bool) {
        guard let times else { return (try item(&row), true) }
        var rest = row
        for _ in 1..<plannedWidth { _ = rest.value() }
        let value = rest.value()
        guard let moment = times.moment(of: value) else {
            let item = try item(&row)
            throw unreadable(value, of: item.id, item.uid, times)
        }
        let item = try item(&row, in: times.reader.interval(of: moment))
        return (item, times.reader.isWithin(moment))
    }

    /// Reads id, weight, payload and key from a row.
    private func item(_ row: inout SQLRow, in interval: BatchInterval? = nil) throws -> Item {
        let uid = row.value()
        guard case .integer(let id) = uid else { throw noInteger(uid) }
        let weight = row.value()
        let item = row.value()
        let text = definition.key == nil ? nil : row.optionalText()
        let own = isNumbered ? row.optionalText() : nil
        let key = try definition.key == nil ? nil : key(text, of: id, own)
        let isJSON = holdsJSON(item)
        func made(_ weight: Double) -> Item {
            Item(
                id: id,
                item: item,
                weight: weight,
                key: key,
                interval: interval,
                uid: own,
                holdsJSON: isJSON
            )
        }
        switch weight {
        case .null: return made(0)
        case .real(let weight): return made(weight)
        case .integer(let weight): return made(Double(weight))
        default:
            throw TrancheError(
                .invalidItem,
                "\(Item.words(id: id, uid: own)) of '\(definition.table)' has the weight "
                    + "'\(weight.text ?? "")'; weights must be numbers"
            )
        }
    }

    /// The error of an id that is no integer.
    func noInteger(_ uid: Value) -> TrancheError {
        TrancheError(
            .invalidItem,
            "'\(definition.table)' has the id '\(uid.text ?? "NULL")' in column "
                + "'\(definition.uid)'; ids must be integers: give its row another, or take it out"
        )
    }

    /// Reads the highest id of all, or the integer behind it where it is none.
    func highest(in row: inout SQLRow?) throws -> Int64? {
        let uid = row?.value() ?? .null
        switch uid {
        case .null: return nil
        case .real(let real) where real.isFinite:
            return Int64(exactly: real.rounded(.up)) ?? (real < 0 ? .min : .max)
        default:
            guard let id = uid.integer else { throw noInteger(uid) }
            return id
        }
    }

    /// Whether a payload is of a column of JSON, and is JSON that every reader takes.
    private func holdsJSON(_ item: Value) -> Bool {
        guard let name = definition.item, jsonFields.contains(name), case .text(let text) = item
        else { return false }
        return JSONText.isValid(text)
    }

    private func key(_ text: String?, of id: Int64, _ uid: String?) throws -> String? {
        guard let fault = ItemKey(text).fault else { return text }
        throw TrancheError(
            .invalidItem,
            "\(Item.words(id: id, uid: uid)) of '\(definition.table)' \(fault). Mend it; or "
                + "'tranche redefine' with --where leaves it out"
        )
    }

    func wrapping<R>(_ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let error as any SQLDatabaseError {
            throw TrancheError(
                error.code(passing: .sourceUnavailable, lasting: .sourceFailed),
                "source '\(definition.table)' in \(database.name): \(error.message)",
                underlying: error
            )
        }
    }
}
