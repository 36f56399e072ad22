import Synchronization
public import Tranche

/// A table of a SQL database as a sink: each field goes to the column of its name.
///
/// ```swift
/// chain.write(to: SQLTableSink("customers", key: ["id"]))                      // beside the inventory
/// chain.write(to: SQLTableSink("customers", key: ["id"], in: .postgres(url)))  // in another database
/// ```
///
/// With a key, a row that is there is replaced; without one, each record is a new row. Where the
/// table is in the inventory's own database, and the inventory's session finds it by the same name
/// and may write to it, a batch's rows and its success are one transaction: exactly once, with or
/// without a key. Elsewhere a batch is a transaction of its own, committed before the success is
/// recorded: with a key, writing it again changes nothing.
///
/// A record that the table does not take (a value that is none of its column's type, a constraint,
/// a trigger's objection) is refused by itself, with the database's reason; all others of its batch
/// are loaded. A record that lacks a field gets the column's default.
public final class SQLTableSink: TransactionalRecordSink {
    let table: String
    let key: [String]
    let location: SourceDatabase?
    private let unknownFields: UnknownFields
    private let note: @Sendable (String) -> Void
    private let prepared = Mutex<Prepared?>(nil)
    /// The batches of which a row was refused that is to be found.
    private let careful = Mutex<Set<Int64>>([])

    /// The action on fields without a column in the table.
    public enum UnknownFields: String, Sendable, Hashable, CaseIterable {
        /// The records that have one are refused; where all have it, before anything is loaded.
        case refuse
        /// They are left out, and counted as `fields_dropped`.
        case drop
        /// Columns are added for them, of types that hold the values of the batch in which they
        /// come first.
        case addColumns
    }

    struct Prepared {
        let database: any SQLDatabase
        var table: SQLTable
        let name: SQLTableName
        /// Whether the sink opened the database, and so closes it.
        let isOwn: Bool
    }

    /// Describes a sink.
    ///
    /// - Parameters:
    ///   - table: `table` or `schema.table`, verbatim; it must exist.
    ///   - key: The columns that name a row, which a unique index must be on; none to add rows
    ///     only.
    ///   - database: The database; the inventory's own by default.
    ///   - unknownFields: What becomes of fields that the table has no column for; refused by
    ///     default.
    ///   - note: Called with a sentence about fields that are left out, and columns that are added.
    public init(
        _ table: String,
        key: [String] = [],
        in database: SourceDatabase? = nil,
        unknownFields: UnknownFields = .refuse,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.table = table
        self.key = key
        location = database
        self.unknownFields = unknownFields
        self.note = note
    }

    /// The table, and where it is.
    public var name: String {
        location.map { "table '\(table)' in \($0.name)" } ?? "table '\(table)'"
    }

    /// Finds out whether the database is the inventory's own, whatever its URL says.
    ///
    /// - Throws: `TrancheError` `.sinkUnavailable`, `.sinkFailed`.
    public func promise(beside store: any InventoryStore) async throws -> SinkPromise {
        guard let location else {
            guard store is any SQLDatabaseStore else {
                return SinkPromise(.atLeastOnce, reason: "\(store.name) is in no SQL database")
            }
            return SinkPromise(.transactional)
        }
        let promise = try await wrapping {
            try await SQLDatabaseSink(in: location).promise(beside: store)
        }
        var reason = promise.reason
        if promise.delivery == .transactional {
            let found = try await wrapping { try await objection(to: store, location) }
            guard let found else { return promise }
            reason = found
        }
        return SinkPromise(key.isEmpty ? .atLeastOnce : .idempotent, reason: reason)
    }

    /// Why the inventory's session, which is of the same database, cannot write the rows; `nil`
    /// where it can.
    private func objection(
        to store: any InventoryStore,
        _ location: SourceDatabase
    ) async throws -> String? {
        guard let store = store as? any SQLDatabaseStore else { return nil }
        let name = try SQLTableName(verbatim: table)
        guard try await store.sinkDatabase.mayWrite(to: name, replacing: !key.isEmpty)
        else {
            let rights =
                key.isEmpty
                ? " (INSERT; for a view or under row policies TEMPORARY on the database)"
                : " (INSERT, UPDATE, SELECT; TEMPORARY on the database)"
            return "the inventory's role may not write to '\(table)'; grant it\(rights), or give "
                + "both one role"
        }
        return try await store.objection(to: name, in: location)
    }

    /// Opens the database, and checks that the table has the columns, and an index for the key.
    public func prepare(
        for fields: RecordFields?,
        beside store: any InventoryStore
    ) async throws {
        let database = try await open(beside: store)
        do {
            let ready = try await look(for: fields, in: database)
            let former = prepared.withLock { prepared in
                defer { prepared = ready }
                return prepared
            }
            if location != nil { await former?.database.close() }
        } catch {
            // It may be prepared once more.
            if location != nil { await database.close() }
            throw error
        }
    }

    private func look(
        for fields: RecordFields?,
        in database: any SQLDatabase
    ) async throws -> Prepared {
        let name = try SQLTableName(verbatim: table)
        try await wrapping { try await database.requireSchema(of: name) }
        guard let found = try await wrapping({ try await database.table(name) }) else {
            let others = try await wrapping { try await database.spellings(of: name) }
            let hint =
                others.isEmpty
                ? "make it first, or have it made (--create-table)"
                : "there is \(others.map { "'\($0)'" }.joined(separator: ", ")): upper and lower case count"
            throw TrancheError(.invalidArgument, "there is no \(self.name); \(hint)")
        }
        let ready = Prepared(
            database: database,
            table: found,
            name: name,
            isOwn: location != nil
        )
        try columns(ready).requireKey()
        if let fields { try columns(ready).check(fields).map(note) }
        return ready
    }

    /// Opens the table's database.
    ///
    /// - Throws: `TrancheError` `.invalidArgument` for a table of the inventory itself.
    func open(beside store: any InventoryStore) async throws -> any SQLDatabase {
        let own = store as? any SQLDatabaseStore
        let name = try SQLTableName(verbatim: table)
        if let own, try await wrapping({ try await own.owns(name, in: location) }) {
            throw TrancheError(
                .invalidArgument,
                "\(self.name) is one of the inventory itself, and records are not written into it; "
                    + "name another table"
            )
        }
        if let location {
            return try await wrapping { try await location.openForWriting() }
        }
        guard let store = store as? any SQLDatabaseStore else {
            throw TrancheError(
                .invalidArgument,
                "\(store.name) holds no tables; name the database of '\(table)'"
            )
        }
        return store.sinkDatabase
    }

    private func columns(_ ready: Prepared) -> SQLTableColumns {
        SQLTableColumns(
            table: ready.table,
            sink: name,
            tableName: ready.name,
            key: key,
            unknownFields: unknownFields,
            dialect: ready.database.dialect
        )
    }

    private var ready: Prepared {
        get throws {
            guard let ready = prepared.withLock({ $0 }) else {
                throw TrancheError(
                    .invalidArgument,
                    "\(name) was not prepared before it was written to"
                )
            }
            return ready
        }
    }

    /// Lends a writer in a transaction of its own.
    public func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        let ready = try ready
        return try await wrapping {
            try await ready.database.writing { transaction in
                try await body(try writer(for: batch, in: transaction))
            }
        }
    }

    /// Makes a writer in the transaction of a success.
    public func writer(
        for batch: BatchRecord,
        in transaction: SQLTransaction
    ) throws -> any RecordWriter {
        let ready = try ready
        return SQLTableWriter(
            transaction: transaction,
            name: ready.name,
            columns: columns(ready),
            isCareful: careful.withLock { $0.remove(batch.id) != nil },
            onTrouble: { [self] trouble in self.pass(after: trouble, batch) }
        )
    }

    /// What is thrown so that the batch is written once more.
    private func pass(after trouble: SQLTableWriter.Trouble, _ batch: BatchRecord) -> SinkPassNeeded
    {
        switch trouble {
        case .rowRefused(let error):
            return SinkPassNeeded(error) { [self] in
                careful.withLock { _ = $0.insert(batch.id) }
            }
        case .columnsMissing(let wanted):
            let names = wanted.map { "'\($0.name)'" }.joined(separator: ", ")
            let error = TrancheError(.sinkFailed, "columns \(names) could not be added to \(name)")
            return SinkPassNeeded(error) { [self] in try await add(wanted) }
        }
    }

    /// Adds columns, unless others have meanwhile.
    private func add(_ wanted: [(name: String, kind: SQLColumnKind)]) async throws {
        let ready = try ready
        let database = ready.database
        try await wrapping {
            for (column, kind) in wanted {
                if try await database.table(ready.name)?.column(column) != nil { continue }
                let type = database.dialect.type(of: kind)
                let statement: SQLStatement = """
                    ALTER TABLE \(ready.name) ADD COLUMN \(name: column) \(unsafeRaw: type)
                    """
                do {
                    _ = try await database.write([statement])
                } catch let error as any SQLDatabaseError {
                    // Another process may have been faster.
                    guard try await database.table(ready.name)?.column(column) != nil else {
                        throw error
                    }
                    continue
                }
                note("\(name): added the column '\(column)', \(type)")
            }
            guard let table = try await database.table(ready.name) else { return }
            prepared.withLock { $0?.table = table }
        }
    }

    /// Closes the database, where it is not the inventory's.
    public func close() async {
        let ready = prepared.withLock { prepared in
            defer { prepared = nil }
            return prepared
        }
        if let ready, ready.isOwn { await ready.database.close() }
    }

    func wrapping<R>(_ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let error as any SQLDatabaseError {
            throw TrancheError(error, sink: name)
        }
    }
}

extension TrancheError {
    /// Wraps an error of a sink's database.
    init(_ error: any SQLDatabaseError, sink name: String) {
        self.init(
            error.code(passing: .sinkUnavailable, lasting: .sinkFailed),
            "\(name): \(error.message)",
            underlying: error
        )
    }
}
