import Synchronization
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

@Suite(
    "A connection lost while a run recovers costs nothing",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct LostConnectionRecoveryTests {
    /// A run whose batches are split when they fail once, and whose source lacks the id 3.
    private func withSplittingRun(
        _ body: (TestDatabase, Inventory, SplittingRun, PostgreSQLProxy) async throws -> Void
    ) async throws {
        try await LostConnectionTests().withProxy { database, inventory, source, proxy in
            try await database.run(
                """
                DELETE FROM \(database.prefix)item WHERE uid = 3;
                CREATE TABLE \(database.prefix)sink (item bigint, attempt bigint);
                """
            )
            let run = SplittingRun(inventory: inventory, source: source, database: database)
            // What is opened is opened before anything is lost.
            _ = try await inventory.source(source)
            try await body(database, inventory, run, proxy)
        }
    }

    @Test("A success with the caller's writes that was not answered is committed once")
    func transactionalSuccess() async throws {
        try await withSplittingRun { database, _, run, proxy in
            let batch = try await run.take()
            proxy.cutNext { $0 == ["COMMIT"] }
            let bodies = Mutex(0)
            let record = try await batch.succeed { transaction in
                bodies.withLock { $0 += 1 }
                try await run.write(batch, to: transaction)
            }
            #expect(proxy.cuts == 1)
            #expect(record.status == .succeeded)
            #expect(bodies.withLock { $0 } == 1)
            #expect(try await run.sink == ["1|1", "2|1", "4|1"])
            // A repetition is told what is recorded, and writes nothing.
            try await batch.succeed { try await run.write(batch, to: $0) }
            #expect(try await run.sink == ["1|1", "2|1", "4|1"])
            #expect(try await database.column(run.attempts) == ["1|1|succeeded"])
        }
    }

    @Test(
        "One that was cut before its commit wrote nothing, and may be repeated",
        arguments: ["BEGIN", "INSERT", "'succeeded'"]
    )
    func transactionalSuccessCutEarly(word: String) async throws {
        try await withSplittingRun { database, _, run, proxy in
            let batch = try await run.take()
            proxy.cutNext { texts in texts.contains { $0.contains(word) } }
            let error = await #expect(throws: TrancheError.self) {
                try await batch.succeed { try await run.write(batch, to: $0) }
            }
            #expect(error?.code == .storeUnavailable)
            #expect(proxy.cuts == 1)
            #expect(try await run.sink == [])
            try await batch.succeed { try await run.write(batch, to: $0) }
            #expect(try await run.sink == ["1|1", "2|1", "4|1"])
            #expect(try await database.column(run.attempts) == ["1|1|succeeded"])
        }
    }

    @Test("Bad items whose report was not answered are set apart once")
    func badItems() async throws {
        try await withSplittingRun { database, _, run, proxy in
            let batch = try await run.take()
            proxy.cutNext { texts in texts.contains { $0.contains("'split'") } }
            #expect(try await batch.fail("bad", badItems: [2]).status == .split)
            #expect(proxy.cuts == 1)
            let rows = try await database.column(run.batches)
            #expect(
                rows == [
                    "incremental|split|1-2,4|1", "split|quarantined|2|1", "split|released|1,4|1",
                ]
            )
            #expect(try await database.column(run.attempts) == ["1|1|failed"])
        }
    }

    @Test("A split that was not answered is made once")
    func split() async throws {
        try await withSplittingRun { database, _, run, proxy in
            try await run.take().fail("heavy")
            proxy.cutNext { texts in texts.contains { $0.contains("status = 'split'") } }
            let half = try await run.take()
            #expect(proxy.cuts == 1)
            #expect(half.kind == .split)
            #expect(half.attempt == 1)
            #expect(
                try await database.column(run.batches).filter { $0.hasPrefix("split") }.count == 2
            )
        }
    }

    @Test("Ids queued late without an answer are handed out once")
    func queueLate() async throws {
        try await withSplittingRun { database, inventory, run, proxy in
            try await run.take().succeed()
            try await database.run("INSERT INTO \(database.prefix)item VALUES (3, 'late', 1);")
            proxy.cutNext { texts in
                texts.contains("COMMIT") && texts.contains { $0.contains("next_look") }
            }
            try await run.queueLate()
            #expect(proxy.cuts == 1)
            let late = try await run.take()
            #expect(late.kind == .late)
            #expect(late.ids == 3...3)
            try await late.succeed()
            #expect(try await run.take().ids == 5...7)
            #expect(try await inventory.gaps(of: late.record.key).filter(\.isRedo) == [])
        }
    }

    @Test("An item redriven without an answer is a batch once")
    func redrive() async throws {
        try await withSplittingRun { database, inventory, run, proxy in
            try await run.take().fail("bad", badItems: [1, 2, 4])
            proxy.cutNext { texts in texts.contains { $0.contains("'redrive'") } }
            _ = try await inventory.redrive(BatchSelection(), items: [2])
            #expect(proxy.cuts == 1)
            let rows = try await database.column(run.batches).filter { $0.hasPrefix("redrive") }
            #expect(rows == ["redrive|released|2|1"])
        }
    }

    @Test("Wherever one connection is cut, the same is left")
    func everywhere() async throws {
        try await withSplittingRun { _, inventory, run, proxy in
            try await run.play()
            let expected = try await run.remains()
            var isCut = true
            var place = 0
            while isCut {
                place += 1
                let cuts = proxy.cuts
                let run = try await run.again()
                let lost = Self.cutRequest(place, of: proxy)
                try await run.play()
                isCut = proxy.cuts > cuts
                let remains = try await run.remains()
                #expect(remains == expected, "request \(place) was cut: \(lost.texts)")
            }
            // Otherwise the requests were not counted.
            #expect(place > 40)
        }
    }

    /// Cuts the connection at one of the requests to come.
    private static func cutRequest(_ number: Int, of proxy: PostgreSQLProxy) -> LostRequest {
        let lost = LostRequest(number)
        proxy.cutNext { texts in
            // What a new session says first is no request of anybody's.
            !texts.allSatisfy { $0.hasPrefix("SET ") } && lost.isReached(texts)
        }
        return lost
    }
}

/// The request at which a connection is cut.
private final class LostRequest: Sendable {
    private let state: Mutex<(left: Int, texts: [String])>

    init(_ number: Int) {
        state = Mutex((number, []))
    }

    var texts: [String] { state.withLock { $0.texts } }

    func isReached(_ texts: [String]) -> Bool {
        state.withLock { state in
            state.left -= 1
            if state.left == 0 { state.texts = texts }
            return state.left == 0
        }
    }
}

/// A run over the ids 1, 2, 4 to 10, in which much goes wrong.
private struct SplittingRun: Sendable {
    let inventory: Inventory
    let source: SQLSource
    let database: TestDatabase

    private var request: BatchRequest {
        BatchRequest(
            job: "job",
            limit: BatchLimit(count: 3),
            policy: RunPolicy(maxAttempts: 1, onExhausted: .split)
        )
    }

    private var key: RunKey { RunKey(metaTable: source.name, job: "job", run: "") }

    /// The same from the beginning, for a process that knows nothing yet.
    func again() async throws -> SplittingRun {
        let prefix = database.prefix
        try await database.run(
            """
            TRUNCATE \(prefix)inventory, \(prefix)inventory_run, \(prefix)inventory_tally,
                \(prefix)inventory_attempt, \(prefix)inventory_gap, \(prefix)sink RESTART IDENTITY;
            DELETE FROM \(prefix)item WHERE uid = 3;
            """
        )
        let inventory = Inventory(store: inventory.store, configuration: inventory.configuration)
        _ = try await inventory.source(source)
        return SplittingRun(inventory: inventory, source: source, database: database)
    }

    func take() async throws -> Batch {
        guard case .batch(let batch) = try await inventory.acquire(request, from: source) else {
            throw NoBatch()
        }
        return batch
    }

    func write(_ batch: Batch, to transaction: SQLTransaction) async throws {
        for item in try await batch.items {
            try await transaction.run(
                "INSERT INTO \(database.prefix)sink (item, attempt) VALUES ($1, $2)",
                [.integer(item.id), .integer(Int64(batch.attempt))]
            )
        }
    }

    func queueLate() async throws {
        _ = try await inventory.retrying { _ in
            try await inventory.store.queueLate(IDRuns(3...3), of: key, isRedo: false)
        }
    }

    /// Acquires, ends in every way, splits, redrives, queues, and numbers completions.
    func play() async throws {
        let first = try await take()
        _ = try await first.heartbeat()
        try await succeed(first)
        try await take().fail("one is bad", badItems: [6])
        try await take().release()
        try await succeed(try await take())
        try await take().fail("all are heavy")
        for _ in 0..<2 { try await take().succeed() }
        try await database.run("INSERT INTO \(database.prefix)item VALUES (3, 'late', 1);")
        try await queueLate()
        try await succeed(try await take())
        _ = try await inventory.redrive(BatchSelection())
        try await take().succeed()
        guard case .noBatch(.complete) = try await inventory.acquire(request, from: source) else {
            throw NoBatch()
        }
        let upstream = InventorySource(job: "job")
        _ = try await inventory.retrying { _ in try await inventory.source(upstream) }
        let all = try await inventory.acquireBatch(from: upstream, job: "next")
        try await all?.succeed()
    }

    /// As a caller does, who repeats what was not committed.
    private func succeed(_ batch: Batch) async throws {
        while true {
            do {
                try await batch.succeed { try await write(batch, to: $0) }
                return
            } catch let error as TrancheError where error.code == .storeUnavailable {}
        }
    }

    // MARK: What is left

    var batches: SQLStatement {
        """
        SELECT kind, status, coalesce(item_ids, batch_id_start || CASE
            WHEN batch_id_end > batch_id_start THEN '-' || batch_id_end ELSE '' END), attempt
        FROM \(database.name("inventory"))
        ORDER BY 1, 2, 3, 4
        """
    }

    var attempts: SQLStatement {
        """
        SELECT b.batch_id_start, a.attempt, a.outcome
        FROM \(database.name("inventory_attempt")) AS a
        JOIN \(database.name("inventory")) AS b ON b.id = a.batch_id
        ORDER BY a.batch_id, a.attempt
        """
    }

    var sink: [String] {
        get async throws {
            try await database.column(
                "SELECT item, attempt FROM \(database.name("sink")) ORDER BY 1, 2"
            )
        }
    }

    func remains() async throws -> [String] {
        try await database.column(batches) + database.column(attempts) + sink
            + database.column(
                """
                SELECT completion, batch_id_start, batch_weight
                FROM \(database.name("inventory"))
                WHERE completion > 0 ORDER BY 1
                """
            )
            + database.column(
                "SELECT id_start, id_end, is_redo FROM \(database.name("inventory_gap")) ORDER BY 1"
            )
            + database.column(
                "SELECT job, passed_id, tile_end FROM \(database.name("inventory_run")) ORDER BY 1"
            )
    }

    private struct NoBatch: Error {}
}
