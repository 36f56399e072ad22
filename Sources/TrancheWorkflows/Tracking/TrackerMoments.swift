/// Of which moments a tracker is still to be told, in their order: a value, without time or tasks.
///
/// The start comes first, the end last, each once; the first failure once, whenever it comes before
/// the end. An interval is left out while anything else is to be told, or a call goes on.
package struct TrackerMoments: Sendable {
    private var waiting: [TrackerMoment] = [.started]
    private var hasFailed = false
    private var hasEnded = false
    /// The calls that have not returned, those included that nobody waits for any more.
    private var calls = 0

    /// Makes them, with the start to be told.
    package init() {}

    /// An attempt has failed.
    package mutating func fail() {
        guard !hasFailed, !hasEnded else { return }
        hasFailed = true
        waiting.append(.firstFailure)
    }

    /// The tracker's interval has passed.
    package mutating func tick() {
        guard !hasEnded, calls == 0, waiting.isEmpty else { return }
        waiting.append(.interval)
    }

    /// The work is over.
    package mutating func end() {
        guard !hasEnded else { return }
        hasEnded = true
        waiting.removeAll { $0 == .interval }
        waiting.append(.ended)
    }

    /// Takes the next moment, of which the tracker is told now; `nil` where there is none yet.
    package mutating func next() -> TrackerMoment? {
        guard !waiting.isEmpty else { return nil }
        calls += 1
        return waiting.removeFirst()
    }

    /// A call has returned.
    package mutating func callReturned() {
        calls -= 1
    }
}
