import TestSupport
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite
import TrancheTestKit

/// An empty store with a place for tables, on which simulations run one after the other.
struct SimulationGround: Sendable {
    let clock: ManualClock
    let store: any InventoryStore
    let makeTable: @Sendable (_ name: String) async throws -> any SimulatedTable
    let finish: @Sendable () async throws -> Void

    /// Makes the ground of a backend, named as ``TestBackend`` names them.
    static func make(_ backend: String) async throws -> SimulationGround {
        let names = backend.split(separator: "+").map(String.init)
        let clock = ManualClock()
        let inventory = try await Place.make(names[0])
        let tables = names.count > 1 ? try await Place.make(names[1]) : inventory
        let isBeside = names.count == 1
        var configuration = StoreConfiguration(
            schema: inventory.schema,
            maxConnections: 4,
            now: { clock.date }
        )
        configuration.decidesItself = backend == TestBackend.deciding
        let store = try await inventory.location.open(configuration)
        let writers = try await tables.openWriters(isBeside)
        return SimulationGround(
            clock: clock,
            store: store,
            makeTable: { try await writers.makeTable($0) },
            finish: {
                await store.close()
                await writers.close()
                try await inventory.remove()
                if !isBeside { try await tables.remove() }
            }
        )
    }
}

/// A SQLite file or a schema on a server, of a test's own.
private enum Place: Sendable {
    case sqlite(TemporaryFolder)
    case postgreSQL(TestPostgreSQL, schema: String)

    static func make(_ name: String) async throws -> Place {
        if name == "sqlite" { return .sqlite(try TemporaryFolder()) }
        let named =
            switch name {
            case TestBackend.sessionPooler: TestPooler.session
            case TestBackend.transactionPooler: TestPooler.transaction
            default: TestPostgreSQL.server
            }
        guard let server = named else { throw NoServer() }
        return .postgreSQL(server, schema: try await server.makeSchema())
    }

    var location: InventoryLocation {
        switch self {
        case .sqlite(let folder): .sqlite(folder.path("test.db"))
        case .postgreSQL(let server, _): .postgres(server.url)
        }
    }

    var schema: String? {
        if case .postgreSQL(_, let schema) = self { schema } else { nil }
    }

    /// Opens connections for writers.
    ///
    /// - Parameter isBeside: Whether the inventory is in the same database.
    /// - Returns: The connections.
    /// - Throws: The database's error.
    func openWriters(_ isBeside: Bool) async throws -> Writers {
        switch self {
        case .sqlite(let folder):
            let path = folder.path("test.db")
            let database = try await SQLiteDatabase.open(
                path: path,
                for: .inventory(creates: !isBeside),
                lockTimeout: .seconds(30)
            )
            return Writers(
                database,
                kind: .sqlite,
                prefix: "",
                source: isBeside ? nil : .sqlite(path),
                blocksInventory: isBeside
            )
        case .postgreSQL(let server, let schema):
            // A pooler has few sessions, and writers hold transactions for long.
            return Writers(
                try (TestPostgreSQL.server ?? server).database(maxConnections: 8),
                kind: .postgreSQL,
                prefix: schema + ".",
                source: isBeside ? nil : .postgres(server.url),
                blocksInventory: false
            )
        }
    }

    func remove() async throws {
        switch self {
        case .sqlite(let folder): try folder.remove()
        case .postgreSQL(let server, let schema): try await server.drop(schema: schema)
        }
    }

    struct NoServer: Error {}
}

/// Connections that write to tables.
private struct Writers: Sendable {
    let makeTable: @Sendable (_ name: String) async throws -> any SimulatedTable
    let close: @Sendable () async -> Void

    init(
        _ database: some SQLDatabase,
        kind: SimulatedTableKind,
        prefix: String,
        source: SourceDatabase?,
        blocksInventory: Bool
    ) {
        makeTable = { name in
            let table = SimulatedSQLTable(
                database: database,
                kind: kind,
                name: prefix + name,
                source: source,
                blocksInventory: blocksInventory
            )
            try await table.create()
            return table
        }
        close = { await database.close() }
    }
}
