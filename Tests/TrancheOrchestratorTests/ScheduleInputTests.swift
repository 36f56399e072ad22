import Foundation
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TrancheTestKit

@Suite("Schedules as inputs")
struct ScheduleInputTests {
    private func events(
        missed: ScheduleInput.Missed,
        afterDays days: Double
    ) async throws -> [String] {
        let clock = ManualClock()
        let store = MemoryInventoryStore(clock: clock)
        var configuration = Inventory.Configuration(clock: clock)
        configuration.store.now = { clock.date }
        let inventory = Inventory(store: store, configuration: configuration)
        let input = ScheduleInput(
            "nightly",
            schedule: try CronSchedule("0 2 * * *"),
            missed: missed
        )
        let log = InputLog(of: "nightly", in: inventory)
        let first = try #require(input.schedule.next(after: clock.date))
        try await log.append(
            Event(location: "x", operation: .create, id: "first"),
            identity: first.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        )
        clock.advance(by: .seconds(days * 86_400))
        try await input.gather(log)
        try await input.gather(log)
        return try await inventory.store.events(of: "nightly", in: 2...99, limit: 99).map {
            try Event(json: $0.event.content).id
        }
    }

    @Test("A schedule that is only ever drained gives the times since it was first drained")
    func drained() async throws {
        let clock = ManualClock()
        var configuration = Inventory.Configuration(clock: clock)
        configuration.store.now = { clock.date }
        let store = MemoryInventoryStore(clock: clock)
        let inventory = Inventory(store: store, configuration: configuration)
        let input = ScheduleInput("hourly", schedule: try CronSchedule("@hourly"), missed: .all)
        let log = InputLog(of: "hourly", in: inventory)
        try await input.gather(log)
        #expect(try await inventory.inputLogs().map(\.last) == [0])
        clock.advance(by: .seconds(7300))
        try await input.gather(log)
        try await input.gather(log)
        #expect(try await inventory.inputLogs().map(\.last) == [2])
    }

    @Test("What was missed is given as it is told: the latest, all, or none")
    func missed() async throws {
        let latest = try await events(missed: .latest, afterDays: 4)
        let all = try await events(missed: .all, afterDays: 4)
        #expect(latest.count == 1)
        #expect(all.count == 3)
        #expect(all.last == latest.last)
        #expect(Set(all).count == 3)
        #expect(try await events(missed: .none, afterDays: 4) == [])
    }
}
