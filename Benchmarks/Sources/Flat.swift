import Tranche

/// Whether an acquire costs the same wherever it is, and however long the tables are.
struct Flat {
    let database: BenchDatabase
    let options: Benchmark.Options

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    private let small = "items_10000"
    private var large: String { "items_\(options.rows)" }
    /// Batches measured at each place; well below what 10,000 rows give.
    private let sample = 60

    func run() async throws {
        try await database.makeItems(small, rows: 10_000)
        try await database.makeItems(large, rows: options.rows)
        let last = options.rows - (sample + 5) * 101
        var medians: [String: [Double]] = [:]
        for repeatNumber in 0..<options.repeats {
            for (name, table, cursor, filled) in [
                ("10000-rows", small, 0, 0),
                ("first", large, 0, 0),
                ("middle", large, options.rows / 2, 0),
                ("last", large, last, 0),
                ("1000000-batches", small, 0, 1_000_000),
            ] {
                let median = try await measure(
                    table,
                    from: cursor,
                    batchesBefore: filled,
                    repeatNumber
                )
                medians[name, default: []].append(median)
            }
        }
        let base = medians["10000-rows", default: []].median
        for name in ["10000-rows", "first", "middle", "last", "1000000-batches"] {
            let median = medians[name, default: []].median
            var line = Line("flat", name, on: database.kind)
            line.add("median_ms", median * 1000)
            line.add("ratio", median / base)
            line.add("repeats", options.repeats)
            line.print()
        }
    }

    /// Measures at a cursor, in an inventory of its own.
    private func measure(
        _ table: String,
        from cursor: Int,
        batchesBefore: Int,
        _ number: Int
    ) async throws -> Double {
        let inventoryTable = "flat_inventory"
        try await database.dropInventory(inventoryTable)
        let inventory = try await database.inventory(table: inventoryTable)
        let source = database.source(table)
        // The first batch makes the run; the table is then filled and the cursor set.
        var warmUp = WorkLoop()
        try await warmUp.run(inventory, source, job: "flat", batches: 3)
        if batchesBefore > 0 { try await fill(inventoryTable, batchesBefore) }
        if cursor > 0 {
            try await database.run(
                "UPDATE \(inventoryTable)_run SET cursor_id = \(cursor), tile_end = \(cursor);"
            )
        }
        try await warmUp.run(inventory, source, job: "flat", batches: 8)
        var loop = WorkLoop()
        try await loop.run(inventory, source, job: "flat", batches: sample)
        await inventory.close()
        return loop.times.median
    }

    private func fill(_ table: String, _ rows: Int) async throws {
        let numbers =
            database.isSQLite
            ? "(WITH RECURSIVE s (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < \(rows)) SELECT g FROM s)"
            : "generate_series(1, \(rows)) AS s (g)"
        try await database.run(
            """
            INSERT INTO \(table) (meta_table, job, kind, status, batch_id_start, batch_id_end, batch_count,
                batch_weight, processing_start, processing_end, request, config)
            SELECT b.meta_table, b.job, b.kind, 'succeeded', b.batch_id_start, b.batch_id_end, b.batch_count,
                b.batch_weight, b.processing_start, b.processing_end, '0' || g, b.config
            FROM \(numbers), (SELECT * FROM \(table) ORDER BY id LIMIT 1) AS b;
            """
        )
        if !database.isSQLite { try await database.run("ANALYZE \(table);") }
    }
}
