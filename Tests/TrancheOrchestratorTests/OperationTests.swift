import Foundation
import Testing
import Tranche
import TrancheOrchestrator

@Suite("Operations and events")
struct OperationTests {
    @Test(
        "Texts of operations, in any case",
        arguments: [
            ("create", Event.Operation.create), ("INSERT", .create), ("Read", .read),
            ("update", .update), ("delete", .delete), ("Remove", .delete),
        ]
    )
    func parsing(text: String, operation: Event.Operation) throws {
        #expect(try Event.Operation(parsing: text) == operation)
        let json = Data("\"\(text)\"".utf8)
        #expect(try JSONDecoder().decode(Event.Operation.self, from: json) == operation)
    }

    @Test("Any other text is refused", arguments: ["unknown", "", "upsert", " create"])
    func unknown(text: String) throws {
        let error = #expect(throws: UnknownOperation.self) { try Event.Operation(parsing: text) }
        #expect(error?.description == "Unknown operation \"\(text)\"")
    }

    @Test("Numbers and texts are fixed")
    func numbers() {
        #expect(Event.Operation.allCases.map(\.rawValue) == [0, 1, 2, 3, 4])
        let texts = ["unknown", "create", "read", "update", "delete"]
        #expect(Event.Operation.allCases.map(\.description) == texts)
    }

    @Test("What is no text is no operation")
    func types() {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Event.Operation.self, from: Data("1".utf8))
        }
    }

    @Test("An event's JSON has its keys in order, and its payload as it was")
    func json() throws {
        let event = Event(
            location: "public.orders",
            operation: .update,
            id: "7",
            trigger: "orders",
            payload: #"{"price":1.50,"a":12345678901234567890}"#
        )
        let text =
            #"{"location":"public.orders","operation":"update","id":"7","trigger":"orders","#
            + #""payload":{"price":1.50,"a":12345678901234567890}}"#
        #expect(try event.json == text)
        #expect(try Event(json: text) == event)
        var bare = event
        bare.payload = nil
        #expect(try Event(json: try bare.json) == bare)
    }

    @Test(
        "An event is read as the decoder reads it, whatever its texts hold",
        arguments: [
            "", "7", #"a "quoted" one"#, #"C:\new"#, "two\nlines", "\u{1}", "Grüße, 世界", "{}",
            #"","operation":"delete"#, "\u{2028}",
        ],
        [nil, "{}", "null", #"{"a":[1,"}"],"b":null}"#, #""text""#, "7 "]
    )
    func plainTexts(_ text: String, _ payload: String?) throws {
        let event = Event(
            location: text,
            operation: .read,
            id: text,
            trigger: text,
            payload: payload
        )
        let json = try event.json
        let decoded = try JSONDecoder().decode(Event.self, from: Data(json.utf8))
        var read = try Event(json: json)
        #expect(read.payload == (payload == "null" ? nil : payload))
        read.payload = decoded.payload
        #expect(read == decoded)
    }

    @Test(
        "What is no event is refused",
        arguments: [
            #"{"location":"a","operation":"read","id":"1","trigger":"t","payload":{}}}"#,
            #"{"location":"a","operation":"read","id":"1","trigger":"t","payload":}"#,
            #"{"location":"a","operation":"read","id":"1","trigger":"t"} 1"#,
            #"{"location":"a","operation":"read","id":"1"}"#, "",
        ]
    )
    func noEvents(_ json: String) {
        #expect(throws: TrancheError.self) { try Event(json: json) }
    }

    @Test("An event of an unknown operation is written, and not read")
    func unknownEvent() throws {
        let event = Event(location: "x", operation: .unknown, id: "1", trigger: "t")
        #expect(
            try event.json == #"{"location":"x","operation":"unknown","id":"1","trigger":"t"}"#
        )
        #expect(throws: (any Error).self) { try Event(json: try event.json) }
    }
}
