/// Since when what cannot be reached, so that each outage is told once, whoever meets it.
struct OutageLog {
    /// An outage shorter than this is told to nobody.
    private static let patience: Duration = .seconds(1)

    private var outages: [TrancheError.Code: (since: Duration, isTold: Bool)] = [:]

    /// Notes a request that failed.
    ///
    /// - Returns: Whether that is to be told.
    mutating func note(_ code: TrancheError.Code, since began: Duration, now: Duration) -> Bool {
        var outage = outages[code] ?? (began, false)
        defer { outages[code] = outage }
        guard !outage.isTold, now - outage.since >= Self.patience else { return false }
        outage.isTold = true
        return true
    }

    /// Notes that a request succeeded that had failed.
    ///
    /// - Returns: The outages that were told and are over, with their lengths.
    mutating func end(
        _ codes: Set<TrancheError.Code>,
        now: Duration
    ) -> [(code: TrancheError.Code, length: Duration)] {
        codes.compactMap { code in
            guard let outage = outages.removeValue(forKey: code), outage.isTold else { return nil }
            return (code, now - outage.since)
        }
    }
}
