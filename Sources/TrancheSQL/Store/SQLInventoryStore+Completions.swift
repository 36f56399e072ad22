package import Tranche

extension SQLInventoryStore {
    package func identity() async throws -> String {
        try await wrapping { try await database.identity() + "#" + tables.batch.quoted }
    }

    package func numberCompletions(of job: JobKey) async throws -> Int64? {
        try await wrapping {
            // Most often there is nothing new, and nobody waits for a lock to learn that.
            let found = try await database.read(
                selectHighest(of: job),
                "SELECT 1 FROM \(tables.run) WHERE \(isJob(job)) AND is_upstream < 2 LIMIT 1",
                "SELECT 1 FROM \(tables.batch) WHERE \(isJob(job)) AND \(isUnnumbered) LIMIT 1"
            )
            if found[1].isEmpty, found[2].isEmpty { return try highest(found[0]) }
            if !found[1].isEmpty { try await markRuns(of: job) }
            while try await numberSome(of: job) { try Task.checkCancellation() }
            return try highest(try await database.read(selectHighest(of: job))[0])
        }
    }

    package func completions(
        of job: JobKey,
        in range: ClosedRange<Int64>,
        limit: Int
    ) async throws -> [BatchRecord] {
        try await wrapping {
            try await database.withReader { connection in
                let own = try await connection.run([
                    """
                    SELECT \(batchColumns)
                    FROM \(tables.batch)
                    WHERE \(isJob(job)) AND completion > 0
                        AND completion >= \(range.lowerBound) AND completion <= \(range.upperBound)
                    ORDER BY completion
                    LIMIT \(limit)
                    """
                ])[0].map { try batch(&$0) }
                let archived = try await archivedCompletions(
                    of: job,
                    in: range,
                    limit: limit,
                    on: connection
                )
                if archived.isEmpty { return own }
                let known = Set(own.map(\.id))
                return Array(
                    (own + archived.filter { !known.contains($0.id) })
                        .sorted { ($0.completion ?? 0) < ($1.completion ?? 0) }
                        .prefix(limit)
                )
            }
        }
    }

    // MARK: Steps

    /// Most batches numbered in one transaction.
    private static var mostNumbered: Int { 5000 }

    /// Marks the batches of runs that nobody took from before.
    ///
    /// From the first statement on the runs mark the batches that they hand out. The older ones are
    /// marked in steps, while the runs go on; an interrupted caller leaves the rest to the next
    /// that asks.
    private func markRuns(of job: JobKey) async throws {
        let runs = try await database.write([
            """
            UPDATE \(tables.run) SET is_upstream = 1
            WHERE \(isJob(job)) AND is_upstream < 2
            RETURNING run
            """
        ])[0].map { try $0.text() }
        for run in runs {
            var last: Int64? = .min
            while let after = last {
                try Task.checkCancellation()
                let marked = try await database.write([
                    """
                    UPDATE \(tables.batch) SET completion = 0
                    WHERE completion IS NULL AND id IN (
                        SELECT id FROM \(tables.batch)
                        WHERE \(isJob(job)) AND run = \(run) AND completion IS NULL AND id > \(after)
                        ORDER BY id
                        LIMIT \(Self.mostNumbered)
                    )
                    RETURNING id
                    """
                ])[0].map { try $0.integer() }
                last = marked.count < Self.mostNumbered ? nil : marked.max()
            }
            _ = try await database.write([
                "UPDATE \(tables.run) SET is_upstream = 2 WHERE \(isJob(job)) AND run = \(run)"
            ])
        }
    }

    /// Numbers some batches, under a lock that other numbering callers wait for.
    ///
    /// - Returns: Whether there may be more.
    private func numberSome(of job: JobKey) async throws -> Bool {
        let lock = lockForNumbering(job)
        return try await database.withTransaction(lock + [selectHighest(of: job)]) {
            connection,
            rows in
            let highest = try highest(rows[lock.count]) ?? 0
            let numbered = try await connection.commit([
                """
                UPDATE \(tables.batch)
                SET completion = n.number
                FROM (
                    SELECT id AS numbered_id,
                        \(highest) + row_number() OVER (ORDER BY processing_end, id) AS number
                    FROM (
                        SELECT id, processing_end
                        FROM \(tables.batch)
                        WHERE \(isJob(job)) AND \(isUnnumbered)
                        ORDER BY processing_end, id
                        LIMIT \(Self.mostNumbered)
                    ) AS u
                ) AS n
                WHERE id = n.numbered_id
                RETURNING completion
                """
            ])
            return numbered.last?.count == Self.mostNumbered
        }
    }

    func isJob(_ job: JobKey) -> SQLStatement {
        "meta_table = \(job.metaTable) AND job = \(job.job)"
    }

    private var isUnnumbered: SQLStatement { "completion = 0 AND status = 'succeeded'" }

    /// The statement that reads the highest completion of a job; NULL without any.
    func selectHighest(of job: JobKey) -> SQLStatement {
        """
        SELECT max(number)
        FROM (
            SELECT max(completion) AS number FROM \(tables.batch)
            WHERE \(isJob(job)) AND completion > 0
            UNION ALL
            SELECT \(highestArchived(of: job))
        ) AS known
        """
    }

    private func highest(_ rows: SQLRows) throws -> Int64? {
        var row = rows.first
        return try row?.optionalInteger()
    }
}
