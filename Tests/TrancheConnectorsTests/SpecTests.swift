import Foundation
import Testing
import Tranche
import TrancheConnectors
import TrancheTestKit

@Suite("Texts of sources, sinks and databases")
struct SpecTests {
    /// A text, what it means, and how JSON has it.
    struct Sample: Sendable, CustomTestStringConvertible {
        let text: String
        let scheme: String
        let place: String
        var fields: [String: SpecValue] = [:]
        let json: String

        var testDescription: String { text }
    }

    static let samples = [
        Sample(text: "files", scheme: "", place: "files", json: #""files""#),
        Sample(text: "raw.files", scheme: "", place: "raw.files", json: #""raw.files""#),
        Sample(text: "none", scheme: "", place: "none", json: #""none""#),
        Sample(text: "table:a b", scheme: "table", place: "a b", json: #""table:a b""#),
        Sample(
            text: "csv:data/x.csv",
            scheme: "csv",
            place: "data/x.csv",
            json: #""csv:data/x.csv""#
        ),
        Sample(
            text: #"csv:x.csv {"delimiter":";","header":["id","name"],"skip_lines":2}"#,
            scheme: "csv",
            place: "x.csv",
            fields: ["delimiter": ";", "header": ["id", "name"], "skip_lines": 2],
            json: #"{"at":"csv:x.csv","delimiter":";","header":["id","name"],"skip_lines":2}"#
        ),
        Sample(
            text: "mongodb+srv://h/db.c?tls=true",
            scheme: "mongodb+srv",
            place: "//h/db.c?tls=true",
            json: #""mongodb+srv://h/db.c?tls=true""#
        ),
        Sample(
            text: #"inventory:clean {"root_ids":{"lower":20,"upper":80}}"#,
            scheme: "inventory",
            place: "clean",
            fields: ["root_ids": .object(["lower": 20, "upper": 80])],
            json: #"{"at":"inventory:clean","root_ids":{"lower":20,"upper":80}}"#
        ),
        Sample(
            text: "postgresql://me@host:5432/shop?sslmode=require",
            scheme: "postgresql",
            place: "//me@host:5432/shop?sslmode=require",
            json: #""postgresql://me@host:5432/shop?sslmode=require""#
        ),
        // A blank before a brace is nothing by itself.
        Sample(text: "csv:a {b}", scheme: "csv", place: "a {b}", json: #""csv:a {b}""#),
        Sample(
            text: #"csv:a {"b":1} {}"#,
            scheme: "csv",
            place: #"a {"b":1}"#,
            json: #""csv:a {\"b\":1} {}""#
        ),
    ]

    @Test("A text and a JSON document mean the same value", arguments: samples)
    func meaning(sample: Sample) throws {
        let spec = try SourceSpec(sample.text)
        #expect(spec.scheme == sample.scheme)
        #expect(spec.place == sample.place)
        #expect(spec.fields == sample.fields)
        #expect(spec.text == sample.text)
        #expect(try JSONText.encode(spec) == sample.json)
        #expect(try JSONText.decode(SourceSpec.self, from: sample.json) == spec)
        let object = try SpecValue(encoding: sample.fields)
        guard case .object(var members) = object else { return }
        members["at"] = .text(spec.location)
        let document = SpecValue.object(members).description
        #expect(try JSONText.decode(SourceSpec.self, from: document) == spec)
    }

    @Test("Every value prints to a text, and to JSON, that is read as itself")
    func roundTrip() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix64(seed: seed)
        for _ in 0..<3000 {
            let text = Self.text(&random)
            guard let spec = try? SinkSpec(text, fields: Self.fields(&random)) else { continue }
            let words = "seed \(seed): \(text.debugDescription)"
            #expect(try SinkSpec(spec.text) == spec, "\(words)")
            #expect(try SinkSpec(spec.text).text == spec.text, "\(words)")
            let json = try JSONText.encode(spec)
            #expect(try JSONText.decode(SinkSpec.self, from: json) == spec, "\(words)")
        }
    }

    /// Pieces of texts that look like what texts consist of.
    private static func text(_ random: inout SplitMix64) -> String {
        let pieces = [
            "csv:", "table:", "a", "B", ".", ":", "/", "//", " ", " {", "{", "}", " {}", "\"", "\\",
            #" {"a":1}"#, #"{"b":[1,"x"]}"#, #" {"c":" {"#, "?", "#", "@", "é", "\u{1F600}", "\n",
            "{\"\":1}", ",", "1", "[", "]", "null", "mongodb+srv://", "at",
        ]
        let count = Int.random(in: 0...7, using: &random)
        return (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }
            .joined()
    }

    private static func fields(_ random: inout SplitMix64) -> [String: SpecValue] {
        var fields: [String: SpecValue] = [:]
        for name in ["key", "uid", "skip_lines", "x1"] where Bool.random(using: &random) {
            fields[name] = value(&random, depth: 0)
        }
        return fields
    }

    private static func value(_ random: inout SplitMix64, depth: Int) -> SpecValue {
        switch Int.random(in: 0...(depth > 2 ? 3 : 5), using: &random) {
        case 0: .text(text(&random))
        case 1: .flag(Bool.random(using: &random))
        case 2: .whole(Int64.random(in: .min ... .max, using: &random))
        case 3: .fraction(Double(Int.random(in: -999...999, using: &random)) + 0.5)
        case 4: .list((0..<2).map { _ in value(&random, depth: depth + 1) })
        default: .object([text(&random): value(&random, depth: depth + 1)])
        }
    }

    // MARK: - Passwords

    static let secrets = [
        "postgresql://me:s3cr3t@host/shop", "postgresql://me:s3c@r3t@host/shop",
        "postgresql://host/shop?user=me&password=s3cr3t&x=1",
        "mongodb://me:s3cr3t@host/shop.orders", "webhook:https://me:s3cr3t@host/in",
        "postgresql://host/shop?sslpassword=s3cr3t", "postgresql://host/shop;password=s3cr3t",
    ]

    @Test(
        "A text with a password is refused unless it comes from where nobody looks",
        arguments: secrets
    )
    func refused(text: String) {
        let error = #expect(throws: SpecError.self) { try DatabaseSpec(text) }
        #expect(error?.code == .holdsPassword)
        #expect(error.map { "\($0)".contains("s3c") } == false)
        let json = "{\"at\":\"\(text)\"}"
        let decoded = #expect(throws: SpecError.self) {
            try JSONText.decode([String: DatabaseSpec].self, from: "{\"shop\":\(json)}")
        }
        #expect(decoded?.code == .holdsPassword)
        #expect(decoded?.field == ["shop"])
    }

    @Test("A password is shown by nothing, and there for who connects", arguments: secrets)
    func hidden(text: String) throws {
        let spec = try DatabaseSpec(text, passwords: .hidden)
        #expect(spec.unmaskedLocation == text)
        var dumped = ""
        dump(spec, to: &dumped)
        let shown = [
            spec.text, spec.place, spec.location, "\(spec)", String(reflecting: spec), dumped,
            "\([spec])", try JSONText.encode(spec), "\(spec.named(as: SinkRole.self))",
        ]
        for words in shown { #expect(!words.contains("s3c"), "\(words)") }
        #expect(spec.named(as: SinkRole.self).unmaskedLocation == text)
        // Who connects is no part of what is named.
        #expect(try DatabaseSpec(spec.text) == spec)
    }

    @Test("A field holds no password, wherever the text comes from")
    func fields() {
        let url = "postgresql://me:s3cr3t@host/shop"
        for value: SpecValue in [.text(url), [.text(url)], .object(["a": .text(url)])] {
            let error = #expect(throws: SpecError.self) {
                try SourceSpec("files", fields: ["database": value], passwords: .hidden)
            }
            #expect(error?.code == .holdsPassword)
            #expect(error?.field == ["database"])
        }
    }

    @Test("A path or a table's name is no URL, whatever it holds")
    func paths() throws {
        let texts = [
            "csv:/data/password=1/x.csv", "a:b@c", "table:u:p@h", "csv:gs://b/password=1/x.csv",
            #"files {"where":"url LIKE 'http://u:p@h%'"}"#,
        ]
        for text in texts {
            #expect(try SourceSpec(text).text == text)
        }
    }

    @Test("Credentials come from variables or from the files that these name, and are not shown")
    func credentials() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "tranche-\(UUID())")
        try Data("from file\n".utf8).write(to: file)
        let empty = file.appendingPathExtension("empty")
        try Data("\n".utf8).write(to: empty)
        defer { for file in [file, empty] { try? FileManager.default.removeItem(at: file) } }
        let credentials = Credentials([
            "A": "from variable", "A_FILE": "/nowhere", "B_FILE": file.path, "C": "",
            "D_FILE": "/no", "E_FILE": empty.path,
        ])
        #expect(try credentials.value("A") == "from variable")
        #expect(try credentials.value("B") == "from file")
        #expect(try credentials.value("C") == nil)
        #expect(throws: TrancheError.self) { try credentials.value("D") }
        let error = #expect(throws: TrancheError.self) { try credentials.value("E") }
        #expect(error?.message.contains("is empty; unset it for none") == true)
        #expect(try credentials.environment("A", "B")["B"] == "from file")
        var dumped = ""
        dump(credentials, to: &dumped)
        #expect(!"\(credentials)\(String(reflecting: credentials))\(dumped)".contains("from"))
    }

    // MARK: - Faults

    @Test(
        "What is wrong with a document is said with the path of its field",
        arguments: [
            (#"{"source":{"delimiter":";"}}"#, ["source", "at"]),
            (#"{"source":{"at":"csv:x","Skip":1}}"#, ["source", "Skip"]),
            (#"{"source":{"at":"csv:x","a b":1}}"#, ["source", "a b"]),
        ]
    )
    func documents(text: String, field: [String]) {
        let error = #expect(throws: SpecError.self) {
            try JSONText.decode([String: SourceSpec].self, from: text)
        }
        #expect(error?.field == field)
        #expect(error.map { "\($0)".contains(field.joined(separator: ".")) } == true)
    }
}
