import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TranchePostgreSQL
import TrancheSQL

@Suite(
    "An inventory beside the tables that an outbox records",
    .timeLimit(.minutes(5)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct OutboxOwnTablesTests {
    private func migrate(_ own: OutboxTestDatabase, _ table: String) async throws {
        let configuration = StoreConfiguration(table: table)
        let migrator = try PostgreSQLInventory.migrator(own.server.url, configuration)
        _ = try await migrator.up(to: nil, adoption: AdoptionOptions(), isDryRun: false)
        await migrator.close()
    }

    private static let tables = """
        CREATE TABLE orders (id int PRIMARY KEY);
        CREATE TABLE orders_migration (id int PRIMARY KEY);
        CREATE TABLE orders_run (id int PRIMARY KEY);
        """
    private static let recorded = ["public.orders", "public.orders_migration", "public.orders_run"]

    @Test("Its tables are left out of a schema, also those made later, and refused by name")
    func leftOut() async throws {
        try await withOutboxDatabase { own in
            try await own.run(Self.tables)
            try await migrate(own, "stock")
            let outbox = try own.outbox(schemas: ["public", "tranche"])
            try await outbox.install()
            try await migrate(own, "later")
            #expect(try await outbox.refresh() == OutboxReport())
            let status = try #require(try await outbox.status())
            #expect(status.parts.map(\.relation) == Self.recorded)
            #expect(status.blindSpots.filter { $0.relation != nil } == [])
            for table in ["stock", "stock_run", "stock_migration", "later_input_log"] {
                let error = await #expect(throws: TrancheError.self) {
                    try await own.outbox("named", OutboxTable(table)).install()
                }
                #expect(error?.code == .invalidArgument)
                #expect(
                    error?.message.hasSuffix("is the database's or Tranche's own") == true,
                    "\(error?.message ?? "")"
                )
            }
        }
    }

    @Test("What was recorded before it was known as an inventory is given up")
    func givenUp() async throws {
        try await withOutboxDatabase { own in
            try await own.run(Self.tables)
            try await migrate(own, "stock")
            try await own.run("ALTER TABLE stock_migration RENAME TO moved;")
            let outbox = try own.outbox(schemas: ["public"])
            try await outbox.install()
            let before = try #require(try await outbox.status()).parts.map(\.relation)
            #expect(before.contains("public.stock"))
            try await own.run("ALTER TABLE moved RENAME TO stock_migration;")
            #expect(try await outbox.install().givenUp.contains("stock"))
            let after = try #require(try await outbox.status()).parts.map(\.relation)
            #expect(after == Self.recorded)
        }
    }

    @Test("What an earlier version installed is brought up to date by installing again")
    func renewed() async throws {
        try await withOutboxDatabase { own in
            try await own.run(Self.tables)
            try await migrate(own, "stock")
            let outbox = try own.outbox(schemas: ["public"])
            try await outbox.install()
            // A version before knew no inventory.
            let source = try await own.read(
                "SELECT pg_get_functiondef(CAST('tranche.wanted(text)' AS regprocedure))"
            )
            let known = "EXISTS (SELECT FROM own WHERE own.oid = "
            let old = try #require(source.first)
                .replacing("AND NOT \(known)c.oid)", with: "")
                .replacing("WHEN \(known)k.root) THEN 'own'", with: "")
            try await own.run("\(old); COMMENT ON TABLE tranche.log IS 'version 4';")
            #expect(try await outbox.refresh().covered.map(\.relation).contains("public.stock"))
            #expect(try await outbox.install().givenUp.contains("stock"))
            let status = try #require(try await outbox.status())
            #expect(status.parts.map(\.relation) == Self.recorded)
        }
    }

    @Test(
        "A drain of a schema in which its own inventory is ends, with the one event",
        .timeLimit(.minutes(1))
    )
    func drains() async throws {
        try await withOutboxDatabase { own in
            try await own.run("CREATE TABLE orders (id int PRIMARY KEY);")
            try await migrate(own, "inventory")
            let input = try PostgreSQLInput(
                .init(name: "all", schemas: ["public"]),
                url: own.server.url
            )
            _ = try await input.install()
            try await own.run("INSERT INTO orders VALUES (7);")
            let seen = Mutex<[String]>([])
            try await Inventory.with(.postgres(own.server.url)) { inventory in
                let orchestrator = Orchestrator(inventory)
                try orchestrator.add(input)
                try orchestrator.add(
                    ClosureProcess("p") { event in
                        seen.withLock { $0.append("\(event.location) \(event.id)") }
                    }
                )
                try orchestrator.link("all", to: "p")
                try await orchestrator.drain()
            }
            #expect(seen.withLock { $0 } == ["public.orders 7"])
            let locations = try await own.read("SELECT DISTINCT location FROM tranche.log_all")
            #expect(locations == ["public.orders"])
        }
    }
}
