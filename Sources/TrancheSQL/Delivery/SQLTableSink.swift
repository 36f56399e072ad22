import Synchronization
public import Tranche

/// A table of a SQL database as a sink: each field goes to the column of its name.
///
/// ```swift
/// chain.write(to: SQLTableSink("customers", key: ["id"]))                      // beside the inventory
/// chain.write(to: SQLTableSink("customers", key: ["id"], in: .postgres(url)))  // in another database
/// ```
///
/// With a key, a row that is there is replaced; without one, each record is a new row. Where the table is in
/// the inventory's own database, a batch's rows and its success are one transaction: exactly once, with or
/// without a key. Elsewhere a batch is a transaction of its own, committed before the success is recorded: with
/// a key, writing it again changes nothing.
public final class SQLTableSink: TransactionalRecordSink {
    private let table: String
    private let key: [String]
    private let location: SourceDatabase?
    private let prepared = Mutex<Prepared?>(nil)

    private struct Prepared {
        let database: any SQLDatabase
        let table: SQLTable
        let name: SQLTableName
        /// Whether the sink opened the database, and so closes it.
        let isOwn: Bool
    }

    /// Describes a sink.
    ///
    /// - Parameters:
    ///   - table: `table` or `schema.table`, verbatim; it must exist.
    ///   - key: The columns that name a row, which a unique index must be on; none to add rows only.
    ///   - database: The database; the inventory's own by default.
    public init(_ table: String, key: [String] = [], in database: SourceDatabase? = nil) {
        self.table = table
        self.key = key
        location = database
    }

    /// The table, and where it is.
    public var name: String {
        location.map { "table '\(table)' in \($0.name)" } ?? "table '\(table)'"
    }

    /// Finds out whether the database is the inventory's own, whatever its URL says.
    public func promise(beside store: any InventoryStore) async throws -> SinkPromise {
        guard let location else {
            guard store is any SQLDatabaseStore else {
                return SinkPromise(.atLeastOnce, reason: "\(store.name) is in no SQL database")
            }
            return SinkPromise(.transactional)
        }
        let promise = try await SQLDatabaseSink(in: location).promise(beside: store)
        if promise.delivery == .transactional || key.isEmpty { return promise }
        return SinkPromise(.idempotent, reason: promise.reason)
    }

    /// Opens the database, and checks that the table has the columns, and an index for the key.
    public func prepare(
        for fields: RecordFields?,
        beside store: any InventoryStore
    ) async throws {
        let database: any SQLDatabase
        if let location {
            database = try await wrapping { try await location.openForWriting() }
        } else if let store = store as? any SQLDatabaseStore {
            database = store.sinkDatabase
        } else {
            throw TrancheError(
                .invalidArgument,
                "\(store.name) holds no tables; name the database of '\(table)'"
            )
        }
        let name = try SQLTableName(verbatim: table)
        guard let found = try await wrapping({ try await database.table(name) }) else {
            throw TrancheError(.invalidArgument, "there is no \(self.name); make it first")
        }
        let ready = Prepared(
            database: database,
            table: found,
            name: name,
            isOwn: location != nil
        )
        if let fields { _ = try load(of: fields, ready) }
        try requireKey(in: found)
        prepared.withLock { $0 = ready }
    }

    private func requireKey(in table: SQLTable) throws {
        for part in key where table.column(part) == nil {
            throw TrancheError(
                .invalidArgument,
                "\(name) has no column '\(part)' for the key; it has \(Self.names(of: table))"
            )
        }
        if key.count == 1, let column = table.column(key[0]), !column.isUnique {
            throw TrancheError(
                .invalidArgument,
                "column '\(key[0])' of \(name) is not unique, so that it names no row; make it so, as with "
                    + "CREATE UNIQUE INDEX ON \(self.table) (\(key[0]))"
            )
        }
    }

    private static func names(of table: SQLTable) -> String {
        table.columns.map(\.name).joined(separator: ", ")
    }

    /// How records of some fields are loaded.
    private func load(of fields: RecordFields, _ ready: Prepared) throws -> SQLLoad {
        if let missing = key.first(where: { fields.place(of: $0) == nil }) {
            throw TrancheError(
                .invalidArgument,
                "the records have no field '\(missing)', which is the key of \(name); they have "
                    + fields.names.joined(separator: ", ")
            )
        }
        let columns = try fields.names.map { field in
            guard let column = ready.table.column(field) else {
                throw TrancheError(
                    .invalidArgument,
                    "\(name) has no column '\(field)'; it has \(Self.names(of: ready.table)). Leave the "
                        + "field out, or give it a column's name"
                )
            }
            return SQLLoad.Column(
                name: column.name,
                type: column.type,
                baseType: column.baseType
            )
        }
        return SQLLoad(table: ready.name, columns: columns, key: key, fields: fields)
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
        return SQLTableWriter(transaction: transaction, name: name) { [self] fields in
            try load(of: fields, ready)
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

    private func wrapping<R>(_ body: () async throws -> R) async throws -> R {
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
            error.category == .transient ? .sinkUnavailable : .sinkFailed,
            "\(name): \(error.message)",
            underlying: error
        )
    }
}

/// Loads the records of one batch.
private final class SQLTableWriter: RecordWriter {
    private let transaction: SQLTransaction
    private let name: String
    private let makeLoad: (RecordFields) throws -> SQLLoad
    private var fields: RecordFields?

    init(
        transaction: SQLTransaction,
        name: String,
        makeLoad: @escaping (RecordFields) throws -> SQLLoad
    ) {
        self.transaction = transaction
        self.name = name
        self.makeLoad = makeLoad
    }

    func write(_ records: [Record]) async throws {
        try await loading { connection in
            var start = 0
            while start < records.count {
                let own = records[start].fields
                let end = records[start...].firstIndex { $0.fields != own } ?? records.count
                try await begin(own, on: connection)
                try await connection.load(
                    start == 0 && end == records.count ? records : Array(records[start..<end])
                )
                start = end
            }
        }
    }

    /// Begins to load records of some fields; records that differ in them are loaded apart.
    private func begin(_ fields: RecordFields, on connection: any SQLConnection) async throws {
        if self.fields == fields { return }
        let load = try makeLoad(fields)
        if self.fields != nil { rows += try await connection.endLoad() }
        self.fields = nil
        try await connection.beginLoad(load)
        self.fields = fields
    }

    private var rows = 0

    func finish() async throws -> Counters {
        if fields != nil { rows += try await loading { try await $0.endLoad() } }
        return Counters(["rows_written": rows])
    }

    /// The transaction is rolled back by whoever opened it.
    func abandon() async {}

    private func loading<R>(_ body: (any SQLConnection) async throws -> R) async throws -> R {
        do {
            return try await transaction.loading(body)
        } catch let error as any SQLDatabaseError {
            throw TrancheError(error, sink: name)
        }
    }
}
