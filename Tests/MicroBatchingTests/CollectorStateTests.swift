import Testing

@testable import MicroBatching

@Suite("What a batcher collects")
struct CollectorStateTests {
    private typealias State = CollectorState<Int>

    private func state(
        size: Int = 0,
        timeout: Duration? = nil,
        inFlight: Int = 0,
        queued: Int = 0,
        weight: Double = .infinity
    ) -> CollectorState<Int> {
        var limits = CollectorState<Int>.Limits()
        limits.size = size
        limits.timeout = timeout
        limits.inFlight = inFlight
        limits.queued = queued
        limits.weight = weight
        return CollectorState(limits, weigh: { Double($0) })
    }

    /// Adds an entry; fails the test when it is not taken.
    private func add(
        _ entry: Int,
        to state: inout CollectorState<Int>,
        at now: Duration = .zero
    ) -> CollectorState<Int>.Actions {
        guard case .taken(let actions) = state.add(entry, mayWait: true, at: { now }) else {
            Issue.record("\(entry) was not taken")
            return .init()
        }
        return actions
    }

    private func sent(_ actions: CollectorState<Int>.Actions) -> [[Int]] {
        actions.batches.map(\.entries)
    }

    @Test("A batch is sent exactly when it has the size")
    func size() {
        var state = state(size: 3)
        #expect(sent(add(1, to: &state)).isEmpty)
        #expect(sent(add(2, to: &state)).isEmpty)
        #expect(sent(add(3, to: &state)) == [[1, 2, 3]])
        #expect(sent(add(4, to: &state)).isEmpty)
        #expect(state.queued == 1)
    }

    @Test("A batch of one never sets a timer")
    func sizeOne() {
        var state = state(size: 1, timeout: .seconds(1))
        let actions = add(1, to: &state)
        #expect(sent(actions) == [[1]])
        #expect(actions.wakeAt == nil)
    }

    @Test("The timeout counts from the first entry, and a later one does not put it off")
    func timeout() {
        var state = state(size: 10, timeout: .seconds(5))
        #expect(add(1, to: &state, at: .seconds(1)).wakeAt == .seconds(6))
        #expect(add(2, to: &state, at: .seconds(4)).wakeAt == nil)
        let early = state.timerFired(at: .seconds(5))
        #expect(sent(early).isEmpty)
        #expect(early.wakeAt == .seconds(6))
        #expect(sent(state.timerFired(at: .seconds(6))) == [[1, 2]])
        #expect(add(3, to: &state, at: .seconds(7)).wakeAt == .seconds(12))
    }

    @Test("A timer that was set for a batch that is gone looks again for the next one")
    func staleTimer() {
        var state = state(size: 2, timeout: .seconds(5))
        #expect(add(1, to: &state, at: .seconds(0)).wakeAt == .seconds(5))
        #expect(sent(add(2, to: &state, at: .seconds(1))) == [[1, 2]])
        // It is still set, and sends nothing before the new batch's time.
        #expect(add(3, to: &state, at: .seconds(4)).wakeAt == nil)
        let fired = state.timerFired(at: .seconds(5))
        #expect(sent(fired).isEmpty)
        #expect(fired.wakeAt == .seconds(9))
        #expect(sent(state.timerFired(at: .seconds(9))) == [[3]])
    }

    @Test("With neither size nor timeout only a flush sends")
    func flush() {
        var state = state()
        for entry in 1...1000 { #expect(sent(add(entry, to: &state)).isEmpty) }
        #expect(sent(state.flush(at: .zero)) == [Array(1...1000)])
        #expect(sent(state.flush(at: .zero)).isEmpty)
    }

    @Test("A heavier entry begins the next batch, and one above the limit is a batch by itself")
    func weight() {
        var state = state(weight: 10)
        #expect(sent(add(4, to: &state)).isEmpty)
        #expect(sent(add(5, to: &state)).isEmpty)
        #expect(sent(add(3, to: &state)) == [[4, 5]])
        #expect(sent(add(20, to: &state)) == [[3], [20]])
        #expect(sent(add(10, to: &state)) == [[10]])
    }

    @Test("Batches beyond those that may be under way wait, in order")
    func inFlight() {
        var state = state(size: 1, inFlight: 2)
        #expect(sent(add(1, to: &state)) == [[1]])
        #expect(sent(add(2, to: &state)) == [[2]])
        #expect(sent(add(3, to: &state)).isEmpty)
        #expect(sent(add(4, to: &state)).isEmpty)
        #expect(state.inFlight == 2)
        #expect(sent(state.batchEnded(at: .zero)) == [[3]])
        #expect(sent(state.batchEnded(at: .zero)) == [[4]])
        #expect(sent(state.batchEnded(at: .zero)).isEmpty)
        #expect(sent(state.batchEnded(at: .zero)).isEmpty)
        #expect(state.inFlight == 0)
    }

    @Test("An eager batcher sends at once when nothing is under way, and else with all who came")
    func eager() {
        var limits = CollectorState<Int>.Limits()
        limits.size = 4
        limits.inFlight = 1
        limits.isEager = true
        var state = CollectorState<Int>(limits)
        #expect(sent(add(1, to: &state)) == [[1]])
        for entry in 2...7 { #expect(sent(add(entry, to: &state)).isEmpty) }
        let hasCompany = !state.beginAlone()
        #expect(hasCompany)
        #expect(sent(state.batchEnded(at: .zero)) == [[2, 3, 4, 5]])
        #expect(sent(state.batchEnded(at: .zero)) == [[6, 7]])
        #expect(sent(state.batchEnded(at: .zero)).isEmpty)
        let isAlone = state.beginAlone()
        #expect(isAlone)
        #expect(sent(add(8, to: &state)).isEmpty)
        #expect(sent(state.batchEnded(at: .zero)) == [[8]])
    }

    @Test("Entries that there is no room for stand outside, and come in in order")
    func queue() {
        var state = state(size: 2, inFlight: 1, queued: 2)
        #expect(sent(add(1, to: &state)).isEmpty)
        #expect(sent(add(2, to: &state)) == [[1, 2]])
        for entry in 3...7 { #expect(sent(add(entry, to: &state)).isEmpty) }
        #expect(state.queued == 2)
        #expect(state.outside == [5, 6, 7])
        guard case .full = state.add(8, mayWait: false, at: { .zero }) else {
            Issue.record("there was room for 8")
            return
        }
        #expect(sent(state.batchEnded(at: .zero)) == [[3, 4]])
        #expect(state.outside == [7])
        #expect(sent(state.batchEnded(at: .zero)) == [[5, 6]])
        #expect(state.outside.isEmpty)
        #expect(state.queued == 1)
    }

    @Test("A shutdown sends what there is, takes nothing more, and is over with the last batch")
    func shutdown() {
        var state = state(size: 2, inFlight: 1, queued: 2)
        for entry in 1...5 { _ = add(entry, to: &state) }
        let actions = state.shutDown(at: .zero)
        #expect(sent(actions).isEmpty)
        #expect(!actions.isOver)
        guard case .closed = state.add(6, mayWait: true, at: { .zero }) else {
            Issue.record("6 was taken")
            return
        }
        let second = state.batchEnded(at: .zero)
        #expect(sent(second) == [[3, 4]])
        let third = state.batchEnded(at: .zero)
        #expect(sent(third) == [[5]])
        #expect(!third.isOver)
        #expect(state.batchEnded(at: .zero).isOver)
        #expect(state.shutDown(at: .zero).isOver)
    }

    @Test("Entries that nobody wants leave, and make room")
    func removal() {
        var state = state(size: 3, timeout: .seconds(1), inFlight: 1, queued: 3)
        for entry in 1...8 { _ = add(entry, to: &state) }
        // 1, 2 and 3 are under way, 4, 5 and 6 are ready, 7 and 8 stand outside.
        let actions = state.remove(where: { $0 == 4 || $0 == 6 || $0 == 7 }, at: .seconds(2))
        #expect(sent(actions).isEmpty)
        #expect(actions.removed == 3)
        #expect(state.queued == 2)
        #expect(state.outside.isEmpty)
        #expect(sent(state.batchEnded(at: .seconds(2))) == [[5]])
    }

    @Test("Whatever comes, each entry is sent once, in order, in batches within the limits")
    func random() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(state: seed)
        for _ in 0..<300 {
            let size = Int.random(in: 0...5, using: &random)
            let inFlight = Int.random(in: 0...3, using: &random)
            var state = state(
                size: size,
                timeout: Bool.random(using: &random) ? .seconds(3) : nil,
                inFlight: inFlight,
                queued: Int.random(in: 0...6, using: &random),
                weight: Bool.random(using: &random) ? 50 : .infinity
            )
            var (now, next, underWay) = (Duration.zero, 0, 0)
            var timer: Duration?
            var seen: [Int] = []
            var isOver = false
            func note(_ actions: CollectorState<Int>.Actions) {
                for batch in actions.batches {
                    underWay += 1
                    seen += batch.entries
                    #expect(!batch.entries.isEmpty, "seed \(seed)")
                    #expect(size == 0 || batch.entries.count <= size, "seed \(seed)")
                }
                #expect(inFlight == 0 || underWay <= inFlight, "seed \(seed)")
                if let wakeAt = actions.wakeAt {
                    #expect(timer == nil, "two timers, seed \(seed)")
                    timer = wakeAt
                }
                isOver = isOver || actions.isOver
            }
            for _ in 0..<200 {
                now += .milliseconds(Int.random(in: 0...900, using: &random))
                if let time = timer, time <= now {
                    timer = nil
                    note(state.timerFired(at: now))
                }
                switch Int.random(in: 0...9, using: &random) {
                case 0: note(state.flush(at: now))
                case 1...3 where underWay > 0:
                    underWay -= 1
                    note(state.batchEnded(at: now))
                default:
                    if case .taken(let actions) = state.add(next, mayWait: true, at: { now }) {
                        note(actions)
                        next += 1
                    }
                }
            }
            note(state.shutDown(at: now))
            while underWay > 0 {
                underWay -= 1
                note(state.batchEnded(at: now))
            }
            #expect(seen == Array(0..<next), "seed \(seed)")
            #expect(isOver, "seed \(seed)")
        }
    }
}

/// A generator that gives the same numbers for the same seed: SplitMix64.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
