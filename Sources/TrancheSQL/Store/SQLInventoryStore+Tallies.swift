package import Tranche

/// Keeping what the tiles of runs add up to, so that they are read once.
extension SQLInventoryStore {
    package func addUp(_ key: RunKey) async throws {
        guard let run = try await runs(RunSelection(key), after: nil, limit: 1).first else {
            return
        }
        _ = try await keepTally(of: [run])
    }

    /// Adds tiles to the tallies where too many were read that no tally has.
    func keepTallies(of summaries: [RunSummary], _ totals: [SummaryTotals]) async throws {
        guard totals.reduce(0, { $0 + $1.tail }) > SummaryTotals.mostRead else { return }
        let long = zip(summaries, totals).filter { $0.1.tail >= SummaryTotals.leastKept }
            .map { (run: $0.0.run, tiles: $0.1.tail) }
        do {
            for group in Self.groups(of: long) {
                // Others may go on adding tiles.
                for _ in 0...group.tiles / SummaryTotals.step {
                    guard try await keepTally(of: group.runs) else { break }
                }
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            // The sums are right without it, also where nothing may be written: they are only
            // found again by reading as much.
            return
        }
    }

    /// Runs that are added up together: a transaction for each would have the disk keep up as many
    /// times, and one for all would have their workers wait for all.
    private static func groups(
        of runs: [(run: RunRecord, tiles: Int)]
    ) -> [(runs: [RunRecord], tiles: Int)] {
        var groups: [(runs: [RunRecord], tiles: Int)] = []
        for (run, tiles) in runs {
            if let last = groups.last, last.tiles + tiles <= SummaryTotals.step,
                last.runs.count < SummaryTotals.mostTogether
            {
                groups[groups.count - 1].runs.append(run)
                groups[groups.count - 1].tiles += tiles
            } else {
                groups.append(([run], tiles))
            }
        }
        return groups
    }

    /// Adds the next tiles of runs to their tallies.
    ///
    /// Tiles of a run appear in the order of their ends, each committed before the next is made;
    /// who packs them away locks the run's row too.
    ///
    /// - Returns: Whether there were any.
    private func keepTally(of runs: [RunRecord]) async throws -> Bool {
        let lock: SQLStatement = """
            SELECT id
            FROM \(tables.run)
            WHERE \(dialect.column("id", isAmong: runs.map(\.id)))
            ORDER BY id
            \(dialect.lockingKeptRow)
            """
        return try await wrapping {
            try await database.withTransaction([lock]) { connection, rows in
                let ids = Set(try rows[0].map { try $0.integer() })
                let left = runs.filter { ids.contains($0.id) }
                if left.isEmpty { return false }
                let added = try await connection.commit(left.map { addTiles(to: $0) })
                return added.contains { !$0.isEmpty }
            }
        }
    }

    private func addTiles(to run: RunRecord) -> SQLStatement {
        let isTile: SQLStatement = """
            \(isRun(run.key)) AND kind IN ('incremental', 'backfill') AND batch_id_end >= coalesce(
                (SELECT t.next_id FROM \(tables.tally) AS t WHERE t.run_id = \(run.id)),
                \(Int64.min)
            )
            """
        return """
            INSERT INTO \(tables.tally) AS kept (run_id, next_id, batches, items, weight)
            SELECT CAST(\(run.id) AS bigint), max(batch_id_end) + 1, count(*), sum(batch_count),
                coalesce(\(dialect.sum(ofWeights: "batch_weight")), 0)
            FROM \(tables.batch)
            WHERE \(isTile) AND batch_id_end <= (
                SELECT max(last)
                FROM (
                    SELECT batch_id_end AS last
                    FROM \(tables.batch)
                    WHERE \(isTile) AND batch_id_end < 9223372036854775807
                    ORDER BY batch_id_end
                    LIMIT \(unsafeRaw: String(SummaryTotals.step))
                ) AS next
            )
            HAVING count(*) > 0
            ON CONFLICT (run_id) DO UPDATE SET
                next_id = excluded.next_id,
                batches = kept.batches + excluded.batches,
                items = kept.items + excluded.items,
                weight = kept.weight + excluded.weight
            RETURNING run_id
            """
    }

    /// The statement that takes tiles off the tally of a run, as they are packed away.
    func takeOffTally(_ moved: [ArchivedBatch], ofRun id: Int64) -> SQLStatement? {
        let tiles = moved.filter(\.isTile)
        guard let end = tiles.map(\.idEnd).max() else { return nil }
        let weight = tiles.reduce(0) { $0.addingClamped($1.weight ?? 0) }
        let isKnown: SQLStatement = "next_id > \(end)"
        // Where some of them are not in it, it begins anew.
        return """
            UPDATE \(tables.tally) SET
                batches = CASE WHEN \(isKnown) THEN batches - \(tiles.count) ELSE 0 END,
                items = CASE WHEN \(isKnown)
                    THEN items - \(tiles.reduce(0) { $0 + $1.count }) ELSE 0 END,
                weight = CASE WHEN \(isKnown) AND weight > \(weight)
                    THEN weight - \(weight) ELSE 0 END,
                next_id = CASE WHEN \(isKnown) THEN next_id ELSE \(Int64.min) END
            WHERE run_id = \(id)
            """
    }
}
