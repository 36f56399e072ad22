import Foundation
import Testing
import TrancheTestKit

@Suite("Inventory stores answer as the reference store does", .schemaPool)
struct RandomScheduleConformanceTests {
    /// The seeds; `TRANCHE_TEST_SEEDS` says how many, to look longer than usual.
    static var seeds: Range<Int> {
        0..<(ProcessInfo.processInfo.environment["TRANCHE_TEST_SEEDS"].flatMap { Int($0) } ?? 6)
    }

    @Test("In a random schedule", arguments: TestBackend.available + TestBackend.apart, seeds)
    func schedule(on backend: TestBackend, seed: Int) async throws {
        try await SchemaPool.lending {
            try await RandomSchedule(seed: UInt64(seed)).run(.reference(), backend.makeSubject())
        }
    }
}
