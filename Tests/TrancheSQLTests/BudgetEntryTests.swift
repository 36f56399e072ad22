import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("What budgets let in", .timeLimit(.minutes(5)))
struct BudgetEntryTests {
    @Test(
        "More batches at once than a statement takes values are counted",
        arguments: TestDatabase.Backend.available
    )
    func many(on backend: TestDatabase.Backend) async throws {
        try await withCompactionWorld(backend) { world in
            let count: Int64 = 12_000
            for start in stride(from: 1, through: count, by: 2000) {
                try await world.add(start..<start + 2000)
            }
            try await world.take(1)?.succeed()
            let inventory = world.inventory
            try await inventory.setParallelism(20_000, of: world.key())
            try await inventory.setBudget("shared", BudgetLimits(weight: 20_000))
            try await inventory.setBudgets(["shared"], of: world.key())
            let request = BatchRequest(job: "load", limit: .count(1))
            for round in 0..<2 {
                // The second time they are handed out again, since their leases have ended.
                let batches = try await inventory.acquireBatches(
                    count: Int(count),
                    request,
                    from: world.source
                )
                #expect(batches.count == Int(count) - 1, "\(round)")
                let held = try await inventory.budgets(of: world.key()).map(\.held.batches)
                #expect(held == [Int(count) - 1, Int(count) - 1])
                world.clock.advance(by: 3600)
            }
        }
    }
}
