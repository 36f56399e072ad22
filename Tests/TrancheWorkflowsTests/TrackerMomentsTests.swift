import Testing
import TrancheWorkflows

@Suite("What trackers are told of")
struct TrackerMomentsTests {
    /// Takes all moments that are there, as calls that return at once.
    private func all(_ moments: inout TrackerMoments) -> [TrackerMoment] {
        var told: [TrackerMoment] = []
        while let moment = moments.next() {
            told.append(moment)
            moments.callReturned()
        }
        return told
    }

    @Test("A run that fails and ends at once is told of in order, each once")
    func atOnce() {
        var moments = TrackerMoments()
        moments.fail()
        moments.tick()
        moments.fail()
        moments.end()
        moments.end()
        moments.fail()
        moments.tick()
        #expect(all(&moments) == [.started, .firstFailure, .ended])
        #expect(moments.next() == nil)
    }

    @Test("An interval is left out while a call goes on, and comes again behind it")
    func hanging() {
        var moments = TrackerMoments()
        #expect(all(&moments) == [.started])
        moments.tick()
        #expect(moments.next() == .interval)
        moments.tick()
        moments.tick()
        #expect(moments.next() == nil)
        moments.callReturned()
        moments.tick()
        #expect(all(&moments) == [.interval])
    }

    @Test("What hangs keeps neither the first failure nor the end from being told")
    func told() {
        var moments = TrackerMoments()
        #expect(moments.next() == .started)
        moments.fail()
        #expect(moments.next() == .firstFailure)
        moments.tick()
        moments.end()
        #expect(moments.next() == .ended)
        #expect(moments.next() == nil)
    }

    @Test("An interval that was to come is left out at the end")
    func late() {
        var moments = TrackerMoments()
        _ = all(&moments)
        moments.tick()
        moments.end()
        #expect(all(&moments) == [.ended])
    }
}
