import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite("The settled ceiling")
struct SettlingStateTests {
    private let start = Date(timeIntervalSince1970: 1_767_225_600)
    private let wait = Duration.seconds(60)

    @Test("Without writers, the highest id is settled at once")
    func noWriters() {
        var state = SettlingState()
        observe(&state, highest: nil)
        #expect(state.ceiling == nil)
        observe(&state, highest: 7)
        #expect(state.ceiling == 7)
        #expect(state.candidate == nil)
        observe(&state, highest: 5)
        #expect(state.ceiling == 7)
    }

    @Test("Writers that were there are waited for, and those who come later are not")
    func laterWriters() {
        var state = SettlingState()
        observe(&state, highest: 7, ["a", "b"])
        observe(&state, highest: 8, ["b", "c"], at: 1)
        #expect(state.ceiling == nil)
        #expect(state.candidate == 7)
        observe(&state, highest: 9, ["c", "d"], at: 2)
        #expect(state.ceiling == 7)
        #expect(state.candidate == 9)
    }

    @Test("One writer is waited for once, and is then known to linger")
    func lingering() {
        var state = SettlingState()
        observe(&state, highest: 7, ["a"])
        observe(&state, highest: 8, ["a", "b"], at: 59.999)
        #expect(state.ceiling == nil)
        #expect(state.lingering(now: time(59.999), wait: wait).isEmpty)
        observe(&state, highest: 8, ["a", "b"], at: 60)
        #expect(state.ceiling == 7)
        #expect(state.lingering(now: time(60), wait: wait) == ["a"])
        // The next one waits for the other writer alone.
        #expect(state.candidate == 8)
        #expect(state.passesAt(wait: wait, lag: .zero) == time(119.999))
        // And the one after that for nobody.
        observe(&state, highest: 9, ["a"], at: 61)
        #expect(state.ceiling == 9)
    }

    @Test("Nothing to wait for, nothing that passes")
    func passing() {
        var state = SettlingState()
        #expect(state.passesAt(wait: wait, lag: .zero) == nil)
        observe(&state, highest: 7, ["a"])
        #expect(state.passesAt(wait: wait, lag: .zero) == time(60))
        #expect(state.passesAt(wait: wait, lag: .seconds(90)) == time(90))
    }

    @Test("With a lag, an id must have been known for so long")
    func lag() {
        var state = SettlingState()
        observe(&state, highest: 7, lag: .seconds(5))
        observe(&state, highest: 8, at: 4.999, lag: .seconds(5))
        #expect(state.ceiling == nil)
        observe(&state, highest: 9, at: 5, lag: .seconds(5))
        #expect(state.ceiling == 7)
        #expect(state.candidate == 9)
    }

    @Test("What was seen by a clock that was set back since is waited for no longer than anew")
    func setBack() {
        var state = SettlingState()
        observe(&state, highest: 7, ["a"], at: 86_400)
        #expect(state.isAhead(of: time(0)))
        observe(&state, highest: 8, ["a"])
        #expect(!state.isAhead(of: time(0)))
        #expect(state.ceiling == nil)
        #expect(state.passesAt(wait: wait, lag: .zero) == time(60))
        // It lingers, and the next one waits for nobody else.
        observe(&state, highest: 8, ["a"], at: 60)
        #expect(state.ceiling == 8)
        // Its writer has ended.
        var other = SettlingState()
        observe(&other, highest: 7, ["a"], at: 86_400)
        observe(&other, highest: 8, ["b"])
        #expect(other.ceiling == 7)
        // It was known for less than the lag, as far as can be told.
        var lagging = SettlingState()
        observe(&lagging, highest: 7, at: 86_400, lag: .seconds(5))
        observe(&lagging, highest: 8, lag: .seconds(5))
        #expect(lagging.ceiling == nil)
        observe(&lagging, highest: 9, at: 5, lag: .seconds(5))
        #expect(lagging.ceiling == 7)
    }

    @Test("Where ages are known, only what is old enough is settled, and at once")
    func aged() {
        var state = SettlingState()
        var observation = WriterObservation(highestID: 9)
        observation.aged = .init(id: 6)
        state.observe(observation, now: start, wait: wait, lag: .seconds(30))
        #expect(state.ceiling == 6)
        observation.aged = .init(id: nil)
        state.observe(observation, now: start, wait: wait, lag: .seconds(30))
        #expect(state.ceiling == 6)
    }

    @Test("After a restart of the server the highest id is taken anew")
    func restart() {
        var state = SettlingState()
        observe(&state, highest: 3)
        observe(&state, highest: 7, ["a"])
        // The same name is somebody else's now.
        observe(&state, highest: 8, ["a"], at: 59, epoch: "2")
        #expect(state.ceiling == 3)
        #expect(state.candidate == 8)
        observe(&state, highest: 8, ["a"], at: 60, epoch: "2")
        #expect(state.ceiling == 3)
        observe(&state, highest: 8, at: 61, epoch: "2")
        #expect(state.ceiling == 8)
    }

    @Test("Who began to wait later, or has a lower ceiling, is behind")
    func behind() {
        var known = SettlingState()
        var mine = known
        #expect(!mine.isBehind(known))
        observe(&known, highest: 7, ["a"])
        #expect(!known.isBehind(mine))
        observe(&mine, highest: 7, ["a"], at: 1)
        #expect(mine.isBehind(known))
        #expect(!known.isBehind(mine))
        observe(&known, highest: 7, at: 2)
        #expect(mine.isBehind(known))
        observe(&mine, highest: 7, at: 2)
        #expect(!mine.isBehind(known))
        // A new life of the server makes every wait begin anew.
        observe(&known, highest: 9, ["b"], at: 3)
        observe(&mine, highest: 9, ["b"], at: 4, epoch: "2")
        #expect(!mine.isBehind(known))
    }

    @Test("Packed text gives the same state again", arguments: 0..<100)
    func packing(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        var state = SettlingState()
        var highest: Int64 = 0
        for step in 0..<12 {
            highest += Int64.random(in: 0...3, using: &random)
            let names = ["3/17", "-1/42", "5/9", "12/1"].filter { _ in Bool.random(using: &random) }
            let epoch = Int.random(in: 0..<6, using: &random) == 0 ? "9+\(step)" : "1+1"
            observe(&state, highest: highest, Set(names), at: Double(step) / 8, epoch: epoch)
            let again = SettlingState(
                ceiling: state.ceiling,
                candidate: state.candidate,
                candidateAt: state.candidateAt,
                packedHolders: state.packedHolders
            )
            #expect(again.holders == state.holders, "seed \(seed)")
            #expect(again.epoch == state.epoch, "seed \(seed)")
            // Who is gone is not waited for.
            let awaited = state.awaited.intersection(state.holders.keys)
            #expect(again.awaited == awaited, "seed \(seed)")
            #expect(again.ceiling == state.ceiling && again.candidate == state.candidate)
            #expect(again.candidateAt == state.candidateAt, "seed \(seed)")
        }
    }

    @Test("Nothing is committed up to a ceiling once it was found", arguments: 0..<200)
    func proof(seed: Int) async throws {
        var random = SplitMix64(seed: UInt64(seed))
        let table = MemoryTable()
        var open: [(transaction: MemoryTransaction, ids: [Int64])] = []
        var state = SettlingState()
        for step in 0..<60 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: open.append((table.begin(), []))
            case 1, 2:
                guard let place = open.indices.randomElement(using: &random) else { continue }
                open[place].ids.append(try open[place].transaction.reserve())
            case 3:
                guard let place = open.indices.randomElement(using: &random) else { continue }
                let (transaction, ids) = open.remove(at: place)
                let ceiling = state.ceiling ?? .min
                #expect(ids.allSatisfy { $0 > ceiling }, "seed \(seed): \(ids) below \(ceiling)")
                try transaction.insert(ids.map { Item(id: $0) })
                try transaction.commit()
            default:
                // Time passes, but nobody is given up.
                let observation = try await table.observeWriters(lag: .zero)
                state.observe(observation, now: time(Double(step)), wait: .seconds(1000))
            }
        }
    }

    private func time(_ seconds: Double) -> Date { start.addingTimeInterval(seconds) }

    private func observe(
        _ state: inout SettlingState,
        highest: Int64?,
        _ holders: Set<String> = [],
        at seconds: Double = 0,
        epoch: String = "1",
        lag: Duration = .zero
    ) {
        let observation = WriterObservation(highestID: highest, epoch: epoch, holders: holders)
        state.observe(observation, now: time(seconds), wait: wait, lag: lag)
    }
}
