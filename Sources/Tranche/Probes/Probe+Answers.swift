import FoundationEssentials

/// What becomes of a probe; decided alike whatever keeps it.
extension Probe {
    /// How long an answer still counts when it is time to ask again: the next asker has this long.
    private var slack: Duration { timeout + .seconds(5) }

    /// How soon it is asked again by another, where one could not reach it.
    private static let secondOpinion: TimeInterval = 1

    /// The longest that an answer may put off the next question.
    private static let longestWait: TimeInterval = 900

    /// How often one asker alone must fail before it is believed.
    private static let doubtsAlone = 3

    /// What stands before the reason why it could not be asked.
    private static let unreachedWords = "cannot be asked: "

    /// Whether it could not be asked when that was tried last.
    var isUnreached: Bool { state.reason.hasPrefix(Self.unreachedWords) }

    /// Whether it is time to ask, for one asker.
    func isDue(for asker: String, at now: Date) -> Bool {
        // A claim for longer, and an answer that is to come yet, are those of a clock that was set
        // back since.
        if let claimed = state.claimedUntil, claimed > now,
            claimed <= now.addingTimeInterval(slack.seconds + 1)
        {
            return false
        }
        if let answered = state.answeredAt, answered > now.addingTimeInterval(1) { return true }
        return nextTime(for: asker).map { $0 <= now } ?? true
    }

    /// When an asker is to look at it again; `nil` for at once.
    ///
    /// A worker that could not reach it leaves the next try to others for one interval.
    func nextTime(for asker: String) -> Date? {
        guard let next = state.nextAt else { return nil }
        guard state.doubter == asker, let answered = state.answeredAt else { return next }
        return max(next, answered.addingTimeInterval(min(interval.seconds, 10)))
    }

    /// The state in which one asker is about to ask, so that no other does.
    func claimed(at now: Date) -> ProbeState {
        var state = state
        state.claimedUntil = now.addingTimeInterval(slack.seconds)
        return state
    }

    /// The state after an answer.
    func answered(_ answer: ProbeAnswer, to asker: String, at now: Date) -> ProbeState {
        var state = told(answer.isOpen, answer.reason, by: asker, at: now)
        state.doubter = nil
        state.doubts = 0
        let next = now.addingTimeInterval(interval.seconds)
        if case .window = question {
            // It opens and closes to the moment.
            state.nextAt = answer.until ?? next
            state.openUntil = answer.isOpen ? state.nextAt : nil
        } else {
            let latest = now.addingTimeInterval(Self.longestWait)
            state.nextAt = answer.until.map { min(max($0, now), latest) } ?? next
            state.openUntil = answer.isOpen ? next.addingTimeInterval(slack.seconds) : nil
        }
        return state
    }

    /// The state after an asker could not ask.
    ///
    /// It needs two askers, or one that fails three times in a row: until then it is as it was.
    func unreached(_ reason: String, by asker: String, at now: Date) -> ProbeState {
        var state = state
        let isSecond = state.doubts > 0 && state.doubter != asker
        state.doubts += 1
        if isSecond || state.doubts >= Self.doubtsAlone {
            state.doubts = max(state.doubts, Self.doubtsAlone)
            let doubts = state.doubts
            let words = Self.unreachedWords + reason
            state = told(!holdsWhenUnreachable, words, by: asker, at: now)
            state.doubts = doubts
            state.nextAt = now.addingTimeInterval(interval.seconds)
        } else {
            // Where no answer stands, that is all that is known.
            if state.isOpen == nil { state.reason = Self.unreachedWords + reason }
            state.claimedUntil = nil
            state.answeredAt = now
            state.nextAt = now.addingTimeInterval(Self.secondOpinion)
        }
        state.doubter = asker
        if state.isOpen ?? false {
            state.openUntil = now.addingTimeInterval((interval + slack).seconds)
        }
        return state
    }

    private func told(
        _ isOpen: Bool,
        _ reason: String,
        by asker: String,
        at now: Date
    ) -> ProbeState {
        var state = state
        state.isOpen = isOpen
        state.reason = reason
        state.answeredAt = now
        state.askedBy = asker
        state.claimedUntil = nil
        state.openUntil = nil
        return state
    }
}
