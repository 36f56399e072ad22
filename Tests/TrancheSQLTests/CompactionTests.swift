import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("Compaction", .serialized, .timeLimit(.minutes(10)))
struct CompactionTests {
    typealias Backend = TestDatabase.Backend

    /// A history of many kinds: sparse ids, retries, parts, late batches, a backfill, failures.
    private func live(_ world: CompactionWorld) async throws {
        try await world.add((Int64(1)...40).filter { $0 != 13 && $0 != 14 && $0 != 37 })
        try await world.take(7)?.succeed()
        let retried = try #require(try await world.take(7))
        try await retried.fail("try again")
        world.clock.advance(by: 10)
        try await world.take()?.succeed(result: ["attempt": 2])
        let split = try #require(try await world.take(7))
        try await split.fail("bad", badItems: [split.record.idStart + 2])
        try await world.drain(6)
        try await world.add([13, 37])
        world.clock.advance(by: 5)
        try await world.drain(6)
        while let batch = try await world.take(5, run: "again", ids: 8...30) {
            try await batch.succeed()
        }
        for _ in 0..<3 {
            try await world.take(9, job: "other")?.fail("never")
            world.clock.advance(by: 600)
        }
        try await world.drain(9, job: "other")
    }

    // MARK: What is answered

    @Test("The inventory answers the same before and after", arguments: Backend.available)
    func sameAnswers(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await live(world)
            let summed = world.inventory.batches(
                from: .inventory(job: "load"),
                job: "sum",
                limit: .count(4)
            )
            for try await batch in summed { try await batch.succeed() }
            world.clock.advance(days: 40)
            let ids = Array(Int64(0)...41)
            let before = try await InventoryAnswers(world, ids: ids)
            let batches = try await world.count()
            let report = try await world.compact()
            #expect(report.batches > 15)
            #expect(report.kept == 0)
            #expect(try await world.count() == batches - report.batches)
            let left = "SELECT DISTINCT status FROM \(world.name()) ORDER BY 1" as SQLStatement
            #expect(try await world.database.column(left) == ["failed", "quarantined", "split"])
            #expect(try await InventoryAnswers(world, ids: ids) == before)
            // What comes later goes into the rows that are there, and changes as little.
            try await world.add(50...90)
            try await world.drain(4)
            for try await batch in summed { try await batch.succeed() }
            world.clock.advance(days: 40)
            let later = try await InventoryAnswers(world, ids: ids)
            let again = try await world.compact()
            #expect(again.batches == 11 + 3)
            #expect(again.archiveRows == 0)
            #expect(try await InventoryAnswers(world, ids: ids) == later)
        }
    }

    @Test(
        "An archived batch is done, and tells no more than the archive",
        arguments: Backend.available
    )
    func record(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...3)
            try await world.take()?.succeed(result: ["n": 3], logging: "fine")
            let ended = world.clock.now
            world.clock.advance(days: 1)
            _ = try await world.compact(keepDays: 0)
            let table = world.key().metaTable
            let history = try await world.inventory.history(of: 2, in: table)
            #expect(history.count == 1)
            let (batch, attempts) = try #require(history.first)
            #expect(attempts.isEmpty)
            #expect(batch.status == .succeeded)
            #expect(batch.ids == IDRuns(1...3))
            #expect(batch.startedAt == ended)
            #expect(batch.endedAt == ended)
            #expect(batch.result == nil && batch.logging == nil && batch.worker == nil)
        }
    }

    @Test(
        "An end that is repeated after the batch was archived is as before",
        arguments: Backend.available
    )
    func repeatedEnd(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...3)
            let batch = try #require(try await world.take())
            try await batch.succeed()
            world.clock.advance(days: 1)
            _ = try await world.compact(keepDays: 0)
            let store = world.inventory.store
            let again = try await store.succeed(batch.holding, result: nil, logging: nil)
            #expect(again.status == .succeeded)
            for end in 0..<4 {
                let error = await #expect(throws: TrancheError.self) {
                    switch end {
                    case 0: _ = try await store.release(batch.holding)
                    case 1: _ = try await store.fail(batch.holding, with: BatchFailure("late"))
                    case 2: _ = try await store.heartbeat(batch.holding)
                    default:
                        let other = AttemptKey(batch: batch.id, attempt: 2)
                        _ = try await store.succeed(other, result: nil, logging: nil)
                    }
                }
                #expect(error?.code == .batchLost)
            }
        }
    }

    @Test(
        "Readers agree with the table, whatever was packed when",
        arguments: Backend.available,
        0..<4
    )
    func random(on backend: Backend, seed: UInt64) async throws {
        try await withCompactionWorld(backend) { world in
            var random = RandomArchive(seed: seed, world: world)
            let ends = try await random.fill(batches: 300)
            let ids = (0..<15).map { _ in random.id() }
            let before = try await InventoryAnswers(world, ids: ids, page: 40)
            let questions = (0..<50).map { _ in random.question() }
            var answers: [String] = []
            for question in questions {
                answers.append(try await question.ask(world.inventory.store))
            }
            // Several rounds, so that what was done later goes between what is packed already.
            for end in ends {
                world.clock.advance(by: end.timeIntervalSince(world.clock.now))
                _ = try await world.compact(keepDays: 0)
                try await random.scatter()
                for (question, answer) in zip(questions, answers) {
                    let found = try await question.ask(world.inventory.store)
                    #expect(found == answer, "seed \(seed), \(question)")
                }
            }
            let after = try await InventoryAnswers(world, ids: ids, page: 40)
            #expect(after == before, "seed \(seed)")
            #expect(try await world.count("_archive") > 0)
        }
    }

    // MARK: What is packed

    @Test("A second compaction finds nothing to do", arguments: Backend.available)
    func twice(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await live(world)
            world.clock.advance(days: 31)
            #expect(try await world.compact().batches > 0)
            let before = try await world.dump()
            #expect(try await world.compact() == CompactionReport())
            #expect(try await world.dump() == before)
        }
    }

    @Test("What is younger than asked stays", arguments: Backend.available)
    func keep(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...4)
            for _ in 0..<4 {
                try await world.take(1)?.succeed()
                world.clock.advance(days: 10)
            }
            #expect(try await world.compact(keepDays: 41).batches == 0)
            #expect(try await world.compact(keepDays: 20).batches == 2)
            #expect(
                try await world.database.column("SELECT id FROM \(world.name())") == ["3", "4"]
            )
            #expect(try await world.compact(keepDays: 0).batches == 2)
        }
    }

    @Test(
        "Only what has succeeded is packed, and only of the runs asked for",
        arguments: Backend.available
    )
    func selection(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...20)
            for job in ["a", "b"] {
                try await world.take(4, job: job)?.succeed()
                try await world.take(4, job: job)?.release()
                try await world.take(4, job: job)?.fail("no")
                _ = try await world.take(4, job: job)
            }
            world.clock.advance(days: 60)
            let report = try await world.inventory.compact(RunSelection(job: "b"))
            #expect(report.batches == 1)
            #expect(report.attempts == 1)
            #expect(report.archiveRows == 1)
            let rows = try await world.database.column(
                "SELECT job, status FROM \(world.name()) WHERE status = 'succeeded'"
            )
            #expect(rows == ["a|succeeded"])
        }
    }

    @Test("A dry run counts, and changes nothing", arguments: Backend.available)
    func dryRun(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await live(world)
            world.clock.advance(days: 31)
            let before = try await world.dump()
            let planned = try await world.compact(isDryRun: true)
            #expect(try await world.dump() == before)
            #expect(planned.batches > 0)
            #expect(planned == (try await world.compact()))
        }
    }

    // MARK: Downstream

    @Test("What a downstream run may still read stays", arguments: Backend.available)
    func downstream(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...20)
            try await world.drain(1)
            let source = InventorySource(job: "load")
            let first = try await world.inventory.acquireBatch(
                from: source,
                job: "sum",
                limit: .count(5)
            )
            let second = try await world.inventory.acquireBatch(
                from: source,
                job: "sum",
                limit: .count(5)
            )
            try await first?.succeed()
            world.clock.advance(days: 31)
            // 6 to 10 are in hand, 11 to 20 are ahead.
            let report = try await world.compact()
            #expect(report.batches == 5 + 1)
            #expect(report.kept == 15)
            let items = try #require(try await second?.items)
            #expect(items.map(\.id) == [6, 7, 8, 9, 10])
            #expect(items.allSatisfy { $0.text.contains("\"result\":{\"batch\":") })
            world.clock.advance(by: -31 * 86_400)
            try await second?.succeed()
            world.clock.advance(days: 31)
            #expect(try await world.compact().batches == 5 + 1)
            let rest = world.inventory.batches(from: source, job: "sum", limit: .count(5))
            for try await batch in rest { try await batch.succeed() }
            #expect(try await world.compact(keepDays: 1).batches == 10)
        }
    }

    @Test(
        "A finished backfill keeps nothing, one that is not keeps its bounds",
        arguments: Backend.available
    )
    func downstreamBackfill(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...10)
            try await world.drain(1)
            let request = BatchRequest(
                job: "sum",
                run: "once",
                ids: IDBounds(3...6),
                limit: BatchLimit(count: 2)
            )
            let half = world.inventory.batches(
                request,
                from: InventorySource(job: "load"),
                most: 1
            )
            for try await batch in half { try await batch.succeed() }
            world.clock.advance(days: 31)
            let report = try await world.compact(keepDays: 1)
            #expect(report.kept == 2)
            let left = try await world.database.column(
                "SELECT completion FROM \(world.name()) WHERE job = 'load' ORDER BY id"
            )
            #expect(left == ["5", "6"])
            let rest = world.inventory.batches(request, from: InventorySource(job: "load"))
            for try await batch in rest { try await batch.succeed() }
            #expect(try await world.compact(keepDays: 1).batches == 2)
        }
    }

    @Test("A job that asks later is given what was packed before", arguments: Backend.available)
    func askedLater(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...10)
            try await world.drain(1)
            world.clock.advance(days: 31)
            #expect(try await world.compact().batches == 10)
            try await world.add(11...15)
            try await world.drain(1)
            var ids: [Int64] = []
            let source = InventorySource(job: "load")
            for try await batch in world.inventory.batches(
                from: source,
                job: "sum",
                limit: .count(4)
            ) {
                ids += try await batch.items.map(\.id)
                try await batch.succeed()
            }
            #expect(ids == Array(1...15))
            let numbered = try await world.inventory.store.completions(
                of: JobKey(metaTable: world.key().metaTable, job: "load"),
                in: 1...100,
                limit: 100
            )
            #expect(numbered.map(\.idStart) == Array(1...15))
        }
    }

    // MARK: Going on

    @Test("Acquiring goes on behind what was packed", arguments: Backend.available)
    func goesOn(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add((Int64(1)...30).filter { $0 != 5 })
            try await world.drain(10)
            world.clock.advance(by: 3600)
            #expect(try await world.compact(keepDays: 0).batches == 3)
            try await world.add([5, 31, 32])
            let late = try #require(try await world.take())
            #expect(late.record.kind == .late)
            #expect(late.ids == 5...5)
            try await late.succeed()
            let next = try #require(try await world.take())
            #expect(next.ids == 31...32)
            #expect(next.record.coverStart == 30)
            #expect(next.id == 5)
            try await next.succeed()
            let audit = try await world.inventory.audit(
                world.key(),
                from: world.source,
                options: AuditOptions(isThorough: true)
            )
            #expect(audit.ids == 32)
            #expect(audit.appeared.count == 0)
            #expect(audit.vanished.count == 0)
        }
    }

    @Test("A row of the archive that was damaged is named", arguments: Backend.available)
    func damaged(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...10)
            try await world.drain(2)
            world.clock.advance(days: 31)
            _ = try await world.compact()
            _ = try await world.database.database.write([
                "UPDATE \(world.name("_archive")) SET body = \(Value.blob([1, 2, 3, 4, 5, 6]))"
            ])
            let error = await #expect(throws: TrancheError.self) {
                _ = try await world.inventory.store.batches(holding: 1, of: world.key().metaTable)
            }
            #expect(error?.code == .storeFailed)
            #expect(error?.message.contains("row 1 ") == true)
        }
    }
}
