/// Since when what cannot be reached, so that each outage is told once, whoever meets it.
struct OutageLog {
    private struct Outage {
        let since: Duration
        var isTold = false
        /// How many requests failed, and are repeated.
        var waiting = 0
    }

    /// An outage shorter than this is told to nobody.
    private static let patience: Duration = .seconds(1)

    private var outages: [TrancheError.Code: Outage] = [:]

    /// Notes a request that failed.
    ///
    /// - Parameters:
    ///   - code: How it failed.
    ///   - isFirst: Whether this request had not failed so before.
    ///   - began: When it was made.
    ///   - now: The time.
    /// - Returns: Whether that is to be told.
    mutating func note(
        _ code: TrancheError.Code,
        isFirst: Bool,
        since began: Duration,
        now: Duration
    ) -> Bool {
        var known = outages[code]
        // Of a source that nobody waited for, what came between is not known.
        if code == .sourceUnavailable, let waiting = known?.waiting, waiting <= 0 { known = nil }
        var outage = known ?? Outage(since: began)
        defer { outages[code] = outage }
        if isFirst || known == nil { outage.waiting += 1 }
        guard !outage.isTold, now - outage.since >= Self.patience else { return false }
        outage.isTold = true
        return true
    }

    /// Notes that a request succeeded.
    ///
    /// It ends the outages that it had met, and those of the store that nobody waits for any more:
    /// each request asks the store, and not each the source.
    ///
    /// - Parameters:
    ///   - codes: How the request had failed before.
    ///   - now: The time.
    /// - Returns: The outages that were told and are over, with their lengths.
    mutating func end(
        _ codes: Set<TrancheError.Code>,
        now: Duration
    ) -> [(code: TrancheError.Code, length: Duration)] {
        end(now: now) { code, isGivenUp in
            codes.contains(code)
                || isGivenUp && ![.sourceUnavailable, .sinkUnavailable].contains(code)
        }
    }

    /// Notes that a source answered: an outage of one that nobody waits for any more is over.
    mutating func endOfSource(
        now: Duration
    ) -> [(code: TrancheError.Code, length: Duration)] {
        end(now: now) { code, isGivenUp in isGivenUp && code == .sourceUnavailable }
    }

    /// Notes that a request is repeated no more, and has not succeeded.
    mutating func giveUp(_ codes: Set<TrancheError.Code>) {
        for code in codes { outages[code]?.waiting -= 1 }
    }

    private mutating func end(
        now: Duration,
        where isOver: (_ code: TrancheError.Code, _ isGivenUp: Bool) -> Bool
    ) -> [(code: TrancheError.Code, length: Duration)] {
        guard !outages.isEmpty else { return [] }
        let over = outages.filter { isOver($0.key, $0.value.waiting <= 0) }
        return over.compactMap { code, outage in
            outages[code] = nil
            return outage.isTold ? (code, now - outage.since) : nil
        }
    }
}
