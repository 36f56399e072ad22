package import FoundationEssentials

/// How far a run may hand out ids that nobody can still commit, and for whom it waits.
///
/// A highest id is read, and then the writers that are there. When these have ended, or were waited
/// for long enough, ids up to it are handed out. One such candidate is waited for at a time, so
/// that writers who keep coming delay nobody.
package struct SettlingState: Sendable, Hashable {
    /// The id up to which batches are handed out; `nil` before the first was found.
    package private(set) var ceiling: Int64?
    /// The id that is waited for.
    package private(set) var candidate: Int64?
    /// When it was read.
    package private(set) var candidateAt: Date?
    /// The server's life in which ``holders`` have their names.
    package private(set) var epoch = ""
    /// The writers that were there at the last look, and when each was first seen.
    package private(set) var holders: [String: Date] = [:]
    /// The writers that the candidate waits for.
    package private(set) var awaited: Set<String> = []

    /// Makes the state of a run that has not looked yet.
    package init() {}

    /// Takes an observation into account.
    ///
    /// - Parameters:
    ///   - observation: What was seen; made before the rows are read that the ceiling is used for.
    ///   - now: The inventory's time.
    ///   - wait: How long one writer is waited for, from first sight.
    ///   - lag: How long a highest id must have been known before it is handed out.
    package mutating func observe(
        _ observation: WriterObservation,
        now: Date,
        wait: Duration,
        lag: Duration = .zero
    ) {
        if isAhead(of: now) { seeAnew(at: now) }
        if observation.epoch != epoch {
            // The writers of the server's former life are gone but for prepared ones, under new
            // names.
            epoch = observation.epoch
            candidate = nil
            // Whoever has outlived that life is one of those known from it, and was waited for
            // already.
            let first = holders.values.min()
            holders = [:]
            for survivor in observation.survivors { holders[survivor] = first }
        }
        holders = Dictionary(
            uniqueKeysWithValues: observation.holders.map { ($0, holders[$0] ?? now) }
        )
        // An entry whose age is known need not grow older here.
        let lag = observation.aged == nil ? lag : .zero
        if let candidate, isPassed(now: now, wait: wait, lag: lag) {
            ceiling = max(ceiling ?? candidate, candidate)
            self.candidate = nil
        }
        guard candidate == nil,
            let highest = observation.aged.map(\.id) ?? observation.highestID,
            ceiling.map({ highest > $0 }) ?? true
        else { return }
        candidate = highest
        candidateAt = now
        awaited = observation.holders
        if isPassed(now: now, wait: wait, lag: lag) {
            ceiling = highest
            candidate = nil
        }
    }

    /// Whether something was seen in what is the future now: the clock was set back since.
    ///
    /// Workers that reckon the time themselves differ by less than a second.
    package func isAhead(of now: Date) -> Bool {
        let certain = now.addingTimeInterval(1)
        let isCandidate = candidate != nil && candidateAt.map { $0 > certain } ?? false
        return isCandidate || holders.values.contains { $0 > certain }
    }

    /// The writers that were waited for long enough and are still there: what they may commit below
    /// the ceiling are open gaps.
    package func lingering(now: Date, wait: Duration) -> Set<String> {
        Set(holders.filter { isOverdue($0.value, now: now, wait: wait) }.keys)
    }

    /// When the candidate is handed out at the latest; `nil` when there is none.
    package func passesAt(wait: Duration, lag: Duration) -> Date? {
        guard candidate != nil, let candidateAt else { return nil }
        let seen = awaited.compactMap { holders[$0] }.map { $0.addingTimeInterval(wait.seconds) }
        return (seen + [candidateAt.addingTimeInterval(lag.seconds)]).max()
    }

    /// Whether the state must be kept in place of an older one: that writers came and went who are
    /// not waited for makes no difference.
    package func isNews(after old: SettlingState) -> Bool {
        ceiling != old.ceiling || candidate != old.candidate || candidateAt != old.candidateAt
            || (epoch != old.epoch && candidate != nil)
    }

    /// Whether a later look is known: a state that is behind would begin to wait anew.
    ///
    /// - Parameter other: The state of the same run that is kept.
    /// - Returns: Whether to plan again from that.
    package func isBehind(_ other: SettlingState) -> Bool {
        let (own, known) = (ceiling ?? .min, other.ceiling ?? .min)
        guard own == known, epoch == other.epoch, let since = other.candidateAt,
            other.candidate != nil
        else { return own < known }
        guard candidate != nil, let candidateAt else { return true }
        return candidateAt > since
    }

    /// Has what was seen in the future be seen now, so that it is waited for no longer than anew.
    private mutating func seeAnew(at now: Date) {
        candidateAt = candidateAt.map { min($0, now) }
        holders = holders.mapValues { min($0, now) }
    }

    private func isPassed(now: Date, wait: Duration, lag: Duration) -> Bool {
        guard let candidateAt, isOverdue(candidateAt, now: now, wait: lag) else { return false }
        return awaited.allSatisfy { name in
            holders[name].map { isOverdue($0, now: now, wait: wait) } ?? true
        }
    }

    private func isOverdue(_ since: Date, now: Date, wait: Duration) -> Bool {
        now.milliseconds - since.milliseconds >= wait.milliseconds
    }
}

// MARK: - Packed text

extension SettlingState {
    /// The writers as text: `EPOCH|NAME@MILLISECONDS`, those waited for with a `!` in front.
    package var packedHolders: String? {
        if epoch.isEmpty, holders.isEmpty { return nil }
        return holders.sorted { $0.key < $1.key }.reduce(epoch) { text, holder in
            let mark = awaited.contains(holder.key) ? "!" : ""
            return text + "|\(mark)\(holder.key)@\(holder.value.milliseconds)"
        }
    }

    /// Reads a state as it was kept.
    package init(ceiling: Int64?, candidate: Int64?, candidateAt: Date?, packedHolders: String?) {
        self.ceiling = ceiling
        self.candidate = candidate
        self.candidateAt = candidateAt
        guard let packedHolders else { return }
        let parts = packedHolders.split(separator: "|", omittingEmptySubsequences: false)
        epoch = parts.first.map(String.init) ?? ""
        for part in parts.dropFirst() {
            let isAwaited = part.hasPrefix("!")
            let fields = part.drop { $0 == "!" }.split(separator: "@")
            guard fields.count == 2, let milliseconds = Int64(fields[1]) else { continue }
            holders[String(fields[0])] = Date(milliseconds: milliseconds)
            if isAwaited { awaited.insert(String(fields[0])) }
        }
    }
}
