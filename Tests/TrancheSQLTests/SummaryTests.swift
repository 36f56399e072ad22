import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("What the batches of runs add up to", .serialized, .timeLimit(.minutes(5)))
struct SummaryTests {
    typealias Backend = TestDatabase.Backend

    @Test(
        "Tiles that were added up once are not read again, and whatever becomes of them counts",
        arguments: Backend.available
    )
    func tallies(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.fill(batches: 6000)
            let before = try await world.totals()
            #expect(before[.succeeded]?.batches == 6000)
            #expect(before[.succeeded]?.items == 6_000_000)
            // The first look found too many.
            #expect(try await world.tally() == ["6000|6000000|6000001"])
            #expect(try await world.totals() == before)
            // One of them is no success any more, one was split, and one is in hand.
            try await world.database.run(
                """
                UPDATE \(world.prefixed("inventory")) SET status = 'failed' WHERE id = 5;
                UPDATE \(world.prefixed("inventory")) SET status = 'split' WHERE id = 6;
                UPDATE \(world.prefixed("inventory")) SET status = 'quarantined' WHERE id = 7;
                """
            )
            let after = try await world.totals()
            #expect(after[.succeeded]?.batches == 5997)
            #expect(after[.succeeded]?.items == 5_997_000)
            for status in [BatchStatus.failed, .split, .quarantined] {
                #expect(after[status]?.batches == 1)
            }
            let weights = after.values.reduce(0) { $0 + $1.weight }
            #expect(weights == before[.succeeded]?.weight)
        }
    }

    @Test("What is packed away is taken off, and counts as before", arguments: Backend.available)
    func packing(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.fill(batches: 6000)
            let before = try await world.totals()
            #expect(try await world.totals() == before)
            #expect(try await world.compact().batches == 6000)
            #expect(try await world.tally() == ["0|0|6000001"])
            #expect(try await world.totals() == before)
        }
    }

    @Test(
        "What only some of the tally has begins anew when it is packed",
        arguments: Backend.available
    )
    func packingBehind(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.fill(batches: 6000)
            let before = try await world.totals()
            try await world.database.run(
                "UPDATE \(world.prefixed("inventory_tally")) SET next_id = 500001, batches = 500, "
                    + "items = 500000, weight = 1;"
            )
            #expect(try await world.compact().batches == 6000)
            #expect(try await world.tally().first?.hasPrefix("0|0|") == true)
            #expect(try await world.totals() == before)
        }
    }

    @Test("Who works adds up now and then, before anybody looks", arguments: Backend.available)
    func workers(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...1100)
            let request = BatchRequest(job: "load", limit: BatchLimit(count: 1))
            let group = WorkerGroup(
                world.inventory,
                request,
                from: world.source,
                handler: ClosureHandler { _, _ in }
            )
            #expect(try await group.run().succeeded == 1100)
            let kept = try await world.database.column(
                "SELECT batches FROM \(world.name("_tally"))"
            )
            // Twice, and some are made ahead of a success.
            #expect((1000...1002).contains(try #require(kept.first.flatMap { Int($0) })))
            #expect(try await world.totals()[.succeeded]?.batches == 1100)
        }
    }

    @Test("No sum walks through the table of batches", arguments: Backend.available)
    func plans(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.fill(batches: 30_000)
            _ = try await world.totals()
            try await world.database.run(
                """
                UPDATE \(world.prefixed("inventory")) SET status = 'failed' WHERE id % 3000 = 5;
                UPDATE \(world.prefixed("inventory"))
                SET status = 'running', lease_expires_at = \(backend == .sqlite ? "1" : "now()")
                WHERE id % 3000 = 6;
                """
            )
            // Nobody analyzes a file of SQLite. An index that it makes for a statement is a walk.
            if backend == .sqlite {
                for (name, plan) in try await world.plans() {
                    let isMade = plan.contains { $0.contains("AUTOMATIC") }
                    #expect(!isMade, "\(name): \(plan.joined(separator: "\n"))")
                }
            }
            try await world.analyze()
            for (name, plan) in try await world.plans() {
                for line in plan {
                    let isWalk =
                        backend == .sqlite
                        ? line.hasPrefix("SCAN") && line.contains("inventory")
                            && !line.contains("INDEX") && !line.contains("inventory_run")
                            && !line.contains("inventory_tally")
                            && !line.contains("inventory_archive")
                        : line.contains("Seq Scan on inventory ")
                            || line.contains("Seq Scan on inventory_attempt")
                    #expect(!isWalk, "\(name): \(plan.joined(separator: "\n"))")
                }
            }
        }
    }
}

extension CompactionWorld {
    fileprivate func prefixed(_ table: String) -> String { database.prefix + table }

    /// Counts what is in the tables, as PostgreSQL does now and then.
    ///
    /// In a transaction `ANALYZE` alone locks one table after another of the whole database, which
    /// other tests change meanwhile.
    fileprivate func analyze() async throws {
        guard let schema = database.schema else { return try await database.run("ANALYZE;") }
        let tables = try await database.column(
            """
            SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
            WHERE schemaname = \(schema)
            """
        )
        try await database.run("ANALYZE \(tables.joined(separator: ", "));")
    }

    fileprivate func totals() async throws -> [BatchStatus: RunSummary.Totals] {
        let summary = try #require(try await inventory.summaries().first)
        return summary.totals.filter { $0.value.batches > 0 }
    }

    fileprivate func tally() async throws -> [String] {
        try await database.column("SELECT batches, items, next_id FROM \(name("_tally"))")
    }

    /// The plans of the statements that add up.
    fileprivate func plans() async throws -> [(name: String, plan: [String])] {
        func statements<Database: SQLDatabase>(_ database: Database) -> [(String, SQLStatement)] {
            let store = SQLInventoryStore(database, configuration: self.database.configuration())
            let open = [BatchStatus.running, .released, .failed, .quarantined, .split].map {
                status in
                let newest = BatchSelection(status: status, limit: 500)
                return ("\(status) batches", store.selectBatches(newest))
            }
            return store.summaryStatements + open
        }
        var plans: [(String, [String])] = []
        for (name, statement) in statements(database.database) {
            let isSQLite = database.backend == .sqlite
            let explain: SQLStatement =
                isSQLite ? "EXPLAIN QUERY PLAN \(statement)" : "EXPLAIN \(statement)"
            let rows = try await database.read(explain)
            plans.append((name, rows.map { $0.last ?? "" }))
        }
        return plans
    }
}
