import FoundationEssentials
public import Tranche

/// An input whose events are the times of a schedule: one event for each time, once, whichever
/// process watches.
///
/// The id of an event is the time in UTC. What was missed while nobody watched is given as
/// ``missed`` says; an input that is new begins with the next time.
public struct ScheduleInput: Input {
    /// The name in the graph.
    public let name: String
    /// The times.
    public var schedule: CronSchedule
    /// The action on times at which no process watched; by default, the latest becomes an event.
    public var missed: Missed

    /// An action on times that were missed.
    public enum Missed: String, Sendable, Hashable, CaseIterable {
        /// The last of them is given.
        case latest
        /// All of them are given, the oldest first: 1,000 at once, and within 30 s the next.
        ///
        /// A drain gives 1,000, and the next drain those that follow.
        case all
        /// None is given.
        case none
    }

    /// The most times that are given at once.
    private static let most = 1000
    /// A time that came at most so long ago was not missed.
    private static let punctual = 60.0

    /// Describes an input.
    public init(_ name: String, schedule: CronSchedule, missed: Missed = .latest) {
        self.name = name
        self.schedule = schedule
        self.missed = missed
    }

    /// Gives each time when it comes.
    public func run(_ log: InputLog) async throws {
        var last = try await last(in: log)
        while true {
            last = try await give(after: last, log)
            guard let next = schedule.next(after: max(last, log.now)) else { return }
            // A clock that is set is looked at again within a while.
            let wait = min(max(next.timeIntervalSince(log.now), 0.01), 30)
            try await log.clock.sleep(for: .seconds(wait))
        }
    }

    /// Gives the times that were missed.
    public func gather(_ log: InputLog) async throws {
        _ = try await give(after: try await last(in: log), log)
    }

    /// Cleans the log, and forgets times that were given long ago.
    ///
    /// Until then a time is given once, also by a process that stood still meanwhile.
    public func clean(_ inventory: Inventory, keeping keep: Duration) async throws -> [RunKey] {
        guard try await inventory.inputLogs().contains(where: { $0.name == name }) else {
            return []
        }
        let passed = try await inventory.clean(input: name, keeping: keep).passed
        try await inventory.forgetCleaned(input: name, keptFor: keep)
        return passed
    }

    /// The last time that was given as the schedule has it; where none was, when the input was
    /// first run, and where that was another schedule, when this one was applied, if it was.
    ///
    /// What somebody asked for by hand leaves that as it was.
    func last(in log: InputLog) async throws -> Date {
        let events = try await log.newest(10)
        guard let newest = events.last else { return try await log.beganAt() }
        var last = try position(of: newest.event)
        // Of events by hand in a row, one may have been asked for before a time was given.
        for record in events.reversed() {
            last = max(last, try position(of: record.event))
            if RequestedTime(of: record.event) == nil { break }
        }
        let isSame = try Event(json: newest.event.content).location == schedule.description
        guard !isSame, let applied = try await log.firstApplied(schedule) else { return last }
        return max(last, applied)
    }

    /// The time up to which the schedule has given its own when an event was kept.
    private func position(of event: LoggedEvent) throws -> Date {
        let text = RequestedTime(of: event)?.follows ?? event.identity
        do {
            return try Date(utcText: text)
        } catch {
            throw TrancheError(
                .invalidItem,
                "the log of '\(name)' ends with '\(text)', which is not a time; give the "
                    + "schedule another name"
            )
        }
    }

    private func give(after last: Date, _ log: InputLog) async throws -> Date {
        let now = log.now
        guard last <= now else { return last }
        var due = schedule.times(
            from: last.addingTimeInterval(0.001),
            through: now,
            limit: Self.most
        )
        while due.count == Self.most, missed != .all, let end = due.last {
            let more = schedule.times(
                from: end.addingTimeInterval(0.001),
                through: now,
                limit: Self.most
            )
            if more.isEmpty { break }
            due = more
        }
        switch missed {
        case .all: break
        case .latest: due = due.suffix(1)
        case .none: due = due.filter { now.timeIntervalSince($0) <= Self.punctual }
        }
        try await log.append(
            due.map {
                InputLog.Entry(event(at: $0), identity: $0.utcText, key: name, isLasting: true)
            }
        )
        return due.last ?? last
    }

    func event(at time: Date) -> Event {
        Event(
            location: schedule.description,
            operation: .create,
            id: time.utcText,
            payload: #"{"zone":"\#(schedule.zone)"}"#
        )
    }
}
