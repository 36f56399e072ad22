import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheSQL
import TrancheTestKit

/// An inventory with batches to compact, and a clock that the test moves.
struct CompactionWorld: Sendable {
    let database: TestDatabase
    let inventory: Inventory
    let clock: ManualDate

    static let start = Date(timeIntervalSince1970: 1_800_000_000)

    var source: SQLSource { SQLSource(database.prefix + "item") }

    func key(_ job: String = "load", run: String = "") -> RunKey {
        RunKey(metaTable: database.prefix + "item", job: job, run: run)
    }

    func name(_ suffix: String = "") -> SQLTableName { database.name("inventory" + suffix) }

    /// Adds items.
    func add(_ ids: some Sequence<Int64>) async throws {
        let values = ids.map { "(\($0), 'item \($0)', 1)" }.joined(separator: ", ")
        try await database.run("INSERT INTO \(database.prefix)item VALUES \(values);")
    }

    func take(
        _ count: Int? = nil,
        job: String = "load",
        run: String = "",
        ids: ClosedRange<Int64>? = nil
    ) async throws -> Batch? {
        let bounds = ids.map { IDBounds($0) } ?? IDBounds()
        return try await inventory.acquireBatch(
            from: source,
            job: job,
            run: Run(name: run, ids: bounds),
            limit: BatchLimit(count: count)
        )
    }

    /// Works until there is nothing more, a second for each batch.
    func drain(_ count: Int, job: String = "load") async throws {
        while let batch = try await take(count, job: job) {
            clock.advance(by: 1)
            try await batch.succeed(result: ["batch": batch.id], logging: "done")
        }
    }

    func compact(keepDays: Int = 30, isDryRun: Bool = false) async throws -> CompactionReport {
        try await inventory.compact(keep: .seconds(keepDays * 86_400), isDryRun: isDryRun)
    }

    /// What all tables hold, as text.
    func dump() async throws -> [[String]] {
        try await database.read("SELECT * FROM \(name()) ORDER BY id")
            + database.read("SELECT * FROM \(name("_attempt")) ORDER BY batch_id, attempt")
            + database.read("SELECT * FROM \(name("_archive")) ORDER BY id")
            + database.read("SELECT * FROM \(name("_run")) ORDER BY id")
    }

    func count(_ suffix: String = "") async throws -> Int {
        Int(try await database.column("SELECT count(*) FROM \(name(suffix))")[0]) ?? -1
    }
}

extension CompactionWorld {
    /// Puts batches of 1,000 dense ids and their attempts into the table, all ended 31 days ago.
    func fill(batches: Int) async throws {
        let dialect = database.database.dialect
        let start = CompactionWorld.start.milliseconds
        let numbers: SQLStatement =
            switch database.backend {
            case .postgreSQL: "generate_series(CAST(0 AS bigint), \(batches - 1)) AS s (g)"
            case .sqlite:
                """
                (
                    WITH RECURSIVE s (g) AS (
                        SELECT 0 UNION ALL SELECT g + 1 FROM s WHERE g < \(batches - 1)
                    )
                    SELECT g FROM s
                )
                """
            }
        let began: SQLStatement = "(\(start) + g * 20000)"
        let ended: SQLStatement = "(\(start) + g * 20000 + (g * 7919) % 15000)"
        let key = self.key()
        _ = try await database.database.write([
            """
            INSERT INTO \(name("_run")) (
                meta_table, job, run, passed_id, tile_end, lease_ms, max_attempts, backoff_ms,
                backoff_limit_ms, created_at
            )
            VALUES (
                \(key.metaTable), \(key.job), '', \(batches * 1000), \(batches * 1000), 60000, 3, 5000,
                300000, \(dialect.instant("\(start)"))
            )
            """,
            """
            INSERT INTO \(name()) (
                meta_table, job, kind, status, batch_id_start, batch_id_end, cover_start, batch_count,
                batch_weight, processing_start, processing_end, request, config, job_result_item
            )
            SELECT
                \(key.metaTable), \(key.job), 'incremental', 'succeeded', g * 1000 + 1, (g + 1) * 1000,
                CASE WHEN g > 0 THEN g * 1000 END, 1000, 900000 + (g * 7919) % 200000,
                \(dialect.processingTime(dialect.instant(began))),
                \(dialect.processingTime(dialect.instant(ended))), '~' || g, \(dialect.json("{}")),
                \(dialect.json("{\"rows\": 1000}"))
            FROM \(numbers)
            ORDER BY g
            """,
            """
            INSERT INTO \(name("_attempt")) (
                batch_id, attempt, worker, started_at, ended_at, outcome
            )
            SELECT id, 1, 'worker', \(dialect.instant("\(start)")), \(dialect.instant("\(start)")),
                'succeeded'
            FROM \(name())
            """,
        ])
        clock.advance(by: Double(batches * 20))
        clock.advance(days: 31)
    }
}

/// A clock that stands until it is moved.
final class ManualDate: Sendable {
    private let date: Mutex<Date>

    init(_ date: Date) {
        self.date = Mutex(date)
    }

    var now: Date { date.withLock { $0 } }

    func advance(by seconds: Double) {
        date.withLock { $0 += seconds }
    }

    func advance(days: Int) {
        advance(by: Double(days) * 86_400)
    }
}

/// Runs `body` with a world of its own.
func withCompactionWorld(
    _ backend: TestDatabase.Backend,
    _ body: (CompactionWorld) async throws -> Void
) async throws {
    try await withTestDatabase(backend, isMigrated: true) { database in
        try await database.run(
            """
            CREATE TABLE \(database.prefix)item (uid bigint PRIMARY KEY, item text, weight integer);
            """
        )
        let clock = ManualDate(CompactionWorld.start)
        let inventory = try await database.open(now: { clock.now })
        try await body(CompactionWorld(database: database, inventory: inventory, clock: clock))
        await inventory.close()
    }
}

/// What an inventory answers, without what compaction gives up.
struct InventoryAnswers: Equatable, CustomStringConvertible {
    private var lines: [String] = []

    /// Asks everything of all runs.
    ///
    /// - Parameters:
    ///   - world: The inventory.
    ///   - ids: The items whose history is asked.
    ///   - page: How many tiles are read at a time.
    /// - Throws: What the inventory throws.
    init(_ world: CompactionWorld, ids: [Int64], page: Int = 7) async throws {
        let store = world.inventory.store
        let summaries = try await store.summaries(RunSelection())
        for summary in summaries.sorted(by: { $0.run.id < $1.run.id }) {
            let key = summary.run.key
            for status in BatchStatus.allCases {
                guard let totals = summary.totals[status] else { continue }
                lines.append("\(key): \(status) \(totals)")
            }
            lines.append("\(key): last success \(summary.lastSuccess?.milliseconds ?? 0)")
            lines.append("\(key): cursor \(summary.run.cursor ?? .min)")
            for tile in try await tiles(of: key, in: store, limit: page) {
                lines.append("\(key): \(tile)")
            }
            let all = Int64.min...Int64.max
            for onlyLate in [false, true] {
                let ids = try await store.handedOut(of: key, in: all, onlyLate: onlyLate)
                lines.append("\(key): handed out, late \(onlyLate): \(ids.packed)")
            }
        }
        let jobs = Set(
            summaries.map { JobKey(metaTable: $0.run.key.metaTable, job: $0.run.key.job) }
        )
        for job in jobs.sorted(by: { $0.job < $1.job }) {
            // What has no number yet would be given one by the compaction.
            _ = try await store.numberCompletions(of: job)
            for batch in try await store.completions(of: job, in: 1...Int64.max, limit: .max) {
                lines.append("\(job.job): completion \(Self.words(batch))")
            }
        }
        for table in Set(jobs.map(\.metaTable)).sorted() {
            for id in ids {
                for batch in try await store.batches(holding: id, of: table) {
                    lines.append("\(table) \(id): \(Self.words(batch))")
                }
            }
        }
        for batch in try await store.batches(BatchSelection()) where batch.status != .succeeded {
            lines.append(Self.words(batch))
        }
    }

    var description: String { lines.joined(separator: "\n") }

    private func tiles(of key: RunKey, in store: any InventoryStore, limit: Int) async throws
        -> [Tile]
    {
        var tiles: [Tile] = []
        while true {
            let page = try await store.tiles(
                of: key,
                endingAfter: tiles.last?.range.upperBound,
                meeting: nil,
                limit: limit
            )
            tiles += page
            if page.count < limit { return tiles }
        }
    }

    /// A batch without worker, result, log, start, parent and the history of its failures.
    private static func words(_ batch: BatchRecord) -> String {
        """
        \(batch.id) \(batch.key) \(batch.kind) \(batch.status) attempt \(batch.attempt) \
        \(batch.idStart)...\(batch.idEnd) after \(batch.coverStart.map(String.init) ?? "-") \
        ids \(batch.ids?.packed ?? "unknown") count \(batch.count) weight \(batch.weight ?? -1) \
        ended \(batch.endedAt?.milliseconds ?? 0) completion \(batch.completion ?? 0)
        """
    }
}

/// A database that dies: after a number of loans of its writer, every further one fails, or what
/// the test says is done before it.
final class DyingDatabase<Base: SQLDatabase>: SQLDatabase {
    let base: Base
    private let left: Mutex<Int>
    private let whenOver: @Sendable () throws -> Void

    init(_ base: Base, after loans: Int, whenOver: @escaping @Sendable () throws -> Void) {
        self.base = base
        left = Mutex(loans)
        self.whenOver = whenOver
    }

    var name: String { base.name }
    var dialect: any SQLDialect { base.dialect }

    var writers: SQLConnectionPool<Base.Connection> {
        get throws {
            let isAlive = left.withLock { left in
                left -= 1
                return left >= 0
            }
            if !isAlive { try whenOver() }
            return try base.writers
        }
    }

    var readers: SQLConnectionPool<Base.Connection> { base.readers }

    func identity() async throws -> String { try await base.identity() }

    func table(_ name: SQLTableName) async throws -> SQLTable? { try await base.table(name) }

    func changingCasts(in query: SQLStatement) async throws -> [String] {
        try await base.changingCasts(in: query)
    }

    func changingFunctions(among calls: FilterCalls) async throws -> [String] {
        try await base.changingFunctions(among: calls)
    }

    func watch(_ name: SQLTableName, uid: String) async throws -> SQLSourceWatch {
        try await base.watch(name, uid: uid)
    }

    func lockForMigration(_ name: SQLTableName) -> [SQLStatement] { base.lockForMigration(name) }

    func dependents(of name: SQLTableName) async throws -> [String] {
        try await base.dependents(of: name)
    }

    func zone(_ asked: String?) async throws -> String { try await base.zone(asked) }

    func zoneShifts(
        _ zone: String,
        tables: TableNames,
        on connection: isolated Base.Connection
    ) async throws -> [SQLStatement] {
        try await base.zoneShifts(zone, tables: tables, on: connection)
    }

    func close() async {}
}

/// The end of a ``DyingDatabase``.
struct Death: Error {}

extension TestDatabase {
    /// The inventory in it, through connections that fail after a number of transactions.
    ///
    /// - Parameters:
    ///   - transactions: The number.
    ///   - now: The time.
    ///   - whenOver: What is done before each further one; it fails by default.
    /// - Returns: The inventory's store.
    func dyingStore(
        after transactions: Int,
        now: @escaping @Sendable () -> Date,
        whenOver: @escaping @Sendable () throws -> Void = { throw Death() }
    ) -> any InventoryStore {
        func make(_ base: some SQLDatabase) -> any InventoryStore {
            SQLInventoryStore(
                DyingDatabase(base, after: transactions, whenOver: whenOver),
                configuration: configuration(now: now)
            )
        }
        return make(database)
    }
}
