import Testing
import TrancheTestKit
import Tranche

@Suite("Random schedules")
struct RandomScheduleTests {
    @Test("The reference store answers as itself, and keeps its invariants", arguments: 0..<40)
    func reference(seed: Int) async throws {
        try await RandomSchedule(seed: UInt64(seed)).run(.reference(), .reference())
    }

    @Test("A store that answers otherwise is found, and the seed is named", arguments: 0..<5)
    func difference(seed: Int) async throws {
        let clock = ManualClock()
        let store = FaultInjectingStore(MemoryInventoryStore(clock: clock))
        store.inject(
            .before,
            call: 2,
            of: .succeed,
            throwing: TrancheError(.storeFailed, "injected")
        )
        let wrong = ConformanceSubject(
            clock: clock,
            store: store,
            makeSource: { MemorySource("items_1", items: $0.map(\.asItem)) }
        )
        let error = await #expect(throws: ConformanceFailure.self) {
            try await RandomSchedule(seed: UInt64(seed)).run(.reference(), wrong)
        }
        #expect(error?.message.contains("seed \(seed)") == true)
        #expect(error?.message.contains("error storeFailed") == true)
    }

    @Test("The same seed gives the same numbers")
    func generator() {
        var random = SplitMix64(seed: 1_234_567)
        let numbers = (0..<3).map { _ in random.next() }
        // Source: the values that the authors' C code gives for this seed.
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ]
        )
    }
}
