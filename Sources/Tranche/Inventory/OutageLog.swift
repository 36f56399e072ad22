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
        var outage = outages[code] ?? Outage(since: began)
        defer { outages[code] = outage }
        if isFirst { outage.waiting += 1 }
        guard !outage.isTold, now - outage.since >= Self.patience else { return false }
        outage.isTold = true
        return true
    }

    /// Notes that a request succeeded.
    ///
    /// It ends the outages that it had met, and one of the store that nobody waits for any more.
    ///
    /// - Parameters:
    ///   - codes: How the request had failed before.
    ///   - now: The time.
    /// - Returns: The outages that were told and are over, with their lengths.
    mutating func end(
        _ codes: Set<TrancheError.Code>,
        now: Duration
    ) -> [(code: TrancheError.Code, length: Duration)] {
        guard !outages.isEmpty else { return [] }
        let over = outages.filter { code, outage in
            codes.contains(code) || outage.waiting == 0
        }
        return over.compactMap { code, outage in
            outages[code] = nil
            return outage.isTold ? (code, now - outage.since) : nil
        }
    }

    /// Notes that a request is repeated no more, and has not succeeded.
    ///
    /// Each request asks the store, and the next one that succeeds ends its outage. Not each asks
    /// the source: once nobody waits for it, nobody can tell when it is back.
    mutating func abandon(_ codes: Set<TrancheError.Code>) {
        for code in codes {
            guard var outage = outages[code] else { continue }
            outage.waiting -= 1
            let isForgotten = outage.waiting <= 0 && code == .sourceUnavailable
            outages[code] = isForgotten ? nil : outage
        }
    }
}
