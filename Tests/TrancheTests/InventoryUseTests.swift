import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite("How an inventory is used")
struct InventoryUseTests {
    @Test("A batch and a run fit a log line")
    func descriptions() async throws {
        let bench = Workbench(ids: 1...9)
        let batch = try await bench.take(4)
        let line =
            "batch 1, attempt 1 of job 'job' on 'items': running, ids 1...4, 4 items, weight 4"
        #expect("\(batch)" == line)
        #expect("\(batch.record)" == line)
        let key = batch.record.key
        try await bench.inventory.pause(key, reason: "lunch")
        let run = try await bench.inventory.run(RunSelection(key))
        #expect("\(run)" == "job 'job' on 'items', passed up to 4, paused: lunch")
    }

    @Test("A result that is one value is kept as it is within others")
    func results() async throws {
        struct Whole: Encodable { let part: Decimal }
        let bench = Workbench(ids: 1...9)
        let exact = try #require(Decimal(string: "1.25"))
        let url = try #require(URL(string: "https://h/x"))
        let results: [(any Encodable, String)] = [
            (exact, "1.25"), (Whole(part: exact), #"{"part":1.25}"#), (url, #""https://h/x""#),
            (Data([1]), #""AQ==""#), (7, "7"), ("a", #""a""#), ([1, 2], "[1,2]"),
        ]
        for (result, text) in results {
            let record = try await bench.take(1).succeed(result: result)
            #expect(record.result == text)
        }
    }

    @Test("A backfill is a run of its own within its ids")
    func backfill() async throws {
        let bench = Workbench(ids: 1...9)
        let fix = Run.backfill("fix", ids: 3...6)
        var ids: [ClosedRange<Int64>] = []
        let batches = bench.inventory.batches(
            from: bench.source,
            job: "job",
            run: fix,
            limit: .weight(3),
            most: 5
        )
        for try await batch in batches {
            #expect(batch.run == "fix")
            ids.append(batch.ids)
            try await batch.succeed()
        }
        #expect(ids == [3...5, 6...6])
        #expect("\(fix)" == "run 'fix' of 3...6")
        #expect(try await bench.take(2).ids == 1...2)
    }

    @Test("An inventory that is lent is closed, whatever happens", arguments: [false, true])
    func lending(isFailing: Bool) async throws {
        let store = MemoryInventoryStore()
        let location = InventoryLocation(name: "memory") { _ in store }
        do {
            let name = try await Inventory.with(location) { inventory in
                if isFailing { throw WorkError(description: "no") }
                return inventory.name
            }
            #expect(name == "memory" && !isFailing)
        } catch is WorkError {
            #expect(isFailing)
        }
        await #expect(throws: TrancheError.self) { try await store.runs() }
    }
}
