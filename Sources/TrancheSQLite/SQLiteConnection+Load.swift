package import Tranche
package import TrancheSQL

/// Loads records with one statement, bound and stepped for each.
extension SQLiteConnection {
    /// A loading that is under way.
    struct Loading {
        let load: SQLLoad
        /// What inserts a record; it is none of those that the connection may forget.
        let statement: SQLiteStatement
        let affinities: [SQLiteAffinity]
        /// The keys of the rows that were written.
        let writtenKeys: WrittenKeys
        /// How many rows were written; one that was replaced again counts once.
        var rows = 0
        /// The records that wait for others to which they refer.
        var waiting: WaitingRecords<SQLiteError>
        /// The records by the numbers of their rows, where the loading is careful and the table has
        /// such.
        var places: [Int64: Record] = [:]
    }

    package func beginLoad(_ load: SQLLoad) async throws {
        let values = (1...max(1, load.columns.count)).map { "?\($0)" }.joined(separator: ", ")
        let text =
            "INSERT INTO \(load.table.quoted) (\(load.columnList)) VALUES (\(values))"
            + load.onConflict
        // Tables without row numbers, and views, refuse to tell them; then their rows are not found
        // again.
        var telling: SQLiteStatement?
        if load.isCareful { telling = try? handle.prepare(text + " RETURNING rowid") }
        let statement = if let telling { telling } else { try handle.prepare(text) }
        loading = Loading(
            load: load,
            statement: statement,
            affinities: SQLiteAffinity.all(of: load),
            writtenKeys: WrittenKeys(load),
            waiting: WaitingRecords(load)
        )
        // Rows that were written are not read again: a large cache would keep them for nothing.
        try handle.run(script: "PRAGMA cache_size = -1024;")
    }

    package func load(_ records: [Record]) async throws -> [RefusedRecord] {
        guard let load = loading?.load else { return [] }
        let (keyed, lacking) = records.parted(from: load.lackingKey(of: records))
        let rounded = load.rounded(among: keyed, loading?.affinities ?? [])
        let (taken, refused) = keyed.parted(from: rounded)
        return lacking + refused
            + (try await insert(taken) { place, outcome in
                loading?.waiting.note(taken[place], outcome)
            })
    }

    package func endLoad() async throws -> SQLLoad.End {
        var refused: [RefusedRecord] = []
        // What refers to records that came later is tried again, as long as that helps.
        var rank = 0
        while let tried = loading?.waiting.candidates(behind: rank), !tried.isEmpty {
            var hasHelped = false
            refused += try await insert(tried.map(\.record)) { place, outcome in
                if loading?.waiting.note(tried[place], outcome) == true { hasHelped = true }
            }
            rank = hasHelped ? 0 : rank + 1
        }
        for one in loading?.waiting.all ?? [] {
            refused.append(try refusal(of: one.record, one.error))
        }
        if handle.hasDanglingReferences { try refuseDangling() }
        let rows = loading?.rows ?? 0
        try forgetLoading()
        return SQLLoad.End(rows: rows, refused: refused)
    }

    /// Gives up what a loading needs, whether it has ended well or not.
    func forgetLoading() throws(SQLiteError) {
        guard let loading else { return }
        loading.statement.finalize()
        self.loading = nil
        try handle.run(script: Self.cacheSize)
    }

    /// Inserts records one by one.
    ///
    /// - Parameters:
    ///   - records: The records.
    ///   - note: Called with the place of each, and what came of it.
    /// - Returns: Those that the table does not take.
    /// - Throws: As ``load(_:)``.
    private func insert(
        _ records: [Record],
        _ note: (Int, WaitingRecords<SQLiteError>.Outcome) -> Void
    ) async throws -> [RefusedRecord] {
        guard let loading else { return [] }
        var refused: [RefusedRecord] = []
        var rows = 0
        try await interruptibly {
            for (place, record) in records.enumerated() {
                let before = handle.totalChanges
                do {
                    try insert(record, loading)
                    // A trigger may have left it out without an error; one of a view writes it
                    // elsewhere.
                    let isWritten = handle.totalChanges > before
                    if isWritten, loading.writtenKeys.insert(record) { rows += 1 }
                    note(place, isWritten ? .written : .leftOut)
                } catch let error as SQLiteError where error.refusesRow {
                    // The statement alone was undone, unless a trigger wants it otherwise.
                    guard handle.isInTransaction else {
                        throw RecordsRefused([try refusal(of: record, error)])
                    }
                    if !loading.load.isCareful, error.isConstraint, handle.changes > 0 {
                        throw error
                    }
                    if error.lacksReferred {
                        note(place, .waits(error))
                    } else {
                        refused.append(try refusal(of: record, error))
                        note(place, .leftOut)
                    }
                }
            }
        }
        self.loading?.rows += rows
        return refused
    }

    private func insert(_ record: Record, _ loading: Loading) throws(SQLiteError) {
        let statement = loading.statement
        guard loading.load.isCareful else {
            try statement.run(record, loading.affinities) { handle.error($0) }
            return
        }
        // A trigger's RAISE(FAIL) leaves what the statement has written.
        _ = try execute(["SAVEPOINT tranche_row"])
        do {
            let row = try statement.run(record, loading.affinities) { handle.error($0) }
            if let row { self.loading?.places[row] = record }
        } catch {
            if handle.isInTransaction {
                _ = try execute(["ROLLBACK TO tranche_row", "RELEASE tranche_row"])
            }
            throw error
        }
        _ = try execute(["RELEASE tranche_row"])
    }

    // MARK: - Reasons

    /// Refuses the records whose references, which only the commit would look at, lead nowhere.
    ///
    /// - Throws: `RecordsRefused` with them; SQLite's error where they cannot be told.
    private func refuseDangling() throws {
        guard let loading else { return }
        let error = SQLiteError(
            code: SQLiteError.foreignKey,
            message: "FOREIGN KEY constraint failed: rows refer to others that are not there"
        )
        if loading.places.isEmpty { throw error }
        let table = loading.load.table
        let rows = try execute([
            """
            SELECT rowid, "table" FROM pragma_foreign_key_check(\(table.table), \(table.schema ?? "main"))
            """
        ])
        var refused: [RefusedRecord] = []
        for index in 0..<rows[0].count {
            var row = rows[0][index]
            guard let number = row.value().integer, let record = loading.places[number] else {
                continue
            }
            refused.append(try refusal(of: record, error))
        }
        throw refused.isEmpty ? error : RecordsRefused(refused)
    }

    /// What a record is refused with.
    private func refusal(of record: Record, _ error: SQLiteError) throws -> RefusedRecord {
        guard let load = loading?.load else { return RefusedRecord(record, error.message) }
        var message = error.message
        var mayBeEarly = false
        var field = load.columns.map(\.name).first {
            message.hasSuffix("\(load.table.table).\($0)")
        }
        if error.lacksReferred {
            let references = try references(of: load).filter { reference in
                record.fields.place(of: reference.column).map { record.cell($0).kind != .null }
                    ?? false
            }
            let words = references.map { reference in
                "'\(record.text(reference.column) ?? "")' in \(reference.column) refers to \(reference.target)"
            }
            if !words.isEmpty {
                message = "FOREIGN KEY constraint failed: \(words.joined(separator: ", "))"
            }
            if references.count == 1 { field = references[0].column }
            let own = load.table.table.lowercased()
            mayBeEarly = references.contains { $0.table.lowercased() == own }
        }
        var refusal = RefusedRecord(
            record,
            field: field,
            message,
            input: field.flatMap { record.text($0) }
        )
        refusal.mayBeEarly = mayBeEarly
        return refusal
    }

    /// A column of a table that refers to another.
    private struct Reference {
        let column: String
        let table: String
        let target: String
    }

    private func references(of load: SQLLoad) throws -> [Reference] {
        let rows = try execute([
            """
            SELECT "from", "table", "table" || coalesce('.' || "to", '')
            FROM pragma_foreign_key_list(\(load.table.table), \(load.table.schema ?? "main"))
            """
        ])
        return try rows[0].map { row in
            Reference(column: try row.text(), table: try row.text(), target: try row.text())
        }
    }
}
