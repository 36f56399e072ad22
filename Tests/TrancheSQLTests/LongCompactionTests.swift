import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("Compaction of many batches", .serialized, .timeLimit(.minutes(10)))
struct LongCompactionTests {
    typealias Backend = TestDatabase.Backend

    @Test(
        "A death between two transactions leaves a sound inventory",
        arguments: Backend.available,
        0..<4
    )
    func death(on backend: Backend, transactions: Int) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.fill(batches: 3500)
            let ids = [Int64(1), 1000, 1001, 2_500_000]
            let before = try await InventoryAnswers(world, ids: ids, page: 900)
            let dying = world.database.dyingStore(after: transactions, now: { world.clock.now })
            await #expect(throws: Death.self) {
                _ = try await dying.compact(
                    RunSelection(),
                    endedBefore: world.clock.now,
                    isDryRun: false
                )
            }
            #expect(try await world.count() == 3500 - 1000 * transactions)
            #expect(try await world.count("_archive") == transactions)
            #expect(try await InventoryAnswers(world, ids: ids, page: 900) == before)
            #expect(try await world.compact().batches == 3500 - 1000 * transactions)
            #expect(try await InventoryAnswers(world, ids: ids, page: 900) == before)
        }
    }

    @Test(
        "A cancelled compaction stops, and what it packed stays packed",
        arguments: Backend.available
    )
    func cancellation(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.fill(batches: 3500)
            let before = try await InventoryAnswers(world, ids: [1], page: 900)
            let cancelling = world.database.dyingStore(after: 1, now: { world.clock.now }) {
                _ = withUnsafeCurrentTask { $0?.cancel() }
            }
            let task = Task {
                try await cancelling.compact(
                    RunSelection(),
                    endedBefore: world.clock.now,
                    isDryRun: false
                )
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            // The transaction that began as it was cancelled may have been the last.
            let packed = try await world.count("_archive")
            #expect((1...2).contains(packed))
            #expect(try await world.count() == 3500 - 1000 * packed)
            #expect(try await InventoryAnswers(world, ids: [1], page: 900) == before)
            #expect(try await world.compact().batches == 3500 - 1000 * packed)
            #expect(try await InventoryAnswers(world, ids: [1], page: 900) == before)
        }
    }

    @Test("Two that compact at once pack each batch once", arguments: Backend.available)
    func together(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.fill(batches: 3500)
            let before = try await InventoryAnswers(world, ids: [1, 1_000_000], page: 900)
            let packed = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<3 { group.addTask { try await world.compact().batches } }
                return try await group.reduce(0, +)
            }
            #expect(packed == 3500)
            #expect(try await InventoryAnswers(world, ids: [1, 1_000_000], page: 900) == before)
        }
    }

    @Test("A batch takes at most 16 bytes in the archive", arguments: Backend.available)
    func size(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            let batches = 10_000
            try await world.fill(batches: batches)
            let report = try await world.compact()
            #expect(report.batches == batches)
            #expect(report.archiveRows == batches / 1000)
            #expect(report.attempts == batches)
            #expect(try await world.count() == 0)
            #expect(try await world.count("_attempt") == 0)
            let bytes = Double(report.archivedBytes) / Double(batches)
            let name = world.database.prefix + "inventory_archive"
            let size: SQLStatement =
                switch backend {
                case .postgreSQL: "SELECT pg_total_relation_size(\(name))"
                case .sqlite: "SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'inventory_archive%'"
                }
            let disk = Double(try await world.database.column(size)[0]) ?? 0
            print("archive, \(backend): \(bytes) bytes a batch, \(disk / Double(batches)) on disk")
            #expect(bytes <= 16)
        }
    }
}
