import Foundation
import Testing
import Tranche

@testable import TrancheChains

@Suite("Values of a type as records, and back")
struct RecordCodingTests {
    private struct Part: Codable, Equatable {
        var at: Date
        var picture: Data
    }

    private struct Whole: Codable, Equatable {
        var id: Int
        var at: Date
        var picture: Data
        var part: Part
        var times: [Date]
    }

    private struct Sum: Codable, Equatable {
        var amount: Decimal

        init(from decoder: any Decoder) throws {
            amount = try decoder.singleValueContainer().decode(Decimal.self)
        }
    }

    private func decoded<Value: Decodable>(
        _ type: Value.Type,
        _ record: Record
    ) -> (value: Value?, errors: [FieldError]) {
        switch RecordDecoder().decode(type, from: record) {
        case .value(let value): (value, [])
        case .fault(let fault): (nil, fault.errors)
        }
    }

    @Test("Times with fractions and bytes come back as they were, also within objects")
    func roundTrip() throws {
        let at = Date(timeIntervalSince1970: 1_769_846_400.5)
        let picture = Data([0, 255, 10])
        let value = Whole(
            id: 1,
            at: at,
            picture: picture,
            part: Part(at: at, picture: picture),
            times: [at, Date(timeIntervalSince1970: -1)]
        )
        let record = try #require(try RecordEncoder().records(of: [value], madeOf: [1]).first)
        let times = #"["2026-01-31T08:00:00.500000Z","1969-12-31T23:59:59Z"]"#
        #expect(record["times"] == .text(times))
        #expect(decoded(Whole.self, record).value == value)
    }

    @Test(
        "A nested time is read as one of a field is, and a number is none",
        arguments: [
            (#""2026-01-31T09:00:00+01:00""#, true), (#""2026-01-31 08:00:00""#, true),
            ("1769846400", false), (#""soon""#, false),
        ]
    )
    func nestedTime(text: String, isTime: Bool) throws {
        struct Event: Decodable {
            struct Part: Decodable { let at: Date }
            let part: Part
        }
        let record = try ValueWorld.record(json: #"{"part":{"at":\#(text)}}"#)
        let found = decoded(Event.self, record)
        #expect(
            found.value?.part.at == (isTime ? Date(timeIntervalSince1970: 1_769_846_400) : nil)
        )
        let words = "is not valid: it is not a time such as 2026-01-31T08:00:00Z"
        #expect(found.errors.map(\.message) == (isTime ? [] : [words]))
    }

    @Test("Bytes are a blob, a text in base64 or as outputs have it, or an array of numbers")
    func bytes() throws {
        struct Event: Decodable { let picture: Data }
        for json in [
            #"{"picture":"AP8K"}"#, #"{"picture":"00ff0a"}"#, #"{"picture":[0,255,10]}"#,
        ] {
            let found = decoded(Event.self, try ValueWorld.record(json: json))
            #expect(found.value?.picture == Data([0, 255, 10]), "\(json): \(found.errors)")
        }
        let fields = try RecordFields(["picture"])
        let blob = try Record(id: 1, fields: fields, values: [.blob([0, 255, 10])])
        #expect(decoded(Event.self, blob).value?.picture == Data([0, 255, 10]))
        let other = decoded(Event.self, try ValueWorld.record(json: #"{"picture":"?"}"#))
        #expect(other.errors.map(\.message) == ["is not bytes, hexadecimal or base64"])
    }

    @Test("A type that wraps a number of any size reads the digits")
    func wrapped() throws {
        struct Event: Decodable { let sum: Sum }
        let found = decoded(Event.self, try ValueWorld.record(texts: [("sum", "1.10")]))
        #expect(found.value?.sum.amount == Decimal(string: "1.10"), "\(found.errors)")
    }
}
