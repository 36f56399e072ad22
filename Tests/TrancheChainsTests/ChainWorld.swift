import Foundation
import TestSupport
import Tranche
import TrancheSQL

@testable import TrancheChains

/// A folder with a file of customers, an inventory, and a database for what is written.
struct ChainWorld {
    let folder: TemporaryFolder
    let database: TestDatabase
    let inventory: Inventory
    let path: String

    static let schema = """
        {"properties": {
            "id": {"type": "integer", "minimum": 1},
            "name": {"type": "string", "minLength": 1},
            "amount": {"type": "number", "minimum": 0},
            "at": {"type": "string", "format": "date-time"},
            "active": {"type": "boolean"}
        }, "required": ["id", "name"]}
        """

    /// Rows `id,name,amount,at,active`; every `badEvery`-th has an amount that is none.
    static func csv(rows: Int, badEvery: Int = .max) -> String {
        var text = "id,name,amount,at,active\n"
        for row in 1...rows {
            let amount = row % badEvery == 0 ? "n/a" : "\(row).25"
            text += "\(row),\"Zoé \(row), \"\"x\"\"\",\(amount),2024-02-29T08:00:00Z,"
            text += row % 2 == 0 ? "true\n" : "no\n"
        }
        return text
    }

    func write(_ text: String, to name: String) throws -> String {
        let path = folder.path(name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: folder.path(name), encoding: .utf8)
    }

    /// Options for batches of a weight.
    func options(
        _ job: String = "load",
        weight: Double = 2000,
        workers: Int = 1,
        policy: RunPolicy = RunPolicy(maxAttempts: 3, backoff: .zero)
    ) -> ChainOptions {
        ChainOptions(
            request: BatchRequest(job: job, limit: BatchLimit(weight: weight), policy: policy),
            workers: workers
        )
    }

    /// Makes the table that customers go to.
    func makeTable(_ name: String = "customer", key: String = "PRIMARY KEY") async throws {
        let types = database.backend == .sqlite ? ("text", "integer") : ("timestamptz", "boolean")
        try await database.run(
            """
            CREATE TABLE \(database.prefix)\(name) (
                id bigint NOT NULL \(key), name text, amount double precision,
                at \(types.0), active \(types.1)
            )
            """
        )
    }

    var rows: [[String]] {
        get async throws {
            try await database.read(
                "SELECT id, name, amount FROM \(database.name("customer")) ORDER BY id"
            )
        }
    }
}

/// Runs `body` in a world of its own, its inventory in the database.
func withChainWorld(
    _ backend: TestDatabase.Backend = .sqlite,
    _ text: String = ChainWorld.csv(rows: 300),
    _ body: (ChainWorld) async throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        try await withTestDatabase(backend, isMigrated: true) { database in
            let inventory = try await database.open()
            let path = folder.path("customers.csv")
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            let world = ChainWorld(
                folder: folder,
                database: database,
                inventory: inventory,
                path: path
            )
            try await body(world)
            await inventory.close()
        }
    }
}
