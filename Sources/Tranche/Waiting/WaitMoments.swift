/// When to say that workers wait: after 2 s, once, and then every 30 s.
struct WaitMoments: Sendable, Hashable {
    /// How long a wait may be without a word.
    static let patience = Duration.seconds(2)
    /// How long it is until the next.
    static let pause = Duration.seconds(30)

    private var since: Duration?
    private var told: Told?
    /// Whether it was said that all is done: once, however often more comes.
    private var hasToldNothing = false

    private struct Told: Sendable, Hashable {
        var at: Duration
        var kind: Kind
    }

    /// What is waited for; another one is news.
    enum Kind: Sendable, Hashable {
        case nothing, others, writers, room, stop

        init(_ reason: NoBatchReason) {
            self =
                switch reason {
                case .complete: .nothing
                case .waiting, .stuck: .others
                case .unsettled: .writers
                case .limited: .room
                case .paused, .cancelled, .held, .heldBack, .superseded: .stop
                }
        }
    }

    /// Notes that there is something in hand.
    mutating func end() {
        since = nil
        told = nil
    }

    /// Notes that there is nothing in hand.
    ///
    /// - Parameters:
    ///   - kind: What is waited for.
    ///   - now: The time.
    /// - Returns: Whether that is to be said now.
    mutating func isDue(_ kind: Kind, at now: Duration) -> Bool {
        let began = since ?? now
        since = began
        guard now - began >= Self.patience else { return false }
        if kind == .nothing, hasToldNothing { return false }
        if let told, now - told.at < (told.kind == kind ? Self.pause : Self.patience) {
            return false
        }
        told = Told(at: now, kind: kind)
        if kind == .nothing { hasToldNothing = true }
        return true
    }
}
