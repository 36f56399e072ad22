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
        try await withTestDatabase(.postgreSQL) { database in
            try await database.run(
                """
                CREATE TABLE \(database.prefix)item (
                    id bigint PRIMARY KEY, item text, weight double precision
                );
                INSERT INTO \(database.prefix)item SELECT i, 'item', 1 FROM generate_series(1, 9) AS i;
                """
            )
            try await database.migrateUp()
            let inventory = try await database.open()
            let source = SQLSource(database.prefix + "item", uid: "id")
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
            await inventory.close()
            await writer.close()
        }
    }

    private struct NoBatch: Error {}
}
