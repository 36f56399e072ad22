import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheChains

@Suite("Fields that are mapped and cleaned")
struct MappingTests {
    private func records(
        _ text: String,
        _ change: (Chain<Record>) throws -> Chain<Record>
    ) async throws -> [Record] {
        let sink = MemorySink()
        try await withChainWorld(.sqlite, text) { world in
            let chain = try change(Chain(reading: CSVSource(world.path)))
            let report = try await chain.write(to: sink)
                .run(through: world.inventory, world.options())
            #expect(report.isSuccess, "\(report.lastError ?? "")")
        }
        return sink.records
    }

    @Test("Fields are renamed, put together and added; all others stay")
    func maps() async throws {
        let mapping = FieldMapping(
            rename: ["No": "id"],
            group: ["address": ["street", "city"]],
            constant: ["country": "DE"]
        )
        let text = "No,street,name,city\n1,Weg 1,a,Köln\n2,,b,Bonn\n3,,c,\n"
        let found = try await records(text) { $0.mapping(mapping) }
        #expect(found.first?.fields.names == ["id", "address", "name", "country"])
        #expect(found.map { $0.text("address") } == ["Weg 1 Köln", "Bonn", nil])
        #expect(found.map { $0.text("country") } == ["DE", "DE", "DE"])
        #expect(found.map { $0.text("id") } == ["1", "2", "3"])
    }

    @Test("A mapping that does not fit is refused before anything is handed out")
    func misfits() async throws {
        for mapping in [
            FieldMapping(rename: ["x": "y"]), FieldMapping(group: ["g": ["a", "x"]]),
            FieldMapping(rename: ["a": "b"]), FieldMapping(group: ["g": []]),
            FieldMapping(rename: ["a": "c"], group: ["g": ["a", "b"]]),
            FieldMapping(constant: ["A": "1"], lowercase: true),
        ] {
            let error = await #expect(throws: TrancheError.self) {
                try await records("a,b\n1,2\n") { $0.mapping(mapping) }
            }
            #expect(error?.code == .invalidArgument, "\(mapping)")
        }
    }

    @Test(
        "A mapping's file says which field is wrong, and a mark before UTF-8 is none of it",
        arguments: [
            (#"{"rename": {"CustNo": 7}}"#, "rename.CustNo must be a text"),
            (#"{"group": {"g": "a"}}"#, "group.g must be a list"),
            (#"{"rename": null}"#, "rename must be an object"),
            (#"{"lowercase": null}"#, "lowercase must be true or false"),
            (#"{"rename": {}, "rename": {}}"#, "has \"rename\" twice"),
            (#"{"renames": {}}"#, "no \"renames\""), (#"{"rename": {}"#, "is not JSON"),
            ("\u{FEFF}" + #"{"rename": {"CustNo": "id"}}"#, nil),
        ] as [(String, String?)]
    )
    func file(text: String, words: String?) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("mapping.json")
        try Data(text.utf8).write(to: URL(filePath: path))
        guard let words else {
            #expect(try FieldMapping(contentsOf: path).rename == ["CustNo": "id"])
            return
        }
        let error = #expect(throws: TrancheError.self) { try FieldMapping(contentsOf: path) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("A field may be part of several groups")
    func sharesFields() async throws {
        let mapping = FieldMapping(group: [
            "full": ["a", "b"], "rev": ["b", "a"], "twice": ["b", "b"],
        ])
        let found = try await records("a,b,c\nx,y,z\n") { $0.mapping(mapping) }
        #expect(found.first?.fields.names == ["full", "rev", "twice", "c"])
        #expect(found.first?.values == [.text("x y"), .text("y x"), .text("y y"), .text("z")])
    }

    @Test("Where each record has its own fields, one that is absent is not missed")
    func absent() async throws {
        let sink = MemorySink()
        let mapping = FieldMapping(rename: ["a": "b"], group: ["g": ["x", "y"]])
        try await withChainWorld(.sqlite, "id\n") { world in
            let text = "{\"a\":\"1\",\"y\":\"2\"}\n{\"c\":\"3\"}\n{\"a\":\"1\",\"b\":\"2\"}\n"
            let path = try world.write(text, to: "f.jsonl")
            let report = try await Chain(reading: JSONLinesSource(path)).mapping(mapping)
                .write(to: sink).run(through: world.inventory, world.options())
            #expect(report.run?.totals[.quarantined]?.items == 1)
        }
        #expect(sink.records.map(\.description).sorted() == ["b: 1, g: 2", "c: 3, g: null"])
    }

    @Test(
        "Cleaning leaves times as they are",
        arguments: [
            "2024-01-01T00:00:00Z", "2024-01-01 10:30:00.5+02:00", "10:30", "at 10:30:01 sharp",
            "2026-01-31T08:00+01:00", "08:00:00+01:00", "08:00+01", "08:00:00.25+0100",
        ]
    )
    func cleansNoTimes(text: String) async throws {
        let found = try await records("a\n\(text)\n") { $0.cleaning() }
        #expect(found.map { $0.text("a") } == [text])
    }

    /// Loads a file of JSON Lines.
    private func lines(
        _ text: String,
        _ change: (Chain<Record>) throws -> Chain<Record>
    ) async throws -> [Record] {
        let sink = MemorySink()
        try await withChainWorld(.sqlite, "id\n") { world in
            let path = try world.write(text, to: "f.jsonl")
            let report = try await change(Chain(reading: JSONLinesSource(path))).write(to: sink)
                .run(through: world.inventory, world.options(weight: 1e6))
            #expect(report.isSuccess, "\(report.lastError ?? "")")
        }
        return sink.records
    }

    @Test("An empty name of JSON stays one")
    func emptyName() async throws {
        let text = "{\"\":0,\"a\":1}\n"
        let mapped = try await lines(text) { $0.mapping(FieldMapping(constant: ["c": "x"])) }
        #expect(mapped.map(JSONSourceTests.spelling) == ["{\"\":0,\"a\":1,\"c\":\"x\"}"])
        let cleaned = try await lines(text) { $0.cleaning() }
        #expect(cleaned.map(JSONSourceTests.spelling) == ["{\"\":0,\"a\":1}"])
        let names = try RecordFields(["*"])
        #expect(throws: TrancheError.self) { try FieldCleaning(names) }
        let fields = RecordFields(unique: ["", "a"])
        let mapping = FieldMapping(rename: ["": "b", "a": ""])
        #expect(throws: TrancheError.self) { try FieldMappingPlan(mapping, fields: fields) }
    }

    @Test("Where records alternate in their fields, their bytes are not copied for each of them")
    func alternating() async throws {
        let text = (0..<1000).map { "{\"id\":\($0),\"\($0 % 2 == 0 ? "a" : "b")\":\"text\"}\n" }
            .joined()
        let mapping = FieldMapping(group: ["g": ["a", "b"]], constant: ["c": "x"])
        let found = try await lines(text) { $0.mapping(mapping) }
        #expect(found.map { $0.text("id") } == (0..<1000).map { "\($0)" })
        #expect(found.allSatisfy { $0.text("g") == "text" && $0.text("c") == "x" })
        var blocks: [ObjectIdentifier: Int] = [:]
        for record in found {
            blocks[ObjectIdentifier(record.block)] = record.block.bytes.count
        }
        #expect(blocks.values.reduce(0, +) < 2 * text.utf8.count)
    }

    @Test("Cleaning keeps letters and digits of any script")
    func cleans() async throws {
        let found = try await records("Cust. No,n-m\nZoé*(1)  \"x\",a.b-c_d#&@!\n测试,**\n") {
            $0.cleaning()
        }
        #expect(found.first?.fields.names == ["Cust_No", "n-m"])
        #expect(found.map { $0.text("Cust_No") } == ["Zoé 1 x", "测试"])
        #expect(found.map { $0.text("n-m") } == ["a.b-c_d#&@", ""])
    }
}
