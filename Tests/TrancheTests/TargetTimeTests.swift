import Foundation
import Testing
import Tranche

@Suite("The weight of a target time")
struct TargetTimeTests {
    private let target = TargetTime(.seconds(10), least: 2, most: 1000)

    private func time(_ second: Double) -> Date { Date(timeIntervalSince1970: second) }

    /// Batches of a weight and a time, that ended second by second from the first on.
    private func ends(
        _ times: [(weight: Double, seconds: Double)],
        from second: Double = 1
    ) -> [BatchTime] {
        times.enumerated().map { index, end in
            BatchTime(
                weight: end.weight,
                time: .seconds(end.seconds),
                endedAt: time(second + Double(index))
            )
        }
    }

    @Test("It begins at the least weight, and stays while nothing has ended")
    func beginning() {
        let (first, isNew) = target.size(after: nil, [])
        #expect(first.weight == 2)
        #expect(!isNew)
        let known = BatchSizing(weight: 7, measuredTo: time(9))
        #expect(target.size(after: known, ends([(7, 1)], from: 9)) == (known, false))
    }

    @Test("It grows by a fifth at most, and falls as far as it must")
    func growth() {
        let known = BatchSizing(weight: 100)
        #expect(target.size(after: known, ends([(100, 1)])).0.weight == 120)
        #expect(target.size(after: known, ends([(100, 40)])).0.weight == 25)
        #expect(target.size(after: known, ends([(100, 9)])).0.weight == 100 / 9.0 * 10)
    }

    @Test("The middle of the last 20 good batches counts")
    func median() {
        let known = BatchSizing(weight: 100)
        // 10 of 20 a second, which 30 older ones do not outvote, nor one that was quick.
        let old = ends(Array(repeating: (100, 1), count: 30))
        let late = ends(Array(repeating: (100, 20), count: 19) + [(100, 0.1)], from: 40)
        #expect(target.size(after: known, old + late).0.weight == 50)
    }

    @Test("One that takes five times the target, or times out, halves it once")
    func halving() {
        let known = BatchSizing(weight: 100)
        let slow = ends([(100, 51)], from: 100)
        let (half, isNew) = target.size(after: known, slow)
        #expect(half == BatchSizing(weight: 50, measuredTo: time(100)))
        #expect(isNew)
        #expect(target.size(after: half, slow) == (half, false))
        let timedOut = BatchTime(
            weight: 100,
            time: .seconds(3),
            endedAt: time(105),
            isTimeOut: true
        )
        #expect(target.size(after: half, slow + [timedOut]).0.weight == 25)
        // Known, it does not keep the weight down.
        let quarter = BatchSizing(weight: 25, measuredTo: time(105))
        let more = [timedOut] + ends([(25, 1)], from: 110)
        #expect(target.size(after: quarter, more).0.weight == 30)
    }

    // weight 100          50
    // |---- slow: halves it
    //   |--------------- slow, too: no reason
    //                     |------- slow again: halves it
    @Test("One cause halves it once, however late what was handed out before ends")
    func oneCause() {
        let half = BatchSizing(weight: 50, measuredTo: time(100))
        let before = ends([(100, 51), (100, 55), (100, 70)], from: 100)
        #expect(target.size(after: half, before) == (half, false))
        let timedOut = BatchTime(
            weight: 100,
            time: .seconds(60),
            endedAt: time(110),
            isTimeOut: true
        )
        #expect(target.size(after: half, before + [timedOut]) == (half, false))
        // Nor do they outvote the one that was in time.
        let good = ends([(50, 10)], from: 120)
        #expect(target.size(after: half, before + [timedOut] + good) == (half, false))
        // It began when the other did not yet know: at the very end of the first.
        let atOnce = ends([(100, 51)], from: 151)
        #expect(target.size(after: half, before + atOnce) == (half, false))
        let later = ends([(50, 51)], from: 152)
        #expect(target.size(after: half, before + later).0.weight == 25)
    }

    @Test("It stays within its bounds, and small changes are not worth one")
    func bounds() {
        #expect(target.size(after: BatchSizing(weight: 990), ends([(990, 1)])).0.weight == 990)
        #expect(target.size(after: BatchSizing(weight: 900), ends([(900, 1)])).0.weight == 1000)
        #expect(
            target.size(after: BatchSizing(weight: 3), ends([(3, 60)], from: 100)).0.weight == 2
        )
        #expect(!target.size(after: BatchSizing(weight: 100), ends([(104, 10)])).isNew)
    }

    @Test("An item heavier than the limit is what it grows from")
    func heavyItems() {
        let known = BatchSizing(weight: 2)
        #expect(target.size(after: known, ends([(100, 0.5)])).0.weight == 120)
        #expect(target.size(after: known, ends([(100, 0)])).0.weight == 120)
    }

    @Test(
        "What cannot be is refused",
        arguments: [
            TargetTime(.zero), TargetTime(.seconds(1), least: 0),
            TargetTime(.seconds(1), least: 5, most: 4), TargetTime(.seconds(1), least: .infinity),
            TargetTime(.seconds(1), most: .nan),
        ]
    )
    func refused(target: TargetTime) {
        var request = BatchRequest(job: "j")
        request.targetTime = target
        #expect(throws: TrancheError.self) { try request.validate() }
    }

    @Test("It excludes a fixed weight")
    func exclusion() {
        var request = BatchRequest(job: "j", limit: .weight(5))
        request.targetTime = target
        #expect(throws: TrancheError.self) { try request.validate() }
    }
}
