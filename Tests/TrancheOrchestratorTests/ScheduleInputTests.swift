import Foundation
import TestSupport
import Testing
import Tranche
import TrancheConnectors
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

    @Test("Of very many times that were missed the oldest are given at once, and then the others")
    func veryManyMissed() async throws {
        let clock = ManualClock()
        var configuration = Inventory.Configuration(clock: clock)
        configuration.store.now = { clock.date }
        let store = MemoryInventoryStore(clock: clock)
        let inventory = Inventory(store: store, configuration: configuration)
        let schedule = try CronSchedule("* * * * *")
        let input = ScheduleInput("minutely", schedule: schedule, missed: .all)
        let log = InputLog(of: "minutely", in: inventory)
        try await input.gather(log)
        clock.advance(by: .seconds(2880 * 60))
        for count in [1000, 2000, 2880, 2880] as [Int64] {
            try await input.gather(log)
            #expect(try await inventory.inputLogs().map(\.last) == [count])
        }
    }

    /// A schedule of each full hour, its log and its clock, an hour and a half after it began.
    private func hourly(
        missed: ScheduleInput.Missed = .latest
    ) async throws -> (ScheduleInput, InputLog, Inventory, ManualClock) {
        let clock = ManualClock()
        var configuration = Inventory.Configuration(clock: clock)
        configuration.store.now = { clock.date }
        let store = MemoryInventoryStore(clock: clock)
        let inventory = Inventory(store: store, configuration: configuration)
        let schedule = try CronSchedule("@hourly")
        let input = ScheduleInput("hourly", schedule: schedule, missed: missed)
        let log = InputLog(of: "hourly", in: inventory)
        try await input.gather(log)
        clock.advance(by: .seconds(5400))
        return (input, log, inventory, clock)
    }

    private func kept(_ inventory: Inventory) async throws -> [Event] {
        try await inventory.store.events(of: "hourly", in: 1...99, limit: 99).map {
            try Event(json: $0.event.content)
        }
    }

    @Test("An event by hand says who asked, and leaves the times of the schedule as they were")
    func byHand() async throws {
        let (input, log, inventory, clock) = try await hourly()
        let note = ChangeNote(by: "ana", reason: "the report is late")
        let looked = try await input.request(by: note, in: log, isDryRun: true)
        #expect(looked.number == nil && !looked.isKnown)
        #expect(try await kept(inventory) == [])
        let given = try await input.request(by: note, in: log)
        #expect(given.number == 1 && !given.isKnown)
        let again = try await input.request(by: note, in: log)
        #expect(again.number == 1 && again.isKnown)
        let event = try #require(try await kept(inventory).first)
        #expect(event.id == "2026-01-01T01:30:00.000Z")
        #expect(event.payload?.contains(#""by":"ana""#) == true)
        #expect(event.payload?.contains(#""reason":"the report is late""#) == true)
        // The hour that was missed comes all the same, though a later event is kept.
        try await input.gather(log)
        clock.advance(by: .seconds(3600))
        _ = try await input.request(by: note, in: log)
        try await input.gather(log)
        let ids = try await kept(inventory).map { $0.id.prefix(16) }
        let expected: [Substring] = [
            "2026-01-01T01:30", "2026-01-01T01:00", "2026-01-01T02:30", "2026-01-01T02:00",
        ]
        #expect(ids == expected)
    }

    @Test("A time that was missed is given once, by hand or by the schedule")
    func missedByHand() async throws {
        let (input, log, inventory, clock) = try await hourly()
        clock.advance(by: .seconds(3600))
        let note = ChangeNote(by: "ana")
        let first = try #require(input.schedule.next(after: clock.date.addingTimeInterval(-7200)))
        let given = try await input.request(at: first, by: note, in: log)
        #expect(given.number == 1 && !given.isKnown)
        #expect(try await input.request(at: first, by: note, in: log).isKnown)
        let all = ScheduleInput("hourly", schedule: input.schedule, missed: .all)
        try await all.gather(log)
        try await all.gather(log)
        let ids = try await kept(inventory).map { $0.id.prefix(16) }
        #expect(ids == ["2026-01-01T01:00", "2026-01-01T02:00"])
        // One that the schedule gave is known as well.
        let second = try #require(input.schedule.next(after: first))
        #expect(try await input.request(at: second, by: note, in: log).number == 2)
        // What was given by hand stays known when its event is cleaned.
        _ = try await inventory.store.clean("hourly", through: 1, limit: 10)
        #expect(try await input.request(at: first, by: note, in: log).isKnown)
        #expect(try await kept(inventory).count == 1)
    }

    @Test("A schedule that is changed gives no times from before it was applied")
    func changed() async throws {
        let (input, log, inventory, clock) = try await hourly(missed: .all)
        func apply(_ cron: String, _ more: String = "") async throws {
            var types = PipelineTypes.standard(Connectors([]))
            types.processes["none"] = { settings in ClosureProcess(settings.name) { _ in } }
            let text = """
                inputs: {hourly: {type: schedule, cron: "\(cron)"}}
                processes: {p: {type: none}}
                links: [hourly -> p]
                \(more)
                """
            let pipeline = try Pipeline(text: text, file: "p.yaml", types: types)
            _ = try await AppliedPipelines(inventory).apply(pipeline)
        }
        try await apply("@hourly")
        try await input.gather(log)
        clock.advance(by: .seconds(7800))
        try await apply("*/5 * * * *")
        clock.advance(by: .seconds(420))
        // What else is changed is no change of the schedule.
        try await apply("*/5 * * * *", "keep: 9d")
        clock.advance(by: .seconds(180))
        let often = try CronSchedule("*/5 * * * *")
        try await ScheduleInput("hourly", schedule: often, missed: .all).gather(log)
        let ids = try await kept(inventory).map { $0.id.prefix(16) }
        #expect(ids == ["2026-01-01T01:00", "2026-01-01T03:45", "2026-01-01T03:50"])
    }

    @Test("A time that was given is known behind its event, for as long as events are kept")
    func known() async throws {
        let (input, log, inventory, clock) = try await hourly(missed: .all)
        try await input.gather(log)
        clock.advance(by: .seconds(3600))
        try await input.gather(log)
        _ = try await inventory.store.clean("hourly", through: 1, limit: 10)
        /// Whether a process that stood still before the time gives it again.
        func isGivenAgain() async throws -> Bool? {
            try await log.append(
                Event(location: "x", operation: .create, id: "late"),
                identity: "2026-01-01T01:00:00.000Z"
            )?.isNew
        }
        let keep = Duration.seconds(86_400)
        _ = try await input.clean(inventory, keeping: keep)
        #expect(try await isGivenAgain() == false)
        clock.advance(by: keep * 2)
        _ = try await input.clean(inventory, keeping: keep)
        #expect(try await isGivenAgain() == true)
    }

    @Test("A time that is none of the schedule's, or has not come, is refused")
    func wrongTimes() async throws {
        let (input, log, inventory, clock) = try await hourly()
        let note = ChangeNote()
        func fault(_ time: Date) async -> String {
            do {
                _ = try await input.request(at: time, by: note, in: log)
                return ""
            } catch {
                return "\(error)"
            }
        }
        let between = await fault(clock.date.addingTimeInterval(-60))
        #expect(between.contains("2026-01-01T01:00:00.000Z and 2026-01-01T02:00:00.000Z"))
        #expect(await fault(clock.date.addingTimeInterval(1800)).contains("has not come yet"))
        #expect(try await kept(inventory) == [])
    }
}
