import Foundation
import Tranche

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
