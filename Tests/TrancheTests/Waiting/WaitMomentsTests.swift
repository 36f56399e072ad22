import Testing

@testable import Tranche

@Suite("When it is said that workers wait")
struct WaitMomentsTests {
    private func told(_ kind: WaitMoments.Kind, _ seconds: [Int]) -> [Int] {
        var moments = WaitMoments()
        return seconds.filter { moments.isDue(kind, at: .seconds($0)) }
    }

    @Test("After 2 s, once, and then every 30 s")
    func moments() {
        #expect(told(.others, Array(0...70)) == [2, 32, 62])
        #expect(told(.writers, [0, 1, 50, 51]) == [50])
    }

    @Test("What has begun in between is waited for anew")
    func anew() {
        var moments = WaitMoments()
        _ = moments.isDue(.others, at: .seconds(0))
        moments.end()
        let told = [9, 10, 11].map { moments.isDue(.others, at: .seconds($0)) }
        #expect(told == [false, false, true])
    }

    @Test("Another reason is news, and that all is done is said once for all")
    func news() {
        var moments = WaitMoments()
        let looks: [(WaitMoments.Kind, Int)] = [
            (.writers, 0), (.writers, 2), (.others, 3), (.others, 4), (.nothing, 6),
            (.nothing, 600),
        ]
        let told = looks.map { moments.isDue($0.0, at: .seconds($0.1)) }
        #expect(told == [false, true, false, true, true, false])
        moments.end()
        let again = [700, 800].map { moments.isDue(.nothing, at: .seconds($0)) }
        #expect(again == [false, false])
    }
}
