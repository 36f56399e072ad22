import Foundation
import Testing

@testable import Tranche

@Suite("What the workers of a group do next")
struct WorkerGroupStateTests {
    private typealias Action = WorkerGroupState.Action

    private let now = Date(timeIntervalSince1970: 1_000_000)

    private func state(
        slots: Int = 1,
        prefetch: Int = 0,
        end: BatchesEnd = .whenComplete,
        limit: Int = .max
    ) -> WorkerGroupState {
        let configuration = WorkerGroup.Configuration(
            slots: slots,
            prefetch: prefetch,
            end: end,
            limit: limit
        )
        return WorkerGroupState(configuration, longestPause: .seconds(1))
    }

    private func waiting(_ seconds: Double) -> NoBatchReason {
        .waiting(until: now.addingTimeInterval(seconds))
    }

    @Test("Each slot gets a worker")
    func begins() {
        var state = state(slots: 3)
        #expect(state.handle(.began) == (1...3).map { .start(worker: $0) })
        #expect(state.handle(.slots(3)) == [.wake])
    }

    @Test("A free worker takes what it holds ahead before it asks")
    func order() {
        var state = state(prefetch: 2)
        _ = state.handle(.began)
        #expect(state.handle(.free(worker: 1, holding: 0)) == [.next(.acquire(1))])
        #expect(state.handle(.acquired(worker: 1)) == [.next(.work)])
        #expect(state.handle(.hasRoom(worker: 1, 2)) == [.next(.acquire(2))])
        #expect(state.handle(.filled(asked: 2, given: 1)) == [])
        #expect(state.handle(.free(worker: 1, holding: 1)) == [.next(.work)])
        #expect(state.handle(.free(worker: 1, holding: 0)) == [.next(.acquire(1))])
    }

    @Test("One worker looks for room in a budget for all, who follow when there is some")
    func scouts() {
        var state = state(slots: 3)
        _ = state.handle(.began)
        let limited = NoBatchReason.limited(by: "api", until: nil)
        func look(_ worker: Int) -> [Action] {
            _ = state.handle(.free(worker: worker, holding: 0))
            return state.handle(.foundNone(worker: worker, limited, now: now))
        }
        _ = state.handle(.free(worker: 3, holding: 0))
        #expect(state.handle(.acquired(worker: 3)) == [.next(.work)])
        #expect(look(1) == [.next(.wait(.milliseconds(5)))])
        #expect(look(2) == [.next(.wait(.seconds(1)))])
        for _ in 0..<9 { #expect(look(1).count == 1) }
        #expect(look(1) == [.next(.wait(.milliseconds(100)))])
        _ = state.handle(.free(worker: 1, holding: 0))
        #expect(state.handle(.acquired(worker: 1)) == [.next(.work), .wake])
        // It is told once nobody has a batch in hand.
        _ = state.handle(.free(worker: 3, holding: 0))
        _ = state.handle(.free(worker: 1, holding: 0))
        var told = 0
        for _ in 0..<12 where look(1).contains(.tell(limited)) { told += 1 }
        #expect(told == 1)
    }

    @Test("Looks that find nothing follow each other quickly at first, up to the poll interval")
    func looks() {
        var state = state()
        _ = state.handle(.began)
        var pauses: [Duration] = []
        for _ in 0..<10 {
            _ = state.handle(.free(worker: 1, holding: 0))
            let actions = state.handle(.foundNone(worker: 1, waiting(60), now: now))
            guard case .next(.wait(let pause)) = actions.first else { break }
            pauses.append(pause)
        }
        #expect(
            pauses == [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000].map { .milliseconds($0) }
        )
        _ = state.handle(.free(worker: 1, holding: 0))
        _ = state.handle(.acquired(worker: 1))
        _ = state.handle(.free(worker: 1, holding: 0))
        let again = state.handle(.foundNone(worker: 1, waiting(60), now: now))
        #expect(again == [.next(.wait(.milliseconds(5)))])
    }

    @Test("A batch that is due soon is waited for no longer than that")
    func dueSoon() {
        var state = state()
        _ = state.handle(.began)
        for _ in 0..<12 { _ = state.handle(.foundNone(worker: 1, waiting(60), now: now)) }
        let actions = state.handle(.foundNone(worker: 1, waiting(0.25), now: now))
        #expect(actions == [.next(.wait(.milliseconds(250)))])
    }

    @Test(
        "What is worth waiting for depends on when the group ends",
        arguments: [
            (BatchesEnd.whenNothingIsReady, [true, true, true, true, true]),
            (.whenComplete, [true, false, true, true, true]),
            (.never, [false, false, false, false, false]),
        ]
    )
    func ends(end: BatchesEnd, areEnds: [Bool]) {
        let reasons: [NoBatchReason] = [
            .complete, waiting(1), .unsettled(until: nil), .paused(reason: "lunch"),
            .held(reason: "down", until: nil),
        ]
        for (reason, isEnd) in zip(reasons, areEnds) {
            var state = state(end: end)
            _ = state.handle(.began)
            let actions = state.handle(.foundNone(worker: 1, reason, now: now))
            #expect((actions == [.next(.end)]) == isEnd, "\(reason)")
            #expect(state.reason == (isEnd ? reason : nil))
        }
    }

    @Test("The reason is that of the worker that ended first")
    func firstReason() {
        var state = state(slots: 2)
        _ = state.handle(.began)
        _ = state.handle(.foundNone(worker: 2, .complete, now: now))
        _ = state.handle(.foundNone(worker: 1, .paused(reason: ""), now: now))
        #expect(state.reason == .complete)
    }

    @Test("A limit counts what was asked for, so that workers who ask at once get no more")
    func limit() {
        var state = state(slots: 3, prefetch: 5, limit: 2)
        _ = state.handle(.began)
        #expect(state.handle(.free(worker: 1, holding: 0)) == [.next(.acquire(1))])
        #expect(state.handle(.hasRoom(worker: 1, 5)) == [.next(.acquire(1))])
        #expect(state.handle(.free(worker: 2, holding: 0)) == [.next(.end)])
        _ = state.handle(.filled(asked: 1, given: 0))
        #expect(state.handle(.free(worker: 3, holding: 0)) == [.next(.acquire(1))])
        #expect(state.reason == nil)
    }

    @Test("After a stop nothing more is acquired, and what is held ahead is given back")
    func stop() {
        var state = state(slots: 2, prefetch: 2)
        _ = state.handle(.began)
        _ = state.handle(.free(worker: 1, holding: 0))
        #expect(state.handle(.stopped) == [.wake])
        #expect(state.handle(.acquired(worker: 1)) == [.next(.end)])
        #expect(state.handle(.free(worker: 2, holding: 2)) == [.next(.end)])
        #expect(state.handle(.hasRoom(worker: 2, 2)) == [])
        #expect(state.handle(.foundNone(worker: 2, waiting(1), now: now)) == [.next(.end)])
        #expect(state.reason == nil)
        #expect(state.handle(.slots(5)) == [.wake])
        #expect(state.handle(.ended(worker: 1)) == [])
        #expect(state.handle(.ended(worker: 2)) == [.finish])
    }

    @Test("An error of one worker ends the others when they are free")
    func failure() {
        var state = state(slots: 2)
        _ = state.handle(.began)
        #expect(state.handle(.failed(.storeFailed)) == [.wake])
        #expect(state.handle(.ended(worker: 1)) == [])
        #expect(state.handle(.free(worker: 2, holding: 0)) == [.next(.end)])
        #expect(state.handle(.ended(worker: 2)) == [.finish])
    }

    @Test("Where content cannot be read on, the others go on, and one looks alone for what is left")
    func brokenContent() {
        var state = state(slots: 2)
        _ = state.handle(.began)
        #expect(state.handle(.failed(.invalidItem)) == [])
        #expect(state.handle(.ended(worker: 1)) == [])
        #expect(state.handle(.free(worker: 2, holding: 0)) == [.next(.acquire(1))])
        _ = state.handle(.failed(.invalidItem))
        #expect(state.handle(.ended(worker: 2)) == [.start(worker: 1)])
        #expect(state.handle(.free(worker: 1, holding: 0)) == [.next(.acquire(1))])
        _ = state.handle(.failed(.invalidItem))
        #expect(state.handle(.ended(worker: 1)) == [.finish])
    }

    @Test("A single worker that cannot read on has looked alone already")
    func brokenContentAlone() {
        var state = state()
        _ = state.handle(.began)
        _ = state.handle(.failed(.invalidItem))
        #expect(state.handle(.ended(worker: 1)) == [.finish])
    }

    @Test("While paused, nothing is begun or acquired, and what is in hand is finished")
    func pause() {
        var state = state(prefetch: 2)
        _ = state.handle(.began)
        _ = state.handle(.free(worker: 1, holding: 0))
        #expect(state.handle(.paused(true)) == [.wake])
        #expect(state.handle(.acquired(worker: 1)) == [.next(.work)])
        #expect(state.handle(.hasRoom(worker: 1, 2)) == [])
        #expect(state.handle(.free(worker: 1, holding: 2)) == [.next(.rest)])
        #expect(state.handle(.paused(false)) == [.wake])
        #expect(state.handle(.free(worker: 1, holding: 0)) == [.next(.acquire(1))])
    }

    @Test("More slots start workers that are missing; fewer end those beyond when they are free")
    func slots() {
        var state = state(slots: 2)
        _ = state.handle(.began)
        #expect(state.handle(.slots(4)) == [.start(worker: 3), .start(worker: 4), .wake])
        #expect(state.handle(.slots(1)) == [.wake])
        #expect(state.handle(.free(worker: 3, holding: 1)) == [.next(.end)])
        #expect(state.handle(.ended(worker: 3)) == [])
        #expect(state.handle(.free(worker: 1, holding: 0)) == [.next(.acquire(1))])
        // Worker 2 and 4 have not noticed yet, and go on.
        #expect(state.handle(.slots(4)) == [.start(worker: 3), .wake])
        #expect(state.handle(.free(worker: 4, holding: 0)) == [.next(.acquire(1))])
    }
}

@Suite("What is held ahead")
struct PrefetchBufferTests {
    private func buffer() -> PrefetchBuffer<String> {
        var buffer = PrefetchBuffer<String>()
        buffer.add("a", id: 1, lease: .seconds(60), now: .seconds(0))
        buffer.add("b", id: 2, lease: .seconds(30), now: .seconds(5))
        return buffer
    }

    @Test("Batches are taken in the order in which they came")
    func order() {
        var buffer = buffer()
        #expect(buffer.count == 2)
        #expect(buffer.take() == "a")
        #expect(buffer.takeAll() == ["b"])
        #expect(buffer.take() == nil)
    }

    @Test("A heartbeat is due after a third of each batch's lease")
    func heartbeats() {
        var buffer = buffer()
        #expect(buffer.nextDue(among: [1, 2])?.id == 2)
        #expect(buffer.nextDue(among: [1, 2])?.at == .seconds(15))
        buffer.renew("b, renewed", id: 2, now: .seconds(16))
        #expect(buffer.nextDue(among: [1, 2])?.id == 1)
        #expect(buffer.nextDue(among: [1, 2])?.at == .seconds(20))
        #expect(buffer.nextDue(among: [2])?.at == .seconds(26))
        #expect(buffer.nextDue(among: [2])?.batch == "b, renewed")
        buffer.drop(1)
        buffer.drop(2)
        #expect(buffer.nextDue(among: [1, 2]) == nil)
        #expect(buffer.ids.isEmpty)
    }
}
