import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheChains

@Suite("Files of JSON as sources")
struct JSONSourceTests {
    /// Loads a text in batches of a weight.
    private func load(
        _ text: String,
        _ format: JSONFormat = JSONFormat(),
        weight: Double = 8_388_608,
        workers: Int = 1
    ) async throws -> (records: [String], faults: Int, error: String?) {
        var outcome: (records: [String], faults: Int, error: String?) = ([], 0, nil)
        try await withChainWorld { world in
            let path = try world.write(text, to: "x.json")
            let sink = MemorySink()
            let chain = Chain(reading: JSONLinesSource(.file(path), format: format))
                .write(to: sink)
            let options = world.options(weight: weight, workers: workers)
            do {
                let report = try await chain.run(through: world.inventory, options)
                outcome.faults = report.run?.totals[.quarantined]?.items ?? 0
            } catch let error as TrancheError {
                outcome.error = error.message
            }
            outcome.records = sink.records.sorted { $0.id < $1.id }.map(Self.spelling)
        }
        return outcome
    }

    static func spelling(_ record: Record) -> String {
        var bytes: [UInt8] = []
        record.appendJSON(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        "Arrays, objects that span lines and sequences are read as records",
        arguments: [
            "[\n\t{\"id\":1},\n\t{\"id\":[2,\"]\\\"\"]}\n]\n",
            "[{\"id\":1},{\"id\":[2,\"]\\\"\"]}]",
            " [ {\"id\":1} , {\"id\":[2,\"]\\\"\"]} ] \n",
            "{\n  \"id\": 1\n}\n{\n  \"id\": [\n    2,\n    \"]\\\"\"\n  ]\n}\n",
            "{\"id\":1}{\"id\":[2,\"]\\\"\"]}",
            "{\"id\":1} {\"id\":[2,\"]\\\"\"]}\n",
            "\u{1E}{\"id\":1}\n\u{1E}{\"id\":[2,\"]\\\"\"]}\n",
            "\u{1E}{\"id\"\n:1}\u{1E}\u{1E}\n{\"id\":[2,\"]\\\"\"]}",
            "\u{FEFF}[{\"id\":1},{\"id\":[2,\"]\\\"\"]}]",
            "{\"id\":1}\r\n \t\n{\"id\":[2,\"]\\\"\"]}\n  ",
        ],
        [1.0, 1e6]
    )
    func layouts(text: String, weight: Double) async throws {
        let outcome = try await load(text, weight: weight)
        #expect(outcome.records == ["{\"id\":1}", "{\"id\":[2,\"]\\\"\"]}"])
        #expect(outcome.faults == 0)
        #expect(outcome.error == nil)
    }

    @Test("The only line of a file of JSON Lines is a record, whatever it holds")
    func oneLine() async throws {
        let text = "{\"id\":1,\"rows\":[{\"a\":1},{\"a\":2}]}\n"
        try await withChainWorld { world in
            for (name, grows) in [("x.jsonl", false), ("x.NDJSON", false), ("x.json", true)] {
                let path = try world.write(text, to: name)
                let sink = MemorySink()
                _ = try await Chain(reading: JSONLinesSource(path, grows: grows)).write(to: sink)
                    .run(through: world.inventory, world.options())
                #expect(sink.records.map { $0.text("id") } == ["1"], "\(name)")
            }
            let path = try world.write(text.replacing(":[", with: ":\n["), to: "y.jsonl")
            let error = await #expect(throws: TrancheError.self) {
                try await Chain(reading: JSONLinesSource(path)).write(to: MemorySink())
                    .run(through: world.inventory, world.options())
            }
            #expect(error?.message.contains("jq -c '.rows[]'") == true)
        }
    }

    @Test("An object alone that spans lines is one record")
    func oneObject() async throws {
        let outcome = try await load("{\n \"id\": 1,\n \"t\": [\n  \"a b\"\n ]\n}\n")
        #expect(outcome.records == ["{\"id\":1,\"t\":[\"a b\"]}"])
    }

    @Test("Elements that are no objects are faults of their own")
    func elements() async throws {
        let text = "[{\"id\":1},5,\"x]\",[{}],null,{\"id\":1 2},{\"id\":2},{\"a\":1]]"
        let outcome = try await load(text)
        #expect(outcome.records == ["{\"id\":1}", "{\"id\":2}"])
        #expect(outcome.faults == 6)
        #expect(outcome.error == nil)
    }

    @Test(
        "What ends an array too early is told, and all before it is loaded",
        arguments: [
            ("[{\"id\":1},{\"id\":2},{\"id\":", "within the value that begins at offset 19"),
            ("[{\"id\":1},{\"id\":2}", "ends without ']', at offset 18"),
            ("[{\"id\":1},{\"id\":2},", "ends without ']', at offset 19"),
            ("[{\"id\":1},{\"id\":2}] {", "something behind the array, at offset 20"),
            ("[{\"id\":1},{\"id\":2}]]", "something behind the array, at offset 19"),
            ("[{\"id\":1},{\"id\":2},]", "no element between a comma and offset 19"),
            ("[{\"id\":1},{\"id\":2} {\"id\":3}]", "no comma between the elements"),
            ("[{\"id\":1},{\"id\":2}{\"id\":3}]", "no comma between the elements"),
            ("[{\"id\":1},{\"id\":2},,{\"id\":3}]", "a comma at offset 19"),
            ("[{\"id\":1},{\"id\":2}}", "has '}' at offset 18"),
            ("{\n\"id\":1}\n{\"id\":2}\n{\"i", "within the value that begins at offset 19"),
        ],
        [1.0, 1e6]
    )
    func broken(sample: (text: String, words: String), weight: Double) async throws {
        let outcome = try await load(sample.text, weight: weight)
        #expect(outcome.records == ["{\"id\":1}", "{\"id\":2}"])
        #expect(outcome.error?.contains(sample.words) == true, "\(outcome.error ?? "no error")")
    }

    @Test("A bad line of JSON Lines loses itself alone, wherever it stands")
    func badLines() async throws {
        for bad in ["{\"id\": 1,", "{\"id\": {", "{\"id\":1},", "[", "{\"id\":\"a", "{\"id\":1}}"] {
            let good = ["{\"id\":8}", "{\"id\":9}"]
            let last = try await load((good + [bad]).joined(separator: "\n"))
            #expect(last.records == good, "\(bad)")
            #expect(last.faults == 1, "\(bad)")
            guard bad != "[" else { continue }
            let first = try await load(([bad] + good).joined(separator: "\n"))
            #expect(first.records == good, "\(bad)")
            #expect(first.faults == 1, "\(bad)")
        }
        let told = try await load("[\n{\"id\":8}\n", JSONFormat(layout: .lines))
        #expect(told.records == ["{\"id\":8}"])
    }

    @Test(
        "What has no layout is refused with the way out",
        arguments: [
            ("{\"id\":1},\n{\"id\":2},\n", "put [ before"),
            ("{\"id\":1},{\"id\":2}", "put [ before"),
            ("{\"type\":\"F\",\"features\":[{\"a\":1},{\"a\":2}]}", "jq -c '.features[]'"),
            ("{\n\"a b\":[\n{\"a\":1},\n{\"a\":2}]}\n", "jq -c '.[\"a b\"][]'"),
        ]
    )
    func noLayout(text: String, words: String) async throws {
        let outcome = try await load(text)
        #expect(outcome.records.isEmpty)
        #expect(outcome.error?.contains(words) == true, "\(outcome.error ?? "no error")")
        if text.contains("type") {
            let told = try await load(text, JSONFormat(layout: .values))
            #expect(told.records == [text])
        }
    }

    @Test("An array and objects that span lines are not followed")
    func followed() async throws {
        try await withChainWorld { world in
            for text in ["[{\"id\":1}]", "{\n\"id\":1}\n{\n\"id\":2}\n"] {
                let path = try world.write(text, to: "x\(text.count).json")
                let chain = Chain(reading: JSONLinesSource(path, grows: true)).write(
                    to: MemorySink()
                )
                await #expect(throws: TrancheError.self) {
                    _ = try await chain.run(through: world.inventory, world.options())
                }
            }
        }
    }

    @Test(
        "NaN and infinity are refused, numbers or null",
        arguments: JSONFormat.NonFiniteNumbers.allCases
    )
    func nonFinite(way: JSONFormat.NonFiniteNumbers) async throws {
        let text =
            "{\"v\":NaN,\"w\":[-Infinity,\"NaN\"]}\n{\"v\":Infinity,\"w\":1}\n{\"v\":2,\"w\":1}\n"
        try await withChainWorld { world in
            let path = try world.write(text, to: "x.jsonl")
            let sink = MemorySink()
            let format = JSONFormat(nonFiniteNumbers: way)
            let report = try await Chain(reading: JSONLinesSource(.file(path), format: format))
                .write(to: sink).run(through: world.inventory, world.options())
            let values = sink.records.map { $0["v"] }
            let nested = sink.records.first?["w"]
            switch way {
            case .refuse:
                #expect(values == [.integer(2)])
                #expect(report.lastError?.contains("--json-nan") == true)
            case .accept:
                guard case .real(let first) = values.first else {
                    Issue.record("\(values)")
                    return
                }
                #expect(first.isNaN)
                #expect(values.dropFirst() == [.real(.infinity), .integer(2)])
                #expect(nested == .text("[\"-Infinity\",\"NaN\"]"))
            case .null:
                #expect(values == [.null, .null, .integer(2)])
                #expect(nested == .text("[null,\"NaN\"]"))
            }
        }
    }

    @Test("Sound JSON is taken: NUL, an empty name, any depth, any number within arrays")
    func sound() async throws {
        let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
        let lines = [
            "{\"v\":\"a\\u0000b\"}", "{\"\":0}", "{\"v\":\(deep)}", "{\"v\":[1e400]}", "{}",
        ]
        let outcome = try await load(lines.joined(separator: "\n"))
        #expect(outcome.records == lines)
        let tooDeep = String(repeating: "[", count: JSONObjectReader.deepest + 1)
        let refused = try await load("{\"v\":\(tooDeep)}\n{\"v\":1}\n")
        #expect(refused.records == ["{\"v\":1}"])
        #expect(refused.faults == 1)
    }

    @Test("Half a character and bytes that are no UTF-8 are replaced where that is asked for")
    func invalidText() throws {
        var bytes = Array("{\"v\":\"\\ud800x\",\"w\":[\"\\udead\"]}\n".utf8)
        bytes += Array("{\"v\":\"a".utf8) + [0xFF, 0xE2, 0x82] + Array("\"}\n{\"v\":1}\n".utf8)
        var faults: [RecordFault] = []
        var strict = JSONParser()
        let (refused, _) = try strict.parse(bytes, at: 100, isLast: true) { faults.append($0) }
        #expect(refused.flatMap(\.records).map(Self.spelling) == ["{\"v\":1}"])
        #expect(faults.map(\.id) == [100, 131])
        #expect(faults.last?.errors.first?.message == "is not UTF-8, at its byte 7")
        var lenient = JSONParser(format: JSONFormat(invalidText: .replace))
        let (blocks, used) = try lenient.parse(bytes, at: 100, isLast: true) { _ in }
        let records = blocks.flatMap(\.records)
        #expect(used == bytes.count)
        #expect(
            records.map(Self.spelling) == [
                "{\"v\":\"\u{FFFD}x\",\"w\":[\"\\ufffd\"]}", "{\"v\":\"a\u{FFFD}\u{FFFD}\"}",
                "{\"v\":1}",
            ]
        )
        #expect(records.map(\.id) == [100, 131, 144])
    }
}
