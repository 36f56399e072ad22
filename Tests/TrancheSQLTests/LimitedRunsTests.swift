import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("What limits runs, read of all of them", .timeLimit(.minutes(5)))
struct LimitedRunsTests {
    @Test(
        "Budgets, references and probes are those of each run",
        arguments: TestDatabase.Backend.available
    )
    func reads(on backend: TestDatabase.Backend) async throws {
        try await withTestDatabase(backend, isMigrated: true) { database in
            try await database.makeItems([1, 2, 3, 4])
            let inventory = try await database.open()
            let source = SQLSource(database.prefix + "item")
            try await inventory.setBudget("*", BudgetLimits(batches: 9))
            try await inventory.setBudget("api", BudgetLimits(batches: 9))
            for job in ["named", "all", "own", "asked"] {
                var request = BatchRequest(job: job, limit: .count(1))
                request.limits = RunLimits(budgets: job == "named" ? ["api"] : [])
                guard case .batch(let batch) = try await inventory.acquire(request, from: source)
                else { throw NoBatch() }
                try await batch.succeed()
            }
            func key(_ job: String) async throws -> RunKey {
                try await inventory.run(RunSelection(job: job)).key
            }
            try await inventory.setParallelism(0, of: try await key("own"))
            let probe = Probe("p", of: .run(try await key("asked")), .http("http://h/up"))
            try await inventory.setProbe(probe)
            #expect(
                try await told(inventory, source)
                    == [
                        "all", "asked own: probe 'p' holds back: was not asked yet", "named",
                        "own own: a parallelism of 0",
                    ]
            )
            try await inventory.change(budget: "api", .pause(reason: "by hand"))
            try await inventory.change(budget: "*", .park(for: .seconds(600), reason: ""))
            #expect(
                try await told(inventory, source)
                    == [
                        "all *: parked",
                        "asked *: parked own: probe 'p' holds back: was not asked yet",
                        "named api: paused: by hand", "own *: parked own: a parallelism of 0",
                    ]
            )
            await inventory.close()
        }
    }

    /// The job of each run, and what stands in its way.
    private func told(_ inventory: Inventory, _ source: SQLSource) async throws -> [String] {
        let reading = try await StatusReading(RunSelection(), in: inventory) { _, _ in source }
        return reading.overview.runs.map { run in
            let words = run.waits.map { "\($0.owner.name ?? "own"): \($0.reason)" }
            return ([run.run.key.job] + words).joined(separator: " ")
        }.sorted()
    }

    private struct NoBatch: Error {}
}
