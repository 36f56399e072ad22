package import Tranche

/// The latest events, for who was away for a moment.
struct EventLog: Sendable {
    /// That runs have changed, or that everything is to be read again.
    struct Event: Sendable {
        let number: Int
        let runs: [RunChangeDocument]
        /// Why everything is to be read again; `nil` where runs have changed.
        var stale: String?
    }

    /// Tells this server's numbers from those of another, or of an earlier one.
    private let name = String(AccessTokens.randomText().prefix(12))
    private var events: [Event] = []
    private var last = 0

    /// The most events that are kept.
    private static let most = 1000
    /// The most runs that are told at once, of half a kilobyte each: of more it is said only that
    /// they have changed, so that no listener's connection holds more than it may.
    static let mostRuns = 200

    /// Adds an event.
    ///
    /// - Parameter runs: The runs that have changed.
    /// - Returns: The event; `nil` for too many runs: then all who listen, and all who come back,
    ///   are to read everything again.
    mutating func add(_ runs: [RunChangeDocument]) -> Event? {
        guard runs.count <= Self.mostRuns else {
            last += 1
            events = []
            return nil
        }
        return keep(Event(number: last + 1, runs: runs))
    }

    /// Adds that everything is to be read again, for all who listen.
    ///
    /// - Parameter reason: Why.
    /// - Returns: The event.
    mutating func addStale(_ reason: String) -> Event {
        keep(Event(number: last + 1, runs: [], stale: reason))
    }

    private mutating func keep(_ event: Event) -> Event {
        last = event.number
        events.append(event)
        if events.count > Self.most { events.removeFirst(events.count - Self.most) }
        return event
    }

    /// The events behind a mark; `nil` where some of them are not known any more, or tell of too
    /// many runs together.
    func events(after mark: String) -> [Event]? {
        let parts = mark.split(separator: "-")
        guard parts.count == 2, parts[0] == name, let number = Int(parts[1]), number <= last,
            number >= (events.first?.number ?? last + 1) - 1
        else { return nil }
        let missed = events.filter { $0.number > number }
        return missed.reduce(0) { $0 + $1.runs.count } <= Self.mostRuns ? missed : nil
    }

    /// The mark of an event.
    func mark(_ number: Int) -> String { "\(name)-\(number)" }

    /// That everything is to be read again, for one who has missed events up to now.
    func stale(_ reason: String) -> String { stale(reason, last) }

    fileprivate func stale(_ reason: String, _ number: Int) -> String {
        "id: \(mark(number))\nevent: overview-stale\ndata: {\"reason\":\"\(reason)\"}\n\n"
    }
}

extension EventLog.Event {
    /// The event as it is sent; `nil` where nothing of it is the caller's.
    ///
    /// - Parameters:
    ///   - caller: Who reads it; `nil` for who sees all.
    ///   - log: The log that it is of.
    /// - Returns: The text, with the empty line at its end.
    func text(for caller: Caller?, in log: EventLog) -> String? {
        if let stale { return log.stale(stale, number) }
        let own = runs.filter { caller?.has(job: $0.job) ?? true }
        guard !own.isEmpty, let data = try? ChangeEventDocument(runs: own).documentText() else {
            return nil
        }
        return "id: \(log.mark(number))\nevent: change\ndata: \(data)\n\n"
    }
}

/// That runs have changed.
package struct ChangeEventDocument: Codable, Sendable, Hashable {
    package let runs: [RunChangeDocument]
}

/// How a run is now, in short.
package struct RunChangeDocument: Codable, Sendable, Hashable {
    package let job: String
    package let meta: String
    package let run: String
    package let status: String
    package let cursor: Int64?
    package let counts: TotalsDocument

    init(_ summary: RunSummary) {
        job = summary.run.key.job
        meta = summary.run.key.metaTable
        run = summary.run.key.run
        status = RunStatus(summary: summary, gaps: [], risks: nil).state.name
        cursor = summary.run.cursor
        counts = TotalsDocument(summary)
    }
}
