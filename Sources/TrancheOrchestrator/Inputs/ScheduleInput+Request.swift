package import FoundationEssentials
package import Tranche

/// The event of a schedule that somebody asked for by hand.
package struct RequestedEvent: Sendable, Hashable {
    /// The time that it stands for.
    package let time: Date
    /// The number of the event in the log; `nil` where nothing was kept.
    package let number: Int64?
    /// Whether the log had it already.
    package let isKnown: Bool
}

/// What the payload of an event has that somebody asked for by hand.
struct RequestedTime: Codable, Sendable {
    /// Who asked; absent where nobody knows.
    var by: String?
    /// Why.
    var reason: String?
    /// When.
    var at: String
    /// The time up to which the schedule had given its own then.
    var follows: String

    private struct Payload: Decodable {
        var requested: RequestedTime?
    }

    init(by note: ChangeNote, at now: Date, follows last: Date) {
        by = note.by
        reason = note.reason
        at = now.utcText
        follows = last.utcText
    }

    /// Reads what an event has of it; `nil` where nobody asked for the event.
    init?(of event: LoggedEvent) {
        // What is no such event was not asked for.
        guard event.content.contains("\"requested\""),
            let payload = (try? Event(json: event.content))?.payload,
            let found = (try? JSONText.decode(Payload.self, from: payload))?.requested
        else { return nil }
        self = found
    }
}

extension ScheduleInput {
    /// Gives an event by hand, once: for now, or for a time of the schedule that is over.
    ///
    /// Links work on it as on any. The times that the schedule gives by itself stay the same; one
    /// that was given by hand is not given again, for as long as events are kept at least.
    ///
    /// - Parameters:
    ///   - slot: A time of the schedule; now by default.
    ///   - note: Who asks, and why; part of the event's payload, as `requested`.
    ///   - log: The input's log.
    ///   - isDryRun: Whether nothing is kept.
    /// - Returns: The event, which the log may have had already.
    /// - Throws: `TrancheError` `.invalidArgument` for a time that is none of the schedule's, or
    ///   that has not come; of the store.
    package func request(
        at slot: Date? = nil,
        by note: ChangeNote,
        in log: InputLog,
        isDryRun: Bool = false
    ) async throws -> RequestedEvent {
        let now = log.now
        if let slot { try requireOwn(slot, at: now) }
        let time = Date(milliseconds: (slot ?? now).milliseconds)
        if let number = try await known(time, in: log) {
            return RequestedEvent(time: time, number: number, isKnown: true)
        }
        if isDryRun { return RequestedEvent(time: time, number: nil, isKnown: false) }
        let requested = RequestedTime(by: note, at: now, follows: try await last(in: log))
        let words = try JSONText.encode(requested)
        var event = self.event(at: time)
        event.payload = #"{"zone":"\#(schedule.zone)","requested":\#(words)}"#
        let kept = try await log.append(
            event,
            identity: time.utcText,
            key: name,
            isLasting: true
        )
        return RequestedEvent(time: time, number: kept?.number, isKnown: kept?.isNew == false)
    }

    /// The number of the event of a time among the newest of the log, or 0 where it is cleaned;
    /// `nil` where there is none.
    private func known(_ time: Date, in log: InputLog) async throws -> Int64? {
        let identity = time.utcText
        if let record = try await log.newest(1000).last(where: { $0.event.identity == identity }) {
            return record.number
        }
        // What is known for good stands right behind what it begins with.
        let mark = String(identity.dropLast())
        let next = try await log.lastingIdentities(after: mark, limit: 1)
        return next.first == identity ? 0 : nil
    }

    /// Refuses a time that is none of the schedule's, or has not come.
    private func requireOwn(_ slot: Date, at now: Date) throws {
        guard slot <= now else {
            throw TrancheError(
                .invalidArgument,
                "\(slot.utcText) has not come yet: '\(name)' gives it by itself, if it is a time "
                    + "of '\(schedule)'; without a time, an event for now is given"
            )
        }
        if schedule.times(from: slot, through: slot, limit: 1) == [slot] { return }
        let around = [before(slot), schedule.next(after: slot)].compactMap { $0?.utcText }
        throw TrancheError(
            .invalidArgument,
            "\(slot.utcText) is no time of '\(schedule)'; beside it are "
                + around.joined(separator: " and ")
        )
    }

    /// The last time of the schedule before a moment; `nil` where there is none within a year.
    private func before(_ moment: Date) -> Date? {
        let spans: [Double] = [1, 24, 24 * 32, 24 * 367]
        for hours in spans {
            let start = moment.addingTimeInterval(-hours * 3600)
            let times = schedule.times(from: start, through: moment, limit: 10_000)
            if let last = times.last { return last }
        }
        return nil
    }
}
