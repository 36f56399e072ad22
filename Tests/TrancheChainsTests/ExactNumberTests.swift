import Testing
import TrancheTestKit

@testable import TrancheChains

@Suite("Exact numbers")
struct ExactNumberTests {
    @Test("Spellings of the same number are equal")
    func equality() throws {
        for (spelling, other) in [
            ("1", "1.0"), ("10", "1e1"), ("0.5", "5e-1"), ("-0", "0"), ("0e5", "0.00"),
            ("1e+2", "100"),
            ("12300", "0.123e5"), (".5", "0.50"), ("5.", "5"),
        ] {
            #expect(ExactNumber(spelling) == ExactNumber(other), "\(spelling)")
        }
        for text in [
            "", "-", ".", "1e", "e1", "1.2.3", "0x1", "1 ", "inf", "1e1000000000000000000",
        ] {
            #expect(ExactNumber(text) == nil, "\(text)")
        }
    }

    @Test("Order, wholeness and multiples are those of whole numbers, at any scale")
    func model() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix64(seed: seed)
        for _ in 0..<5_000 {
            let (first, second) = (
                Int.random(in: -3000...3000, using: &generator),
                Int.random(in: 1...300, using: &generator)
            )
            let scale = Int.random(in: -400...400, using: &generator)
            let lhs = try #require(ExactNumber("\(first)e\(scale)"))
            let rhs = try #require(ExactNumber("\(second)00e\(scale - 2)"))
            #expect((lhs < rhs) == (first < second), "seed \(seed): \(first) \(second) \(scale)")
            #expect((lhs == rhs) == (first == second), "seed \(seed): \(first) \(second) \(scale)")
            #expect(
                lhs.isMultiple(of: rhs) == (first % second == 0),
                "seed \(seed): \(first) \(second) \(scale)"
            )
            #expect(ExactNumber(lhs.description) == lhs, "seed \(seed): \(lhs)")
            #expect(ExactNumber(first).integer == Int64(first))
        }
        #expect(ExactNumber("9223372036854775808")?.integer == nil)
        #expect(ExactNumber("-9223372036854775808")?.integer == .min)
        #expect(ExactNumber("1.5e1")?.integer == 15)
        #expect(ExactNumber("1.5")?.isWhole == false)
    }
}
