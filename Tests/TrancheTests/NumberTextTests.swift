import Testing
import Tranche
import TrancheTestKit

@Suite("Numbers as text")
struct NumberTextTests {
    private func cell(_ text: String) -> RecordCell {
        Array(text.utf8).withUnsafeBufferPointer { NumberText.cell($0) }
    }

    private func json(_ text: String) -> String? {
        var output: [UInt8] = []
        let isNumber = Array(text.utf8).withUnsafeBufferPointer {
            NumberText.appendJSON($0, to: &output)
        }
        return isNumber ? String(decoding: output, as: UTF8.self) : nil
    }

    @Test(
        "What 64 bits hold is an integer",
        arguments: [
            "0", "-0", "7", "-9223372036854775808", "9223372036854775807", "9007199254740993",
        ]
    )
    func integers(_ text: String) {
        #expect(cell(text).kind == .integer)
        #expect(cell(text).integer == Int64(text))
    }

    @Test(
        "What a double holds is a double",
        arguments: [
            "0.1", "1.50", "1e3", "1E+3", "-2.5e-3", "0.30000000000000004", "123456789.12345679",
            "1.7976931348623157e308", "2.2250738585072014e-308", "5e-324", "0e999", "-0.0",
            "0.00000e-99999999999999999999", "10000000000000000000", "1e19",
            "0.1000000000000000000000000000", "100000000000000000000000000000000000000000e-41",
            "9007199254740992.0", "18014398509481984.000",
        ]
    )
    func doubles(_ text: String) {
        #expect(cell(text).kind == .real)
        #expect(cell(text).real == Double(text))
    }

    @Test(
        "What neither holds keeps its digits",
        arguments: [
            "18446744073709551615", "9223372036854775808", "-9223372036854775809",
            "12345678901234567890.123456789", "123456789.123456789012345678", "1e400", "-1e400",
            "1e-400", "4.9e-324", "9007199254740993.0", "0.1000000000000000055511151231257827",
            "1e99999999999999999999999", "1e-99999999999999999999999",
            "18446744073709551616", "1.79769313486231570000000000001e308",
            String(repeating: "9", count: 1000),
        ]
    )
    func decimals(_ text: String) {
        #expect(cell(text).kind == .decimal)
    }

    @Test("Random doubles and their neighbours are told apart by value")
    func random() async {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix64(seed: seed)
        for number in 0..<20_000 {
            // The pool has few threads, and other tests live by real time.
            if number % 500 == 0 { await Task.yield() }
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            let text = value.description
            let isWhole = !text.contains("e") && Int64(text) != nil
            #expect(isWhole || cell(text).kind == .real, "\(text), seed \(seed)")
            guard value != 0, let end = text.firstIndex(of: "e") ?? Optional(text.endIndex)
            else { continue }
            // 20 more places: another number, which the double does not hold.
            let point = text[..<end].contains(".") ? "" : "."
            let longer = text[..<end] + point + "00000000000000000001" + text[end...]
            #expect(cell(String(longer)).kind == .decimal, "\(longer), seed \(seed)")
        }
    }

    @Test(
        "A number is spelled as JSON wants it, digit by digit",
        arguments: [
            ("1.50", "1.50"), ("-0", "-0"), (" +007 ", "7"), ("-00.50", "-0.50"), (".5", "0.5"),
            ("5.", "5"), ("5.e3", "5e3"), ("-.5E+07", "-0.5E+07"), ("000", "0"), ("1e400", "1e400"),
            ("18446744073709551615", "18446744073709551615"),
        ]
    )
    func spelling(_ text: String, _ expected: String) {
        #expect(json(text) == expected)
    }

    @Test(
        "What is no number is not spelled as one",
        arguments: ["", " ", "-", ".", "e5", "1e", "1e+", "NaN", "inf", "0x10", "1 2", "1.2.3"]
    )
    func noNumbers(_ text: String) {
        #expect(json(text) == nil)
    }
}
