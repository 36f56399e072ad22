package import FoundationEssentials

extension BatchRecord {
    /// Marks a failed batch that has used up its attempts as stuck, where the policy tries those
    /// again.
    package mutating func becomeStuck(_ policy: RunPolicy, now: Date) {
        guard let every = policy.extendedRetries else { return }
        cause = .stuck
        retryAt = now.addingTimeInterval(every.seconds)
    }
}

extension AcquireRequest.Slot {
    /// Whether a stuck batch comes before what is new: of every ten hand-outs, one.
    ///
    /// The token says so, and not a count, which each acquire would have to write.
    package var takesStuck: Bool {
        (FNVHash(of: token).value >> 32) % 10 == 0
    }
}

/// How many stuck batches may be handed out before what is new.
package struct StuckShare: Sendable {
    /// How many batches of the run are held.
    package var held: Int
    /// How many of them had used up their attempts before.
    package var stuck: Int

    /// Makes a share.
    package init(held: Int, stuck: Int) {
        self.held = held
        self.stuck = stuck
    }

    /// One in ten of those that are held, and one at least.
    package var left: Int { max(held / 10, 1) - stuck }
}
