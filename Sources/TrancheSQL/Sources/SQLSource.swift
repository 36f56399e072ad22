public import Tranche

/// A table or view in which items are listed.
///
/// ```swift
/// let files = SQLSource("files", uid: "id", item: "path", weight: "size_in_bytes", filter: "kind = 'csv'")
/// ```
///
/// The `uid` column must be an integer, unique, and ascending with time; an index on it keeps
/// acquiring fast. A unique uuid, text or time does as well where the inventory is in the same
/// database: it is numbered there, see the article "Uids that are not integers" of `Tranche`. The
/// source is only ever read.
public struct SQLSource: MetaSourceDescription {
    /// The name as given, such as `files` or `raw.files`; kept with each batch.
    public var name: String
    /// The schema, when ``name`` is the bare table name however many dots it has.
    public var schema: String?
    /// Whether ``name`` is verbatim the table's name, dots included.
    public var isVerbatim: Bool
    /// The column of the id.
    public var uid: String
    /// The column of the payload.
    public var item: SQLColumn
    /// The column of the weight; `NULL` in it counts as 0.
    public var weight: SQLColumn
    /// A condition in SQL that entries must meet.
    ///
    /// It must not change its answer for a row once that is committed.
    public var filter: String?
    /// Whether the filter may call functions that are not immutable.
    ///
    /// Rows that begin to match later are then missed.
    public var allowsVolatileFilter: Bool
    /// The column that says when an entry was made: with a settle lag, only what is older is handed
    /// out.
    ///
    /// On PostgreSQL a `timestamp with time zone`; in SQLite UTC text with a time of day, or
    /// seconds since 1970.
    public var settleColumn: String?
    /// The column at whose borders batches are cut, so that none holds items of two keys; `nil`
    /// (the default) for none.
    ///
    /// Items should come in runs of one key, in order of id: else each batch is small. See the
    /// article "Keys" of `Tranche`.
    public var key: String?
    /// The column that says when something happened, and how a run goes by it.
    ///
    /// `nil` (the default) for none. See the article "Times" of `Tranche`.
    public var time: SourceTime?
    /// The columns that a chain's records have; all of the table, with `nil` (the default).
    ///
    /// For what a query gives, make it a view.
    public var columns: [String]?
    /// The database; `nil` for the inventory's own.
    public var database: SourceDatabase?

    /// Describes a source.
    ///
    /// - Parameters:
    ///   - name: `table` or `schema.table`, verbatim: no quoting, no case folding.
    ///   - uid: The column of the id.
    ///   - item: The column of the payload; by default `item`, if the table has it.
    ///   - weight: The column of the weight; by default `weight`, if the table has it.
    ///   - filter: A condition in SQL.
    ///   - settleColumn: The column that says when an entry was made.
    ///   - key: The column at whose borders batches are cut.
    ///   - time: The column that says when something happened, and how a run goes by it.
    ///   - database: The database; the inventory's own by default.
    public init(
        _ name: String,
        uid: String = "uid",
        item: SQLColumn = .ifPresent("item"),
        weight: SQLColumn = .ifPresent("weight"),
        filter: String? = nil,
        settleColumn: String? = nil,
        key: String? = nil,
        time: SourceTime? = nil,
        in database: SourceDatabase? = nil
    ) {
        self.name = name
        self.uid = uid
        self.item = item
        self.weight = weight
        self.filter = filter
        self.settleColumn = settleColumn
        self.key = key
        self.time = time
        self.database = database
        isVerbatim = false
        allowsVolatileFilter = false
    }

    /// Describes a source whose table's name holds a dot.
    ///
    /// - Parameters:
    ///   - table: The table's name, verbatim.
    ///   - schema: Its schema, if any.
    ///   - uid: The column of the id.
    public init(table: String, schema: String?, uid: String = "uid") {
        self.init(table, uid: uid)
        self.schema = schema
        isVerbatim = true
    }

    /// Opens and checks the source.
    public func open(beside store: any InventoryStore) async throws -> any MetaSource {
        try await requireNoOwnTable(of: store)
        if let database {
            do {
                return try await database.openSource(self)
            } catch let error as TrancheError where error.underlying is UIDRegistry.IsElsewhere {
                guard let own = store as? any SQLDatabaseStore, try await isOwn(database, of: own)
                else { throw error }
            }
        }
        guard let provider = store as? any SQLSourceProvider else {
            throw TrancheError(
                .invalidSource,
                "\(store.name) holds no tables; name the database of '\(name)'"
            )
        }
        var own = self
        own.database = nil
        return try await provider.openSource(own)
    }

    /// Whether a database is the inventory's own, by another URL.
    ///
    /// - Throws: `TrancheError` `.invalidSource` where it is, and the inventory's session would
    ///   read another table by the name; what the databases throw.
    private func isOwn(
        _ database: SourceDatabase,
        of store: any SQLDatabaseStore
    ) async throws -> Bool {
        guard try await store.databaseIdentity() == database.identity() else { return false }
        if let objection = try await wrapping({
            try await store.objection(to: tableName, in: database)
        }) {
            throw TrancheError(.invalidSource, "source '\(name)': \(objection)")
        }
        return true
    }

    /// Refuses the tables of the inventory itself: each batch of what is written there would make
    /// more of it, without end.
    private func requireNoOwnTable(of store: any InventoryStore) async throws {
        guard let own = store as? any SQLDatabaseStore else { return }
        guard try await wrapping({ try await own.owns(tableName, in: database) }) else { return }
        throw TrancheError(
            .invalidSource,
            "'\(name)' is a table of the inventory itself, and work on it would make more of it "
                + "without end; for the batches of another job give inventory:JOB"
        )
    }

    private func wrapping<R>(_ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let error as any SQLDatabaseError {
            throw TrancheError(
                error.code(passing: .sourceUnavailable, lasting: .invalidSource),
                "source '\(name)': \(error.message)",
                underlying: error
            )
        }
    }

    var tableName: SQLTableName {
        get throws {
            isVerbatim
                ? SQLTableName(schema: schema, table: name) : try SQLTableName(verbatim: name)
        }
    }
}

/// Which column of a table is meant.
public struct SQLColumn: Sendable, Hashable, ExpressibleByStringLiteral {
    let name: String?
    let isOptional: Bool

    /// The column of this name; it must exist.
    public static func named(_ name: String) -> SQLColumn {
        SQLColumn(name: name, isOptional: false)
    }

    /// The column of this name if the table has it, else none.
    public static func ifPresent(_ name: String) -> SQLColumn {
        SQLColumn(name: name, isOptional: true)
    }

    /// No column.
    public static let none = SQLColumn(name: nil, isOptional: true)

    private init(name: String?, isOptional: Bool) {
        self.name = name
        self.isOptional = isOptional
    }

    /// The column of this name; it must exist.
    public init(stringLiteral value: String) {
        self.init(name: value, isOptional: false)
    }
}

/// A store or database that opens SQL sources.
public protocol SQLSourceProvider: Sendable {
    /// Opens and checks a source.
    func openSource(_ source: SQLSource) async throws -> any MetaSource
}

/// The database of a source, such as `.sqlite("meta.db")`.
///
/// The modules of the databases add the ways to make one. Two are equal when they are spelt alike.
public struct SourceDatabase: SQLSourceProvider, Hashable {
    /// What it is, for messages; without credentials.
    public let name: String
    private let key: String
    private let opener: @Sendable (SQLSource) async throws -> any MetaSource
    private let identifier: @Sendable () async throws -> String
    private let reader: (@Sendable () async throws -> any SQLDatabase)?
    private let writer: (@Sendable () async throws -> any SQLDatabase)?

    /// Describes a database.
    ///
    /// - Parameters:
    ///   - name: What it is, without credentials.
    ///   - key: Its spelling.
    ///   - open: Opens a source in it.
    ///   - identify: Finds out from the database what identifies it.
    public init(
        name: String,
        key: String,
        open: @escaping @Sendable (SQLSource) async throws -> any MetaSource,
        identify: @escaping @Sendable () async throws -> String
    ) {
        self.init(
            name: name,
            key: key,
            open: open,
            identify: identify,
            openForReading: nil,
            openForWriting: nil
        )
    }

    /// Describes a database that probes may ask, and sinks write to.
    package init(
        name: String,
        key: String,
        open: @escaping @Sendable (SQLSource) async throws -> any MetaSource,
        identify: @escaping @Sendable () async throws -> String,
        openForReading: (@Sendable () async throws -> any SQLDatabase)?,
        openForWriting: (@Sendable () async throws -> any SQLDatabase)?
    ) {
        self.name = name
        self.key = key
        opener = open
        identifier = identify
        reader = openForReading
        writer = openForWriting
    }

    /// Opens the database so that it refuses to be written to.
    func openForReading() async throws -> any SQLDatabase {
        guard let reader else {
            throw TrancheError(.invalidArgument, "'\(name)' cannot be asked from here")
        }
        return try await reader()
    }

    /// Opens the database for writing.
    func openForWriting() async throws -> any SQLDatabase {
        guard let writer else {
            throw TrancheError(.invalidArgument, "'\(name)' cannot be written to from here")
        }
        return try await writer()
    }

    /// What identifies the database, found out from itself: two that have it in common are one.
    public func identity() async throws -> String {
        try await identifier()
    }

    /// Opens and checks a source.
    public func openSource(_ source: SQLSource) async throws -> any MetaSource {
        try await opener(source)
    }

    /// Whether two are spelt alike.
    public static func == (lhs: SourceDatabase, rhs: SourceDatabase) -> Bool {
        lhs.key == rhs.key
    }

    /// Hashes the spelling.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(key)
    }
}
