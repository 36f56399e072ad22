import Foundation
import Testing
import Tranche
import TrancheTestKit

@testable import TrancheServer

@Suite("Minutes of the last hour") struct MinuteSeriesTests {
    /// An inventory of a job over 40 items, whose clock is moved by hand.
    private struct Ground {
        let clock = ManualClock()
        let inventory: Inventory
        private let source = MemorySource(items: (1...40).map { Item(id: $0, weight: 1) })

        init() {
            let clock = clock
            var configuration = Inventory.Configuration(
                store: StoreConfiguration(now: { clock.date }),
                clock: clock
            )
            configuration.auditsWhileWorking = false
            inventory = Inventory(
                store: MemoryInventoryStore(clock: clock),
                configuration: configuration
            )
        }

        func take(_ count: Int) async throws -> Batch {
            let request = BatchRequest(
                job: "job",
                limit: BatchLimit(count: count),
                policy: RunPolicy(lease: .seconds(86_400), maxAttempts: 1)
            )
            guard case .batch(let batch) = try await inventory.acquire(request, from: source) else {
                throw CancellationError()
            }
            return batch
        }

        /// The minutes that a server tells that begins now.
        func minutes() async throws -> [OverviewDocument.Minute] {
            let newest = BatchSelection(limit: MinuteSeries.mostRead)
            var series = MinuteSeries()
            series.fill(from: try await inventory.batches(newest), before: clock.date)
            let summaries = try await inventory.summaries(RunSelection(), after: nil, limit: 10)
            series.add(summaries, at: clock.date)
            return series.minutes(before: clock.date)
        }
    }

    @Test("Minutes before the first look are those in which batches ended")
    func before() async throws {
        let ground = Ground()
        try await ground.take(8).succeed()
        ground.clock.advance(by: .seconds(2 * 3600))
        let slow = try await ground.take(2)
        ground.clock.advance(by: .seconds(600))
        try await slow.succeed()
        try await ground.take(3).fail("no")
        ground.clock.advance(by: .seconds(59))
        try await ground.take(4).succeed()
        ground.clock.advance(by: .seconds(2))
        try await ground.take(5).succeed()
        let minutes = try await ground.minutes()
        #expect(minutes.count == MinuteSeries.minutes)
        #expect(minutes.allSatisfy { $0.doneBatches != nil })
        let done = minutes.suffix(3).map { [$0.doneBatches, $0.doneItems, $0.failed] }
        // The first to end lie 61 s back, and the others within the last minute.
        #expect(done == [[0, 0, 0], [1, 2, 1], [2, 9, 0]])
        // What ended before the hour is in none.
        #expect(minutes.compactMap(\.doneItems).reduce(0, +) == 11)
    }

    @Test("Minutes before the oldest batch that was read are unknown")
    func cut() async throws {
        let ground = Ground()
        try await ground.take(1).succeed()
        let batch = try #require(try await ground.inventory.batches(BatchSelection()).first)
        ground.clock.advance(by: .seconds(185))
        var series = MinuteSeries()
        let many = [BatchRecord](repeating: batch, count: MinuteSeries.mostRead)
        series.fill(from: many, before: ground.clock.date)
        let minutes = series.minutes(before: ground.clock.date)
        #expect(minutes.suffix(4).map(\.doneBatches) == [nil, 0, 0, 0])
    }

    @Test("What waited is that of the last look of a minute, and unknown where nobody looked")
    func waiting() {
        let clock = ManualClock()
        var series = MinuteSeries()
        let oldest = clock.date.addingTimeInterval(-30)
        series.note(waiting: 7, since: oldest, at: clock.date)
        clock.advance(by: .seconds(1))
        series.note(waiting: 9, since: oldest, at: clock.date)
        clock.advance(by: .seconds(120))
        series.note(waiting: 0, since: nil, at: clock.date)
        let minutes = series.minutes(before: clock.date).suffix(3)
        #expect(minutes.map(\.waitingItems) == [9, nil, 0])
        #expect(minutes.map(\.oldestSeconds) == [31, nil, 0])
        clock.advance(by: .seconds(3600))
        series.note(waiting: 1, since: nil, at: clock.date)
        let later = series.minutes(before: clock.date)
        #expect(later.compactMap(\.waitingItems) == [1])
    }
}
