import Testing
import Tranche
import TrancheTestKit

@Suite("What ids add up to")
struct IDChecksumTests {
    @Test("A set's tally is that of its ids one by one", arguments: 0..<200)
    func model(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        // Around the places where the bits that count begin anew.
        let base = Int64.random(in: -3...3, using: &random) << 20
        let ids = IDRuns((base - 60...base + 60).filter { _ in Bool.random(using: &random) })
        var tally = IDChecksum()
        for id in ids.ids { tally.add(id) }
        #expect(IDChecksum(ids) == tally, "seed \(seed)")
    }

    @Test("A wide run is added up in one go")
    func wide() {
        let tally = IDChecksum(IDRuns(0...IDChecksum.mask))
        #expect(tally.count == 1 << 20)
        #expect(tally.sum == IDChecksum.mask * (IDChecksum.mask + 1) / 2)
    }

    @Test("One that came does not hide one that went")
    func swapped() {
        #expect(IDChecksum(IDRuns([1, 2, 3])) != IDChecksum(IDRuns([1, 2, 4])))
    }
}
