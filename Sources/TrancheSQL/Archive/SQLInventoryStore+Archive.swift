import FoundationEssentials
package import Tranche

/// What is read of the archive, for the requests that read the table of batches.
///
/// A batch goes from the table into the archive, and never back. A reader of the table first and
/// the archive after it misses none; one that moved in between is read twice, and its number tells.
extension SQLInventoryStore {
    /// Archived tiles of a run, ascending by the id at which they end; see ``GapStore``.
    func archivedTiles(
        of key: RunKey,
        endingAfter end: Int64?,
        meeting range: ClosedRange<Int64>?,
        limit: Int,
        on connection: isolated Database.Connection
    ) async throws -> [Tile] {
        var lower: Int64? = range?.lowerBound ?? .min
        if let end { lower = end == .max ? nil : max(end + 1, lower ?? .min) }
        let upper = range?.upperBound ?? .max
        var tiles: [Tile] = []
        while let first = lower, tiles.count < limit {
            let statement = select(.ids, of: isArchived(key), from: first, through: upper)
            let page = try page(try await connection.run([statement])[0])
            let ending = first...max(first, page.end)
            tiles += page.batches.filter { $0.isTile && ending.contains($0.idEnd) }
                .map { Tile($0, lowest: page.lowest) }
                .filter { $0.range.lowerBound <= upper }
                .sorted { ($0.range.upperBound, $0.batch) < ($1.range.upperBound, $1.batch) }
            lower = page.end == .max ? nil : page.end + 1
        }
        return Array(tiles.prefix(limit))
    }

    /// The ids of a range that archived batches of a run were given; see ``GapStore``.
    func archivedHandedOut(
        of key: RunKey,
        in range: ClosedRange<Int64>,
        onlyLate: Bool,
        on connection: isolated Database.Connection
    ) async throws -> IDRuns {
        var condition: SQLStatement = """
            \(isArchived(key)) AND id_end >= \(range.lowerBound) AND id_start <= \(range.upperBound)
            """
        if onlyLate { condition.append(" AND has_late = 1") }
        var runs: [ClosedRange<Int64>] = []
        var after: (end: Int64, id: Int64)?
        repeat {
            var place: SQLStatement = ""
            if let after { place = " AND (id_end, id) > (\(after.end), \(after.id))" }
            let rows = try await connection.run([
                """
                SELECT id, body, id_end
                FROM \(tables.archive)
                WHERE \(condition)\(place)
                ORDER BY id_end, id
                LIMIT \(ArchivePage.rowsRead)
                """
            ])[0]
            after = nil
            for index in 0..<rows.count {
                var row = rows[index]
                let (id, batches, _) = try archived(&row)
                for batch in batches where batch.kind == .late || batch.isTile && !onlyLate {
                    runs += batch.handedOut(in: range)
                }
                if index == ArchivePage.rowsRead - 1 { after = (try row.integer(), id) }
            }
        } while after != nil
        return IDRuns(runs: runs)
    }

    /// Archived batches of a job by their completions, ascending; see ``CompletionStore``.
    func archivedCompletions(
        of job: JobKey,
        in range: ClosedRange<Int64>,
        limit: Int,
        on connection: isolated Database.Connection
    ) async throws -> [BatchRecord] {
        // Most often there is none, and one question tells.
        let runs = try await connection.run([selectRuns(of: job, with: range)])[0].map { row in
            (id: try row.integer(), key: RunKey(job, run: try row.text()))
        }
        var found: [BatchRecord] = []
        var lower: Int64? = runs.isEmpty ? nil : range.lowerBound
        while let first = lower, found.count < limit {
            let pages = try await connection.run(
                runs.map { run in
                    select(
                        .completions,
                        of: "run_id = \(run.id)",
                        from: first,
                        through: range.upperBound
                    )
                }
            ).map { try page($0) }
            let end = min(pages.map(\.end).min() ?? .max, range.upperBound)
            var records: [BatchRecord] = []
            for (run, page) in zip(runs, pages) {
                for batch in page.batches {
                    guard let number = batch.completion, number >= first, number <= end else {
                        continue
                    }
                    records.append(batch.record(of: run.key))
                }
            }
            found += records.sorted { $0.completion ?? 0 < $1.completion ?? 0 }
            lower = end == range.upperBound ? nil : end + 1
        }
        return Array(found.prefix(limit))
    }

    /// Archived batches whose ids include one, or may for adopted ones; oldest first.
    func archivedBatches(
        holding id: Int64,
        of metaTable: String,
        on connection: isolated Database.Connection
    ) async throws -> [BatchRecord] {
        let rows = try await connection.run([
            """
            SELECT a.id, a.body, r.meta_table, r.job, r.run
            FROM \(tables.run) AS r
            JOIN \(tables.archive) AS a
                ON a.run_id = r.id AND a.id_end >= \(id) AND a.id_start <= \(id)
            WHERE r.meta_table = \(metaTable)
            """
        ])[0]
        return try records(rows) { $0.handedOut(in: id...id).isEmpty == false }
            .sorted { $0.id < $1.id }
    }

    /// Reads an archived batch by its number; `nil` when the archive has none.
    func archivedBatch(_ id: Int64) async throws -> BatchRecord? {
        let rows = try await database.read(
            """
            SELECT a.id, a.body, r.meta_table, r.job, r.run
            FROM \(tables.archive) AS a JOIN \(tables.run) AS r ON r.id = a.run_id
            WHERE a.last_batch >= \(id) AND a.first_batch <= \(id)
            """
        )[0]
        return try records(rows) { $0.id == id }.first
    }

    // MARK: Statements

    /// What archived batches of runs add up to, in the columns of a summary's totals.
    ///
    /// It is put behind the totals of the table with `UNION ALL`: in one statement a batch that
    /// moves counts once.
    func selectArchivedTotals(where condition: SQLStatement) -> SQLStatement {
        """
        SELECT meta_table, job, run, 'packed', 'succeeded', CAST(NULL AS text),
            CAST(sum(batches) AS bigint), CAST(sum(items) AS bigint),
            \(dialect.sum(ofWeights: "weight")), CAST(NULL AS bigint),
            \(dialect.milliseconds("max(ended_until)")),
            0, 0, 0, 0, CAST(NULL AS bigint), 0, 0, \(dialect.double("0"))
        FROM \(tables.archive) AS a JOIN \(tables.run) AS r ON r.id = a.run_id
        WHERE \(condition)
        GROUP BY meta_table, job, run
        """
    }

    /// The highest completion of a job's archived batches, as an expression.
    func highestArchived(of job: JobKey) -> SQLStatement {
        // One look at the index for each run.
        """
        (
            SELECT max(number)
            FROM (
                SELECT (
                    SELECT max(a.completion_to) FROM \(tables.archive) AS a
                    WHERE a.run_id = r.id AND a.completion_to IS NOT NULL
                ) AS number
                FROM \(tables.run) AS r
                WHERE r.meta_table = \(job.metaTable) AND r.job = \(job.job)
            ) AS numbers
        )
        """
    }

    private func isArchived(_ key: RunKey) -> SQLStatement {
        "run_id = (SELECT id FROM \(tables.run) WHERE \(isRun(key)))"
    }

    private func selectRuns(of job: JobKey, with range: ClosedRange<Int64>) -> SQLStatement {
        """
        SELECT r.id, r.run
        FROM \(tables.run) AS r
        WHERE r.meta_table = \(job.metaTable) AND r.job = \(job.job) AND EXISTS (
            SELECT 1 FROM \(tables.archive) AS a
            WHERE a.run_id = r.id AND a.completion_to >= \(range.lowerBound)
                AND a.completion_from <= \(range.upperBound)
        )
        """
    }

    /// The statement that reads the rows in which the next entries of a range are.
    ///
    /// Rows may overlap, where batches were archived later than their neighbours. So those are read
    /// that end next, and all that begin before the end of these: up to there nothing is missing.
    private func select(
        _ span: ArchiveSpan,
        of condition: SQLStatement,
        from lower: Int64,
        through upper: Int64
    ) -> SQLStatement {
        let (low, high) = span.columns
        let isMeeting: SQLStatement = """
            \(condition) AND \(name: high) >= \(lower) AND \(name: low) <= \(upper)
            """
        return """
            WITH horizon AS (
                SELECT CASE
                    WHEN count(*) < 2 THEN 9223372036854775807
                    ELSE max(\(name: high))
                END AS reached
                FROM (
                    SELECT \(name: high)
                    FROM \(tables.archive)
                    WHERE \(isMeeting)
                    ORDER BY \(name: high)
                    LIMIT 2
                ) AS nearest
            )
            SELECT id, body, (SELECT reached FROM horizon), (
                SELECT r.id_from FROM \(tables.run) AS r WHERE r.id = run_id
            )
            FROM \(tables.archive)
            WHERE \(isMeeting) AND \(name: low) <= (SELECT reached FROM horizon)
            """
    }

    // MARK: Rows

    /// Reads a row's number and body.
    func archived(_ row: inout SQLRow) throws -> (row: Int64, batches: [ArchivedBatch], bytes: Int)
    {
        let id = try row.integer()
        guard case .blob(let body) = row.value() else {
            throw TrancheError(.storeFailed, "row \(id) of the archive of \(name) has no body")
        }
        return (id, try ArchiveCodec.unpack(body, row: id), body.count)
    }

    /// Reads rows of number, body, horizon and the run's lower bound.
    private func page(_ rows: SQLRows) throws -> ArchivePage {
        var page = ArchivePage()
        for index in 0..<rows.count {
            var row = rows[index]
            page.batches += try archived(&row).batches
            page.end = try row.integer()
            page.lowest = try row.optionalInteger() ?? .min
        }
        return page
    }

    /// Reads rows of number, body and run.
    private func records(
        _ rows: SQLRows,
        where isWanted: (ArchivedBatch) -> Bool
    ) throws -> [BatchRecord] {
        try rows.map { row in
            let batches = try archived(&row).batches
            let key = RunKey(metaTable: try row.text(), job: try row.text(), run: try row.text())
            return batches.filter(isWanted).map { $0.record(of: key) }
        }.flatMap { $0 }
    }
}

extension SQLInventoryStore: PackedBatchReader {
    package func packedBatch(_ id: Int64) async throws -> BatchRecord? {
        try await wrapping { try await archivedBatch(id) }
    }
}

/// Which range of an archived row is meant.
private enum ArchiveSpan {
    case ids, completions

    /// The columns of its lower and upper end.
    var columns: (low: String, high: String) {
        switch self {
        case .ids: ("id_start", "id_end")
        case .completions: ("completion_from", "completion_to")
        }
    }
}

/// Some rows of the archive, unpacked.
private struct ArchivePage {
    /// How many rows are read at a time: some thousand batches.
    static let rowsRead = 8

    /// The batches, row by row.
    var batches: [ArchivedBatch] = []
    /// Up to where nothing is missing; the highest number when nothing is left.
    var end = Int64.max
    /// The lowest id of the run's bounds.
    var lowest = Int64.min

}

extension ArchivedBatch {
    /// The ids handed out; `nil` for an adopted batch that does not say.
    fileprivate var ids: IDRuns? {
        if let itemIDs { return itemIDs }
        return idEnd - idStart == Int64(count) - 1 ? IDRuns(idStart...idEnd) : nil
    }

    /// The ids of a range that were handed out; of a batch that does not know its ids, all of its
    /// range.
    fileprivate func handedOut(in range: ClosedRange<Int64>) -> [ClosedRange<Int64>] {
        guard (idStart...idEnd).overlaps(range) else { return [] }
        if let itemIDs { return itemIDs.intersection(range).runs }
        return [(idStart...idEnd).clamped(to: range)]
    }
}

extension Tile {
    fileprivate init(_ batch: ArchivedBatch, lowest: Int64) {
        self.init(
            batch: batch.id,
            range: batch.lowestID(in: lowest)...batch.idEnd,
            ids: batch.ids,
            count: batch.count
        )
    }
}

extension RunKey {
    fileprivate init(_ job: JobKey, run: String) {
        self.init(metaTable: job.metaTable, job: job.job, run: run)
    }
}
