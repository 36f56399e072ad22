package import Foundation

/// Tells failures of the items from failures of what they all need.
///
/// When batches that have nothing to do with each other fail with the same error within a window, the
/// run is held for a while; then a single batch is handed out as a probe, and its success ends the
/// hold. It is part of runs that split what fails.
package struct OutageGuard: Sendable, Hashable, Codable {
    /// Unrelated batches that fail alike within the window before the run is held.
    package static let threshold = 5
    /// The window.
    package static let window = Duration.seconds(60)
    /// The first hold; doubled with each probe that fails.
    package static let firstHold = Duration.seconds(30)
    /// The longest hold.
    package static let longestHold = Duration.seconds(600)

    /// The last failures: at most one for each batch that was handed out from the source.
    package private(set) var failures: [Failure] = []
    /// The hold, while there is one.
    package private(set) var hold: Hold?

    /// Makes a guard that has seen nothing.
    package init() {}

    /// A failure.
    package struct Failure: Sendable, Hashable, Codable {
        /// The first batch that the failed one was split from, or itself.
        package var root: Int64
        /// The error, without what differs from batch to batch.
        package var error: String
        /// When, in milliseconds since 1970 UTC.
        package var at: Int64
    }

    /// A hold.
    package struct Hold: Sendable, Hashable, Codable {
        /// The error that many batches failed with.
        package var error: String
        /// When the next probe is handed out, in milliseconds since 1970 UTC.
        package var until: Int64
        /// How long it lasts, in milliseconds.
        package var length: Int64
        /// The batch that was handed out as a probe.
        package var probe: Int64?
        /// The attempt of the probe.
        package var probeAttempt: Int?
    }

    /// Takes a failure into account.
    ///
    /// - Parameters:
    ///   - root: The first batch that the failed one was split from, or itself.
    ///   - batch: The batch that failed.
    ///   - message: The error.
    ///   - now: The inventory's time.
    /// - Returns: Whether the failure is an outage's, and says nothing about the items.
    package mutating func noteFailure(root: Int64, batch: Int64, message: String, now: Date) -> Bool
    {
        let error = Self.kind(of: message)
        let at = now.milliseconds
        if var hold {
            if hold.probe == batch {
                // What lasts so long may be the items' fault after all. Then the probes count, so that
                // bad items are found one by one and the others come to their turn.
                let isLongest = hold.length >= Self.longestHold.milliseconds
                hold.length = min(hold.length * 2, Self.longestHold.milliseconds)
                hold.until = at + hold.length
                hold.probe = nil
                self.hold = hold
                if isLongest { return false }
            }
            return error == hold.error
        }
        failures.removeAll { $0.at <= at - Self.window.milliseconds || $0.root == root }
        failures.append(Failure(root: root, error: error, at: at))
        if failures.count > 32 { failures.removeFirst() }
        guard failures.filter({ $0.error == error }).count >= Self.threshold else { return false }
        let length = Self.firstHold.milliseconds
        hold = Hold(error: error, until: at + length, length: length)
        failures = []
        return true
    }

    /// What an acquire may do.
    package enum Permission: Sendable, Hashable {
        /// Hand out as usual.
        case allowed
        /// Hand out one batch, and tell it to ``startProbe(_:attempt:leaseEnd:)``.
        case probe
        /// Look how the probe ended, and tell it to ``endProbe(succeeded:now:)``.
        case ask(batch: Int64, attempt: Int)
        /// Hand out nothing until then.
        case held(reason: String, until: Date)
    }

    /// What an acquire may do now.
    package func permission(now: Date) -> Permission {
        guard let hold else { return .allowed }
        if let probe = hold.probe, let attempt = hold.probeAttempt {
            return .ask(batch: probe, attempt: attempt)
        }
        guard now.milliseconds < hold.until else { return .probe }
        return .held(reason: reason, until: Date(milliseconds: hold.until))
    }

    /// Notes that a batch was handed out as a probe.
    package mutating func startProbe(_ batch: Int64, attempt: Int, leaseEnd: Date) {
        hold?.probe = batch
        hold?.probeAttempt = attempt
        hold?.until = leaseEnd.milliseconds
    }

    /// Notes how a probe ended.
    ///
    /// - Parameters:
    ///   - succeeded: Whether it succeeded; `nil` when it was given back or its lease ended: another
    ///     probe is due.
    ///   - now: The inventory's time.
    package mutating func endProbe(succeeded: Bool?, now: Date) {
        switch succeeded {
        case true: hold = nil
        case nil:
            hold?.probe = nil
            hold?.until = now.milliseconds
        case false:
            hold?.probe = nil
        }
    }

    /// Notes how a probe ended that was asked for.
    ///
    /// - Parameters:
    ///   - batch: The probe's batch as it is now; `nil` when there is none.
    ///   - attempt: The probe's attempt.
    ///   - now: The inventory's time.
    /// - Returns: When the probe's lease ends, while it runs; `nil` once it has ended.
    package mutating func endProbe(
        as batch: BatchRecord?,
        attempt: Int,
        now: Date
    ) -> Date? {
        guard let batch, batch.attempt == attempt else {
            endProbe(succeeded: nil, now: now)
            return nil
        }
        switch batch.status {
        case .running:
            if let end = batch.leaseExpiresAt, end > now { return end }
            endProbe(succeeded: nil, now: now)
        case .released: endProbe(succeeded: nil, now: now)
        case .succeeded: endProbe(succeeded: true, now: now)
        case .failed, .split, .quarantined:
            endProbe(succeeded: batch.cause == .cancelled ? nil : false, now: now)
        }
        return nil
    }

    /// Why nothing is handed out.
    package var reason: String {
        "many batches fail with '\(hold?.error ?? "")'; a single one is tried when the hold ends"
    }

    /// The error without numbers, which differ from batch to batch; at most 200 characters.
    static func kind(of message: String) -> String {
        var kind = ""
        for character in message.prefix(400) where kind.count < 200 {
            let isDigit = character.isNumber
            if isDigit, kind.last == "#" { continue }
            kind.append(isDigit ? "#" : character)
        }
        return kind
    }
}
