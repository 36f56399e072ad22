import FoundationEssentials
import Synchronization
public import Tranche

/// A database as a sink: transactional where it is the inventory's own.
public struct SQLDatabaseSink: BatchSink {
    /// The database.
    public var database: SourceDatabase

    /// Describes a sink.
    public init(in database: SourceDatabase) {
        self.database = database
    }

    /// The name of the sink, for messages.
    public var name: String { database.name }

    /// Finds out whether the database is the inventory's own, whatever its URL says.
    public func promise(beside store: any InventoryStore) async throws -> SinkPromise {
        guard let store = store as? any SQLDatabaseStore else {
            return SinkPromise(.atLeastOnce, reason: "\(store.name) is in no SQL database")
        }
        let (own, other) = (try await store.databaseIdentity(), try await database.identity())
        if own == other { return SinkPromise(.transactional) }
        return SinkPromise(
            .atLeastOnce,
            reason: "it is another database than the inventory's (\(other), not \(own)); keep the "
                + "inventory where the records are written"
        )
    }
}

/// A store in a SQL database.
protocol SQLDatabaseStore {
    /// The identity of the database, as the database reports it.
    func databaseIdentity() async throws -> String

    /// The identity of the inventory: its database and its table, however the table is spelt.
    func placeIdentity() async throws -> String

    /// The database, for sinks that write in the inventory's transactions.
    var sinkDatabase: any SQLDatabase { get }

    /// The table of the inventory that has a table's name, wherever that is; `nil` where none has.
    func ownTable(named name: SQLTableName) -> SQLTableName?
}

extension SQLDatabaseStore {
    /// Whether a table is one of the inventory's own.
    ///
    /// - Parameters:
    ///   - name: The table's name.
    ///   - location: Where it is; `nil` for the inventory's database.
    /// - Returns: Whether it is; the databases are asked only where the name is one of them.
    /// - Throws: `TrancheError` of the store, and what the database throws.
    func owns(_ name: SQLTableName, in location: SourceDatabase?) async throws -> Bool {
        guard let own = ownTable(named: name) else { return false }
        if let location, try await databaseIdentity() != location.identity() { return false }
        // Tables of other schemas may be called the same.
        let (place, ownPlace) = (
            try await sinkDatabase.place(of: name), try await sinkDatabase.place(of: own)
        )
        return place.lowercased() == ownPlace.lowercased()
    }
}

extension SQLInventoryStore: SQLDatabaseStore {
    func databaseIdentity() async throws -> String {
        try await wrapping { try await database.identity() }
    }

    func placeIdentity() async throws -> String {
        try await wrapping {
            try await database.identity() + "#" + database.place(of: tables.batch)
        }
    }

    var sinkDatabase: any SQLDatabase { database }

    func ownTable(named name: SQLTableName) -> SQLTableName? {
        // SQLite takes upper and lower case for the same.
        let lowercase = name.table.lowercased()
        return tables.all.first { $0.table.lowercased() == lowercase }
    }
}

extension InventoryStore {
    /// The identity of the inventory, the same for every process, however it names the table.
    ///
    /// - Throws: `TrancheError` of the store.
    package func placeIdentity() async throws -> String {
        guard let store = self as? any SQLDatabaseStore else { return try await identity() }
        return try await store.placeIdentity()
    }
}
