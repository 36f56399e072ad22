package import FoundationEssentials
package import Tranche

/// Since when something waits in the sources of runs.
extension SQLInventoryStore: SightingStore {
    package func sight(_ highest: [(run: RunRecord, id: Int64)]) async throws -> [RunKey: Date] {
        try await wrapping {
            let rows = try await database.read(
                """
                SELECT run_id, seen_id, \(dialect.milliseconds("seen_at")), \(dialect.milliseconds(now))
                FROM \(tables.tally)
                WHERE seen_id IS NOT NULL
                """
            )[0]
            let marks = try rows.map { row in
                (id: try row.integer(), seen: try row.integer(), at: try row.instant())
            }
            let known = Dictionary(marks.map { ($0.id, $0) }) { first, _ in first }
            var since: [RunKey: Date] = [:]
            var passed: [SQLStatement] = []
            for (run, id) in highest {
                if let mark = known[run.id], run.cursor.map({ mark.seen > $0 }) ?? true {
                    since[run.key] = mark.at
                } else {
                    passed.append(keepSight(id, of: run))
                }
            }
            guard !passed.isEmpty else { return since }
            // What is seen now, waits since now as far as anybody knows.
            let kept = try await database.write(passed)
            let keys = Dictionary(highest.map { ($0.run.id, $0.run.key) }) { first, _ in first }
            for rows in kept {
                guard var row = rows.first else { continue }
                let (id, at) = (try row.integer(), try row.instant())
                if let key = keys[id] { since[key] = at }
            }
            return since
        }
    }

    private func keepSight(_ id: Int64, of run: RunRecord) -> SQLStatement {
        """
        INSERT INTO \(tables.tally) (run_id, next_id, batches, items, weight, seen_id, seen_at)
        VALUES (\(run.id), \(Int64.min), 0, 0, 0, \(id), \(now))
        ON CONFLICT (run_id) DO UPDATE SET seen_id = excluded.seen_id, seen_at = excluded.seen_at
        RETURNING run_id, \(dialect.milliseconds("seen_at"))
        """
    }
}
