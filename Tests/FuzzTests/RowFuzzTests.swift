import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL
import TrancheSQLite
import TrancheTestKit

@Suite("Odd rows, weights and requests", .timeLimit(.minutes(600)))
struct RowFuzzTests {
    @Test("A run over odd rows goes on, or says why not: the reference store")
    func reference() async throws {
        var tally = Tally()
        try await FuzzRun(kind: "rows in memory", percent: 1).run { random in
            let clock = ManualClock()
            let store = MemoryInventoryStore(clock: clock)
            let inventory = Inventory(store: store, configuration: Self.configuration(clock))
            let source = MemorySource(items: Self.items(&random, count: 12))
            return await Self.use(inventory, source, clock, &random, &tally) { items in
                source.insert(items)
                source.delete(items.prefix(1).map { $0.id &+ 1 })
            }
        }
        tally.expectBatches()
    }

    @Test("A run over odd rows goes on, or says why not: SQLite")
    func sqlite() async throws {
        try await withTestDatabase(.sqlite) { database in
            try await database.run("CREATE TABLE items (uid, item, weight);")
            let migrator = try await database.migrator()
            _ = try await migrator.up(to: nil, adoption: AdoptionOptions(), isDryRun: false)
            await migrator.close()
            let clock = ManualClock()
            var configuration = Self.configuration(clock)
            configuration.store = database.configuration(now: { clock.date })
            let inventory = try await Inventory.open(
                database.location,
                configuration: configuration
            )
            var tally = Tally()
            let fuzz = FuzzRun(kind: "rows in SQLite", percent: 1)
            try await fuzz.run { random in
                _ = try await database.database.write([
                    "DELETE FROM items", "DELETE FROM inventory_gap", "DELETE FROM inventory",
                    "DELETE FROM inventory_run",
                ])
                let items = Self.items(&random, count: 12)
                try await Self.insert(items, into: database.database, &random)
                let inserted = random
                let source = SQLSource("items")
                return await Self.use(inventory, source, clock, &random, &tally) { items in
                    var random = inserted
                    try await Self.insert(items, into: database.database, &random)
                }
            }
            tally.expectBatches()
            await inventory.close()
        }
    }

    /// What was done in all.
    private struct Tally {
        var steps = 0
        var batches = 0

        /// Expects that not only errors came, but where hardly anything was asked.
        func expectBatches() {
            #expect(batches > 0 || steps < 100)
        }
    }

    private static func configuration(_ clock: ManualClock) -> Inventory.Configuration {
        Inventory.Configuration(
            store: StoreConfiguration(now: { clock.date }),
            worker: "worker",
            retryLimit: .zero,
            clock: clock,
            randomness: { 0 }
        )
    }

    private static func items(_ random: inout FuzzRandom, count: Int) -> [Item] {
        (0..<random.count(0...count)).map { _ in
            let id = random.hits(oneIn: 3) ? random.integer() : Int64(random.count(-3...20))
            let weight = random.hits(oneIn: 2) ? random.double().magnitude : random.double()
            return Item(
                id: id,
                item: .text(random.text()),
                weight: random.hits(oneIn: 2) ? 1 : weight
            )
        }
    }

    private static func insert(
        _ items: [Item],
        into database: any SQLDatabase,
        _ random: inout FuzzRandom
    ) async throws {
        for item in items {
            let id: Value = random.hits(oneIn: 40) ? .text(random.text()) : .integer(item.id)
            let weight: Value = random.hits(oneIn: 20) ? .text(random.text()) : .real(item.weight)
            _ = try await database.write([
                "INSERT INTO items VALUES (\(id), \(item.item), \(weight))"
            ])
        }
    }

    /// Does odd things with a run.
    ///
    /// - Returns: How many.
    private static func use(
        _ inventory: Inventory,
        _ source: some MetaSourceDescription,
        _ clock: ManualClock,
        _ random: inout FuzzRandom,
        _ tally: inout Tally,
        change: ([Item]) async throws -> Void
    ) async -> Int {
        let steps = random.count(4...14)
        tally.steps += steps
        let key = RunKey(metaTable: "items", job: "j")
        var held: [Batch] = []
        for _ in 0..<steps {
            do {
                switch random.count(0...11) {
                case 0...3:
                    if let batch = try await acquire(inventory, source, &random) {
                        held.append(batch)
                        tally.batches += 1
                    }
                case 4, 5:
                    guard let batch = held.popLast() else { break }
                    _ = try await batch.items
                    try await batch.succeed(result: [random.text()], logging: random.text())
                case 6:
                    guard let batch = held.popLast() else { break }
                    try await batch.fail(
                        random.text(),
                        badItems: random.hits(oneIn: 2) ? [random.integer()] : []
                    )
                case 7:
                    guard let batch = held.last else { break }
                    _ = try await batch.heartbeat()
                    try await batch.release()
                case 8:
                    let options = AuditOptions(
                        ids: random.hits(oneIn: 2) ? IDBounds() : random.idBounds(),
                        budget: random.hits(oneIn: 2) ? random.duration() : nil,
                        isRepairing: random.hits(oneIn: 2),
                        redoesRange: random.hits(oneIn: 3),
                        isThorough: random.hits(oneIn: 2)
                    )
                    _ = try await inventory.audit(key, from: source, options: options)
                case 9:
                    for summary in try await inventory.summaries() {
                        for totals in summary.totals.values { precondition(totals.weight.isFinite) }
                    }
                    _ = try await inventory.batches(BatchSelection()).map {
                        ($0.ids?.count, $0.range)
                    }
                    _ = try await inventory.gaps(of: key)
                    _ = try await inventory.history(of: random.integer(), in: "items")
                case 10: try await change(items(&random, count: 3))
                default:
                    clock.advance(
                        by: .milliseconds(Int64.random(in: 0...90_000_000, using: &random))
                    )
                }
            } catch let error as TrancheError {
                // Nothing but errors that say something: that is the claim.
                #expect(!error.message.isEmpty)
            } catch {
                Issue.record("\(error)")
            }
        }
        return steps
    }

    private static func acquire(
        _ inventory: Inventory,
        _ source: some MetaSourceDescription,
        _ random: inout FuzzRandom
    ) async throws -> Batch? {
        let isOdd = random.hits(oneIn: 4)
        let policy = RunPolicy(
            lease: isOdd ? random.duration() : .seconds(60),
            maxAttempts: isOdd ? Int(random.integer()) : 2,
            backoff: isOdd ? random.duration() : .seconds(1),
            onExhausted: random.hits(oneIn: 2) ? .split : .fail,
            watch: isOdd ? random.duration() : .seconds(600)
        )
        let request = BatchRequest(
            job: random.hits(oneIn: 10) ? random.text() : "j",
            run: random.hits(oneIn: 5) ? "r" : "",
            ids: random.hits(oneIn: 5) ? random.idBounds() : IDBounds(),
            limit: BatchLimit(
                weight: random.hits(oneIn: 3) ? random.double() : nil,
                count: random.hits(oneIn: 2) ? Int(random.integer()) : nil
            ),
            minWeight: random.hits(oneIn: 8) ? random.double() : nil,
            linger: random.hits(oneIn: 8) ? random.duration() : .zero,
            policy: policy
        )
        guard case .batch(let batch) = try await inventory.acquire(request, from: source) else {
            return nil
        }
        return batch
    }
}
