import Testing

@testable import TrancheOrchestrator

@Suite("Words of events that are left out")
struct LeftOutEventsTests {
    @Test("One that is superseded says by which event, several by which the last is")
    func superseded() {
        var leftOut = LeftOutEvents()
        leftOut.superseded = [(1, 4)]
        #expect(leftOut.words(ofAll: true) == "event 1 is superseded by event 4")
        #expect(leftOut.words(ofAll: false) == "event 1 is superseded by event 4")
        leftOut.superseded = [(1, 4), (2, 6)]
        let words = "2 events are superseded by later ones, the last by event 6"
        #expect(leftOut.words(ofAll: true) == "all \(words)")
        #expect(leftOut.words(ofAll: false) == words)
    }

    @Test("Those of no operation are counted beside them")
    func operations() {
        var leftOut = LeftOutEvents(others: 1)
        #expect(leftOut.words(ofAll: true) == "the event is of no operation of the link")
        leftOut.others = 3
        #expect(leftOut.words(ofAll: true) == "all 3 events are of no operation of the link")
        leftOut.superseded = [(1, 4)]
        #expect(
            leftOut.words(ofAll: true) == "event 1 is superseded by event 4; 3 events are of no "
                + "operation of the link"
        )
    }
}
