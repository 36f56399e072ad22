public import Foundation
import Synchronization
import Tranche

/// A clock that moves only when it is told to.
///
/// It drives waits as a `Clock`, and leases through ``date``: give `{ clock.date }` to
/// `StoreConfiguration.now`. A sleeper is woken by ``advance(by:)`` alone, or by its cancellation.
public final class ManualClock: Clock, Sendable {
    private let state = Mutex(State())

    /// Makes a clock that stands at 2026-01-01 00:00:00 UTC.
    public init() {}

    /// Where the clock stands.
    public var now: Instant { Instant(offset: state.withLock { $0.offset }) }

    /// Where the clock stands, as a date of whole milliseconds.
    public var date: Date {
        let start: Int64 = 1_767_225_600_000
        return Date(milliseconds: start + now.offset.milliseconds)
    }

    /// The least by which the clock can be moved.
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// How many sleepers are waiting.
    public var sleepers: Int { state.withLock { $0.sleepers.count } }

    /// Moves the clock, and wakes those whose time has come, in the order of their deadlines.
    ///
    /// - Parameter duration: By how much; 0 or more.
    public func advance(by duration: Duration) {
        precondition(duration >= .zero, "a clock does not go back")
        let due = state.withLock { state in
            state.offset += duration
            return state.takeDue()
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Waits until the clock has reached an instant.
    ///
    /// - Parameters:
    ///   - deadline: The instant; one that has passed ends the wait at once.
    ///   - tolerance: Of no effect.
    /// - Throws: `CancellationError` when the task is cancelled.
    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        try Task.checkCancellation()
        let number = state.withLock { $0.makeNumber() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let sleeper = Sleeper(deadline: deadline.offset, continuation: continuation)
                add(sleeper, under: number)
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: number) }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Waits until a number of sleepers are waiting.
    ///
    /// - Parameter count: The least number.
    /// - Throws: `CancellationError` when the task is cancelled.
    public func waitForSleepers(_ count: Int) async throws {
        let number = state.withLock { $0.makeNumber() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                add(Gate(count: count, continuation: continuation), under: number)
            }
        } onCancel: {
            let gate = state.withLock { $0.gates.removeValue(forKey: number) }
            gate?.continuation.resume(throwing: CancellationError())
        }
    }

    private func add(_ sleeper: Sleeper, under number: Int) {
        // A task that was cancelled before this found nobody to wake; one that is cancelled after
        // it finds the sleeper.
        let (result, open): (Result<Void, any Error>?, [Gate]) = state.withLock { state in
            if Task.isCancelled { return (.failure(CancellationError()), []) }
            if sleeper.deadline <= state.offset { return (.success(()), []) }
            state.sleepers[number] = sleeper
            return (nil, state.takeOpenGates())
        }
        if let result { sleeper.continuation.resume(with: result) }
        for gate in open { gate.continuation.resume() }
    }

    private func add(_ gate: Gate, under number: Int) {
        let result: Result<Void, any Error>? = state.withLock { state in
            if Task.isCancelled { return .failure(CancellationError()) }
            if state.sleepers.count >= gate.count { return .success(()) }
            state.gates[number] = gate
            return nil
        }
        if let result { gate.continuation.resume(with: result) }
    }
}

extension ManualClock {
    /// A position of the clock.
    public struct Instant: InstantProtocol {
        /// The time since the clock's start.
        public let offset: Duration

        /// Returns the instant that lies a duration later.
        public func advanced(by duration: Duration) -> Instant {
            Instant(offset: offset + duration)
        }

        /// Returns the time from this instant to another.
        public func duration(to other: Instant) -> Duration {
            other.offset - offset
        }

        /// Whether one instant lies before another.
        public static func < (lhs: Instant, rhs: Instant) -> Bool {
            lhs.offset < rhs.offset
        }
    }
}

extension ManualClock {
    private struct Sleeper: Sendable {
        let deadline: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Gate: Sendable {
        let count: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State: Sendable {
        var offset = Duration.zero
        var sleepers: [Int: Sleeper] = [:]
        var gates: [Int: Gate] = [:]
        private var lastNumber = 0

        mutating func makeNumber() -> Int {
            lastNumber += 1
            return lastNumber
        }

        mutating func takeDue() -> [Sleeper] {
            let now = offset
            let due = sleepers.filter { $0.value.deadline <= now }
            for number in due.keys { sleepers[number] = nil }
            return due.sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }.map(
                \.value
            )
        }

        mutating func takeOpenGates() -> [Gate] {
            let waiting = sleepers.count
            let open = gates.filter { $0.value.count <= waiting }
            for number in open.keys { gates[number] = nil }
            return Array(open.values)
        }
    }
}
