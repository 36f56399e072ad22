import Foundation
import Tranche
import TranchePostgreSQL
import TrancheSQL

/// How fast an audit counts, and what the archive takes.
struct Audit {
    let database: BenchDatabase
    let options: Benchmark.Options

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    private let inventoryTable = "audit_inventory"
    private let ids = 5_000_000
    /// Ids of a batch.
    private let size = 1000
    private let archived = 200_000

    private var items: String { "items_\(ids)" }

    private var key: RunKey { RunKey(metaTable: items, job: "audit") }

    /// Audits tiles of dense ids, from the table of batches and from the archive.
    func audit() async throws {
        try await database.makeItems(items, rows: ids)
        let inventory = try await fill(batches: ids / size)
        try await database.vacuum([items, inventoryTable])
        for name in ["table", "archive"] {
            if name == "archive" { _ = try await inventory.compact(keep: .zero) }
            var speeds: [Double] = []
            for _ in 0..<options.repeats {
                let clock = ContinuousClock()
                let start = clock.now
                let report = try await inventory.audit(key, from: database.source(items))
                let seconds = (clock.now - start).seconds
                guard report.ids == ids, report.tiles == ids / size, report.appeared.count == 0
                else {
                    throw BenchError("the audit counted \(report.ids) ids in \(report.tiles) tiles")
                }
                speeds.append(Double(ids) / seconds)
            }
            var line = Line("audit", "tiles-in-\(name)", on: database.kind)
            line.add("ids_per_second", speeds.median)
            line.add("ids", ids)
            line.add("repeats", options.repeats)
            line.print()
        }
        await inventory.close()
    }

    /// Packs batches into the archive.
    func archive() async throws {
        let inventory = try await fill(batches: archived)
        let clock = ContinuousClock()
        let start = clock.now
        let report = try await inventory.compact(keep: .zero)
        let seconds = (clock.now - start).seconds
        await inventory.close()
        guard report.batches == archived else {
            throw BenchError("\(report.batches) batches were packed")
        }
        let size = try await database.read(
            database.isSQLite
                ? "SELECT sum(pgsize) FROM dbstat WHERE name LIKE '\(inventoryTable)_archive%'"
                : "SELECT pg_total_relation_size('\(inventoryTable)_archive')"
        )
        var line = Line("archive", "dense-batches", on: database.kind)
        line.add("bytes_per_batch", Double(report.archivedBytes) / Double(archived))
        line.add("disk_bytes_per_batch", Double(size.first?.first ?? 0) / Double(archived))
        line.add("batches_per_second", Double(archived) / seconds)
        line.add("batches", archived)
        line.print()
    }

    /// Makes an inventory with a run of batches that ended long ago, each after a second's work.
    private func fill(batches: Int) async throws -> Inventory {
        try await database.dropInventory(inventoryTable)
        let inventory = try await database.inventory(table: inventoryTable)
        let numbers =
            database.isSQLite
            ? "(WITH RECURSIVE s (g) AS (SELECT 0 UNION ALL SELECT g + 1 FROM s WHERE g < \(batches - 1)) SELECT g FROM s)"
            : "generate_series(CAST(0 AS bigint), \(batches - 1)) AS s (g)"
        let ended = "1700000000 + g * 20 + (g * 7919) % 15000 / 1000.0"
        let (start, end) =
            database.isSQLite
            ? (
                "strftime('%Y-%m-%d %H:%M:%f', 1700000000 + g * 20, 'unixepoch')",
                "strftime('%Y-%m-%d %H:%M:%f', \(ended), 'unixepoch')"
            )
            : ("to_timestamp(1700000000 + g * 20)", "to_timestamp(\(ended))")
        let now = database.isSQLite ? "0" : "now()"
        try await database.run(
            """
            INSERT INTO \(inventoryTable)_run (meta_table, job, run, cursor_id, tile_end, lease_ms,
                max_attempts, backoff_ms, backoff_limit_ms, created_at)
            VALUES ('\(items)', 'audit', '', \(batches * size), \(batches * size), 60000, 3, 5000, 300000,
                \(now));
            INSERT INTO \(inventoryTable) (meta_table, job, kind, status, batch_id_start, batch_id_end,
                cover_start, batch_count, batch_weight, processing_start, processing_end, request, config)
            SELECT '\(items)', 'audit', 'incremental', 'succeeded', g * \(size) + 1, (g + 1) * \(size),
                CASE WHEN g > 0 THEN g * \(size) END, \(size), 1000000 + (g * 7919) % 100000,
                \(start), \(end), '~' || g, '{}'
            FROM \(numbers)
            ORDER BY g;
            """
        )
        return inventory
    }
}
