import Testing
import Tranche
import TrancheTestKit

@Suite("The store that fails")
struct FaultInjectingStoreTests {
    @Test("A fault before a request keeps it from being made, one after it does not")
    func moments() async throws {
        let clock = ManualClock()
        let store = FaultInjectingStore(MemoryInventoryStore(clock: clock))
        let inventory = Inventory(store: store)
        let source = MemorySource(items: [Item(id: 1)])
        let batch = try #require(try await inventory.acquireBatch(from: source, job: "job"))
        let holding = AttemptKey(batch: batch.id, attempt: 1)
        store.inject(.before, call: 1, of: .succeed)
        store.inject(.after, call: 2, of: .succeed, throwing: TrancheError(.storeBusy, "late"))

        await #expect(throws: TrancheError.self) {
            try await store.succeed(holding, result: nil, logging: nil)
        }
        #expect(try await inventory.batch(batch.id).status == .running)
        let error = await #expect(throws: TrancheError.self) {
            try await store.succeed(holding, result: nil, logging: nil)
        }
        #expect(error?.message == "late")
        #expect(try await inventory.batch(batch.id).status == .succeeded)
        #expect(try await store.succeed(holding, result: nil, logging: nil).status == .succeeded)
        #expect(store.calls(of: .succeed) == 3)
        #expect(store.calls(of: .fail) == 0)
    }

    @Test("A closed store in memory fails")
    func closed() async throws {
        let store = MemoryInventoryStore()
        await store.close()
        await #expect(throws: TrancheError.self) { try await store.runs(RunSelection()) }
    }
}
