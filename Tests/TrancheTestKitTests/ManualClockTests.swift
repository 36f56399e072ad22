import Foundation
import Testing
import TrancheTestKit

@Suite("The manual clock")
struct ManualClockTests {
    @Test("It moves only when it is told to")
    func advance() {
        let clock = ManualClock()
        let start = clock.now
        #expect(clock.date == Date(timeIntervalSince1970: 1_767_225_600))
        clock.advance(by: .milliseconds(1500))
        #expect(start.duration(to: clock.now) == .milliseconds(1500))
        #expect(clock.date == Date(timeIntervalSince1970: 1_767_225_601.5))
    }

    @Test("Sleepers wake when their time has come, and not before")
    func sleep() async throws {
        let clock = ManualClock()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for seconds in [3, 1, 2] {
                group.addTask {
                    try await clock.sleep(for: .seconds(seconds))
                    return seconds
                }
            }
            try await clock.waitForSleepers(3)
            for seconds in 1...3 {
                clock.advance(by: .milliseconds(999))
                #expect(clock.sleepers == 4 - seconds)
                clock.advance(by: .milliseconds(1))
                #expect(clock.sleepers == 3 - seconds)
                #expect(try await group.next() == seconds)
            }
        }
    }

    @Test("A sleep until now or before ends at once")
    func past() async throws {
        let clock = ManualClock()
        clock.advance(by: .seconds(5))
        try await clock.sleep(until: clock.now)
        try await clock.sleep(for: .seconds(-1))
        #expect(clock.sleepers == 0)
    }

    @Test("A cancelled sleeper wakes with an error")
    func cancellation() async throws {
        let clock = ManualClock()
        let task = Task { try await clock.sleep(for: .seconds(1)) }
        try await clock.waitForSleepers(1)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.sleepers == 0)
    }

    @Test("Who is cancelled before the sleep does not sleep")
    func cancelledBefore() async {
        let clock = ManualClock()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await clock.sleep(for: .seconds(1))
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("A wait for sleepers can be cancelled")
    func gateCancellation() async throws {
        let clock = ManualClock()
        let task = Task { try await clock.waitForSleepers(2) }
        let sleeper = Task { try await clock.sleep(for: .seconds(1)) }
        try await clock.waitForSleepers(1)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        clock.advance(by: .seconds(1))
        try await sleeper.value
    }

    @Test("It drives code that takes any clock")
    func anyClock() async throws {
        let clock = ManualClock()
        let any: any Clock<Duration> = clock
        let task = Task { try await any.sleep(for: .seconds(60)) }
        try await clock.waitForSleepers(1)
        clock.advance(by: .seconds(60))
        try await task.value
    }
}
