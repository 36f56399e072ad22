import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

@Suite(
    "Budgets that several ask at once",
    .enabled(if: TestPostgreSQL.server != nil),
    .timeLimit(.minutes(5))
)
struct BudgetRaceTests {
    // job a                              another
    // reads that there is room           holds the lock of the budget
    // waits for the lock                 lets a batch of job b in, commits
    // has the lock: there is no room
    @Test("Who is let in between the look and the lock counts")
    func between() async throws {
        try await withInventory { database, inventory, source in
            let take = { @Sendable (job: String) in
                try await inventory.acquire(BatchRequest(job: job, limit: .count(1)), from: source)
            }
            guard case .batch(let first) = try await take("a"),
                case .batch(let other) = try await take("b")
            else { throw NoBatch() }
            try await first.succeed()
            try await inventory.setBudget("shared", BudgetLimits(batches: 1))
            try await inventory.setBudgets(["shared"], of: first.record.key)
            // One that has room does not hide that another has none.
            try await inventory.setParallelism(10, of: first.record.key)
            let (budget, letIn) = (
                database.name("inventory_budget"), database.name("inventory_let_in")
            )
            let writer = try #require(TestPostgreSQL.server).database(maxConnections: 1)
            let lock: SQLStatement = "SELECT id FROM \(budget) FOR UPDATE"
            let answer = try await writer.withTransaction([lock]) { connection, _ in
                async let asked = take("a")
                let waiting: SQLStatement = """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE wait_event_type = 'Lock' AND query LIKE '%\(unsafeRaw: budget.table)%'
                    """
                while try await database.column(waiting) == ["0"] { await Task.yield() }
                _ = try await connection.commit([
                    """
                    INSERT INTO \(letIn) (budget_id, batch_id, attempt)
                    SELECT id, \(other.id), 1 FROM \(budget) WHERE name = 'shared'
                    """
                ])
                return try await asked
            }
            guard case .noBatch(.limited("shared", _)) = answer else {
                Issue.record("\(answer)")
                return
            }
            try await other.succeed()
            guard case .batch = try await take("a") else { throw NoBatch() }
            await writer.close()
        }
    }

    // job a                              another
    //                                    locks the budget, and goes away
    // waits for the lock for 2 s
    // is limited by it
    //                                    comes back, gives the lock up
    // is let in
    @Test("A budget that somebody keeps locked limits by its name, and nothing is lost by that")
    func locked() async throws {
        try await withInventory { database, inventory, source in
            for name in ["another", "shared"] {
                try await inventory.setBudget(name, BudgetLimits(batches: 9))
            }
            var request = BatchRequest(job: "a", limit: .count(1))
            request.limits = RunLimits(parallelism: 9, budgets: ["another", "shared"])
            guard case .batch(let first) = try await inventory.acquire(request, from: source)
            else { throw NoBatch() }
            let budget = database.name("inventory_budget")
            let server = try #require(TestPostgreSQL.server)
            try await withTestSession(on: server) { other in
                let lock: SQLStatement =
                    "SELECT id FROM \(budget) WHERE name = 'shared' FOR UPDATE"
                try await other.run("BEGIN", lock)
                let begun = ContinuousClock.now
                let limited = NoBatchReason.limited(by: "shared", until: nil)
                // What has ended has ended all the same.
                let answer = try await inventory.acquire(
                    upTo: 1,
                    request,
                    from: source,
                    after: Batch.Done(
                        first,
                        AttemptSuccess(first.holding, result: nil, logging: nil)
                    )
                )
                #expect(answer.batches.isEmpty)
                #expect(answer.reason == limited)
                #expect(try await inventory.batch(first.id).status == .succeeded)
                // A run that would begin.
                request.job = "b"
                let new = try await inventory.acquire(upTo: 1, request, from: source)
                #expect(new.reason == limited)
                #expect(try await inventory.runs(RunSelection(job: "b")).isEmpty)
                #expect(ContinuousClock.now - begun < .seconds(15))
                try await other.run("ROLLBACK")
            }
            for job in ["a", "b"] {
                request.job = job
                guard case .batch = try await inventory.acquire(request, from: source)
                else { throw NoBatch() }
            }
        }
    }

    // another               job a, under 'shared'        job b, under 'other'
    // locks 'shared'
    // idles in transaction
    //                       heartbeats, ends, releases   is let in, ends, is let in
    //                                                    parks 'other'
    // gives the lock up
    /// Reported of DBOS (dbos-transact-ts, issue 1302): a session that idled in its transaction
    /// held up queues with nothing in hand.
    @Test("A session that idles with a budget locked holds up no end, and no run of another")
    func idling() async throws {
        try await withInventory { database, inventory, source in
            for name in ["other", "shared"] {
                try await inventory.setBudget(name, BudgetLimits(batches: 9))
            }
            let take = { @Sendable (job: String, budget: String) in
                var request = BatchRequest(job: job, limit: .count(1))
                request.limits = RunLimits(budgets: [budget])
                guard case .batch(let batch) = try await inventory.acquire(request, from: source)
                else { throw NoBatch() }
                return batch
            }
            let held = [try await take("a", "shared"), try await take("a", "shared")]
            let budget = database.name("inventory_budget")
            let server = try #require(TestPostgreSQL.server)
            try await withTestSession(on: server) { other in
                let lock: SQLStatement =
                    "SELECT id FROM \(budget) WHERE name = 'shared' FOR UPDATE"
                try await other.run("BEGIN", lock)
                // What asked for that lock would wait until the time limit.
                for batch in held { try await batch.heartbeat() }
                try await held[0].succeed()
                try await held[1].release()
                for _ in 0..<3 { try await take("b", "other").succeed() }
                try await take("b", "other").release(parking: "other", for: .seconds(1))
                try await other.run("ROLLBACK")
            }
            let batches = try await inventory.batches(BatchSelection(ids: held.map(\.id)))
            #expect(Set(batches.map(\.status)) == [.succeeded, .released])
        }
    }

    @Test("Statements behind the lock of a budget wait for locks as long as ever")
    func patience() async throws {
        let server = try #require(TestPostgreSQL.server)
        try await withTestSession(on: server) { session in
            let lock = PostgreSQLDialect().lockSoon(
                SQLTableName(table: "kept"),
                where: "id > 0",
                "FOR NO KEY UPDATE",
                within: .seconds(2)
            )
            try await session.run(
                "BEGIN",
                "CREATE TEMPORARY TABLE kept (id bigint) ON COMMIT DROP",
                "INSERT INTO kept VALUES (1), (2)",
                "SET LOCAL lock_timeout = '41s'",
                lock
            )
            #expect(try await session.run("SHOW lock_timeout") == [["41s"]])
            try await session.run("ROLLBACK")
        }
    }

    /// Lends an inventory, and a table with nine items.
    private func withInventory(
        _ body: (TestDatabase, Inventory, SQLSource) async throws -> Void
    ) async throws {
        try await withTestDatabase(.postgreSQL) { database in
            try await database.run(
                """
                CREATE TABLE \(database.prefix)item (
                    id bigint PRIMARY KEY, item text, weight double precision
                );
                INSERT INTO \(database.prefix)item
                SELECT i, 'item', 1 FROM generate_series(1, 9) AS i;
                """
            )
            try await database.migrateUp()
            let inventory = try await database.open()
            let source = SQLSource(database.prefix + "item", uid: "id")
            try await body(database, inventory, source)
            await inventory.close()
        }
    }

    private struct NoBatch: Error {}
}
