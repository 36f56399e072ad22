import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

@Suite(
    "Keys that several ask for at once",
    .enabled(if: TestPostgreSQL.server != nil),
    .timeLimit(.minutes(5))
)
struct KeyRaceTests {
    // one                                another
    // asks for a batch of the key        holds the lock of the run
    // waits for the lock                 hands out a batch of the key, commits
    // has the lock: the key is full
    @Test("What is handed out while the lock is waited for counts under its key")
    func between() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            try await database.run(
                """
                CREATE TABLE \(database.prefix)item (id bigint PRIMARY KEY, owner text);
                INSERT INTO \(database.prefix)item SELECT i, 'a' FROM generate_series(1, 9) AS i;
                """
            )
            try await database.migrateUp()
            let inventory = try await database.open()
            let source = SQLSource(database.prefix + "item", uid: "id", item: .none, key: "owner")
            let take = { @Sendable () in
                var request = BatchRequest(job: "j", limit: .count(1))
                request.limits = RunLimits(perKey: 2)
                return try await inventory.acquire(request, from: source)
            }
            guard case .batch(let first) = try await take(), case .batch = try await take()
            else { throw NoBatch() }
            try await first.succeed()
            let (run, batch) = (database.name("inventory_run"), database.name("inventory"))
            let writer = try #require(TestPostgreSQL.server).database(maxConnections: 1)
            let lock: SQLStatement = "SELECT id FROM \(run) FOR UPDATE"
            let answer = try await writer.withTransaction([lock]) { connection, _ in
                async let asked = take()
                let waiting: SQLStatement = """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE wait_event_type = 'Lock' AND query LIKE '%\(unsafeRaw: run.table)%'
                    """
                while try await database.column(waiting) == ["0"] { await Task.yield() }
                // The first one is handed out again, as an acquire would do it.
                _ = try await connection.commit([
                    """
                    UPDATE \(batch)
                    SET status = 'running', attempt = 2,
                        lease_expires_at = now() + interval '1 minute'
                    WHERE id = \(first.id)
                    """
                ])
                return try await asked
            }
            guard case .noBatch(.limited("key 'a'", _)) = answer else {
                Issue.record("\(answer)")
                return
            }
            await inventory.close()
            await writer.close()
        }
    }

    @Test("Many with connections of their own never hold more of a key than allowed")
    func manyAtOnce() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            try await database.run(
                """
                CREATE TABLE \(database.prefix)item (id bigint PRIMARY KEY, owner text);
                INSERT INTO \(database.prefix)item
                SELECT i, chr(97 + (i / 10 % 3)::integer) FROM generate_series(1, 240) AS i;
                """
            )
            try await database.migrateUp()
            let source = SQLSource(database.prefix + "item", uid: "id", item: .none, key: "owner")
            // Each with connections of its own, as processes have.
            var inventories: [Inventory] = []
            for _ in 0..<4 { inventories.append(try await database.open()) }
            let request = { @Sendable () in
                var request = BatchRequest(job: "j", limit: .count(1))
                request.limits = RunLimits(perKey: 3)
                return request
            }
            let most = try await withThrowingTaskGroup(of: Int.self) { group in
                for inventory in inventories {
                    for _ in 0..<2 {
                        group.addTask {
                            try await Self.work(inventory, source, request(), in: database)
                        }
                    }
                }
                return try await group.reduce(0, max)
            }
            #expect(most <= 3)
            let inventory = database.name("inventory")
            let done: SQLStatement =
                "SELECT count(*) FROM \(inventory) WHERE status = 'succeeded'"
            #expect(try await database.column(done) == ["240"])
            for inventory in inventories { await inventory.close() }
        }
    }

    /// Works on batches until there is none.
    ///
    /// - Returns: The most batches of one key that were seen to be held.
    private static func work(
        _ inventory: Inventory,
        _ source: SQLSource,
        _ request: BatchRequest,
        in database: TestDatabase
    ) async throws -> Int {
        var most = 0
        while true {
            switch try await inventory.acquire(request, from: source) {
            case .batch(let batch):
                let held = try await database.column(
                    """
                    SELECT max(held) FROM (
                        SELECT count(*) AS held FROM \(database.name("inventory"))
                        WHERE status = 'running' GROUP BY item_key
                    ) AS keys
                    """
                )
                most = max(most, held.first.flatMap { Int($0) } ?? 0)
                try await batch.succeed()
            case .noBatch(.limited), .noBatch(.waiting): await Task.yield()
            case .noBatch: return most
            }
        }
    }

    private struct NoBatch: Error {}
}
