import Tranche

/// Checks a described source against its database, before anything is written.
struct SQLSourceCheck<Database: SQLDatabase> {
    let source: SQLSource
    let table: SQLTableName
    let database: Database
    /// Where uids are numbered that are not integers.
    let place: UIDRegistry.Place?

    /// What a source is.
    struct Found {
        /// Its definition, with the columns that exist.
        let definition: SourceDefinition
        /// The columns that its records have.
        let fields: RecordFields
        /// The weight's column, if there is one.
        let weight: SQLTable.Column?
        /// The columns of JSON.
        let jsonFields: Set<String>
        /// The numbers of uids that are no integers.
        let registry: UIDRegistry?
        /// How its time column has times.
        let timeType: SQLTimeType
        /// Whether ids may stand in it that are no integers, though its column is one of integers.
        let mayHaveFractions: Bool
    }

    /// Checks the source.
    ///
    /// - Returns: What it is.
    /// - Throws: `TrancheError` `.invalidSource` or `.sourceUnavailable`.
    func run() async throws -> Found {
        do {
            guard try await mayHaveTables(), let found = try await database.table(table) else {
                throw invalid("there is no table or view '\(source.name)' in \(database.name)", [])
            }
            let (uid, numbering) = try await checkID(in: found)
            let item = try column(source.item, in: found, for: "item", "item")
            let weight = try column(source.weight, in: found, for: "weight", "weight_column")
            if let weight, weight.kind == .other {
                throw invalid(
                    "column '\(weight.name)' of '\(source.name)' has the type \(weight.type); "
                        + "a weight must be a number",
                    ["weight_column"]
                )
            }
            if let filter = source.filter {
                try await check(filter: filter, isNumbered: numbering != nil)
            }
            if let settled = source.settleColumn {
                guard let column = found.column(settled) else {
                    throw missing(settled, for: "settle column", "settle_column", in: found)
                }
                try await checkAges(column)
            }
            if let key = source.key, found.column(key) == nil {
                throw missing(key, for: "key", "key", in: found)
            }
            let time = try await checkTime(in: found)
            if !uid.isNotNull { try await checkNoNullID() }
            let fields = try RecordFields(source.columns ?? found.columns.map(\.name))
            for name in fields.names where found.column(name) == nil {
                throw missing(name, for: "record", "columns", in: found)
            }
            let name =
                source.isVerbatim
                ? (source.schema.map { $0 + "." } ?? "") + source.name : source.name
            let registry = numbering.flatMap { makeRegistry(of: uid, as: $0, in: found, name) }
            let definition = SourceDefinition(
                database: try await database.identity(),
                table: name,
                uid: uid.name,
                item: item?.name,
                weight: weight?.name,
                filter: source.filter,
                settleColumn: source.settleColumn,
                key: source.key,
                numbering: numbering?.kind.rawValue,
                time: time?.time
            )
            let json = found.columns.filter { column in
                [column.type, column.baseType].contains { $0.lowercased().hasPrefix("json") }
            }
            return Found(
                definition: definition,
                fields: fields,
                weight: weight,
                jsonFields: Set(json.map(\.name)),
                registry: registry,
                timeType: time?.type ?? .none,
                mayHaveFractions: registry == nil && uid.mayHoldFractions
            )
        } catch let error as any SQLDatabaseError {
            throw TrancheError(
                error.code(passing: .sourceUnavailable, lasting: .invalidSource),
                "source '\(source.name)' in \(database.name): \(error.message)",
                underlying: error
            )
        }
    }

    /// Whether there is a schema of the name, where a database fails for a table in one that is
    /// not there.
    private func mayHaveTables() async throws -> Bool {
        guard database.dialect.hasOneWriter, let schema = table.schema else { return true }
        return try await !database.read(database.dialect.schema(named: schema))[0].isEmpty
    }

    private func checkTime(
        in found: SQLTable
    ) async throws -> (time: SourceTime, type: SQLTimeType)? {
        guard let time = source.time else { return nil }
        let check = SQLTimeCheck(time: time, source: source, table: table, database: database)
        return try await check.run(found.column(time.column))
    }

    /// Finds the column of the uid, and how its values are numbered where they are not integers.
    private func checkID(
        in found: SQLTable
    ) async throws -> (column: SQLTable.Column, numbering: UIDNumbering?) {
        guard let uid = found.column(source.uid) else {
            throw missing(source.uid, for: "uid", "uid", in: found)
        }
        if uid.kind == .integer { return (uid, nil) }
        let numbering = try await database.numbering(
            of: uid,
            in: table,
            settledBy: source.settleColumn.flatMap { found.column($0) }
        )
        guard let numbering else {
            if uid.kind == .any { return (uid, nil) }
            throw invalid(
                "column '\(uid.name)' of '\(source.name)' has the type \(uid.type); "
                    + "the uid must be an integer, or a uuid, text or time that is numbered beside "
                    + "the inventory. \(numberColumnAdvice)",
                ["uid"]
            )
        }
        guard place != nil else {
            throw invalid(
                "column '\(uid.name)' of '\(source.name)' has the type \(uid.type). A uid that is "
                    + "not an integer is numbered beside the inventory, which must be in the same "
                    + "database as the items, and they are in \(database.name): keep the "
                    + "inventory there, or number the rows. \(numberColumnAdvice)",
                ["uid"],
                UIDRegistry.IsElsewhere()
            )
        }
        guard found.isView || uid.isUnique else {
            throw invalid(
                "column '\(uid.name)' of '\(source.name)' has the type \(uid.type); the uid must be "
                    + "an integer, or unique: make it so, as with "
                    + database.dialect.creatingIndex(on: [uid.name], of: table, isUnique: true),
                ["uid"]
            )
        }
        return (uid, numbering)
    }

    /// What to do about a table whose uids cannot be numbered.
    private var numberColumnAdvice: String {
        database.dialect.hasOneWriter
            ? "A table with a column 'id INTEGER PRIMARY KEY AUTOINCREMENT' has integers"
            : "ALTER TABLE \(table.quoted) ADD COLUMN tranche_id bigint GENERATED ALWAYS AS "
                + "IDENTITY UNIQUE makes integers; name that column as the uid"
    }

    private func makeRegistry(
        of uid: SQLTable.Column,
        as numbering: UIDNumbering,
        in found: SQLTable,
        _ name: String
    ) -> UIDRegistry? {
        place.map { place in
            UIDRegistry(
                place: place,
                table: table,
                column: uid.name,
                metaTable: name,
                numbering: numbering,
                isView: found.isView,
                dialect: database.dialect
            )
        }
    }

    private func column(
        _ column: SQLColumn,
        in found: SQLTable,
        for use: String,
        _ field: String
    ) throws -> SQLTable.Column? {
        guard let name = column.name else { return nil }
        if let known = found.column(name) { return known }
        if column.isOptional { return nil }
        throw missing(name, for: use, field, in: found)
    }

    /// Finds out whether a column can be compared with a time.
    private func checkAges(_ settled: SQLTable.Column) async throws {
        let column = settled.name
        if let objection = database.dialect.objection(toTimesOfType: settled.baseType) {
            throw invalid(
                "column '\(column)' of '\(source.name)' has the type \(settled.type), "
                    + "\(objection). "
                    + database.dialect.timesUnderstood,
                ["settle_column"]
            )
        }
        let isAged = database.dialect.isAged("\(name: column)", milliseconds: "0")
        do {
            try await database.withReader {
                try await $0.check("SELECT 1 FROM \(table) WHERE \(isAged)")
            }
        } catch let error as any SQLDatabaseError where error.category != .transient {
            throw invalid(
                "column '\(column)' of '\(source.name)' cannot tell when an entry was made: "
                    + error.message,
                ["settle_column"],
                error
            )
        }
        try await checkTimes(column)
    }

    /// Finds out whether any of the newest entries has a time, where there are entries.
    private func checkTimes(_ column: String) async throws {
        let (type, isTime) = (
            database.dialect.name(ofTypeOf: "\(name: column)"),
            database.dialect.isTime("\(name: column)")
        )
        let rows = try await database.read(
            """
            SELECT \(name: source.uid), CAST(\(name: column) AS text), \(type),
                CASE WHEN \(isTime) THEN 1 ELSE 0 END
            FROM \(table)
            ORDER BY \(name: source.uid) DESC
            LIMIT \(unsafeRaw: String(SQLSettleColumn.newest))
            """
        )
        let times = try rows[0].map { row in
            (
                id: row.value().text ?? "NULL", value: row.optionalText(),
                type: row.optionalText() ?? "", isTime: try row.boolean()
            )
        }
        guard let newest = times.first, !times.contains(where: \.isTime) else { return }
        throw invalid(
            "id \(newest.id) of '\(source.name)' has "
                + SQLSettleColumn.fault(newest.value, ofType: newest.type, in: column)
                + ", and none of the newest entries has a time. "
                + database.dialect.timesUnderstood,
            ["settle_column"]
        )
    }

    private func checkNoNullID() async throws {
        let rows = try await database.read(
            "SELECT 1 FROM \(table) WHERE \(name: source.uid) IS NULL LIMIT 1"
        )
        guard rows[0].isEmpty else {
            throw invalid(
                "column '\(source.uid)' of '\(source.name)' holds NULL; every entry needs an id: "
                    + "give one to each row, take such rows out, or name a view without them",
                ["uid"]
            )
        }
    }

    private func check(filter: String, isNumbered: Bool) async throws {
        guard filter.contains(where: { !$0.isWhitespace }) else {
            throw invalid("the filter is empty; leave it out, or give a condition", ["where"])
        }
        // Without parentheses of ours around it, one that closes them early cannot pass. The line
        // breaks end a comment of the filter's. The first statement lets through no second part
        // behind the condition, the second no function of many rows.
        let rows: SQLStatement =
            isNumbered ? "(SELECT * FROM \(table)) AS \(name: table.table)" : "\(table)"
        let checks: [SQLStatement] = [
            """
            SELECT CASE WHEN
            \(unsafeRaw: filter)
            THEN 1 END FROM \(rows)
            """,
            """
            SELECT 1 FROM \(rows) WHERE
            \(unsafeRaw: filter)
            """,
        ]
        do {
            for check in checks { try await database.withReader { try await $0.check(check) } }
        } catch let error as any SQLDatabaseError where error.category != .transient {
            throw invalid(
                "the filter '\(filter)' is not valid: \(error.message)",
                ["where"],
                error
            )
        }
        if source.allowsVolatileFilter { return }
        let changing =
            try await database.changingFunctions(among: FilterCalls(in: filter))
            + database.changingCasts(in: checks[1])
        guard changing.isEmpty else {
            throw invalid(
                "the filter '\(filter)' calls \(changing.sorted().joined(separator: ", ")), whose answer "
                    + "may change: rows that begin to match later would be missed. Compare with a "
                    + "fixed value, or insist with --volatile-filter",
                ["where"]
            )
        }
    }

    private func missing(
        _ column: String,
        for use: String,
        _ field: String,
        in found: SQLTable
    ) -> TrancheError {
        let names = found.columns.map { "'\($0.name)'" }.joined(separator: ", ")
        let likely = found.columns.first { $0.name.lowercased() == "id" } ?? found.columns.first
        let remedy =
            field == "uid" ? likely.map { ". Name it with --uid, such as --uid \($0.name)" } : nil
        return invalid(
            "'\(source.name)' has no column '\(column)' for the \(use); it has \(names)"
                + (remedy ?? ""),
            [field]
        )
    }

    /// An error about a field of the source; about its place where the keys are none.
    private func invalid(
        _ message: String,
        _ field: [String],
        _ underlying: (any Error)? = nil
    ) -> TrancheError {
        TrancheError(.invalidSource, message, field: field, underlying: underlying)
    }
}
