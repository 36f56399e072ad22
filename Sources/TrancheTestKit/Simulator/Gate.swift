import Foundation
import Synchronization
import Tranche

/// Where an actor waits for its turn, and tells what it did.
struct Gate: Sendable {
    let actor: String
    let column: StepLog.Column
    let log: StepLog
    /// Waits for the turn; until a time, when there is one.
    let wait: @Sendable (_ step: String, _ time: Date?) async throws -> Void
    /// Says whether the connection is lost with the next request.
    let losses: LostConnections?

    func pass(_ step: String) async throws {
        try await wait(step, nil)
    }

    func note(_ text: String) {
        log.note(column, "\(actor) \(text)")
    }

    /// Makes a request; its connection may be lost before it is made, or before it is answered.
    func lose<R>(_ step: String, _ request: () async throws -> R) async throws -> R {
        let moment = losses?.next()
        if moment == .before { throw loss(of: step, "before it was made") }
        let answer = try await request()
        if moment == .after { throw loss(of: step, "before it was answered") }
        return answer
    }

    private func loss(of step: String, _ moment: String) -> TrancheError {
        note("\(step): the connection is lost \(moment)")
        return TrancheError(.storeUnavailable, "the connection is lost \(moment)")
    }
}

/// Chooses the requests with which an actor's connection is lost.
final class LostConnections: Sendable {
    private let random: Mutex<SplitMix64>

    init(random: SplitMix64) {
        self.random = Mutex(random)
    }

    func next() -> FaultInjectingStore.Moment? {
        random.withLock { random in
            guard random.hits(oneIn: 12) else { return nil }
            return random.pick([.before, .after])
        }
    }
}

/// A clock on which an actor waits by letting others make their steps.
struct SteppedClock: Clock {
    let base: ManualClock
    let gate: Gate

    var now: ManualClock.Instant { base.now }

    var minimumResolution: Duration { base.minimumResolution }

    func sleep(until deadline: ManualClock.Instant, tolerance: Duration?) async throws {
        let time = base.date.advanced(by: base.now.duration(to: deadline))
        try await gate.wait("sleep", time)
    }
}
