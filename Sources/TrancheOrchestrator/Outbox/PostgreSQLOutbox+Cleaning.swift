import Tranche
import TranchePostgreSQL
import TrancheSQL

extension PostgreSQLOutbox {
    /// Deletes what nobody needs any more from the log, in steps that are transactions of their
    /// own.
    ///
    /// The log's highest row stays, so that its end can be told, and so does what an inventory that
    /// reads it is not done with. The floor is raised before the first row goes: below it an id is
    /// cleaned, and did not vanish. It never sinks.
    ///
    /// - Parameters:
    ///   - floor: The id up to which rows go, at most.
    ///   - limit: Most rows of a step; 10,000 by default, at least 1.
    /// - Returns: How many rows were deleted.
    /// - Throws: `TrancheError` `.invalidArgument` where there is no such log,
    ///   `.sourceUnavailable`, `.sourceFailed`; what earlier steps have deleted is gone.
    @discardableResult
    public func clean(through floor: Int64, limit: Int = 10_000) async throws -> Int {
        guard try await explained("looking", isInstalled) else { throw noLog }
        return try await explained("cleaning") {
            let floor = try await raiseFloor(to: floor)
            var count = 0
            var last = Int64.min
            // What is deleted stays in the index until it is vacuumed: the next step begins behind.
            while let step = try await cleanStep(from: last, through: floor, limit: max(1, limit)) {
                count += step.count
                last = step.last
            }
            return count
        }
    }

    /// Raises the floor as far as nobody needs what is below.
    ///
    /// - Returns: The floor.
    private func raiseFloor(to floor: Int64) async throws -> Int64 {
        let rows = try await database.write([
            // A statement of its own: the next one sees each reader that came before the lock.
            lockLog,
            """
            UPDATE tranche.log AS l SET floor = least(\(floor), top.id - 1, needed.id)
            FROM (SELECT max(id) AS id FROM \(log)) AS top,
                (SELECT min(done) AS id FROM tranche.reader WHERE log = \(name)) AS needed
            WHERE l.name = \(name) AND top.id IS NOT NULL
                AND l.floor < least(\(floor), top.id - 1, needed.id)
            """,
            "SELECT floor FROM tranche.log WHERE name = \(name)",
        ])
        guard var row = rows[2].first else { throw noLog }
        return try row.integer()
    }

    /// The highest id that is cleaned, or below which all rows were written so long ago.
    ///
    /// What is read is what was, at the log's lower end.
    func lastID(keptFor keep: Duration) async throws -> Int64 {
        let rows = try await explained("looking for what is old") {
            try await database.read(
                """
                SELECT greatest(l.floor, coalesce(
                    (
                        SELECT e.id - 1 FROM \(log) AS e
                        WHERE e.id > l.floor
                            AND e.at > clock_timestamp() - make_interval(secs => \(keep.seconds))
                        ORDER BY e.id
                        LIMIT 1
                    ),
                    (SELECT max(id) FROM \(log))
                ))
                FROM tranche.log AS l
                WHERE l.name = \(name)
                """
            )
        }
        guard var row = rows[0].first else { throw noLog }
        return try row.optionalInteger() ?? 0
    }

    private func cleanStep(
        from last: Int64,
        through floor: Int64,
        limit: Int
    ) async throws -> (count: Int, last: Int64)? {
        try Task.checkCancellation()
        let rows = try await database.write([
            """
            WITH gone AS (
                DELETE FROM \(log)
                WHERE id >= \(last) AND id <= (
                    SELECT max(id) FROM (
                        SELECT id FROM \(log)
                        WHERE id >= \(last) AND id <= \(floor)
                            AND id < (SELECT max(id) FROM \(log))
                        ORDER BY id
                        LIMIT \(limit)
                    ) AS step
                )
                RETURNING id
            )
            SELECT count(*), max(id) FROM gone
            """
        ])
        guard var row = rows[0].first else { return nil }
        let count = Int(try row.integer())
        guard count > 0, let last = try row.optionalInteger() else { return nil }
        return (count, last)
    }
}
