import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheConnectors
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

    // writer                     link            cleaning
    // inserts 1
    //                            is done with 2
    //                                            leaves 1
    // commits
    //                                            leaves 1
    //                            is done with 1
    //                                            removes 1
    @Test("What is committed after the link has passed it is not cleaned before it came")
    func cleanedAhead() async throws {
        try await withOutboxDatabase { database in
            try await database.run("CREATE TABLE orders (id bigint PRIMARY KEY)")
            let input = try PostgreSQLInput(
                .init(name: "orders", tables: [OutboxTable("orders")]),
                url: database.server.url
            )
            _ = try await input.install()
            let source = input.source(for: Link(from: "orders", to: "p"))
            let other = try database.server.database(maxConnections: 1)
            let clock = ManualClock()
            let inventory = Inventory(store: MemoryInventoryStore(clock: clock))
            let request = BatchRequest(
                job: "orders/p",
                limit: .count(10),
                policy: RunPolicy(settleWait: .zero)
            )
            @Sendable func work() async throws -> [String] {
                let answer = try await inventory.acquire(request, from: source)
                guard case .batch(let batch) = answer else { return [] }
                let keys = try await batch.items.map { try input.event(of: $0).id }
                try await batch.succeed()
                return keys
            }
            @Sendable func cleanedLog() async throws -> [String] {
                _ = try await input.clean(inventory, keeping: .seconds(60))
                return try await database.read("SELECT key FROM tranche.log_orders ORDER BY id")
            }
            try await other.withTransaction([
                "INSERT INTO orders VALUES (1)"
            ]) { connection, _ in
                try await database.run("INSERT INTO orders VALUES (2)")
                #expect(try await work() == ["2"])
                #expect(try await cleanedLog() == ["2"])
                _ = try await connection.commit([])
            }
            #expect(try await cleanedLog() == ["1", "2"])
            clock.advance(by: .seconds(2))
            #expect(try await work() == ["1"])
            clock.advance(by: .seconds(2))
            #expect(try await work() == [])
            #expect(try await cleanedLog() == ["2"])
            await other.close()
        }
    }

    @Test("What one inventory is done with is kept for another, until that one is forgotten")
    func readers() async throws {
        try await withOutboxDatabase { database in
            try await database.run("CREATE TABLE orders (id bigint PRIMARY KEY)")
            let input = try PostgreSQLInput(
                .init(name: "orders", tables: [OutboxTable("orders")]),
                url: database.server.url
            )
            _ = try await input.install()
            let source = input.source(for: Link(from: "orders", to: "p"))
            let inventories = ["one", "two"].map { name in
                Inventory(store: MemoryInventoryStore(name: name))
            }
            func work(_ inventory: Inventory, _ most: Int) async throws -> Int {
                let request = BatchRequest(job: "orders/p", limit: .count(most))
                let answer = try await inventory.acquire(request, from: source)
                guard case .batch(let batch) = answer else { return 0 }
                try await batch.succeed()
                _ = try await input.clean(inventory, keeping: .seconds(60))
                return batch.count
            }
            try await database.run("INSERT INTO orders SELECT generate_series(1, 9)")
            // Each is noted before it has read anything.
            for inventory in inventories { _ = try await inventory.source(source) }
            for inventory in inventories {
                #expect(try await work(inventory, 2) == 2)
            }
            #expect(try await work(inventories[0], 100) == 7)
            let kept: SQLStatement = "SELECT count(*) FROM tranche.log_orders"
            #expect(try await database.read(kept) == ["7"])
            let status = try #require(try await input.outbox.status())
            #expect(status.readers.map(\.done).sorted() == [2, 9])
            await #expect(throws: TrancheError.self) {
                try await input.forget(reader: "nobody")
            }
            let slow = try #require(status.readers.first { $0.done == 2 })
            #expect(
                try await input.forget(reader: slow.key)
                    == ["nothing is kept for \(slow.key) any more"]
            )
            _ = try await input.clean(inventories[0], keeping: .seconds(60))
            #expect(try await database.read(kept) == ["1"])
        }
    }

    @Test("An inventory is one reader, however its table is spelt, and however often it is opened")
    func oneReader() async throws {
        try await withOutboxDatabase { database in
            try await database.run("CREATE TABLE orders (id bigint PRIMARY KEY)")
            let input = try PostgreSQLInput(
                .init(name: "orders", tables: [OutboxTable("orders")]),
                url: database.server.url
            )
            _ = try await input.install()
            let location = InventoryLocation.postgres(database.server.url)
            let migrator = try PostgreSQLInventory.migrator(
                database.server.url,
                StoreConfiguration()
            )
            _ = try await migrator.up(to: nil, adoption: AdoptionOptions(), isDryRun: false)
            await migrator.close()
            let source = input.source(for: Link(from: "orders", to: "p"))
            try await database.run("INSERT INTO orders SELECT generate_series(1, 9)")
            for schema in [nil, "public"] {
                var configuration = Inventory.Configuration()
                configuration.store.schema = schema
                try await Inventory.with(location, configuration: configuration) { inventory in
                    let request = BatchRequest(job: "orders/p", limit: .count(3))
                    guard
                        case .batch(let batch) = try await inventory.acquire(request, from: source)
                    else {
                        Issue.record("nothing was handed out")
                        return
                    }
                    try await batch.succeed()
                    _ = try await input.clean(inventory, keeping: .seconds(60))
                }
            }
            let status = try #require(try await input.outbox.status())
            #expect(status.readers.map(\.done) == [6])
            // What names the view alone knows what was cleaned, too.
            try await Inventory.with(location) { inventory in
                #expect(
                    try await input.keeping(for: inventory) == [
                        "the job orders/p needs nothing up to 6; 3 events behind that are kept for "
                            + "it, and nobody is further back"
                    ]
                )
                let key = try await inventory.run(RunSelection(job: "orders/p")).key
                var view = SQLSource(table: "event_orders", schema: "tranche", uid: "id")
                view.item = "item"
                view.weight = .none
                let report = try await inventory.audit(key, from: view)
                #expect(report.vanished.count == 0)
            }
        }
    }

    @Test("An input of updates alone gives updates, and what it leaves out is cleaned as well")
    func updatesAlone() async throws {
        try await withOutboxDatabase { database in
            try await database.run("CREATE TABLE orders (id bigint PRIMARY KEY, n integer)")
            let seen = Mutex<[String]>([])
            var types = PipelineTypes.standard(Connectors([]))
            types.processes["note"] = { settings in
                ClosureProcess(settings.name) { event in
                    seen.withLock { $0.append("\(event.operation) \(event.id)") }
                }
            }
            types.credentials = Credentials(["SHOP": database.server.url])
            let pipeline = try Pipeline(
                text: """
                    databases: {shop: {env: SHOP}}
                    inputs:
                      orders: {type: postgresql, url: shop, tables: [orders], operations: [update]}
                    processes: {p: {type: note}}
                    links: [{from: orders, to: p, count: 100, workers: 1}]
                    """,
                file: "p.yaml",
                types: types
            )
            let input = try #require(pipeline.input(named: "orders") as? PostgreSQLInput)
            _ = try await input.install()
            try await database.run("INSERT INTO orders VALUES (1, 1), (2, 2), (3, 3)")
            try await database.run("UPDATE orders SET n = n + 1 WHERE id < 3")
            try await database.run("DELETE FROM orders WHERE id = 3")
            let inventory = Inventory(store: MemoryInventoryStore())
            try await pipeline.orchestrator(on: inventory).drain()
            #expect(seen.withLock { $0 }.sorted() == ["update 1", "update 2"])
            // A key that changes is no update of either.
            try await database.run("UPDATE orders SET id = 7 WHERE id = 2")
            try await database.run("UPDATE orders SET n = 0 WHERE id = 7")
            try await pipeline.orchestrator(on: inventory).drain()
            #expect(seen.withLock { $0 }.sorted() == ["update 1", "update 2", "update 7"])
            let kept: SQLStatement = "SELECT count(*) FROM tranche.log_orders"
            #expect(try await database.read(kept) == ["1"])
        }
    }

    @Test("A truncated partition is an event that names it, and not one of the whole table")
    func truncatedPart() async throws {
        try await withOutboxDatabase { database in
            try await database.run(
                """
                CREATE TABLE p (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
                CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
                CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
                """
            )
            let input = try PostgreSQLInput(
                .init(name: "parts", tables: [OutboxTable("p")]),
                url: database.server.url
            )
            _ = try await input.install()
            try await database.run("TRUNCATE p2")
            try await database.run("TRUNCATE p")
            let items = try await database.read("SELECT item FROM tranche.event_parts ORDER BY id")
            let events = try items.map { try Event(json: $0) }
            #expect(events.map(\.location) == ["public.p", "public.p"])
            #expect(events.map(\.operation) == [.delete, .delete])
            #expect(events.map(\.id) == ["", ""])
            #expect(
                events.map(\.payload)
                    == [#"{"truncated":true,"part":"public.p2"}"#, #"{"truncated":true}"#]
            )
            try await input.remove()
        }
    }

    @Test(
        "Tables that were added or taken out since an input was installed are told, and refused",
        .timeLimit(.minutes(1))
    )
    func changedTables() async throws {
        try await withOutboxDatabase { database in
            try await database.run(
                "CREATE TABLE a (id bigint PRIMARY KEY); CREATE TABLE b (id bigint PRIMARY KEY)"
            )
            func input(
                _ tables: [String],
                payload: PostgreSQLOutbox.Payload = .key
            ) throws -> PostgreSQLInput {
                try PostgreSQLInput(
                    .init(name: "ch", tables: tables.map { OutboxTable($0) }, payload: payload),
                    url: database.server.url
                )
            }
            let log = InputLog(of: "ch", in: Inventory(store: MemoryInventoryStore()))
            let first = try input(["a"])
            _ = try await first.install()
            try await first.gather(log)
            let advice = "; 'tranche input add FILE ch' brings it up to date"
            let others = [
                (try input(["a", "b"]), "table 'public.b' is not recorded yet"),
                (try input(["a", "none"]), "table 'public.none' is not recorded yet"),
                (try input(["b"]), "table 'public.a' is recorded, and no longer named"),
                (try input(["a"], payload: .row), "its payload is 'key', and not 'row'"),
            ]
            for (other, words) in others {
                let error = await #expect(throws: TrancheError.self) { try await other.gather(log) }
                #expect(error?.code == .invalidSource)
                #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
                #expect(error?.message.hasSuffix(advice) == true)
                await #expect(throws: TrancheError.self) { try await other.run(log) }
                let told = try #require(try await other.installation())
                #expect(told.contains { $0.hasPrefix(words) }, "\(told)")
            }
            let both = others[0].0
            _ = try await both.install()
            try await both.gather(log)
            let told = try #require(try await both.installation())
            #expect(!told.contains { $0.hasSuffix(advice) }, "\(told)")
        }
    }

    @Test("An input that records no table says why")
    func recordsNothing() async throws {
        try await withOutboxDatabase { database in
            let input = try PostgreSQLInput(
                .init(name: "all", schemas: ["s"]),
                url: database.server.url
            )
            let missing = try await #require(throws: TrancheError.self) {
                _ = try await input.install()
            }
            #expect(missing.code == .invalidArgument)
            #expect(missing.message.contains("schema 's' is not there"))
            #expect(try await input.installation() == nil)
            try await database.run("CREATE SCHEMA s")
            let words = try await input.install()
            #expect(words.count == 1)
            #expect(words.first?.contains("none of the schemas 's' has one") == true, "\(words)")
            try await database.run("CREATE TABLE s.keyless (id int)")
            let keyless = try await #require(throws: TrancheError.self) {
                _ = try await input.install()
            }
            #expect(keyless.message.contains("'s.keyless' has no primary key"), "\(keyless)")
            try await database.run("CREATE TABLE s.orders (id int PRIMARY KEY)")
            #expect(try await input.install() == [])
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
