package import FoundationEssentials

/// Tells failures of the items from failures of what they all need.
///
/// When batches that have nothing to do with each other fail with the same error within a window,
/// the run is held for a while; then a single batch is handed out as a probe, and its success ends
/// the hold. So it is when single items of one batch fail, one after the other, and nothing of that
/// batch has succeeded; and when every item of several batches, or most of them, is blamed for the
/// same. Where batches stay failed, those count that do so, however long they take, until something
/// of the run succeeds that was handed out after them.
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
    /// The last failures of batches of which nothing has succeeded, and of their parts; `nil` for
    /// none.
    private var unproven: [Unproven]?
    /// The batches of which the last ends blame every item, or most; `nil` for none.
    private var blamed: [Blamed]?
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

    /// A failure of something that nothing has succeeded of.
    private struct Unproven: Sendable, Hashable, Codable {
        var root: Int64
        var batch: Int64
        /// How many items it has.
        var count: Int
        /// The beginning of the error.
        var head: String
        /// The error without what differs from item to item; `nil` where an earlier version noted
        /// it.
        var error: String?
        var at: Int64
    }

    /// An end that blames every item of a batch, or most of them.
    private struct Blamed: Sendable, Hashable, Codable {
        var root: Int64
        /// The batch itself; `nil` where an earlier version noted it.
        var batch: Int64?
        /// The error that most of them have.
        var error: String
        /// How many of them.
        var count: Int
        var at: Int64
    }

    /// A hold.
    package struct Hold: Sendable, Hashable, Codable {
        /// The error that many batches failed with.
        package var error: String
        /// Whether only the beginning of the error is meant; `nil` for no.
        package var isWide: Bool?
        /// What most of the items said, where only the beginning is meant; `nil` for the error.
        package var said: String?
        /// Whether whole batches failed, so that one that was never tried tells most; `nil` for no.
        package var prefersNew: Bool?
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
    ///   - count: How many items it has.
    ///   - hasWorked: Whether a part of the first batch has succeeded.
    ///   - message: The error.
    ///   - now: The inventory's time.
    /// - Returns: Whether the failure is an outage's, and says nothing about the items.
    package mutating func noteFailure(
        root: Int64,
        batch: Int64,
        count: Int = 2,
        hasWorked: Bool = false,
        message: String,
        now: Date
    ) -> Bool {
        let error = Self.kind(of: message)
        let at = now.milliseconds
        if let isOutage = noteInHold(batch, error, at: at) { return isOutage }
        failures.removeAll { $0.at <= at - Self.window.milliseconds || $0.root == root }
        failures.append(Failure(root: root, error: error, at: at))
        if failures.count > 32 { failures.removeFirst() }
        let head = Self.head(of: error)
        let new = Unproven(
            root: root,
            batch: batch,
            count: count,
            head: head,
            error: error,
            at: at
        )
        let items = note(new, hasWorked: hasWorked)
        if failures.count(where: { $0.error == error }) >= Self.threshold {
            begin(Hold(error: error, until: 0, length: 0), at: at)
        } else if items.count >= Self.threshold {
            let said = Self.mostFrequent(items.compactMap(\.error))
            begin(Hold(error: head, isWide: true, said: said, until: 0, length: 0), at: at)
        }
        return hold != nil
    }

    /// Takes the failure of a batch into account that is not to be split.
    ///
    /// Batches count that stay failed, while nothing succeeds that was handed out after them: one
    /// that is tried again may succeed yet, and bad ones that are left when all that is good is
    /// done are no outage.
    ///
    /// - Parameters:
    ///   - root: The first batch that the failed one was split from, or itself.
    ///   - batch: The batch that failed.
    ///   - isLast: Whether it would not be tried again.
    ///   - message: The error.
    ///   - evidence: What of the run has succeeded; nothing where ``needsLastSuccess(ending:)`` is
    ///     false.
    ///   - now: The inventory's time.
    /// - Returns: Whether the failure is an outage's, and says nothing about the batch.
    package mutating func noteWholeFailure(
        root: Int64,
        batch: Int64,
        isLast: Bool,
        message: String,
        evidence: FailingBatch.Evidence,
        now: Date
    ) -> Bool {
        let error = Self.kind(of: message)
        let at = now.milliseconds
        if let isOutage = noteInHold(batch, error, at: at) { return isOutage }
        guard isLast else { return false }
        let since = evidence.lastSuccess?.milliseconds ?? .min
        let last = evidence.lastSucceeded ?? .min
        failures.removeAll { $0.at <= since || $0.root <= last || $0.root == root }
        guard root > last else { return false }
        failures.append(Failure(root: root, error: error, at: at))
        if failures.count > 32 { failures.removeFirst() }
        guard failures.count(where: { $0.error == error }) >= Self.threshold else { return false }
        begin(Hold(error: error, prefersNew: true, until: 0, length: 0), at: at)
        return true
    }

    /// Whether so many batches have failed that it matters when something last succeeded.
    package func needsLastSuccess(ending count: Int) -> Bool {
        hold == nil && failures.count + count >= Self.threshold
    }

    /// Takes into account that every item of a batch is blamed, or at least half of them.
    ///
    /// A batch and what is left of it count as two, where each blames ``threshold`` items: a
    /// program that names half of what it gets each time is through a batch before the next begins.
    ///
    /// - Parameters:
    ///   - root: The first batch that this one was split from, or itself.
    ///   - batch: The batch.
    ///   - reasons: What is wrong with each of the items that are blamed.
    ///   - lastSuccess: When something of the run last succeeded; `nil` where nothing is known to
    ///     have.
    ///   - now: The inventory's time.
    /// - Returns: Whether it is an outage's fault, and not the items'.
    package mutating func noteBlame(
        root: Int64,
        batch: Int64,
        reasons: [String],
        lastSuccess: Date?,
        now: Date
    ) -> Bool {
        let counts = Self.kinds(of: reasons)
        guard let (error, count) = Self.most(of: counts) else { return false }
        let at = now.milliseconds
        if let isOutage = noteInHold(batch, error, at: at) { return isOutage }
        let since = max(at - Self.window.milliseconds, lastSuccess?.milliseconds ?? .min)
        var known = (blamed ?? []).filter { old in
            let isOwn = old.root == root
            let isRest = old.batch != batch && min(old.count, count) >= Self.threshold
            return old.at > since && (!isOwn || isRest)
        }
        known.append(Blamed(root: root, batch: batch, error: error, count: count, at: at))
        blamed = known.suffix(32)
        let alike = known.filter { $0.error == error }
        guard alike.count > 1, alike.reduce(0, { $0 + $1.count }) >= Self.threshold else {
            return false
        }
        begin(Hold(error: error, until: 0, length: 0), at: at)
        return true
    }

    /// Whether a batch that is to be split is rather to be tried by single items: three parts of
    /// what it was split from have failed, and none has succeeded.
    package func isDoubtful(_ batch: Int64) -> Bool {
        guard let root = unproven?.first(where: { $0.batch == batch })?.root else { return false }
        return (unproven ?? []).count { $0.root == root } >= 3
    }

    /// Takes a failure into account while there is a hold.
    ///
    /// - Returns: Whether it is the outage's; `nil` where there is no hold.
    private mutating func noteInHold(_ batch: Int64, _ error: String, at: Int64) -> Bool? {
        guard var hold else { return nil }
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
        return (hold.isWide == true ? Self.head(of: error) : error) == hold.error
    }

    /// Notes what has failed and had no success yet.
    ///
    /// - Returns: The single items that have failed alike, where it is one.
    private mutating func note(_ new: Unproven, hasWorked: Bool) -> [Unproven] {
        let since = new.at - Self.window.milliseconds
        var known = (unproven ?? []).filter { old in
            old.root == new.root ? old.batch != new.batch && !hasWorked : old.at > since
        }
        if !hasWorked { known.append(new) }
        unproven = known.isEmpty ? nil : known.suffix(32)
        guard new.count == 1, !hasWorked else { return [] }
        return known.filter { $0.count == 1 && $0.head == new.head }
    }

    private mutating func begin(_ outage: Hold, at: Int64) {
        let length = Self.firstHold.milliseconds
        var outage = outage
        outage.until = at + length
        outage.length = length
        hold = outage
        failures = []
        unproven = nil
        blamed = nil
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
        let left = hold.until - now.milliseconds
        // More is left than the hold is long where the clock was set back since.
        guard left > 0, left <= hold.length + 1000 else { return .probe }
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
    ///   - succeeded: Whether it succeeded; `nil` when it was given back or its lease ended:
    ///     another probe is due.
    ///   - now: The inventory's time.
    package mutating func endProbe(succeeded: Bool?, now: Date) {
        switch succeeded {
        case true: hold = nil
        case nil:
            hold?.probe = nil
            hold?.until = now.milliseconds
        case false:
            hold?.probe = nil
            // Until the probe's lease would have ended, but for no longer than another hold.
            if let known = hold {
                hold?.until = min(known.until, now.milliseconds + known.length)
            }
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
            // One that began in what is the future now may be dead: the clock was set back since.
            let hasBegun = batch.startedAt <= now.addingTimeInterval(1)
            if let end = batch.leaseExpiresAt, end > now, hasBegun { return end }
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
        let what =
            hold?.isWide == true ? "all items of a batch that were tried fail" : "many batches fail"
        return
            "\(what) with '\(hold?.said ?? hold?.error ?? "")'; a single one is tried when the hold ends"
    }

    /// How often each kind of error is among some.
    package static func kinds(of messages: [String]) -> [String: Int] {
        var (kinds, counts): ([String: String], [String: Int]) = ([:], [:])
        for message in messages {
            let kind = kinds[message] ?? kind(of: message)
            kinds[message] = kind
            counts[kind, default: 0] += 1
        }
        return counts
    }

    /// The kind that comes up most often; of several the first by its text.
    private static func most(of kinds: [String: Int]) -> (kind: String, count: Int)? {
        kinds.max { ($0.value, $1.key) < ($1.value, $0.key) }.map { ($0.key, $0.value) }
    }

    /// The error that comes up most often among errors without what differs.
    private static func mostFrequent(_ errors: [String]) -> String? {
        most(of: Dictionary(errors.map { ($0, 1) }, uniquingKeysWith: +))?.kind
    }

    /// The error without numbers and paths, which differ from batch to batch; at most 200
    /// characters.
    static func kind(of message: String) -> String {
        var kind = ""
        for character in message.prefix(400) where kind.count < 200 {
            let isDigit = character.isNumber
            if isDigit, kind.last == "#" { continue }
            kind.append(isDigit ? "#" : character)
        }
        guard kind.contains("/") else { return kind }
        return kind.replacing(#/[^\s'"(\[{=:]*\/[^\s'")\]},:;]*/#, with: "…")
    }

    /// The beginning of an error: what stands before its first colon, such as `exit code #`.
    private static func head(of error: String) -> String { String(error.prefix { $0 != ":" }) }
}
