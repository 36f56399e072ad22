import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

@Suite(
    "Locks of budgets, and what is counted, by round trip",
    .enabled(if: TestPostgreSQL.server != nil),
    .timeLimit(.minutes(5))
)
struct BudgetTripTests {
    /// Of the requests since some, those that lock a budget against who lets something in.
    private func locking(_ proxy: PostgreSQLProxy, since count: Int) -> [[String]] {
        proxy.requests.dropFirst(count).filter { texts in
            texts.contains {
                $0.contains("inventory_budget") && $0.contains("FOR ") && !$0.contains("KEY SHARE")
            }
        }
    }

    @Test("Who puts a batch off or begins a run locks a budget in the trip that commits")
    func lastTrip() async throws {
        try await withProxiedInventory { _, inventory, source, proxy in
            try await inventory.setBudget("shared", BudgetLimits(batches: 9))
            var request = BatchRequest(job: "a", limit: .count(1))
            request.limits = RunLimits(budgets: ["shared"])
            var count = proxy.requests.count
            let answer = try await inventory.acquire(request, from: source)
            guard case .batch(let batch) = answer else { throw NoBatch() }
            var locks = locking(proxy, since: count)
            #expect(locks.count == 1)
            #expect(locks.allSatisfy { $0.contains("COMMIT") })
            count = proxy.requests.count
            try await batch.release(parking: "shared", for: .seconds(60), reason: "429")
            locks = locking(proxy, since: count)
            #expect(locks.count == 1)
            #expect(locks.allSatisfy { $0.contains("COMMIT") })
        }
    }

    // deferral                          another
    //                                   locks the budget
    // reads that it is not parked
    // waits for the lock
    //                                   parks it for long, commits
    // parks it no shorter
    @Test("A deferral shortens no parking that came between its look and its lock")
    func parkedBetween() async throws {
        try await withProxiedInventory { database, inventory, source, _ in
            try await inventory.setBudget("shared", BudgetLimits(batches: 9))
            var request = BatchRequest(job: "a", limit: .count(1))
            request.limits = RunLimits(budgets: ["shared"])
            guard case .batch(let batch) = try await inventory.acquire(request, from: source) else {
                throw NoBatch()
            }
            let budget = database.name("inventory_budget")
            let writer = try #require(TestPostgreSQL.server).database(maxConnections: 1)
            let lock: SQLStatement = "SELECT id FROM \(budget) FOR UPDATE"
            try await writer.withTransaction([lock]) { connection, _ in
                async let deferred = batch.release(parking: "shared", for: .seconds(60))
                try await waitForLock(of: budget, in: database)
                _ = try await connection.commit([
                    """
                    UPDATE \(budget)
                    SET parked_until = now() + interval '1 hour', park_reason = 'long'
                    """
                ])
                _ = try await deferred
            }
            await writer.close()
            #expect(try await inventory.budgets().first?.parking?.reason == "long")
            let changes = try await inventory.changes(.of(.name("shared")))
            #expect(!changes.contains { $0.what == "parked" })
        }
    }

    // run a begins                      job b                another
    // refers to the budget, waits
    //                                   is let in
    //                                                        removes the budget, waits
    //                                   is let in
    // goes on, commits
    //                                                        is refused: a refers to it
    @Test("A run that begins keeps its budget from going, and nobody from being let in")
    func beginning() async throws {
        try await withProxiedInventory { database, inventory, source, _ in
            try await inventory.setBudget("shared", BudgetLimits(batches: 9))
            let (budget, runBudget) = (
                database.name("inventory_budget"), database.name("inventory_run_budget")
            )
            let take = { @Sendable (job: String) in
                var request = BatchRequest(job: job, limit: .count(1))
                request.limits = RunLimits(budgets: ["shared"])
                guard case .batch(let batch) = try await inventory.acquire(request, from: source)
                else { throw NoBatch() }
                return batch
            }
            _ = try await take("b")
            try await database.run(
                """
                CREATE FUNCTION \(database.prefix)wait() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM pg_advisory_xact_lock(hashtext('\(database.schema ?? "")'));
                    RETURN NULL;
                END $$;
                CREATE TRIGGER wait AFTER INSERT ON \(runBudget.quoted)
                FOR EACH ROW EXECUTE FUNCTION \(database.prefix)wait();
                """
            )
            let writer = try #require(TestPostgreSQL.server).database(maxConnections: 1)
            let lock: SQLStatement = "SELECT pg_advisory_xact_lock(hashtext(\(database.schema)))"
            try await writer.withTransaction([lock]) { connection, _ in
                async let beginning = take("a")
                try await waitForLock(of: runBudget, in: database)
                _ = try await take("b")
                async let removing = removal(of: "shared", from: inventory)
                try await waitForLock(of: budget, in: database)
                _ = try await take("b")
                _ = try await connection.commit([])
                _ = try await beginning
                let error = await removing
                #expect(error?.code == .invalidArgument)
                #expect(error?.message.contains("refers to budget 'shared'") == true)
            }
            await writer.close()
            let names = try await inventory.budgets().map(\.owner)
            #expect(names == [.name("shared")])
        }
    }

    private func removal(of name: String, from inventory: Inventory) async -> TrancheError? {
        do {
            _ = try await inventory.change(budget: name, .remove)
            return nil
        } catch {
            return error as? TrancheError
        }
    }

    @Test("What is held is counted for stuck batches only where one of them is due")
    func stuckShare() async throws {
        try await withProxiedInventory { _, inventory, source, proxy in
            var request = BatchRequest(
                job: "a",
                limit: .count(1),
                policy: RunPolicy(maxAttempts: 1, extendedRetries: .seconds(3600))
            )
            let tokens = (0...).lazy.map { "token \($0)" }.filter {
                AcquireRequest.Slot(token: $0).takesStuck
            }.prefix(3)
            let count = { proxy.requests.joined().count { $0.contains("CASE WHEN failures >=") } }
            for token in tokens {
                request.token = token
                guard case .batch(let batch) = try await inventory.acquire(request, from: source)
                else { throw NoBatch() }
                // Stuck, and due in an hour.
                try await batch.fail("no")
            }
            #expect(count() == 0)
        }
    }

    @Test("How long batches took is read without what came out of them")
    func sizing() async throws {
        try await withProxiedInventory { _, inventory, source, proxy in
            var request = BatchRequest(job: "a")
            request.targetTime = TargetTime(.seconds(10), least: 2)
            _ = try await inventory.acquire(request, from: source)
            let reads = proxy.requests.filter { $0.contains { $0.contains("target_measured_at") } }
            #expect(!reads.isEmpty)
            #expect(!reads.joined().contains { $0.contains("job_result_item") })
        }
    }

    private func waitForLock(of table: SQLTableName, in database: TestDatabase) async throws {
        let waiting: SQLStatement = """
            SELECT count(*) FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND query LIKE '%\(unsafeRaw: table.quoted)%'
                AND query LIKE '%\(unsafeRaw: database.schema ?? "")%'
            """
        while try await database.column(waiting) == ["0"] { await Task.yield() }
    }

    private struct NoBatch: Error {}
}
