import Foundation
import Synchronization

/// Lets actors go on one at a time, each to its next step.
///
/// Each actor asks for its turn before every step, and all but one wait: whatever an actor does
/// until it asks again, nobody else does anything.
final class Turns: Sendable {
    /// What an actor waits for, besides its turn.
    enum Condition: Sendable {
        case always
        /// That the clock has come so far.
        case time(Date)
        /// That no transaction of a writer is open.
        case noWriter
    }

    /// An actor that waits.
    struct Waiting: Sendable {
        let actor: Int
        let step: String
        let condition: Condition
    }

    private struct State: Sendable {
        var running: Int
        var waiting: [Int: (Waiting, CheckedContinuation<Void, any Error>)] = [:]
        var scheduler: CheckedContinuation<Void, Never>?
        var isAbandoned = false
    }

    private let state: Mutex<State>

    /// Makes turns for actors that all have begun.
    init(actors: Int) {
        state = Mutex(State(running: actors))
    }

    // MARK: Actors

    /// Waits for the turn to make a step.
    ///
    /// - Throws: `CancellationError` when the simulation was given up.
    func take(_ actor: Int, _ step: String, when condition: Condition = .always) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let waiting = Waiting(actor: actor, step: step, condition: condition)
            let isRefused = state.withLock { state in
                if state.isAbandoned { return true }
                state.waiting[actor] = (waiting, continuation)
                state.running -= 1
                return false
            }
            if isRefused {
                continuation.resume(throwing: CancellationError())
            } else {
                wakeScheduler()
            }
        }
    }

    /// Says that an actor makes no more steps.
    func end() {
        state.withLock { $0.running -= 1 }
        wakeScheduler()
    }

    // MARK: Scheduler

    /// Waits until every actor waits or has ended.
    ///
    /// - Returns: The actors that wait, in order.
    func settle() async -> [Waiting] {
        await withCheckedContinuation { continuation in
            state.withLock { $0.scheduler = continuation }
            wakeScheduler()
        }
        return state.withLock { state in
            state.waiting.values.map(\.0).sorted { $0.actor < $1.actor }
        }
    }

    /// Lets an actor that waits make its step.
    func grant(_ actor: Int) {
        let continuation = state.withLock { state in
            state.running += 1
            return state.waiting.removeValue(forKey: actor)?.1
        }
        continuation?.resume()
    }

    /// Lets nobody make another step.
    func abandon() {
        let left = state.withLock { state in
            state.isAbandoned = true
            state.running += state.waiting.count
            defer { state.waiting = [:] }
            return state.waiting.values.map(\.1)
        }
        for continuation in left { continuation.resume(throwing: CancellationError()) }
    }

    private func wakeScheduler() {
        let scheduler = state.withLock { state in
            guard state.running == 0 else { return nil as CheckedContinuation<Void, Never>? }
            defer { state.scheduler = nil }
            return state.scheduler
        }
        scheduler?.resume()
    }
}
