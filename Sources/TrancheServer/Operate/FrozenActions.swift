import Synchronization
import Tranche

/// What was looked at to be changed: the batches are those of the preview, whatever comes
/// meanwhile.
final class FrozenActions: Sendable {
    /// What is done with batches.
    enum Kind: String, Codable, Sendable, CaseIterable {
        case retry, redrive, release
    }

    /// Batches, and what is to be done with them.
    struct Action: Sendable {
        let kind: Kind
        let batches: [BatchRecord]
        let mayRepeat: Bool
        let principal: String
        let until: Duration
    }

    /// How long a preview is good.
    static let seconds = 60
    /// The most batches of one.
    static let mostBatches = 10_000
    /// The most at once.
    private static let most = 50

    private let stopwatch: Stopwatch
    private let actions = Mutex<[String: Action]>([:])

    init(_ clock: any Clock<Duration>) {
        stopwatch = Stopwatch(clock)
    }

    /// Keeps batches for who has the token.
    func freeze(
        _ kind: Kind,
        _ batches: [BatchRecord],
        mayRepeat: Bool,
        for principal: String
    ) -> String {
        let token = AccessTokens.randomText()
        let now = stopwatch.elapsed
        let action = Action(
            kind: kind,
            batches: batches,
            mayRepeat: mayRepeat,
            principal: principal,
            until: now + .seconds(Self.seconds)
        )
        actions.withLock { actions in
            actions = actions.filter { $0.value.until > now }
            while actions.count >= Self.most,
                let oldest = actions.min(by: { $0.value.until < $1.value.until })
            {
                actions[oldest.key] = nil
            }
            actions[token] = action
        }
        return token
    }

    /// Takes what was kept, once; `nil` where it is too late, or somebody else's.
    func take(_ token: String, for principal: String) -> Action? {
        let now = stopwatch.elapsed
        return actions.withLock { actions in
            guard let action = actions[token], action.principal == principal else { return nil }
            actions[token] = nil
            return action.until > now ? action : nil
        }
    }
}
