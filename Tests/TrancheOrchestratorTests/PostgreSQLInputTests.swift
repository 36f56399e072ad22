import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite
import TrancheTestKit

@Suite("Tables of PostgreSQL as inputs")
struct PostgreSQLInputTests {
    @Test("What is committed late is waited for, and nothing is cleaned before it came")
    func lateCommits() async throws {
        try await withOutboxDatabase { database in
            try await database.run("CREATE TABLE orders (id bigint PRIMARY KEY)")
            let input = try PostgreSQLInput(
                .init(name: "orders", tables: [OutboxTable("orders")]),
                url: database.server.url
            )
            _ = try await input.install()
            let source = input.source(for: Link(from: "orders", to: "p"))
            let other = try database.server.database(maxConnections: 1)
            let store = MemoryInventoryStore()
            let inventory = Inventory(store: store)
            let taken = try await other.withTransaction([
                "INSERT INTO orders VALUES (1)"
            ]) { connection, _ in
                try await database.run("INSERT INTO orders VALUES (2)")
                let request = BatchRequest(job: "orders/p", limit: .count(1))
                // The one that is open has the lower number.
                let answer = try await inventory.acquire(request, from: source)
                _ = try await input.clean(inventory, keeping: .seconds(60))
                _ = try await connection.commit([])
                return answer
            }
            guard case .noBatch = taken else {
                Issue.record("something was handed out beside an open writer: \(taken)")
                return
            }
            var keys: [String] = []
            let request = BatchRequest(job: "orders/p", limit: .count(1))
            while case .batch(let batch) = try await inventory.acquire(request, from: source) {
                keys += try await batch.items.map { try input.event(of: $0).id }
                try await batch.succeed()
            }
            #expect(keys == ["1", "2"])
            await other.close()
        }
    }

    @Test(
        "Who writes for long holds up the others for as long as the input says, and comes late",
        .timeLimit(.minutes(1))
    )
    func longWriter() async throws {
        try await withOutboxDatabase { database in
            try await database.run(
                "CREATE TABLE orders (id bigint PRIMARY KEY); CREATE TABLE other (id bigint PRIMARY KEY)"
            )
            let input = try PostgreSQLInput(
                .init(name: "all", tables: [OutboxTable("orders"), OutboxTable("other")]),
                url: database.server.url
            )
            _ = try await input.install()
            let writer = try database.server.database(maxConnections: 1)
            let (seen, continuation) = AsyncStream<String>.makeStream()
            let stop = StopSource()
            let orchestrator = Orchestrator(Inventory(store: MemoryInventoryStore()), stop: stop)
            try orchestrator.add(input)
            try orchestrator.add(ClosureProcess("p") { continuation.yield($0.id) })
            try orchestrator.link("all", to: "p")
            let running = Task { try await orchestrator.run() }
            @Sendable func next() async -> String? { await seen.first { _ in true } }
            let first = try await writer.withTransaction([
                "INSERT INTO other VALUES (1)"
            ]) { connection, _ in
                try await database.run("INSERT INTO orders VALUES (2)")
                // It comes although the one before it is still open.
                let first = await next()
                _ = try await connection.commit([])
                return first
            }
            #expect(first == "2")
            #expect(await next() == "1")
            stop.advance(to: .stopping)
            try await running.value
            await writer.close()
        }
    }

    @Test("Changes are events once, are cleaned when they are done with, and are missed by nobody")
    func changes() async throws {
        try await withOutboxDatabase { database in
            try await database.run(
                """
                CREATE TABLE orders (id bigint PRIMARY KEY, price numeric, n integer);
                """
            )
            let input = try PostgreSQLInput(
                .init(name: "orders", tables: [OutboxTable("orders")], payload: .row),
                url: database.server.url
            )
            #expect(try await input.installation() == nil)
            #expect(try await input.install() == ["public.orders is recorded"])
            #expect(try await input.install() == [])
            try await withTemporaryFolder { folder in
                try await Inventory.with(.sqlite(folder.path("inventory.db"))) { inventory in
                    let seen = Mutex<[Event]>([])
                    func work() async throws {
                        let orchestrator = Orchestrator(inventory)
                        try orchestrator.add(input)
                        try orchestrator.add(
                            ClosureProcess("p") { event in seen.withLock { $0.append(event) } }
                        )
                        try orchestrator.link(Link(from: "orders", to: "p", workers: 1))
                        try await orchestrator.drain()
                    }
                    try await database.run("INSERT INTO orders VALUES (1, 1.50), (2, 2)")
                    try await work()
                    try await database.run("UPDATE orders SET price = 3.10 WHERE id = 2")
                    try await database.run("DELETE FROM orders WHERE id = 1")
                    try await database.run("TRUNCATE orders")
                    try await work()
                    let events = seen.withLock { $0 }
                    #expect(
                        events.map { "\($0.operation) \($0.id)" }
                            == ["create 1", "create 2", "update 2", "delete 1", "delete "]
                    )
                    #expect(events.allSatisfy { $0.location == "public.orders" })
                    #expect(events.allSatisfy { $0.trigger == "orders" })
                    #expect(events[0].payload?.contains("1.50") == true)
                    #expect(events[4].payload == #"{"truncated":true}"#)
                    _ = try await input.clean(inventory, keeping: .seconds(60))
                    let kept = try await database.read("SELECT count(*) FROM tranche.log_orders")
                    #expect(kept == ["1"])
                    let key = try await inventory.run(RunSelection(job: "orders/p")).key
                    let link = Link(from: "orders", to: "p")
                    let report = try await inventory.audit(key, from: input.source(for: link))
                    #expect(report.vanished.count == 0)
                    try await work()
                    #expect(seen.withLock { $0.count } == 5)
                }
            }
            try await input.remove()
            #expect(try await input.installation() == nil)
        }
    }
}
