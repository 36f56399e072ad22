import Testing
import Tranche

@testable import TrancheChains

@Suite("Regular expressions of ECMA 262")
struct PatternTests {
    struct Case: CustomTestStringConvertible {
        let pattern: String
        let hits: [String]
        let misses: [String]
        var testDescription: String { pattern }
    }

    static let cases = [
        Case(pattern: #"^\d+$"#, hits: ["42"], misses: ["٤٢", "１", "12\n", ""]),
        Case(pattern: #"^a$"#, hits: ["a"], misses: ["a\n", "ba"]),
        Case(pattern: "b", hits: ["abc"], misses: ["ac"]),
        Case(pattern: #"^\w$"#, hits: ["a", "_", "9"], misses: ["é", "-"]),
        Case(pattern: #"^\W\D$"#, hits: ["éé"], misses: ["é1", "aé"]),
        Case(
            pattern: #"^\s$"#,
            hits: ["\u{FEFF}", "\u{2029}", "\u{A0}", "\u{B}"],
            misses: ["\u{180E}", "a"]
        ),
        Case(pattern: #"^[\S]$"#, hits: ["a", "\u{180E}", "😀"], misses: ["\u{3000}", " "]),
        Case(pattern: #"^[a&&b]$"#, hits: ["a", "&", "b"], misses: ["&&"]),
        Case(pattern: "^[^]$", hits: ["\n", "a", "😀"], misses: ["", "ab"]),
        Case(pattern: "[]", hits: [], misses: ["", "a"]),
        Case(pattern: "^a{,2}$", hits: ["a{,2}"], misses: ["aa"]),
        Case(pattern: "^{}x{1$", hits: ["{}x{1"], misses: []),
        Case(pattern: "^[a[b]$", hits: ["[", "a"], misses: ["c"]),
        Case(pattern: "^.$", hits: ["😀", "\u{85}"], misses: ["\n", "\r", "\u{2028}"]),
        Case(pattern: #"^\cJ\x41\u0042\u{1F600}\uD83D\uDE00\0$"#, hits: ["\nAB😀😀\0"], misses: []),
        Case(pattern: #"^[\b\-\]^]$"#, hits: ["\u{8}", "-", "]", "^"], misses: ["b"]),
        Case(pattern: #"^[\w-.]$"#, hits: ["a", "-", "."], misses: ["+"]),
        Case(pattern: #"^(?<y>\d\d)-\k<y>$"#, hits: ["12-12"], misses: ["12-13"]),
        Case(pattern: #"^(?:(a)|b)\1$"#, hits: ["aa", "b"], misses: ["ab"]),
        Case(pattern: #"^(?=a)(?!ab)a.(?<=c)(?<!b)$"#, hits: ["ac"], misses: ["ab", "ad"]),
        Case(
            pattern: #"^\p{Letter}\p{Lu}\p{Script=Greek}\P{L}$"#,
            hits: ["éÄω1"],
            misses: ["éäω1", "éÄa1"]
        ),
        Case(pattern: #"^\p{digit}+$"#, hits: ["٤٢"], misses: ["a"]),
        Case(pattern: #"\bfoo\b"#, hits: ["a foo b", "éfoo"], misses: ["food"]),
        Case(pattern: "a|", hits: ["", "b"], misses: []),
        Case(pattern: #"^\@\_?\/"#.replacing(#"\_"#, with: "_"), hits: ["@/"], misses: ["/"]),
        Case(pattern: "^x{2,3}?y+?$", hits: ["xxy", "xxxyy"], misses: ["xy"]),
    ]

    @Test("A pattern means what ECMA 262 says", arguments: cases)
    func patterns(sample: Case) throws {
        let pattern = try Pattern(sample.pattern)
        let room = PatternRoom()
        func matches(_ text: String) throws -> Bool {
            let bytes = Array(text.utf8)
            return try bytes.withUnsafeBufferPointer { try pattern.matches($0, room) }
        }
        for text in sample.hits { #expect(try matches(text), "\(text.debugDescription)") }
        for text in sample.misses { #expect(try !matches(text), "\(text.debugDescription)") }
    }

    @Test(
        "What is no pattern is refused, and named",
        arguments: [
            ("(", "does not end"), (")", "closes no group"), ("[a", "not closed"),
            ("*a", "to repeat"),
            ("a**", "to repeat"), ("a++", "to repeat"), ("^*", "no width"), (#"\b+"#, "no width"),
            ("(?i)a", "(?i"), ("(?P<n>a)", "(?P"), ("(?#c)", "(?#"), ("(?>a)", "(?>"),
            (#"\a"#, #"'\a'"#), (#"\Z"#, #"'\Z'"#), (#"\1"#, "no group"), (#"\k<n>"#, "no group"),
            (#"(?<n>a)(?<n>b)"#, "two groups"), (#"\p{Nope}"#, "not a property"),
            (#"\u{110000}"#, "none"),
            (#"\uD800"#, "half a character"), ("[z-a]", "backwards"), (#"\c1"#, "no letter"),
            (#"\01"#, "octal"), (#"a\"#, "at the end"), ("(?<=a+)b", "lookbehind"),
        ]
    )
    func refused(pattern: String, reason: String) {
        let error = #expect(throws: PatternTranslator.Failure.self) { _ = try Pattern(pattern) }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }
}
