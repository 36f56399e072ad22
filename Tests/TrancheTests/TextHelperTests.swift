import Foundation
import Testing
import Tranche
import TrancheTestKit

/// Small replacements of Foundation's, held against these.
@Suite("Text without the whole of Foundation")
struct TextHelperTests {
    private static let texts = [
        "", " ", "\t a b \t", "\n a \r\n", "\u{A0}x\u{2003}", "\u{2028}x\u{85}", "x\u{0B}\u{0C}",
        "  ä\u{301} ", "a", "\r\n\r\n", "\u{3000}日本\u{3000}",
    ]

    @Test("Texts are trimmed as Foundation does", arguments: texts)
    func trimming(_ text: String) {
        #expect(text.trimmed() == text.trimmingCharacters(in: .whitespaces))
        #expect(text.trimmed(.lineBreaks) == text.trimmingCharacters(in: .newlines))
        #expect(text.trimmed(.all) == text.trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(text.dropFirst().trimmed() == text.dropFirst().trimmingCharacters(in: .whitespaces))
    }

    @Test(
        "Texts are percent-encoded as Foundation does, and read back",
        arguments: texts + ["a/b c?d#e%f", "-._~", "+&=:@!$'()*,;", "é\0\u{1F600}"]
    )
    func percent(_ text: String) throws {
        let unreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
        for kept in ["", "/", ":@/"] {
            let allowed = CharacterSet(charactersIn: unreserved + kept)
            let encoded = text.percentEncoded(keeping: kept)
            #expect(encoded == text.addingPercentEncoding(withAllowedCharacters: allowed))
            #expect(encoded.percentDecoded == text)
        }
    }

    @Test(
        "What is not percent-encoded well is not read",
        arguments: ["%", "%4", "%zz", "%+1", "a%ff", "%41%", "plain", "%41b"]
    )
    func percentFaults(_ text: String) {
        #expect(text.percentDecoded == text.removingPercentEncoding)
    }

    @Test(
        "Numbers have the digits that Foundation gives them",
        arguments: [
            0, -0.0, 1, 0.5, 2.5, -1.005, 123_456.789, .greatestFiniteMagnitude, 0.1, 1 / 3,
            .leastNonzeroMagnitude, -.greatestFiniteMagnitude, .infinity, -.infinity, .nan,
        ]
    )
    func digits(_ value: Double) {
        for decimals in [0, 1, 2, 17, 400, 999] {
            #expect(value.fixed(decimals) == String(format: "%.\(decimals)f", value))
            #expect(value.scientific(decimals) == String(format: "%.\(decimals)e", value))
        }
    }

    @Test("A time of whole milliseconds keeps them, however often it is written and read")
    func times() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix64(seed: seed)
        let ends: [Int64] = [
            -12_212_553_600_000, -1, 0, 1, 1_764_460_800_123, 253_402_300_799_999,
        ]
        let others = (0..<2000).map { _ in
            Int64.random(in: -12_212_553_600_000...253_402_300_799_999, using: &random)
        }
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for milliseconds in ends + others {
            let text = Date(milliseconds: milliseconds).utcText
            // What Foundation writes of a time that surely lies within the millisecond.
            let middle = Date(timeIntervalSince1970: (Double(milliseconds) + 0.5) / 1000)
            try #require(text == middle.formatted(style), "\(milliseconds), seed \(seed)")
            let again = try Date(utcText: text)
            try #require(again.milliseconds == milliseconds, "\(milliseconds), seed \(seed)")
        }
        // The Julian calendar's, as Foundation reads them.
        for milliseconds: Int64 in [-62_135_596_800_000, -12_219_292_800_000] {
            let time = Date(milliseconds: milliseconds)
            #expect(try Date(utcText: time.utcText) == time)
        }
    }

    @Test("A file is read to its end, its size is known, and faults are the system's words")
    func files() throws {
        let path = NSTemporaryDirectory() + "tranche-\(UUID().uuidString)"
        defer { _ = try? FileManager.default.removeItem(atPath: path) }
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes)))
        #expect(try FileContents.bytes(of: path) == bytes)
        #expect(try FileContents.bytes(of: path, limit: 100_000) == bytes)
        #expect(try FileContents.bytes(of: path, limit: 99_999) == nil)
        #expect(try FileContents.size(of: path) == 100_000)
        #expect(try FileContents.size(of: path + "-none") == nil)
        let fault = #expect(throws: FileFault.self) { try FileContents.bytes(of: path + "-none") }
        #expect(fault?.description == "No such file or directory")
    }

    @Test("What Foundation throws is said in the system's words")
    func faults() {
        #expect(throws: (any Error).self) {
            do {
                _ = try FileManager.default.contentsOfDirectory(atPath: "/none/here")
            } catch {
                #expect("\(FileFault(error))" == "No such file or directory")
                throw error
            }
        }
        let fault = FileFault(CocoaError(.fileReadInapplicableStringEncoding))
        #expect(fault.description == "it is not UTF-8")
    }
}
