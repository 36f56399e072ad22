package import FoundationEssentials
package import Tranche

extension SQLInventoryStore {
    package func succeed(_ ending: AttemptSuccess) async throws -> BatchRecord {
        let ends = try succeeding([ending], returning: batchColumns)
        return try await end(ending.holding, as: .succeeded, by: ends)
    }

    package func release(_ holding: AttemptKey) async throws -> BatchRecord {
        let released = try await releaseUnlessBegun(holding)
        guard released.status == .running, released.begunAt != nil else { return released }
        return try await fail(holding, with: BatchFailure(BatchRecord.begunReleaseText))
    }

    private func releaseUnlessBegun(_ holding: AttemptKey) async throws -> BatchRecord {
        try await end(holding, as: .released, by: releasing([holding]))
    }

    /// The statements that give batches back that have not begun.
    func releasing(_ holdings: [AttemptKey]) -> EndStatements {
        let form = EndForm { isMeant, values in
            self.end(
                "\(isMeant) AND attempt = \(values[0]) AND begun_at IS NULL",
                // Due since now, by the same column as a retry.
                setting: "status = 'released', lease_expires_at = NULL, retry_at = \(self.now)",
                as: .released,
                outcome: .released,
                returning: self.batchColumns
            )
        }
        return ending(holdings.map { AttemptSuccess($0, result: nil, logging: nil) }, by: form)
    }

    package func fail(_ holding: AttemptKey, with failure: BatchFailure) async throws -> BatchRecord
    {
        try await orArchived(holding, endingAs: .failed) {
            if let batch = try await fail([AttemptFailure(holding, failure)])[0] { return batch }
            let found = try await database.write([
                selectBatch(holding.batch), selectSuccess(of: holding),
            ])
            return try repeated(
                try heldBatch(found[0], by: holding, endingAs: .failed),
                afterSuccess: found[1].first != nil,
                failure
            )
        }
    }

    package func heartbeat(_ holding: AttemptKey) async throws -> Date {
        try await wrapping {
            let rows = try await database.write([extending(holding)])
            if var row = rows[0].first { return try row.instant() }
            let batch = try await orArchived(holding, endingAs: .running) {
                try heldBatch(
                    try await database.write([selectBatch(holding.batch)])[0],
                    by: holding,
                    endingAs: .running
                )
            }
            throw TrancheError(
                .batchLost,
                "the lease of batch \(batch.id) of \(batch.key) has ended: what its budgets "
                    + "and its key allow may be held by others now"
            )
        }
    }

    /// How long a batch `b` is held without a heartbeat, as an expression of its row.
    var leaseOfRun: SQLStatement {
        """
        (
            SELECT r.lease_ms FROM \(tables.run) AS r
            WHERE r.meta_table = b.meta_table AND r.job = b.job AND r.run = b.run
        )
        """
    }

    /// The statement that extends a lease; it gives when it ends now.
    func extending(_ holding: AttemptKey) -> SQLStatement {
        // Where budgets or keys count what is held, others may have what a lease that ended held.
        let isLimited: SQLStatement = """
            EXISTS (
                SELECT 1 FROM \(tables.run) AS r
                WHERE r.meta_table = b.meta_table AND r.job = b.job AND r.run = b.run
                    AND (r.budget_set <> 0 OR \(isFullWithout))
            )
            """
        return """
            UPDATE \(tables.batch) AS b
            SET lease_expires_at = \(dialect.instant(now, plus: leaseOfRun))
            WHERE \(isHeld(holding)) AND (lease_expires_at > \(now) OR NOT \(isLimited))
            RETURNING \(dialect.milliseconds("lease_expires_at"))
            """
    }

    // MARK: Steps

    /// The statements that end attempts well.
    ///
    /// - Parameters:
    ///   - endings: The attempts.
    ///   - columns: What is read of each batch.
    /// - Returns: The statements.
    /// - Throws: `TrancheError` `.invalidArgument` for a result that is not JSON.
    func succeeding(_ endings: [AttemptSuccess], returning columns: SQLStatement) throws
        -> EndStatements
    {
        try succeeding(endings, by: success(returning: columns))
    }

    /// What an acquire reads of a batch that it ends.
    var endColumns: SQLStatement {
        "id, \(dialect.milliseconds(ofProcessingTime: "processing_end"))"
    }

    /// How attempts end well.
    ///
    /// - Parameters:
    ///   - columns: What each end gives of its batch.
    ///   - templates: The statements for one of them, where they are known; none by default.
    /// - Returns: The form.
    func success(
        returning columns: SQLStatement,
        as templates: [SQLTemplate] = []
    ) -> EndForm {
        EndForm(templates) { isMeant, values in
            self.end(
                "\(isMeant) AND attempt = \(values[0])",
                setting: self.goodEnd(values[1], values[2]),
                as: .succeeded,
                outcome: .succeeded,
                returning: columns
            )
        }
    }

    /// The statements that end attempts well.
    ///
    /// - Parameters:
    ///   - endings: The attempts.
    ///   - form: How; ``success(returning:as:)``.
    /// - Returns: The statements.
    /// - Throws: As ``succeeding(_:returning:)``.
    func succeeding(_ endings: [AttemptSuccess], by form: EndForm) throws -> EndStatements {
        for ending in endings { try requireJSON(ending.result) }
        var ends = ending(endings, by: form)
        for ending in endings {
            ends.statements += keep(ending.output, of: ending.holding, endedAs: .succeeded)
        }
        return ends
    }

    /// The tables of a query that end an attempt well: `ended` has the batch's row, if it was held.
    ///
    /// - Parameter ending: The attempt; `nil` where none is to be ended, and `ended` has a row.
    /// - Returns: The tables, to stand behind `WITH`.
    /// - Throws: As ``succeeding(_:returning:)``.
    func ended(by ending: AttemptSuccess?) throws -> SQLStatement {
        guard let ending else { return "ended (id) AS (VALUES (0))" }
        try requireJSON(ending.result)
        return ended(
            "id = \(ending.holding.batch) AND attempt = \(ending.holding.attempt)",
            setting: goodEnd("\(ending.result)", "\(ending.logging)"),
            as: .succeeded
        )
    }

    private func ended(
        _ isAttempt: SQLStatement,
        setting changes: SQLStatement,
        as outcome: AttemptRecord.Outcome
    ) -> SQLStatement {
        """
        ended AS (
        \(update(isAttempt, setting: changes))
        RETURNING *
        ), recorded AS (
        \(recordEnds(of: "ended", as: outcome))
        )
        """
    }

    private func goodEnd(_ result: SQLStatement, _ logging: SQLStatement) -> SQLStatement {
        """
        status = 'succeeded', job_result_item = \(dialect.json(of: result)), logging = \(logging),
            lease_expires_at = NULL, retry_at = NULL
        """
    }

    private func update(_ isAttempt: SQLStatement, setting changes: SQLStatement) -> SQLStatement {
        """
        UPDATE \(tables.batch)
        SET \(changes), processing_end = \(dialect.processingTime(now))
        WHERE \(isAttempt) AND status = 'running'
        """
    }

    private func recordEnds(
        of batches: SQLStatement,
        as outcome: AttemptRecord.Outcome
    ) -> SQLStatement {
        recordAttempts(
            of: batches,
            outcome: outcome,
            endedAt: dialect.instant(ofProcessingTime: "processing_end")
        )
    }

    /// Ends an attempt in one round trip: the fence is in the condition.
    private func end(
        _ holding: AttemptKey,
        as status: BatchStatus,
        by ends: EndStatements
    ) async throws -> BatchRecord {
        try await orArchived(holding, endingAs: status) {
            let rows = try await database.write(ends.statements)
            if var row = ends.rows(in: rows[...]).first { return try batch(&row) }
            // Read with a lock: an end that is just being committed by a lost connection counts.
            let found = try await database.write([selectBatch(holding.batch)])[0]
            return try heldBatch(found, by: holding, endingAs: status)
        }
    }

    private func ending(_ endings: [AttemptSuccess], by form: EndForm) -> EndStatements {
        // In the order of their numbers, as all who lock several batches do.
        let rows = endings.sorted { $0.holding.batch < $1.holding.batch }.map { ending in
            [
                Value(ending.holding.batch), Value(Int64(ending.holding.attempt)),
                Value(ending.result), Value(ending.logging),
            ]
        }
        if rows.count > 1, let (isMeant, values) = dialect.bulkValues(of: rows, by: "id") {
            return EndStatements(statements: form.statements(isMeant, values), reading: [0])
        }
        var ends = EndStatements()
        if rows.isEmpty { return ends }
        let templates = form.prepared().templates
        for row in rows {
            ends.reading.append(ends.statements.count)
            for template in templates { ends.statements.append(template.filled(with: row)) }
        }
        return ends
    }

    /// The statements that end an attempt and write it down; the first gives the batch.
    private func end(
        _ isAttempt: SQLStatement,
        setting changes: SQLStatement,
        as status: BatchStatus,
        outcome: AttemptRecord.Outcome,
        returning columns: SQLStatement
    ) -> [SQLStatement] {
        if dialect.changesWithinQueries {
            let ended = ended(isAttempt, setting: changes, as: outcome)
            return ["WITH \(ended)\nSELECT \(columns)\nFROM ended"]
        }
        return [
            "\(update(isAttempt, setting: changes))\nRETURNING \(columns)",
            recordEnds(
                of: "\(tables.batch) WHERE \(isAttempt) AND status = \(status.rawValue)",
                as: outcome
            ),
        ]
    }

    /// What is recorded of a failure that is repeated; one that names bad items must have done so
    /// before, and one that leaves the others done is no repetition of one that does not.
    private func repeated(
        _ batch: BatchRecord,
        afterSuccess isAfterSuccess: Bool,
        _ failure: BatchFailure
    ) throws -> BatchRecord {
        let isSettled = batch.status == .split || batch.cause == .begun
        if isSettled, isAfterSuccess != failure.isOfSuccess {
            let how = isAfterSuccess ? "done but for its bad items" : "failed"
            throw TrancheError(
                .batchLost,
                "batch \(batch.id) of \(batch.key) is \(batch.status.rawValue) already: this "
                    + "attempt has recorded that it is \(how); nothing was changed"
            )
        }
        if failure.parts.isEmpty || isSettled { return batch }
        // In an outage, a batch of which most is blamed stays whole.
        if failure.maySpeakOfOutage, batch.logging == failure.message { return batch }
        throw TrancheError(
            .batchLost,
            "batch \(batch.id) of \(batch.key) is \(batch.status.rawValue) already, and its bad items are "
                + "not set apart; nothing was changed"
        )
    }

    func write(_ failed: FailingBatch.Outcome, of failing: FailingBatch) throws
        -> [SQLStatement]
    {
        let batch = failed.batch
        let holding = AttemptKey(batch: batch.id, attempt: batch.attempt)
        let ended = batch.endedAt.map { instant($0) } ?? now
        let outcome = failing.outcome(as: batch)
        var statements: [SQLStatement] = [
            """
            UPDATE \(tables.batch)
            SET status = \(batch.status.rawValue), failures = \(batch.failures),
                lease_expires_at = NULL, \(dueLater(batch)),
                processing_end = \(dialect.processingTime(ended)),
                logging = \(batch.logging), job_result_item = \(dialect.json(batch.result)),
                deferrals = 0, deferred_since = NULL
            WHERE \(isHeld(holding))
            """,
            recordAttempt(
                holding,
                outcome: outcome,
                error: batch.logging,
                endedAt: ended,
                if: "status = \(batch.status.rawValue)"
            ),
        ]
        statements += keep(failing.failure.output, of: holding, endedAs: outcome)
        if batch.status == .split {
            statements += failing.failure.parts.map { insertPart($0, of: batch, now: ended) }
        }
        if failed.outage != failing.run.outage {
            statements.append(
                """
                UPDATE \(tables.run) SET outage = \(try JSONText.encode(failed.outage))
                WHERE id = \(failing.run.id)
                """
            )
        }
        return statements
    }

    /// The assignments that say when a failed batch is due, and why it is what it is.
    ///
    /// One that is stuck stands in an index of its own, so that any number of them slows no
    /// acquire.
    func dueLater(_ batch: BatchRecord) -> SQLStatement {
        let due = batch.retryAt.map { instant($0) } ?? "NULL"
        let (retry, stuck): (SQLStatement, SQLStatement) =
            batch.cause == .stuck ? ("NULL", due) : (due, "NULL")
        return "retry_at = \(retry), stuck_until = \(stuck), cause = \(batch.cause?.rawValue)"
    }

    func selectBatch(_ id: Int64) -> SQLStatement {
        """
        SELECT \(batchColumns)
        FROM \(tables.batch)
        WHERE id = \(id)
        \(dialect.lockingRow)
        """
    }

    /// Whether an attempt ended well, at least for some of its items: a row where it did.
    private func selectSuccess(of holding: AttemptKey) -> SQLStatement {
        """
        SELECT attempt
        FROM \(tables.attempt)
        WHERE batch_id = \(holding.batch) AND attempt = \(holding.attempt)
            AND outcome = 'succeeded'
        """
    }

    /// The first batch that a batch was split from, or itself; and whether a part of it, or of one
    /// between the two, has succeeded.
    func selectRoot(of id: Int64) -> SQLStatement {
        """
        WITH RECURSIVE line AS (
            SELECT id, parent_id FROM \(tables.batch) WHERE id = \(id)
            UNION ALL
            SELECT parent.id, parent.parent_id
            FROM line JOIN \(tables.batch) AS parent ON parent.id = line.parent_id
        )
        SELECT min(id), CASE WHEN EXISTS (
            SELECT 1
            FROM line AS above JOIN \(tables.batch) AS part ON part.parent_id = above.id
            WHERE part.status = 'succeeded'
        ) THEN 1 ELSE 0 END
        FROM line
        """
    }

    /// When a batch of a run last succeeded, at least for most of its items, among its latest
    /// tiles and those that are packed; and the highest number of such a batch.
    ///
    /// One that has blamed half of its items or more is no sign that the work can succeed.
    func selectLastSuccess(of key: RunKey) -> SQLStatement {
        let few = OutageGuard.threshold
        return """
            SELECT max(good.ended), max(good.number)
            FROM (
                SELECT
                    \(dialect.milliseconds(ofProcessingTime: "latest.processing_end")) AS ended,
                    latest.id AS number
                FROM (
                    SELECT id, status, processing_end, batch_count
                    FROM \(tables.batch)
                    WHERE \(isRun(key)) AND kind IN ('incremental', 'backfill')
                    ORDER BY batch_id_end DESC
                    LIMIT 100
                ) AS latest
                WHERE latest.status = 'succeeded' OR latest.status = 'split' AND EXISTS (
                    SELECT 1 FROM \(tables.batch) AS part
                    WHERE part.parent_id = latest.id AND part.status = 'succeeded'
                ) AND (
                    SELECT count(*) FROM \(tables.batch) AS part
                    WHERE part.parent_id = latest.id AND part.status = 'quarantined'
                ) < CASE
                    WHEN latest.batch_count > \(2 * few) THEN (latest.batch_count + 1) / 2
                    ELSE \(few)
                END
                UNION ALL
                -- Only what has succeeded is packed.
                SELECT \(dialect.milliseconds("packed.ended_until")), packed.last_batch
                FROM (
                    SELECT ended_until, last_batch
                    FROM \(tables.archive)
                    WHERE run_id = (SELECT id FROM \(tables.run) WHERE \(isRun(key)))
                    ORDER BY id_end DESC
                    LIMIT 2
                ) AS packed
            ) AS good
            """
    }

    /// Checks that an attempt may end a batch, or has ended it just so.
    func heldBatch(
        _ rows: SQLRows,
        by holding: AttemptKey,
        endingAs status: BatchStatus
    ) throws -> BatchRecord {
        guard var row = rows.first else {
            throw TrancheError(.unknownBatch, "there is no batch \(holding.batch) in \(name)")
        }
        return try requireHeld(try batch(&row), by: holding, endingAs: status)
    }

    /// Looks into the archive for a batch that the table has no more: an end may be repeated there,
    /// too.
    func orArchived(
        _ holding: AttemptKey,
        endingAs status: BatchStatus,
        _ body: () async throws -> BatchRecord
    ) async throws -> BatchRecord {
        try await wrapping {
            do {
                return try await body()
            } catch let error as TrancheError where error.code == .unknownBatch {
                guard let archived = try await archivedBatch(holding.batch) else { throw error }
                return try requireHeld(archived, by: holding, endingAs: status)
            }
        }
    }

    private func requireHeld(
        _ found: BatchRecord,
        by holding: AttemptKey,
        endingAs status: BatchStatus
    ) throws -> BatchRecord {
        if found.attempt == holding.attempt {
            if found.cause == .cancelled { throw found.cancelled }
            if found.status == .running || found.isEnded(as: status) { return found }
            // Giving back what has begun fails it; who failed it otherwise gives nothing back.
            if status == .released, found.cause == .begun, found.wasGivenBack { return found }
        }
        throw TrancheError(
            .batchLost,
            "batch \(holding.batch) of \(found.key) is not held by attempt \(holding.attempt): it is "
                + "\(found.status.rawValue), attempt \(found.attempt)"
                + (found.attempt > holding.attempt ? " of worker \(found.worker ?? "unknown")" : "")
                + "; nothing was changed, discard this attempt's work"
        )
    }

    func requireJSON(_ result: String?) throws {
        guard let result, let fault = StrictJSON.fault(in: result) else { return }
        throw TrancheError(
            .invalidArgument,
            "the result is not JSON: \(fault): \(result.prefix(80))"
        )
    }
}

extension BatchRecord {
    /// Whether an end of this kind made the batch what it is.
    fileprivate func isEnded(as end: BatchStatus) -> Bool {
        switch end {
        case .failed: [.failed, .split, .quarantined].contains(status)
        default: status == end
        }
    }
}
