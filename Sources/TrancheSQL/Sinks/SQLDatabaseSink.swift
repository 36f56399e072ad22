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
            try await self.place(of: name, in: location), try await sinkDatabase.place(of: own)
        )
        return place.lowercased() == ownPlace.lowercased()
    }

    /// Where a table is that has a name in the inventory's database, by this URL or another: other
    /// users and options look for a name without a schema in other schemas.
    ///
    /// - Parameters:
    ///   - name: The table's name.
    ///   - location: The database by the other URL; `nil` for the inventory's session.
    /// - Returns: The name with its schema, where there is such a table.
    /// - Throws: What the databases throw.
    func place(of name: SQLTableName, in location: SourceDatabase?) async throws -> String {
        guard let location, name.schema == nil else {
            return try await sinkDatabase.place(of: name)
        }
        let database = try await location.openForReading()
        do {
            let place = try await database.place(of: name)
            await database.close()
            return place
        } catch {
            await database.close()
            throw error
        }
    }

    /// Why a name means another table to the inventory's session than by another URL of its
    /// database; `nil` where it means the same.
    ///
    /// - Throws: What the databases throw.
    func objection(to name: SQLTableName, in location: SourceDatabase) async throws -> String? {
        let own = try await place(of: name, in: nil)
        let other = try await place(of: name, in: location)
        if own == other { return nil }
        return "to the inventory's session '\(name.words)' is \(own), and here it is \(other); "
            + "give the table with its schema"
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
