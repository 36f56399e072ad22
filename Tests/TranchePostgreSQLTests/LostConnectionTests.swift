import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

@Suite(
    "A connection lost at commit costs nothing",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct LostConnectionTests {
    /// Runs `body` with an inventory behind a proxy, over a source of ten items.
    func withProxy(
        _ body: (TestDatabase, Inventory, SQLSource, PostgreSQLProxy) async throws -> Void
    ) async throws {
        try await withTestDatabase(.postgreSQL) { database in
            try await database.run(
                """
                CREATE TABLE \(database.prefix)item (uid bigint PRIMARY KEY, item text, weight integer);
                INSERT INTO \(database.prefix)item
                SELECT i, 'item ' || i, i FROM generate_series(1, 10) AS i;
                """
            )
            try await database.migrateUp()
            let (proxy, url) = try PostgreSQLProxy.before(database)
            defer { proxy.stop() }
            let inventory = try await Inventory.open(
                .postgres(url),
                configuration: .init(store: database.configuration(), worker: "worker")
            )
            let source = SQLSource(database.prefix + "item")
            try await body(database, inventory, source, proxy)
            await inventory.close()
        }
    }

    func rows(_ database: TestDatabase) async throws -> [String] {
        try await database.column(
            """
            SELECT id, batch_id_start, batch_id_end, attempt, status
            FROM \(database.name("inventory")) ORDER BY id
            """
        )
    }

    @Test("An acquire that ended the batch before, and was not answered, did both once")
    func succeedAndAcquire() async throws {
        try await withProxy { database, inventory, source, proxy in
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 4))
            let acquired = try await inventory.acquireBatch(
                from: source,
                job: "job",
                limit: .count(4)
            )
            let first = try #require(acquired)
            proxy.cutNext { $0.contains("COMMIT") }
            let answer = try await first.succeed(
                result: ["n": 4],
                thenAcquire: request,
                from: source
            )
            guard case .batch(let second) = answer else {
                Issue.record("no batch")
                return
            }
            #expect(proxy.cuts == 1)
            #expect(second.ids == 5...8)
            #expect(try await rows(database) == ["1|1|4|1|succeeded", "2|5|8|1|running"])
            // Nothing follows the last: then the ending is all that was committed.
            let last = try await second.succeed(thenAcquire: request, from: source)
            guard case .batch(let third) = last else {
                Issue.record("no batch")
                return
            }
            proxy.cutNext { $0.contains("COMMIT") }
            let end = try await third.succeed(thenAcquire: request, from: source)
            guard case .noBatch(.complete) = end else {
                Issue.record("\(end)")
                return
            }
            #expect(proxy.cuts == 2)
            let attempts = try await inventory.store.attempts(of: third.id)
            #expect(attempts.map(\.outcome) == [.succeeded])
        }
    }

    @Test("An acquire whose commit was not answered gives the batch that was committed")
    func acquire() async throws {
        try await withProxy { database, inventory, source, proxy in
            // The first acquire makes the run, the second finds it: two ways through the store.
            for (id, ids) in [(1, 1...4), (2, 5...8)] as [(Int64, ClosedRange<Int64>)] {
                proxy.cutNext { $0.contains("COMMIT") }
                let batch = try await inventory.acquireBatch(
                    from: source,
                    job: "job",
                    limit: .count(4)
                )
                #expect(batch?.id == id)
                #expect(batch?.ids == ids)
                #expect(batch?.attempt == 1)
                #expect(try await batch?.items.map(\.id) == Array(ids))
                #expect(proxy.cuts == Int(id))
            }
            #expect(try await rows(database) == ["1|1|4|1|running", "2|5|8|1|running"])
            let last = try await inventory.acquireBatch(from: source, job: "job")
            #expect(last?.ids == 9...10)
        }
    }

    @Test("So does an acquire of several batches at once")
    func acquireSeveral() async throws {
        try await withProxy { database, inventory, source, proxy in
            proxy.cutNext { $0.contains("COMMIT") }
            let batches = try await inventory.acquireBatches(
                count: 3,
                BatchRequest(job: "job", limit: BatchLimit(count: 2)),
                from: source
            )
            #expect(proxy.cuts == 1)
            #expect(batches.map(\.ids) == [1...2, 3...4, 5...6])
            #expect(try await rows(database).count == 3)
        }
    }

    @Test("A batch handed out again is handed out once")
    func handOutAgain() async throws {
        try await withProxy { database, inventory, source, proxy in
            let first = try await inventory.acquireBatch(from: source, job: "job", limit: .count(4))
            try await first?.release()
            proxy.cutNext { $0.contains("COMMIT") }
            let again = try await inventory.acquireBatch(from: source, job: "job", limit: .count(4))
            #expect(proxy.cuts == 1)
            #expect(again?.id == 1)
            #expect(again?.attempt == 2)
            #expect(try await rows(database) == ["1|1|4|2|running"])
            try await again?.succeed()
        }
    }

    /// The ends of an attempt, and what marks their request.
    enum End: String, CaseIterable, Sendable {
        case succeed, fail, release

        var status: BatchStatus {
            switch self {
            case .succeed: .succeeded
            case .fail: .failed
            case .release: .released
            }
        }

        func callAsFunction(_ batch: Batch) async throws -> BatchRecord {
            switch self {
            case .succeed: try await batch.succeed(result: ["rows": 4])
            case .fail: try await batch.fail("disk full")
            case .release: try await batch.release()
            }
        }
    }

    @Test("An end that was not answered is recorded once", arguments: End.allCases)
    func end(_ end: End) async throws {
        try await withProxy { database, inventory, source, proxy in
            let acquired = try await inventory.acquireBatch(
                from: source,
                job: "job",
                limit: .count(4)
            )
            let batch = try #require(acquired)
            // A failure is decided while its run is locked: its last request has the commit.
            proxy.cutNext { texts in
                texts.contains("COMMIT")
                    || texts.contains {
                        $0.contains("UPDATE") && $0.contains("'\(end.status.rawValue)'")
                    }
            }
            let record = try await end(batch)
            #expect(proxy.cuts == 1)
            #expect(record.status == end.status)
            #expect(record.failures == (end == .fail ? 1 : 0))
            let attempts = try await inventory.attempts(of: batch.id)
            #expect(attempts.map(\.outcome.rawValue) == [end.status.rawValue])
            #expect(try await rows(database) == ["1|1|4|1|\(end.status.rawValue)"])
        }
    }

    @Test("An end lost on its way, and followed by another's hand-out, says that the batch is lost")
    func overtaken() async throws {
        try await withProxy { database, inventory, source, proxy in
            let first = try #require(
                try await inventory.acquireBatch(from: source, job: "job", limit: .count(4))
            )
            proxy.cutNext { texts in texts.contains { $0.contains("'released'") } }
            try await first.release()
            #expect(proxy.cuts == 1)
            let second = try #require(
                try await inventory.acquireBatch(from: source, job: "job", limit: .count(4))
            )
            let error = await #expect(throws: TrancheError.self) { try await first.succeed() }
            #expect(error?.code == .batchLost)
            try await second.succeed()
        }
    }

    @Test("A session ended by the server's administrator is replaced")
    func terminated() async throws {
        try await withProxy { database, inventory, source, proxy in
            let batch = try #require(
                try await inventory.acquireBatch(from: source, job: "job", limit: .count(4))
            )
            for _ in 0..<2 {
                let ended = try await database.column(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = \(database.schema)
                    """
                )
                #expect(ended.contains("true"))
                _ = try await batch.heartbeat()
            }
            try await batch.succeed()
            #expect(try await rows(database) == ["1|1|4|1|succeeded"])
        }
    }

    @Test("An acquire and its items take three round trips, an end takes one")
    func roundTrips() async throws {
        try await withProxy { _, inventory, source, proxy in
            let first = try await inventory.acquireBatch(from: source, job: "job", limit: .count(2))
            try await first?.succeed()
            let before = proxy.requests.count
            let second = try await inventory.acquireBatch(
                from: source,
                job: "job",
                limit: .count(2)
            )
            #expect(try await second?.items.count == 2)
            let between = proxy.requests.count
            #expect(between - before <= 3)
            try await second?.succeed()
            #expect(proxy.requests.count - between == 1)
        }
    }
}
