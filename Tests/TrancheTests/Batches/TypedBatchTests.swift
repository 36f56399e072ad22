import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite struct TypedBatchTests {
    private struct FileRow: Decodable, Sendable, Equatable {
        let id: Int64
        let item: String?
        let weight: Double
    }

    private struct Order: Decodable, Sendable, Equatable {
        let id: Int
        let place: String
        let lines: [Int]
        let note: String?
    }

    private enum Kind: String, Decodable, Sendable {
        case small, large
    }

    private func rows<Row: Decodable & Sendable>(
        _ type: Row.Type,
        _ items: [Item]
    ) async throws -> [Row] {
        let inventory = Inventory(store: MemoryInventoryStore())
        var rows: [Row] = []
        let source = MemorySource("orders", items: items)
        for try await batch in inventory.batches(of: type, from: source, job: "j", limit: .count(2))
        {
            rows += try await batch.rows
            try await batch.batch.succeed()
        }
        return rows
    }

    @Test("A row has the columns of its item")
    func columns() async throws {
        let items = [
            Item(id: 1, item: .text("a"), weight: 1.5), Item(id: 2), Item(id: 3, item: .integer(7)),
        ]
        let expected = [
            FileRow(id: 1, item: "a", weight: 1.5), FileRow(id: 2, item: nil, weight: 0),
            FileRow(id: 3, item: "7", weight: 0),
        ]
        #expect(try await rows(FileRow.self, items) == expected)
    }

    @Test("A row has the members of a payload that is a JSON object")
    func members() async throws {
        let text = #"{"place":"Bern","lines":[1,2]}"#
        let orders = try await rows(Order.self, [Item(id: 5, item: .text(text))])
        #expect(orders == [Order(id: 5, place: "Bern", lines: [1, 2], note: nil)])
    }

    @Test("Numbers of a payload keep all their digits")
    func numbers() async throws {
        struct Row: Decodable, Sendable, Equatable {
            let large: UInt64
            let exact: Decimal
        }
        let text = #"{"large":18446744073709551615,"exact":12345678901234567890.12345}"#
        let found = try await rows(Row.self, [Item(id: 1, item: .text(text))])
        let exact = try #require(Decimal(string: "12345678901234567890.12345"))
        #expect(found == [Row(large: .max, exact: exact)])
    }

    @Test("A row that is one value is the payload")
    func values() async throws {
        #expect(try await rows(String.self, [Item(id: 1, item: .text("a"))]) == ["a"])
        #expect(try await rows(UInt8.self, [Item(id: 1, item: .integer(255))]) == [255])
        #expect(try await rows(Double.self, [Item(id: 1, item: .text("2.5"))]) == [2.5])
        #expect(try await rows(Kind.self, [Item(id: 1, item: .text("large"))]) == [.large])
        #expect(try await rows([Int].self, [Item(id: 1, item: .text("[1,2]"))]) == [[1, 2]])
        #expect(try await rows(Value.self, [Item(id: 1, item: .real(1.5))]) == [.real(1.5)])
        #expect(try await rows(Int?.self, [Item(id: 1)]) == [nil])
    }

    @Test("What is no such row is refused with the item, the column and its value")
    func refused() async throws {
        func words<Row: Decodable & Sendable>(_ type: Row.Type, _ item: Item) async throws -> String
        {
            let error = await #expect(throws: TrancheError.self) { try await rows(type, [item]) }
            #expect(error?.code == .invalidItem)
            return error?.message ?? ""
        }
        let missing = try await words(Order.self, Item(id: 9, item: .text(#"{"lines":[]}"#)))
        #expect(missing.contains("item 9 of 'orders'") && missing.contains("'place'"))
        let wrong = try await words(
            Order.self,
            Item(id: 9, item: .text(#"{"place":5,"lines":[]}"#))
        )
        #expect(wrong.contains("'place'") && wrong.contains("5") && wrong.contains("String"))
        let large = try await words(UInt8.self, Item(id: 9, item: .integer(256)))
        #expect(large.contains("'256'") && large.contains("UInt8"))
        let null = try await words(String.self, Item(id: 9))
        #expect(null.contains("null") && null.contains("String"))
        let other = try await words(Kind.self, Item(id: 9, item: .text("huge")))
        #expect(other.contains("item 9"))
    }

    @Test("An item that is no such row fails its batch, and no work is done on it")
    func process() async throws {
        let bench = Workbench(ids: 1...2)
        for try await batch in bench.inventory.batches(
            of: [Int].self,
            from: bench.source,
            job: "job",
            most: 1
        ) {
            let outcome = try await batch.process { _ in Issue.record("worked on") }
            #expect(throws: TrancheError.self) { try outcome.get() }
            #expect(try await bench.record(batch.batch).status == .failed)
        }
    }
}
