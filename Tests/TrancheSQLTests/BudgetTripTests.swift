import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("What acquires under budgets send", .serialized, .timeLimit(.minutes(5)))
struct BudgetTripTests {
    @Test(
        "What is due is asked for once, as new batches are",
        arguments: TestDatabase.Backend.available
    )
    func due(on backend: TestDatabase.Backend) async throws {
        try await withTestDatabase(backend, isMigrated: true) { database in
            try await database.makeItems(1...9)
            let trips = try await trips(on: database.database, database)
            #expect(trips.new.allSatisfy { $0 == 2 }, "\(trips)")
            // One that is refused, rolled back and asked again takes five; where there is one
            // writer nothing is refused, and what is held is added up now and then.
            if backend == .postgreSQL { #expect(trips.due.allSatisfy { $0 <= 4 }, "\(trips)") }
        }
    }

    private func trips(
        on base: some SQLDatabase,
        _ test: TestDatabase
    ) async throws -> (new: [Int], due: [Int]) {
        try await base.writers.withConnection { writer in
            try await trips(on: base, through: writer, test)
        }
    }

    private func trips<Base: SQLDatabase>(
        on base: Base,
        through writer: Base.Connection,
        _ test: TestDatabase
    ) async throws -> (new: [Int], due: [Int]) {
        try await base.readers.withConnection { reader in
            let log = StatementLog()
            let database = RecordedDatabase(base, writer, reader, log)
            let location = InventoryLocation(name: "recorded") {
                SQLInventoryStore(database, configuration: $0)
            }
            let configuration = Inventory.Configuration(store: test.configuration())
            let inventory = try await Inventory.open(location, configuration: configuration)
            let source = SQLSource(test.prefix + "item")
            let first = try await batch(inventory, source)
            try await inventory.setParallelism(10, of: first.record.key)
            // What is known of the budget is from the first acquire under it.
            var batches = [first, try await batch(inventory, source)]
            var (new, due): ([Int], [Int]) = ([], [])
            for _ in 0..<4 {
                _ = log.take()
                batches.append(try await batch(inventory, source))
                new.append(log.take().count)
            }
            for batch in batches { try await batch.release() }
            for _ in batches {
                _ = log.take()
                _ = try await batch(inventory, source)
                due.append(log.take().count)
            }
            return (new, due)
        }
    }

    private func batch(_ inventory: Inventory, _ source: SQLSource) async throws -> Batch {
        let request = BatchRequest(job: "job", limit: .count(1))
        guard case .batch(let batch) = try await inventory.acquire(request, from: source) else {
            throw NoBatch()
        }
        return batch
    }

    private struct NoBatch: Error {}

    @Test(
        "Batches whose weights add up to more than any number are handed out under a budget",
        arguments: TestDatabase.Backend.available
    )
    func heavy(on backend: TestDatabase.Backend) async throws {
        try await withTestDatabase(backend, isMigrated: true) { database in
            try await database.makeItems(1...6)
            if backend == .postgreSQL {
                try await database.run(
                    "ALTER TABLE \(database.prefix)item ALTER COLUMN weight TYPE double precision"
                )
            }
            try await database.run("UPDATE \(database.prefix)item SET weight = 1e308")
            let inventory = try await database.open()
            let source = SQLSource(database.prefix + "item")
            let first = try await batch(inventory, source)
            try await inventory.setParallelism(4, of: first.record.key)
            try await first.succeed()
            for _ in 0..<2 {
                let two = [try await batch(inventory, source), try await batch(inventory, source)]
                for batch in two { try await batch.succeed() }
            }
            await inventory.close()
        }
    }

    @Test(
        "A wait that was noted before the clock was set back is none",
        arguments: TestDatabase.Backend.available
    )
    func setBack(on backend: TestDatabase.Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await database.migrateUp()
            try await database.makeItems(1...9)
            let now = Date(timeIntervalSince1970: 1_767_225_600)
            let source = SQLSource(database.prefix + "item")
            let ahead = try await database.open(now: { now.addingTimeInterval(86_400) })
            let first = try await batch(ahead, source)
            _ = try await ahead.setBudget("shared", BudgetLimits(batches: 1))
            try await ahead.setBudgets(["shared"], of: first.record.key)
            var isLimited = false
            for _ in 0..<3 where !isLimited {
                let request = BatchRequest(job: "job", limit: .count(1))
                if case .noBatch(.limited) = try await ahead.acquire(request, from: source) {
                    isLimited = true
                }
            }
            #expect(isLimited)
            #expect(try await waits(in: ahead) == 1)
            await ahead.close()
            let inventory = try await database.open(now: { now })
            #expect(try await waits(in: inventory) == 0)
            await inventory.close()
        }
    }

    private func waits(in inventory: Inventory) async throws -> Int {
        try await inventory.budgets().flatMap(\.claims).count { $0.wait != nil }
    }
}
