import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite struct DocumentTests {
    @Test("Keys keep their order, and what is unknown is null")
    func order() throws {
        let text = try Everything().documentText()
        #expect(
            text
                == #"{"z":"a \"b\"\n","y":-1,"x":true,"nothing":null,"no":null,"none":null,"never":null,"#
                + #""no_date":null,"no_list":null,"list":[1,2],"empty":[],"nested":{"b":1,"a":[{"b":2,"#
                + #""a":[]}]},"at":"2001-02-03T04:05:06.500Z"}"#
        )
    }

    @Test(
        "Numbers without a fraction are written without one, and what JSON cannot say is null",
        arguments: [
            (0.0, "0"), (-0.0, "0"), (3, "3"), (0.1, "0.1"), (-2.5, "-2.5"),
            (1e15, "1000000000000000"),
            (8.5e18, "8500000000000000000"), (1e19, "1e+19"), (.infinity, "null"), (.nan, "null"),
        ]
    )
    func numbers(number: Double, text: String) throws {
        #expect(try [number].documentText() == "[\(text)]")
    }

    @Test("Stored JSON stands in a document as it was stored, on one line")
    func raw() throws {
        let stored = "{\"b\": 1.50,\n \"a\":[1e2, null, \"x\\ny\"]}"
        let line = "{\"b\": 1.50,  \"a\":[1e2, null, \"x\\ny\"]}"
        #expect(try [RawJSON(stored)].documentText() == "[\(line)]")
        // Other encoders get the value itself, and so do decoders.
        let other = try JSONEncoder().encode([RawJSON(#"{"a":[1,2.5,"t",true,null,{}]}"#)])
        #expect(
            try JSONDecoder().decode([RawJSON].self, from: other).map(\.text)
                == [#"{"a":[1,2.5,"t",true,null,{}]}"#]
        )
    }

    @Test(
        "An item's value is a number, a boolean, null or text",
        arguments: [
            (Value.null, "null"), (.boolean(true), "true"), (.integer(-7), "-7"),
            (.real(0.5), "0.5"),
            (.real(2), "2"), (.real(.nan), #""NaN""#), (.text("a\"b"), #""a\"b""#),
            (.blob([0, 255]), #""00ff""#),
        ]
    )
    func items(value: Value, text: String) throws {
        let item = Item(id: .min, item: value, weight: 1.5)
        let whole = #"{"id":-9223372036854775808,"item":\#(text),"weight":1.5}"#
        #expect(try [item].documentText() == "[\(whole)]")
        #expect(try ["k": item].documentText() == #"{"k":\#(whole)}"#)
    }

    @Test("A document that is read again is the same")
    func again() async throws {
        let bench = Workbench(ids: 1...9)
        let batch = try await bench.take(4)
        let items = try await batch.itemStream.reduce(into: []) { $0.append($1) }
        let handedOut = HandedOutDocument(batch, items: items)
        try await batch.succeed(result: #"{"n":1}"#)
        try await bench.take(2).fail("no luck")
        try await bench.inventory.pause(batch.record.key, reason: "lunch")
        let batches = try await bench.inventory.batches(BatchSelection())
        let runs = try await bench.inventory.summaries().map {
            RunStatus(summary: $0, gaps: [], risks: nil)
        }
        let lineage = try await bench.inventory.lineage(of: 2, in: batch.record.key.metaTable)
        try expectSame(handedOut)
        try expectSame(BatchesDocument(batches))
        try expectSame(StatusDocument(runs))
        try expectSame(LineageDocument(of: 2, in: "files", lineage))
    }

    @Test("A batch that is written member by member has the text of its encode(to:)")
    func memberwise() async throws {
        let bench = Workbench(ids: 1...9)
        let bare = try await bench.take(4).record
        var full = bare
        (full.worker, full.jobIdentifier, full.logging) = ("w \"1\"", "j", "a\nb")
        (full.weight, full.result, full.key.run) = (2.5, "{\"n\":\n 1.50}", "fix")
        (full.parent, full.completion, full.cause) = (1, 2, BatchCause.allCases.first)
        let moment = Date(milliseconds: 1_764_460_800_123)
        (full.endedAt, full.leaseExpiresAt, full.retryAt) = (moment, moment, moment)
        (full.begunAt, full.itemKey) = (moment, "k")
        full.interval = BatchInterval(from: moment, to: moment)
        for record in [bare, full] {
            let document = BatchDocument(record)
            let encoded = try ByEncoding(document).documentText()
            #expect(try document.documentText() == encoded)
            #expect(try [document].documentText() == "[\(encoded)]")
        }
        // A member that is missing in the sample would not be compared.
        #expect(try !BatchDocument(full).documentText().contains(":null"))
    }

    private func expectSame<D: Codable & Hashable>(_ document: D) throws {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            return try Date(
                text,
                strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            )
        }
        let text = try document.documentText()
        let again = try decoder.decode(D.self, from: Data(text.utf8))
        #expect(try again.documentText() == text)
    }
}

/// A document of which only `encode(to:)` is known.
private struct ByEncoding<Document: Encodable>: Encodable {
    let document: Document

    init(_ document: Document) { self.document = document }

    func encode(to encoder: any Encoder) throws { try document.encode(to: encoder) }
}

/// A document with a member of every kind.
private struct Everything: Codable {
    var z = "a \"b\"\n"
    var y: Int64 = -1
    var x = true
    var nothing: String?
    var no: Int?
    var none: Double?
    var never: Bool?
    var noDate: Date?
    var noList: [Int]?
    var list = [1, 2]
    var empty: [String] = []
    var nested = Nested(b: 1, a: [Nested(b: 2, a: [])])
    var at = Date(milliseconds: 981_173_106_500)

    struct Nested: Codable {
        var b: Int
        var a: [Nested]
    }

    enum CodingKeys: String, CodingKey {
        case z, y, x, nothing, no, none, never
        case noDate = "no_date"
        case noList = "no_list"
        case list, empty, nested, at
    }
}
