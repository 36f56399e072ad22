import Foundation
import Testing
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

    @Test("An event of an unknown operation is written, and not read")
    func unknownEvent() throws {
        let event = Event(location: "x", operation: .unknown, id: "1", trigger: "t")
        #expect(
            try event.json == #"{"location":"x","operation":"unknown","id":"1","trigger":"t"}"#
        )
        #expect(throws: (any Error).self) { try Event(json: try event.json) }
    }
}
