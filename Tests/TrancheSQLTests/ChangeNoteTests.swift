import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("What people do, and that it is kept", .timeLimit(.minutes(5)))
struct ChangeNoteTests {
    /// Batches with which something can be done.
    private struct Ground: Sendable {
        let inventory: Inventory
        let source: SQLSource
        let failed: BatchRecord
        let held: BatchRecord
        let succeeded: BatchRecord
        let quarantined: BatchRecord

        init(_ inventory: Inventory, _ source: SQLSource) async throws {
            var batches: [Batch] = []
            let request = BatchRequest(
                job: "job",
                limit: .count(2),
                policy: RunPolicy(maxAttempts: 1)
            )
            while batches.count < 4 {
                guard case .batch(let batch) = try await inventory.acquire(request, from: source)
                else { throw CancellationError() }
                batches.append(batch)
            }
            try await batches[0].fail("no")
            try await batches[2].succeed()
            try await batches[3].fail("bad", badItems: [batches[3].record.idStart])
            let bad = BatchSelection(status: .quarantined)
            (self.inventory, self.source) = (inventory, source)
            failed = try await inventory.batch(batches[0].id)
            held = try await inventory.batch(batches[1].id)
            succeeded = try await inventory.batch(batches[2].id)
            quarantined = try #require(try await inventory.batches(bad).first)
        }

        /// All that can be done, with its names in the list of changes.
        var acts: [(what: String, act: @Sendable () async throws -> Void)] {
            let (inventory, key) = (inventory, failed.key)
            return [
                ("split", { _ = try await inventory.split(failed, from: source) }),
                (
                    "retry",
                    { _ = try await inventory.retry(BatchSelection(ids: [failed.id]), reason: "a") }
                ),
                ("offer", { _ = try await inventory.offer([succeeded]) }),
                ("redrive", { _ = try await inventory.redrive(found: [quarantined], reason: nil) }),
                ("release", { _ = try await inventory.release(found: [held], reason: nil) }),
                ("pause", { try await inventory.pause(key) }),
                ("pause", { try await inventory.resume(key, lettingThrough: 2) }),
            ]
        }
    }

    @Test(
        "What cannot be kept in the list of changes is not done",
        arguments: TestDatabase.Backend.available
    )
    func together(on backend: TestDatabase.Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await database.migrateUp()
            try await database.makeItems(1...8)
            let inventory = try await Inventory.open(
                database.location,
                configuration: .init(store: database.configuration(), retryLimit: .zero)
            )
            let ground = try await Ground(inventory, SQLSource(database.prefix + "item"))
            let before = try await everything(inventory)
            let table = "\(database.prefix)inventory_change"
            try await database.run("ALTER TABLE \(table) RENAME TO change_gone")
            for (what, act) in ground.acts {
                await #expect(throws: TrancheError.self, "\(what)") { try await act() }
                #expect(try await everything(inventory) == before, "\(what)")
            }
            try await database.run(
                "ALTER TABLE \(database.prefix)change_gone RENAME TO inventory_change"
            )
            for (what, act) in ground.acts where what != "split" {
                try await act()
                let last = try await inventory.changes(.acts(ground.failed.key), limit: 1).first
                #expect(last?.what == what)
            }
            await inventory.close()
        }
    }

    /// All batches, and how their run is paused.
    private func everything(_ inventory: Inventory) async throws -> [String] {
        let batches = try await inventory.batches(BatchSelection()).map {
            "\($0.id) \($0.status) \($0.failures) \($0.retryAt?.milliseconds ?? 0)"
        }
        let runs = try await inventory.runs(RunSelection(), after: nil, limit: 10).map {
            "\($0.key) \($0.pauseReason ?? "-") \($0.letThrough)"
        }
        return batches + runs
    }
}
