import Synchronization

/// Chooses the requests with which an actor's connection is lost.
final class LostConnections: Sendable {
    private let random: Mutex<SplitMix64>

    init(random: SplitMix64) {
        self.random = Mutex(random)
    }

    func next() -> FaultInjectingStore.Moment? {
        random.withLock { random in
            guard random.hits(oneIn: 12) else { return nil }
            return random.pick([.before, .after])
        }
    }
}
