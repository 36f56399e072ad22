import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

@Suite("The dialect of PostgreSQL", .enabled(if: TestPostgreSQL.server != nil))
struct PostgreSQLDialectTests {
    @Test(
        "Rows that are changed together are looked up, also in a table that is small",
        arguments: [2, 64]
    )
    func bulkValues(count: Int) async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let table = database.name("thing")
            try await database.run(
                """
                CREATE TABLE \(table.quoted) (id bigint PRIMARY KEY, attempt integer, note text);
                INSERT INTO \(table.quoted) SELECT i, 1, 'old' FROM generate_series(1, 200) AS i;
                ANALYZE \(table.quoted);
                """
            )
            let server = try #require(TestPostgreSQL.server)
            let opened = try server.database(maxConnections: 1)
            let rows = (1...count).map { number -> [Value] in
                [.integer(Int64(number)), .integer(number == 2 ? 7 : 1), .text("a \"new\" \\ one")]
            }
            let (isMeant, values) = try #require(opened.dialect.bulkValues(of: rows, by: "id"))
            let update: SQLStatement = """
                UPDATE \(table) SET note = \(values[1]) WHERE \(isMeant) AND attempt = \(values[0])
                """
            let plan = try await opened.write(["EXPLAIN \(update)"])[0].map { try $0.text() }
            #expect(plan.contains { $0.contains("Index Cond: (id = ANY") }, "\(plan)")
            #expect(!plan.contains { $0.contains("Join") }, "\(plan)")
            _ = try await opened.write([update])
            let changed = try await database.column(
                "SELECT count(*) FROM \(table) WHERE note = 'a \"new\" \\ one'"
            )
            // The second row is at another attempt.
            #expect(changed == ["\(count - 1)"])
            await opened.close()
        }
    }
}
