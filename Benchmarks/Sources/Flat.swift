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
        if batchesBefore > 0 { try await database.storeBatches(batchesBefore, in: inventoryTable) }
        if cursor > 0 {
            try await database.run(
                "UPDATE \(inventoryTable)_run SET passed_id = \(cursor);"
            )
        }
        try await warmUp.run(inventory, source, job: "flat", batches: 8)
        var loop = WorkLoop()
        try await loop.run(inventory, source, job: "flat", batches: sample)
        await inventory.close()
        return loop.times.median
    }
}
