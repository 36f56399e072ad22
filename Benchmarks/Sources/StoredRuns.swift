import Tranche

/// An inventory of many runs with as many batches each, one in ten thousand of which has failed.
struct StoredRuns {
    let database: BenchDatabase
    let runs: Int

    /// The tables in which runs have their items.
    private static let tables = 10

    /// Makes the inventory `inventory` anew.
    ///
    /// - Parameter batches: How many batches it has, of all runs.
    /// - Throws: What the database does.
    func fill(_ batches: Int) async throws {
        try await database.dropInventory("inventory")
        let inventory = try await database.inventory()
        for number in 0..<Self.tables {
            try await database.makeItems("status_items_\(number)", rows: 1000)
            let source = database.source("status_items_\(number)")
            let batch = try await inventory.acquireBatch(
                from: source,
                job: "job0",
                limit: BatchLimit(count: 1)
            )
            try await batch?.succeed()
        }
        await inventory.close()
        try await database.run(script(batches / runs))
        if !database.isSQLite { try await database.run("ANALYZE;") }
    }

    /// The other runs are like the first of their table, and all have tiles behind each other.
    private func script(_ each: Int) -> String {
        let known =
            "id_from, id_to, lease_ms, max_attempts, backoff_ms, backoff_limit_ms, created_at, definition"
        func numbers(_ from: Int, _ to: Int) -> String {
            database.isSQLite
                ? "(WITH RECURSIVE s (g) AS (SELECT \(from) UNION ALL SELECT g + 1 FROM s WHERE g < \(to))"
                    + " SELECT g FROM s)"
                : "generate_series(\(from), \(to)) AS s (g)"
        }
        let columns =
            "meta_table, job, kind, status, batch_id_start, batch_id_end, cover_start, batch_count, "
            + "batch_weight, processing_start, processing_end, request, config"
        return """
            INSERT INTO inventory_run (meta_table, job, run, passed_id, tile_end, \(known))
            SELECT r.meta_table, 'job' || g, '', \(each) + 1, \(each) + 1, \(known)
            FROM inventory_run AS r CROSS JOIN \(numbers(1, runs / Self.tables - 1))
            WHERE r.job = 'job0';
            UPDATE inventory_run SET passed_id = \(each) + 1;
            INSERT INTO inventory (\(columns))
            SELECT r.meta_table, r.job, 'incremental', 'succeeded', g, g, g - 1, 1,
                1, b.processing_start, b.processing_end, '~' || g, b.config
            FROM inventory_run AS r
            CROSS JOIN (SELECT * FROM inventory ORDER BY id LIMIT 1) AS b
            CROSS JOIN \(numbers(2, each + 1));
            UPDATE inventory SET status = 'failed' WHERE id % 10000 = 7;
            """
    }
}
