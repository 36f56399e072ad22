import Testing
import TrancheOrchestrator
import TrancheTestKit

@Suite("YAML documents")
struct YAMLDocumentTests {
    private func json(_ text: String) throws -> String {
        try YAMLDocument(text: text, file: "p.yaml").root.json(file: "p.yaml")
    }

    private func fault(_ text: String) -> String {
        do {
            return "no fault: \(try json(text))"
        } catch {
            return "\(error)"
        }
    }

    @Test(
        "Plain scalars mean what the core schema says",
        arguments: [
            ("", "null"), ("~", "null"), ("Null", "null"), ("nULL", #""nULL""#),
            ("true", "true"), ("FALSE", "false"), ("no", #""no""#), ("on", #""on""#),
            ("yes", #""yes""#), ("y", #""y""#), ("12", "12"), ("+12", "12"), ("-0", "-0"),
            ("007", "7"), ("0x1F", "31"), ("0o17", "15"), ("0x", #""0x""#), ("0x+1", #""0x+1""#),
            ("0xFFFFFFFFFFFFFFFFF", #""0xFFFFFFFFFFFFFFFFF""#),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("3.10", "3.10"), (".5", "0.5"), ("-.5", "-0.5"), ("5.", "5.0"), ("00.5", "0.5"),
            ("1e3", "1e3"), ("1.E+03", "1.0e+03"), ("1e", #""1e""#), (".", #"".""#),
            ("-", "[null]"), ("1_000", #""1_000""#), ("12:30", #""12:30""#),
            ("2026-11-28", #""2026-11-28""#), ("1.2.3", #""1.2.3""#), ("'12'", #""12""#),
            (#""true""#, #""true""#), ("''", #""""#),
        ]
    )
    func scalars(_ text: String, _ expected: String) throws {
        #expect(try json("[\(text == "-" ? "x" : "")]") == (text == "-" ? #"["x"]"# : "[]"))
        #expect(try json("a: \(text == "-" ? "\n  -" : text)") == #"{"a":\#(expected)}"#)
    }

    @Test("Block texts are texts, and escapes are resolved")
    func texts() throws {
        #expect(try json("a: |\n  12\n") == #"{"a":"12\n"}"#)
        #expect(try json("a: >-\n  1\n  2\n") == #"{"a":"1 2"}"#)
        #expect(try json(#"a: "\t\u00e9\0\\\"""#) == "{\"a\":\"\\té\\u0000\\\\\\\"\"}")
    }

    @Test("Values and keys know their places")
    func marks() throws {
        let root = try YAMLDocument(text: "é: [1,\n  {b: c}]\n", file: "p.yaml").root
        guard case .mapping(let entries) = root.value,
            case .sequence(let items) = entries[0].value.value
        else {
            Issue.record("no mapping with a list")
            return
        }
        #expect(entries[0].mark == YAMLMark(line: 1, column: 1))
        #expect(entries[0].value.mark == YAMLMark(line: 1, column: 4))
        #expect(items[0].mark == YAMLMark(line: 1, column: 5))
        #expect(items[1]["b"]?.mark == YAMLMark(line: 2, column: 7))
    }

    @Test("Aliases and merge keys work as in compose files")
    func aliases() throws {
        #expect(try json("a: &x [1]\nb: *x") == #"{"a":[1],"b":[1]}"#)
        #expect(
            try json("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n  r: 4")
                == #"{"a":{"p":1,"q":2},"b":{"q":3,"r":4,"p":1}}"#
        )
        #expect(
            try json("a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}")
                == #"{"a":{"p":1},"b":{"p":2,"q":2},"c":{"p":1,"q":2}}"#
        )
        #expect(try json(#"{"<<": 1}"#) == #"{"<<":1}"#)
        #expect(try json("a: &x 1\nb: &x 2\nc: *x") == #"{"a":1,"b":2,"c":2}"#)
    }

    @Test("A byte order mark, Windows line ends and JSON are read")
    func sources() throws {
        #expect(try json("\u{FEFF}a: 1\r\nb: 2\r\n") == #"{"a":1,"b":2}"#)
        #expect(
            try json("{\n\t\"a\": [1.50, true,\n\t\tnull, \"x\\/y\"]\n}")
                == #"{"a":[1.50,true,null,"x/y"]}"#
        )
        #expect(try json(#"{"a":1,"b":{"c":[]}}"#) == #"{"a":1,"b":{"c":[]}}"#)
        #expect(try json("# note\n---\na: 1\n...\n") == #"{"a":1}"#)
    }

    @Test(
        "Faults say the place and what to do",
        arguments: [
            ("", "1:1: the file has no content; write at least one line such as 'name: value'"),
            ("# only a note\n", "1:1: the file has no content;"),
            ("---\n", "1:1: the file has no content;"),
            ("a: 1\n---\nb: 2\n", "2:1: a second document begins here"),
            ("a: 1\nb: 2\na: 3", "3:1: the key 'a' is there already, at line 1, column 1;"),
            ("a: &x {}\nb: {<<: *x, <<: *x}", "2:13: the key '<<' is there already"),
            ("a: {<<: 1}", "1:5: '<<' merges a mapping or a list of mappings"),
            ("a: !!str 1", "1:4: tags such as 'tag:yaml.org,2002:str' are not supported"),
            ("a: !env X", "1:4: tags such as '!env' are not supported"),
            ("a: !e!x X", "1:4: tags are not supported"),
            ("a: *x", "1:4: there is no '&x' before the alias '*x'"),
            ("a: &x [*x]", "1:8: the alias '*x' stands within the value that it names"),
            ("a: * b", "1:4: a name is expected after '*' or '&'"),
            ("a:\n\tb: 1", "2:1: a tab cannot indent; use spaces"),
            ("a:\n  b: 1\n\tc: 2", "3:1: a tab cannot indent; use spaces"),
            ("a: @x", "1:4: a text cannot begin with '@'; put it in quotes"),
            ("a: `x`", "1:4: a text cannot begin with '`'; put it in quotes"),
            ("a: %x", "1:4: a text cannot begin with '%'; put it in quotes"),
            ("a: b: c", "1:5: a ':' is not expected here"),
            ("a:\n  b: 1\n c: 2", "3:2: a key is expected here, as far to the right"),
            ("a:\n  - 1\n  b: 2", "3:3: a '-' is expected here"),
            ("a: 1\nbc\nd: 2", "2:1: a ':' and a value are expected after this key"),
            ("a: \"x\nb: 1\n", "1:4: the text in quotes that begins here is not closed"),
            ("a: [1, 2\nb: 3", "a ',' or ']' is expected here, in the list that begins at line 1"),
            ("a: {b: 1\n", "a ',' or '}' is expected here, in the mapping that begins at line 1"),
            (#"a: "\q""#, "1:5: there is no such escape"),
            (#"a: "\ud83d\ude00""#, "this escape is not a character"),
            ("a: - b", "1:4: a '-' is not expected here"),
            ("? [a]\n: b", "1:3: a key is a text, and this is a list"),
            (": b", "1:1: a key is expected here"),
            ("a: \u{7}", "1:4: the character U+0007 is not allowed"),
            ("a: .inf", "1:4: .inf is not a number here"),
        ]
    )
    func faults(_ text: String, _ expected: String) {
        let found = fault(text)
        #expect(found.hasPrefix("p.yaml:"))
        #expect(found.contains(expected), "\(found)")
    }

    @Test("Bytes that are no UTF-8 have a place")
    func encodings() {
        #expect(
            bytesFault(Array("a: é\nbé: ".utf8) + [0xFF])
                == "f:2:5: this is not UTF-8; save the file as UTF-8"
        )
        #expect(bytesFault([0xC3]) == "f:1:1: this is not UTF-8; save the file as UTF-8")
        #expect(bytesFault([0xED, 0xA0, 0x80]).hasPrefix("f:1:1: this is not UTF-8"))
        #expect(bytesFault([0xFF, 0xFE, 0x61, 0]) == "f:1:1: the file is UTF-16; save it as UTF-8")
        #expect(bytesFault([0x61, 0]).hasPrefix("f:1:2: the character U+0000 is not allowed"))
    }

    private func bytesFault(_ bytes: [UInt8], _ limits: YAMLLimits = YAMLLimits()) -> String {
        do {
            return "no fault: \(try YAMLDocument(bytes, file: "f", limits: limits).root)"
        } catch {
            return "\(error)"
        }
    }

    @Test("Size, depth and expansion are bounded")
    func bounds() {
        var limits = YAMLLimits()
        limits.bytes = 10
        #expect(bytesFault(Array("a: 12345678".utf8), limits).contains("at most 10 are read"))
        let deep = String(repeating: "[", count: 65)
        #expect(fault(deep).contains("p.yaml:1:65: lists and mappings nest deeper than 64 levels"))
        #expect(fault(String(repeating: "- ", count: 300_000)).contains("deeper than 64 levels"))
        var laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<12 {
            let alias = "*a\(level - 1)"
            let aliases = Array(repeating: alias, count: 10).joined(separator: ", ")
            laughs += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(fault(laughs).contains("more than 100000 values"))
        let text = String(repeating: "x", count: 500_000)
        let aliases = Array(repeating: "*a", count: 20).joined(separator: ",")
        let long = "a: &a \(text)\nb: [\(aliases)]"
        #expect(fault(long).contains("8388608 bytes of text"))
        var chain = "a0: &a0 [x]\n"
        for level in 1..<100 { chain += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        #expect(fault(chain).contains("deeper than 64 levels"))
    }

    @Test("Hostile texts end soon", .timeLimit(.minutes(1)))
    func hostile() {
        for piece in [
            "[", "{", "? ", "- ", "&a ", "*a ", "!", "\"", "'", "a: ", "\n ", "|", "%", "# ", ",",
            "[]", "a\n",
        ] {
            let text = String(repeating: piece, count: 200_000 / piece.utf8.count)
            _ = fault(text)
            _ = fault("a: " + text)
        }
    }

    @Test("No bytes trap")
    func mutations() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix64(seed: seed)
        let source = Array(
            "a: &x {b: [1, 'c', \"d\\u00e9\"], <<: {e: f}}\ng: *x\nh: |\n  t\n? i\n: - j\n".utf8
        )
        for _ in 0..<3000 {
            var bytes = source
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &random)
                case 1: bytes.remove(at: index)
                default:
                    let signs = Array("[]{}:,-?!&*#|>'\"%@`\t\n \\<~".utf8)
                    bytes.insert(signs[Int.random(in: 0..<signs.count, using: &random)], at: index)
                }
            }
            do {
                let document = try YAMLDocument(bytes, file: "f")
                _ = try document.root.json(file: "f")
            } catch {
                #expect(error.line >= 1 && error.column >= 1, "seed \(seed): \(bytes)")
            }
        }
    }
}
