import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite

@Suite("Writing in the transaction of the success", .serialized, .timeLimit(.minutes(10)))
struct TransactionTests {
    typealias Backend = TestDatabase.Backend

    private struct Broken: Error {}

    /// An inventory, a source of three items and a table to write to.
    private struct World {
        let database: TestDatabase
        let inventory: Inventory

        init(_ database: TestDatabase, clock: any Clock<Duration> = ContinuousClock()) async throws
        {
            self.database = database
            try await database.migrateUp()
            try await database.run(
                """
                CREATE TABLE \(database.prefix)files (uid bigint NOT NULL PRIMARY KEY);
                INSERT INTO \(database.prefix)files VALUES (1), (2), (3);
                CREATE TABLE \(database.prefix)sink (uid bigint NOT NULL PRIMARY KEY);
                """
            )
            let store = try await database.location.open(database.configuration())
            inventory = Inventory(
                store: store,
                configuration: Inventory.Configuration(clock: clock)
            )
        }

        func take() async throws -> Batch {
            let source = SQLSource(database.prefix + "files")
            return try #require(
                try await inventory.acquireBatch(from: source, job: "copy", limit: .count(2))
            )
        }

        func write(_ batch: Batch, _ transaction: SQLTransaction) async throws {
            for item in try await batch.items {
                try await transaction.run(
                    "INSERT INTO \(database.prefix)sink (uid) VALUES ($1)",
                    [.integer(item.id)]
                )
            }
        }

        var written: [String] {
            get async throws {
                try await database.column("SELECT uid FROM \(database.name("sink")) ORDER BY uid")
            }
        }
    }

    private func withWorld(
        _ backend: Backend,
        clock: any Clock<Duration> = ContinuousClock(),
        _ body: (World) async throws -> Void
    ) async throws {
        try await withTestDatabase(backend) { database in
            let world = try await World(database, clock: clock)
            try await body(world)
            await world.inventory.close()
        }
    }

    @Test("The writes and the success are committed together", arguments: Backend.available)
    func together(on backend: Backend) async throws {
        try await withWorld(backend) { world in
            let batch = try await world.take()
            let record = try await batch.succeed(result: ["rows": 2]) { transaction in
                try await world.write(batch, transaction)
                // Before the commit nobody else sees a thing.
                #expect(try await world.written == [])
            }
            #expect(record.status == .succeeded)
            #expect(record.result?.contains("rows") == true)
            #expect(try await world.written == ["1", "2"])
            let attempts = try await world.inventory.attempts(of: batch.id)
            #expect(attempts.map(\.outcome) == [.succeeded])
        }
    }

    @Test(
        "When the writing throws, nothing is written and the batch is held",
        arguments: Backend.available
    )
    func throwing(on backend: Backend) async throws {
        try await withWorld(backend) { world in
            let batch = try await world.take()
            await #expect(throws: Broken.self) {
                try await batch.succeed { transaction in
                    try await world.write(batch, transaction)
                    throw Broken()
                }
            }
            #expect(try await world.written == [])
            #expect(try await world.inventory.batch(batch.id).status == .running)
            try await batch.succeed { try await world.write(batch, $0) }
            #expect(try await world.written == ["1", "2"])
        }
    }

    @Test(
        "A value is written exactly, whatever types values of the statement had before",
        arguments: Backend.available
    )
    func exactValues(on backend: Backend) async throws {
        try await withWorld(backend) { world in
            try await world.database.run(
                "CREATE TABLE \(world.database.prefix)exact (id integer, value numeric)"
            )
            let insert = "INSERT INTO \(world.database.prefix)exact VALUES ($1, $2)"
            // Each order has a text of its own, apart and in one round trip.
            let large = Value.integer(9_007_199_254_740_993)
            let orders: [[Value]] = [
                [.integer(10), .real(10.5), .null, large], [.real(1.5), large, .null, .real(2.5)],
                [.null, large, .real(1.5)],
            ]
            let batch = try await world.take()
            try await batch.succeed { transaction in
                for (order, values) in orders.enumerated() {
                    let rows = values.map { ($0, Value.integer(Int64(order))) }
                    for (value, id) in rows {
                        try await transaction.run(insert + " -- \(order)", [id, value])
                    }
                    try await transaction.run(
                        rows.map { (sql: insert + " -- all \(order)", values: [$1, $0]) }
                    )
                }
            }
            for (order, values) in orders.enumerated() {
                let expected = (values + values).map { $0.text ?? "NULL" }.sorted()
                let found = try await world.database.column(
                    "SELECT value FROM \(world.database.name("exact")) WHERE id = \(order)"
                )
                #expect(found.sorted() == expected)
            }
        }
    }

    @Test("A statement that fails leaves nothing written", arguments: Backend.available)
    func failing(on backend: Backend) async throws {
        try await withWorld(backend) { world in
            let batch = try await world.take()
            await #expect(throws: (any Error).self) {
                try await batch.succeed { transaction in
                    try await world.write(batch, transaction)
                    try await world.write(batch, transaction)
                }
            }
            #expect(try await world.written == [])
            #expect(try await world.inventory.batch(batch.id).status == .running)
        }
    }

    @Test("Who was replaced writes nothing", arguments: Backend.available)
    func replaced(on backend: Backend) async throws {
        try await withWorld(backend) { world in
            let zombie = try await world.take()
            try await zombie.release()
            let successor = try await world.take()
            #expect(successor.id == zombie.id)
            let error = await #expect(throws: TrancheError.self) {
                try await zombie.succeed { try await world.write(zombie, $0) }
            }
            #expect(error?.code == .batchLost)
            #expect(try await world.written == [])
            try await successor.succeed { try await world.write(successor, $0) }
            #expect(try await world.written == ["1", "2"])
        }
    }

    @Test("A success that is repeated writes once", arguments: Backend.available)
    func repeated(on backend: Backend) async throws {
        try await withWorld(backend) { world in
            let batch = try await world.take()
            for _ in 0..<2 {
                let record = try await batch.succeed { transaction in
                    try await transaction.run(
                        "INSERT INTO \(world.database.prefix)sink (uid) "
                            + "SELECT coalesce(max(uid), 0) + 1 FROM \(world.database.prefix)sink"
                    )
                }
                #expect(record.status == .succeeded)
            }
            #expect(try await world.written == ["1"])
        }
    }

    @Test(
        "Rows can be read in the transaction, several statements at once",
        arguments: Backend.available
    )
    func reading(on backend: Backend) async throws {
        try await withWorld(backend) { world in
            let batch = try await world.take()
            let table = world.database.prefix + "sink"
            try await batch.succeed { transaction in
                let answers = try await transaction.run([
                    (sql: "INSERT INTO \(table) VALUES ($1)", values: [.integer(7)]),
                    (sql: "SELECT uid, $1 FROM \(table)", values: [.text("seen")]),
                ])
                #expect(answers == [[], [[.integer(7), .text("seen")]]])
            }
        }
    }

    @Test(
        "A statement that would end the transaction is refused",
        arguments: ["COMMIT", "  rollback", "BEGIN", "; END", "/* now */ COMMIT", "-- x\nCOMMIT"]
    )
    func ending(statement: String) async throws {
        for backend in Backend.available {
            try await withWorld(backend) { world in
                let batch = try await world.take()
                let error = await #expect(throws: TrancheError.self) {
                    try await batch.succeed { try await $0.run(statement) }
                }
                #expect(error?.code == .invalidArgument)
                #expect(try await world.inventory.batch(batch.id).status == .running)
            }
        }
    }

    @Test("After its closure the transaction takes nothing more", arguments: Backend.available)
    func leaking(on backend: Backend) async throws {
        try await withWorld(backend) { world in
            let batch = try await world.take()
            let (leaks, leak) = AsyncStream<SQLTransaction>.makeStream()
            try await batch.succeed { leak.yield($0) }
            leak.finish()
            for await transaction in leaks {
                let error = await #expect(throws: TrancheError.self) {
                    try await transaction.run("SELECT 1")
                }
                #expect(error?.code == .invalidArgument)
            }
        }
    }

    @Test("On SQLite, who writes for too long writes nothing")
    func tooLong() async throws {
        try await withWorld(.sqlite, clock: ImpatientClock()) { world in
            let batch = try await world.take()
            let error = await #expect(throws: TrancheError.self) {
                try await batch.succeed { transaction in
                    try await world.write(batch, transaction)
                    let (never, _) = AsyncStream<Void>.makeStream()
                    for await _ in never {}
                    try Task.checkCancellation()
                }
            }
            #expect(error?.code == .storeBusy)
            #expect(try await world.written == [])
            #expect(try await world.inventory.batch(batch.id).status == .running)
        }
    }

    // MARK: Promises

    @Test("The same SQLite file is found out, whatever its name")
    func sameFile() async throws {
        try await withWorld(.sqlite) { world in
            let link = world.database.address + "-link"
            try FileManager.default.createSymbolicLink(
                atPath: link,
                withDestinationPath: world.database.address
            )
            try await world.inventory.require(
                .transactional,
                of: SQLDatabaseSink(in: .sqlite(link))
            )
            let other = world.database.address + "-other"
            try await SQLiteInventory.migrator(other, StoreConfiguration(), creates: true).close()
            let error = await #expect(throws: TrancheError.self) {
                try await world.inventory.require(
                    .transactional,
                    of: SQLDatabaseSink(in: .sqlite(other))
                )
            }
            #expect(error?.code == .promiseNotKept)
            #expect(error?.message.contains("another database") == true)
            try await world.inventory.require(.atLeastOnce, of: SQLDatabaseSink(in: .sqlite(other)))
        }
    }

    @Test(
        "The same PostgreSQL database is found out, whatever its URL",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func sameServer() async throws {
        try await withWorld(.postgreSQL) { world in
            let url = world.database.address.replacing("127.0.0.1", with: "localhost")
            try await world.inventory.require(
                .transactional,
                of: SQLDatabaseSink(in: .postgres(url))
            )
            let other = url.replacing(/\/[^\/]*$/, with: "/template1")
            let error = await #expect(throws: TrancheError.self) {
                try await world.inventory.require(
                    .transactional,
                    of: SQLDatabaseSink(in: .postgres(other))
                )
            }
            #expect(error?.code == .promiseNotKept)
        }
    }

    @Test("A source that cannot promise what is asked for is refused, with the reason")
    func sourcePromise() async throws {
        try await withWorld(.sqlite) { world in
            try await world.database.run("CREATE TABLE reused (uid INTEGER PRIMARY KEY)")
            let request = BatchRequest(job: "copy", promise: .settled)
            let error = await #expect(throws: TrancheError.self) {
                _ = try await world.inventory.acquire(request, from: SQLSource("reused"))
            }
            #expect(error?.code == .promiseNotKept)
            #expect(error?.message.contains("used again") == true)
        }
    }
}

/// A clock by which every wait is over at once.
private struct ImpatientClock: Clock {
    var now: ContinuousClock.Instant { ContinuousClock.now }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        await Task.yield()
    }
}
