import Foundation
import Testing
import TrancheConnectors
import TrancheOrchestrator

@Suite("Fields of YAML files")
struct YAMLReaderTests {
    private struct Job: Equatable {
        var name: String
        var every: Duration
        var limit: Double
        var attempts: Int64
        var rate: Double
        var isPaused: Bool
        var tables: [String]
        var labels: [String: String]
        var mode: String
    }

    private static let job = FieldKind<Job>.mapping { job in
        let every = job.read("every", .duration)
        let limit = job.read("limit", .size)
        let attempts = job.read("attempts", .integer(1...10))
        let rate = job.read("rate", .number(0...1))
        let isPaused = job.read("paused", .flag)
        let tables = job.read("tables", .texts)
        let labels = job.read("labels", .textMap)
        let mode = job.read("mode", .oneOf(["append", "replace"]))
        guard let name = job.require("name", .text) else { return nil }
        return Job(
            name: name,
            every: every ?? .seconds(60),
            limit: limit ?? 1,
            attempts: attempts ?? 3,
            rate: rate ?? 1,
            isPaused: isPaused ?? false,
            tables: tables ?? [],
            labels: labels ?? [:],
            mode: mode ?? "append"
        )
    }

    private func read<Value>(_ text: String, _ kind: FieldKind<Value>) throws -> Value {
        try YAMLReader.read(try YAMLDocument(text: text, file: "p.yaml"), as: kind)
    }

    private func faults<Value>(_ text: String, _ kind: FieldKind<Value>) -> [String] {
        do {
            return ["no fault: \(try read(text, kind))"]
        } catch let error as YAMLFaults {
            return error.faults.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    @Test("All types are read")
    func types() throws {
        let text = """
            name: 3.10
            every: 5m
            limit: 10GiB
            attempts: 0x0A
            rate: .5
            paused: true
            tables: [no, 1, 'x']
            labels: {a: b, n: 01}
            mode: replace
            """
        let expected = Job(
            name: "3.10",
            every: .seconds(300),
            limit: 10_737_418_240,
            attempts: 10,
            rate: 0.5,
            isPaused: true,
            tables: ["no", "1", "x"],
            labels: ["a": "b", "n": "01"],
            mode: "replace"
        )
        #expect(try read(text, Self.job) == expected)
        #expect(try read("name: x\nevery:\nmode: ~", Self.job).every == .seconds(60))
        #expect(try read("30", FieldKind.duration) == .seconds(30))
    }

    @Test("All faults are collected, with places and paths")
    func collected() {
        let text = """
            jobs:
              - every: 5 parsecs
                limit: -1
                attempts: 11
                rate: high
                paused: yes
                tables: [a, [b], true]
                labels: {x/y: {}}
                mode: apend
                tabels: []
                zzzzzzzz: 1
              - name:
              - 7
            """
        let kind = FieldKind<[Job]>.mapping { $0.require("jobs", .list(of: Self.job)) }
        #expect(
            faults(text, kind) == [
                "p.yaml:2:5: /jobs/0: 'name' is missing; give a text",
                "p.yaml:2:12: /jobs/0/every: the text '5 parsecs' is not a duration: 'parsecs' is "
                    + "not a unit of time; use ms, s, m, h or d",
                "p.yaml:3:12: /jobs/0/limit: the number -1 is not a size: a weight is above 0 and "
                    + "finite",
                "p.yaml:4:15: /jobs/0/attempts: this is the number 11; give a whole number from "
                    + "1 to 10",
                "p.yaml:5:11: /jobs/0/rate: this is the text 'high'; give a number from 0.0 to 1.0",
                "p.yaml:6:13: /jobs/0/paused: this is the text 'yes'; give true or false",
                "p.yaml:7:17: /jobs/0/tables/1: this is a list; give a text",
                "p.yaml:7:22: /jobs/0/tables/2: this is true; give a text, in quotes if you mean "
                    + "this word",
                "p.yaml:8:19: /jobs/0/labels/x~1y: this is a mapping; give a text",
                "p.yaml:9:11: /jobs/0/mode: 'apend' is not known here; did you mean 'append'? "
                    + "give one of append, replace",
                "p.yaml:10:5: /jobs/0/tabels: there is no key 'tabels' here; known are: every, "
                    + "limit, attempts, rate, paused, tables, labels, mode, name",
                "p.yaml:11:5: /jobs/0/zzzzzzzz: there is no key 'zzzzzzzz' here; known are: "
                    + "every, limit, attempts, rate, paused, tables, labels, mode, name",
                "p.yaml:12:5: /jobs/1/name: 'name' is empty; give a text",
                "p.yaml:13:5: /jobs/2: this is the number 7; give a mapping",
            ]
        )
    }

    @Test("An unknown key names the nearest that is known")
    func nearest() {
        #expect(
            faults("name: x\nevry: 1s", Self.job) == [
                "p.yaml:2:1: /evry: there is no key 'evry' here; did you mean 'every'?"
            ]
        )
    }

    @Test("A map keeps the order of its names")
    func maps() throws {
        let map = try read(
            "b: 1\na: 2",
            FieldKind<[(key: String, value: Int64)]>.map(of: .integer())
        )
        #expect(map.map(\.key) == ["b", "a"])
        #expect(map.map(\.value) == [1, 2])
    }

    @Test("A nested document goes to a spec that decodes from JSON")
    func specs() throws {
        let text = "source: {count: 9007199254740993, text: 'no', list: [1.5, true], none: ~}"
        let kind = FieldKind<String>.mapping { $0.require("source", .json) }
        let json = try read(text, kind)
        #expect(json == #"{"count":9007199254740993,"text":"no","list":[1.5,true],"none":null}"#)
        let value = try JSONDecoder().decode(SpecValue.self, from: Data(json.utf8))
        #expect(
            value
                == .object([
                    "count": .whole(9_007_199_254_740_993), "text": "no",
                    "list": .list([.fraction(1.5), true]),
                ])
        )
        #expect(
            faults("source:\n  a: [1, .nan]", kind) == [
                "p.yaml:2:10: /source: .nan is not a number here; give a finite one, or put it in "
                    + "quotes"
            ]
        )
    }
}
