import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheTestKit

@Suite(
    "A standby that takes the place of a source's server",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct PromotionTests {
    /// A standby that was streaming stands up to 32 ids further in its sequence than the rows that
    /// it has, or right behind them; then no id below those given anew tells of the loss.
    @Test(
        "Rows that a standby gives under ids handed out before are handed out, each once",
        arguments: [133, 101] as [Int64]
    )
    func lossy(first: Int64) async throws {
        try await withOwnPostgreSQL { primary in
            let bench = try await Bench(primary, rows: 100)
            #expect(try await bench.takeAll() == 1...100)
            try await withStandby(of: primary) { standby in
                // What the standby never sees, and what workers had all the same.
                try await bench.insert(100, "lost", on: primary)
                #expect(try await bench.takeAll() == 101...200)
                let moved = try await bench.moved(from: primary, to: standby)
                try await bench.run("SELECT setval('item_uid_seq', \(first - 1))", on: standby)
                try await bench.insert(20, "new", on: standby)
                bench.clock.advance(by: .seconds(2))
                let again = try await moved.take()
                let doubtful = Array(1...100) + Array(first..<(first + 20))
                #expect(again.keys.sorted() == doubtful)
                #expect(again.filter { $0.key > 100 }.allSatisfy { $0.value == "new" })
                let found = try #require(try await moved.record().standing.promotion)
                #expect(found.from == 1)
                #expect(found.to == 2)
                #expect(found.compared == 200)
                #expect(found.missing == 80)
                #expect(found.redone == doubtful.count)
                // Below the cursor, and beyond it.
                try await bench.insert(100, "new", on: standby)
                var rest: [Int64: String] = [:]
                for _ in 0..<4 {
                    bench.clock.advance(by: .seconds(60))
                    rest.merge(try await moved.take()) { _, _ in "twice" }
                }
                #expect(rest.keys.sorted() == [Int64]((first + 20)..<(first + 120)))
                #expect(rest.values.allSatisfy { $0 == "new" })
                #expect(try await moved.record().standing.hold == nil)
                await moved.inventory.close()
            }
        }
    }

    @Test("A standby that has all hands out nothing twice")
    func lossless() async throws {
        try await withOwnPostgreSQL { primary in
            let bench = try await Bench(primary, rows: 100)
            #expect(try await bench.takeAll() == 1...100)
            try await withStandby(of: primary) { standby in
                let moved = try await bench.moved(from: primary, to: standby)
                try await bench.run("SELECT setval('item_uid_seq', 132)", on: standby)
                try await bench.insert(5, "new", on: standby)
                bench.clock.advance(by: .seconds(2))
                #expect(try await moved.take().keys.sorted() == [133, 134, 135, 136, 137])
                let found = try #require(try await moved.record().standing.promotion)
                #expect(found.compared == 100)
                #expect(found.missing == 0)
                #expect(found.redone == 0)
                await moved.inventory.close()
            }
        }
    }

    @Test("An inventory that goes back with its source compares nothing and leaves out numbers")
    func beside() async throws {
        try await withOwnPostgreSQL { own in
            try await withTestDatabase(on: own.server) { database in
                try await database.migrateUp()
                try await database.makeItems(1...4)
                let source = SQLSource(database.prefix + "item")
                for expected in [1, 2] {
                    let inventory = try await Inventory.open(
                        database.location,
                        configuration: .init(store: database.configuration())
                    )
                    let batch = try #require(
                        try await inventory.acquireBatch(from: source, job: "j", limit: .count(2))
                    )
                    #expect(batch.ids.lowerBound == (expected == 1 ? 1 : 3))
                    // No number is given again that a worker of the lost timeline may hold.
                    #expect(expected == 1 ? batch.id == 1 : batch.id > 10_000)
                    try await batch.succeed()
                    let run = try #require(try await inventory.runs(RunSelection()).first)
                    #expect(run.standing.promotion?.to == (expected == 1 ? nil : 2))
                    #expect(run.standing.promotion?.compared ?? 0 == 0)
                    await inventory.close()
                    if expected == 1 {
                        try await own.becomeStandby()
                        try await own.promote()
                    }
                }
            }
        }
    }
}

@Suite(
    "Numbers of batches when a standby takes the place of the inventory's server",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct PromotedNumbersTests {
    @Test("Neither parts nor runs that are new or begin anew get one that was given before")
    func notTwice() async throws {
        try await withOwnPostgreSQL { own in
            try await withTestDatabase(on: own.server) { database in
                try await database.migrateUp()
                try await database.makeItems(1...4)
                let source = SQLSource(database.prefix + "item")
                func promoted() async throws -> Inventory {
                    try await own.becomeStandby()
                    try await own.promote()
                    return try await Inventory.open(
                        database.location,
                        configuration: .init(store: database.configuration())
                    )
                }
                var inventory = try await Inventory.open(
                    database.location,
                    configuration: .init(store: database.configuration())
                )
                func take(_ job: String) async throws -> Batch {
                    try #require(
                        try await inventory.acquireBatch(from: source, job: job, limit: .count(2))
                    )
                }
                let held = try await take("old")
                #expect(held.id == 1)
                await inventory.close()

                inventory = try await promoted()
                let opened = try await inventory.source(source)
                let parts = try await inventory.parts(of: held.record, bad: [1], in: opened)
                let failure = BatchFailure("rotten", parts: parts)
                _ = try await inventory.store.fail(held.holding, with: failure)
                let made = try await inventory.store.batches(BatchSelection()).map(\.id)
                #expect(made.count == 3 && made.allSatisfy { $0 == 1 || $0 > 10_000 })
                await inventory.close()

                inventory = try await promoted()
                let first = try await take("new")
                #expect(first.id > 20_000)
                try await first.succeed()
                await inventory.close()

                inventory = try await promoted()
                _ = try await inventory.restart(first.record.key)
                #expect(try await take("new").id > 30_000)

                // One that stays open has its dead connections replaced.
                try await own.becomeStandby()
                try await own.promote()
                #expect(try await take("new").id > 40_000)
                await inventory.close()
            }
        }
    }

    /// What a restored dump and `pg_upgrade` leave behind is the timeline of another server, which
    /// may stand anywhere.
    @Test("A timeline that is not the server's leaves numbers out, once", arguments: [1, -1])
    func elsewhere(step: Int) async throws {
        try await withTestDatabase(.postgreSQL) { database in
            try await database.migrateUp()
            try await database.makeItems(1...8)
            let source = SQLSource(database.prefix + "item")
            func take(_ job: String) async throws -> Int64 {
                let inventory = try await database.open()
                let batch = try #require(
                    try await inventory.acquireBatch(from: source, job: job, limit: .count(2))
                )
                try await batch.succeed()
                await inventory.close()
                return batch.id
            }
            let first = try await take("j")
            try await database.run(
                "UPDATE \(database.prefix)inventory_run SET timeline = timeline + (\(step))"
            )
            let second = try await take("j")
            #expect(second > first + 10_000)
            #expect(try await take("j") < second + 10_000)
            #expect(try await take("other") < second + 10_000)
        }
    }

    @Test("A connection that was made to the standby leaves numbers out once that leads")
    func kept() async throws {
        try await withOwnPostgreSQL { own in
            try await withTestDatabase(on: own.server) { database in
                try await database.migrateUp()
                try await database.makeItems(1...6)
                let source = SQLSource(database.prefix + "item")
                func open() async throws -> Inventory {
                    try await Inventory.open(
                        database.location,
                        configuration: .init(store: database.configuration())
                    )
                }
                var inventory = try await open()
                let first = try #require(
                    try await inventory.acquireBatch(from: source, job: "j", limit: .count(2))
                )
                #expect(first.id == 1)
                try await first.succeed()
                await inventory.close()

                try await own.becomeStandby()
                inventory = try await open()
                #expect(try await inventory.runs(RunSelection()).count == 1)
                try await own.promote()
                let second = try #require(
                    try await inventory.acquireBatch(from: source, job: "j", limit: .count(2))
                )
                #expect(second.id > 10_000)
                try await second.succeed()
                // Once.
                let third = try #require(
                    try await inventory.acquireBatch(from: source, job: "j", limit: .count(2))
                )
                #expect(third.id < 20_000)
                await inventory.close()
            }
        }
    }

    /// A program of an earlier version keeps the bare timeline, and compares which is higher.
    @Test("A program of an earlier version still finds its timeline the higher one")
    func earlier() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let name = try PostgreSQLURL(database.address)
            let opened = PostgreSQLDatabase(
                url: name,
                isReadOnly: false,
                lockTimeout: .seconds(30),
                maxConnections: 1
            )
            let timeline = try await opened.withConnection { connection in
                try await connection.timeline()
            }
            #expect(try #require(timeline) < 1)
            await opened.close()
        }
    }

    @Test("No two databases of a server have one timeline")
    func databases() async throws {
        try await withOwnPostgreSQL { own in
            var timelines: Set<Int64> = []
            for name in ["tranche", "postgres"] {
                let database = PostgreSQLDatabase(
                    url: try PostgreSQLURL(own.url(name)),
                    isReadOnly: false,
                    lockTimeout: .seconds(30),
                    maxConnections: 1
                )
                let timeline = try await database.withConnection { connection in
                    try await connection.timeline()
                }
                timelines.insert(try #require(timeline))
                await database.close()
            }
            #expect(timelines.count == 2)
        }
    }

    /// A right that is taken away is the same to it as a function that is not there.
    @Test(
        "Behind a pooler, a timeline that is told no longer is done without",
        .enabled(if: TestPooler.transaction != nil),
        arguments: [false, true]
    )
    func untold(isAtOnce: Bool) async throws {
        let server = try #require(TestPostgreSQL.server)
        let pooler = try #require(TestPooler.transaction)
        try await withOwnDatabase(on: server) { own in
            let name = try #require(own.url.split(separator: "/").last)
            let pooled = TestPostgreSQL(
                url: pooler.url.replacing(#/\/[^\/]*$/#, with: "/\(name)")
            )
            let database = try pooled.database(maxConnections: 1)
            try await closing(database) {
                func timeline() async throws -> Int64? {
                    try await database.withTransaction(["SELECT 1"]) { connection, _ in
                        try await connection.timeline()
                    }
                }
                let first = try #require(try await timeline())
                let owner = try own.database(maxConnections: 1)
                try await owner.run(
                    "ALTER FUNCTION pg_catalog.pg_control_checkpoint() RENAME TO pg_control_gone"
                )
                await owner.close()
                if isAtOnce {
                    let error = await #expect(throws: PostgreSQLError.self) {
                        try await database.withConnection { connection in
                            guard let required = connection.requirement(of: first) else { return }
                            _ = try await connection.atomically([required], isWriting: true)
                        }
                    }
                    #expect(error?.message.contains(SQLTimelineMark.text) == true)
                }
                #expect(try await timeline() == nil)
                let isAsked = try await database.withConnection { connection in
                    connection.requirement(of: first) != nil
                }
                #expect(!isAsked)
            }
        }
    }
}

/// A job on a table of a server, whose inventory is elsewhere.
private struct Bench {
    let clock: ManualClock
    let store: MemoryInventoryStore
    let inventory: Inventory
    let source: SQLSource

    init(_ primary: OwnPostgreSQL, rows: Int) async throws {
        let clock = ManualClock()
        self.init(MemoryInventoryStore(clock: clock), primary.url(), clock)
        try await run("CREATE TABLE item (uid bigserial PRIMARY KEY, item text)", on: primary)
        try await insert(rows, "old", on: primary)
    }

    private init(_ store: MemoryInventoryStore, _ url: String, _ clock: ManualClock) {
        self.clock = clock
        self.store = store
        inventory = Inventory(store: store, configuration: .init(clock: clock))
        source = SQLSource("item", in: .postgres(url))
    }

    /// The same job once the server is gone and its standby leads, by the URL of both.
    func moved(from primary: OwnPostgreSQL, to standby: OwnPostgreSQL) async throws -> Bench {
        try await primary.stop(.immediate)
        try await standby.promote()
        let both =
            "postgresql://postgres@127.0.0.1:\(primary.port),127.0.0.1:\(standby.port)/tranche"
        return Bench(store, both, clock)
    }

    func insert(_ count: Int, _ item: String, on server: OwnPostgreSQL) async throws {
        try await run(
            "INSERT INTO item (item) SELECT '\(item)' FROM generate_series(1, \(count))",
            on: server
        )
    }

    func run(_ script: String, on server: OwnPostgreSQL) async throws {
        let database = try server.server.database(maxConnections: 1)
        try await database.run(script)
        await database.close()
    }

    /// Does all that there is in one batch.
    func take() async throws -> [Int64: String] {
        guard let batch = try await inventory.acquireBatch(from: source, job: "j") else {
            return [:]
        }
        var items: [Int64: String] = [:]
        for item in try await batch.items { items[item.id] = item.text }
        try await batch.succeed()
        return items
    }

    func takeAll() async throws -> ClosedRange<Int64>? {
        let ids = try await take().keys.sorted()
        guard let first = ids.first, let last = ids.last, ids == Array(first...last) else {
            return nil
        }
        return first...last
    }

    func record() async throws -> RunRecord {
        try #require(try await inventory.runs(RunSelection()).first)
    }
}

private func withStandby(
    of primary: OwnPostgreSQL,
    _ body: (OwnPostgreSQL) async throws -> Void
) async throws {
    let standby = try await primary.makeStandby()
    do {
        try await body(standby)
        try await standby.remove()
    } catch {
        try await standby.remove()
        throw error
    }
}
