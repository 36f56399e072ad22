import Foundation
import Testing
import Tranche

@Suite("What follows a deferral")
struct DeferringBatchTests {
    private let now = Date(timeIntervalSince1970: 1_000_000)

    private func batch(deferrals: Int = 0, since: Date? = nil) -> BatchRecord {
        BatchRecord(
            id: 1,
            key: RunKey(metaTable: "t", job: "j"),
            kind: .incremental,
            status: .running,
            attempt: 1,
            failures: 0,
            idStart: 1,
            idEnd: 9,
            coverStart: nil,
            itemIDs: nil,
            count: 9,
            weight: 9,
            startedAt: now,
            deferrals: deferrals,
            deferredSince: since
        )
    }

    @Test("A wait is kept within its bounds")
    func bounds() {
        #expect(BatchDeferral(for: .zero).wait == .seconds(1))
        #expect(BatchDeferral(for: .seconds(-5)).wait == .seconds(1))
        #expect(BatchDeferral(for: .seconds(7)).wait == .seconds(7))
        #expect(BatchDeferral(for: .seconds(9999)).wait == .seconds(900))
    }

    @Test("It is due at the end of its wait, or of the parking, and the jitter after that")
    func due() {
        let deferring = DeferringBatch(batch(), BatchDeferral(for: .seconds(30)), now: now)
        #expect(deferring.failure == nil)
        let alone = deferring.released(parkedUntil: nil, jitter: .seconds(2))
        #expect(alone.retryAt == now.addingTimeInterval(32))
        let parked = now.addingTimeInterval(60)
        #expect(deferring.released(parkedUntil: parked, jitter: .zero).retryAt == parked)
    }

    @Test("A parking is never shortened, and made longer only by a second or more")
    func parking() {
        let deferring = DeferringBatch(batch(), BatchDeferral(for: .seconds(30)), now: now)
        for (known, until, isNews) in [
            (nil, 30, true), (-5, 30, true), (10, 30, true), (29.5, 30, false), (31, 31, false),
        ] as [(Double?, Double, Bool)] {
            let parking = deferring.parking(after: known.map { now.addingTimeInterval($0) })
            #expect(parking.until == now.addingTimeInterval(until))
            #expect(parking.isNews == isNews)
        }
    }

    @Test("A hundred in a row, or a day of them, are a failure")
    func row() {
        let wait = BatchDeferral(for: .seconds(30), reason: "busy")
        let often = DeferringBatch(batch(deferrals: 99, since: now), wait, now: now)
        #expect(often.failure?.message.contains("put off 100 times") == true)
        #expect(DeferringBatch(batch(deferrals: 98, since: now), wait, now: now).failure == nil)
        let long = now.addingTimeInterval(-86_400)
        #expect(DeferringBatch(batch(deferrals: 1, since: long), wait, now: now).failure != nil)
    }
}
