import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("How long a store lives", .serialized, .timeLimit(.minutes(5)))
struct StoreLifeTests {
    /// Refers to an object without keeping it.
    private struct Weak: ~Copyable {
        weak var object: AnyObject?
    }

    @Test(
        "A store that nobody refers to any more is freed, whatever was acquired through it",
        arguments: TestDatabase.Backend.available
    )
    func freed(on backend: TestDatabase.Backend) async throws {
        try await withTestDatabase(backend, isMigrated: true) { database in
            try await database.makeItems(1...5)
            var known = Weak(object: nil)
            try await work(in: database, &known)
            #expect(known.object == nil)
        }
    }

    /// Opens an inventory, works with it, and closes it.
    private func work(in database: TestDatabase, _ known: inout Weak) async throws {
        let inventory = try await database.open()
        known.object = inventory.store as AnyObject
        let source = SQLSource(database.prefix + "item")
        let request = BatchRequest(job: "job", limit: .count(1))
        for _ in 0..<3 {
            guard case .batch(let batch) = try await inventory.acquire(request, from: source)
            else { break }
            try await batch.succeed()
        }
        await inventory.close()
    }
}
