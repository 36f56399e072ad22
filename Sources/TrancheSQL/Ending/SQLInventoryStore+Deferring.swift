import FoundationEssentials
package import Tranche

extension SQLInventoryStore {
    package func release(
        _ holding: AttemptKey,
        _ deferral: BatchDeferral,
        jitter: Duration,
        _ note: ChangeNote
    ) async throws -> DeferredBatch {
        var complaint: String?
        let record = try await orArchived(holding, endingAs: .released) {
            let deferred = try await deferring(holding, deferral, jitter: jitter, note)
            complaint = deferred.complaint
            return deferred.record
        }
        return DeferredBatch(record: record, complaint: complaint)
    }

    private func deferring(
        _ holding: AttemptKey,
        _ deferral: BatchDeferral,
        jitter: Duration,
        _ note: ChangeNote
    ) async throws -> DeferredBatch {
        var reads = StatementBatch()
        let locked = reads.add(lockRun(ofBatch: holding.batch))
        let parked = deferral.budget.map { reads.add(selectBudget($0, ofBatch: holding.batch)) }
        let found = reads.add(selectBatch(holding.batch))
        let root = reads.add(selectRoot(of: holding.batch))
        let clock = reads.add(readClock)
        return try await database.withTransaction(reads.statements) { connection, rows in
            if let ended = try givenBack(rows[found], holding) { return ended }
            let batch = try heldBatch(rows[found], by: holding, endingAs: .running)
            var (runRow, clockRow) = (rows[locked][0], rows[clock][0])
            let run = try run(&runRow)
            let now = try clockRow.instant()
            let deferring = DeferringBatch(batch, deferral, now: now)
            let parking = try parking(
                deferral,
                deferring,
                parked.map { rows[$0] },
                note,
                of: run
            )
            var writes = parking.statements
            var record = deferring.released(parkedUntil: parking.until, jitter: jitter)
            let end = deferring.failure.map { AttemptFailure(holding, $0) }
            if let end {
                let success = try await lastSuccess([end], of: run, on: connection)
                let failing = try failing(end, batch, rows[root][0], of: run, success, at: now)
                let outcome = try failing.outcome()
                writes += try write(outcome, of: failing)
                record = outcome.batch
            } else {
                writes += write(record, deferral, of: holding)
            }
            _ = try await connection.commit(writes)
            return DeferredBatch(record: record, complaint: parking.complaint)
        }
    }

    /// What a deferral that is repeated has come to; `nil` where its attempt has not given the
    /// batch back.
    private func givenBack(_ rows: SQLRows, _ holding: AttemptKey) throws -> DeferredBatch? {
        guard var row = rows.first else { return nil }
        let batch = try batch(&row)
        guard batch.attempt == holding.attempt, batch.cause != .cancelled, batch.wasGivenBack
        else { return nil }
        return DeferredBatch(record: batch)
    }

    // MARK: Statements

    private func write(
        _ batch: BatchRecord,
        _ deferral: BatchDeferral,
        of holding: AttemptKey
    ) -> [SQLStatement] {
        let ended = batch.endedAt.map { instant($0) } ?? now
        return [
            """
            UPDATE \(tables.batch)
            SET status = 'released', cause = 'deferred', lease_expires_at = NULL,
                retry_at = \(batch.retryAt.map { instant($0) } ?? now),
                processing_end = \(dialect.processingTime(ended)), logging = \(batch.logging),
                deferrals = \(batch.deferrals),
                deferred_since = \(batch.deferredSince.map { instant($0) } ?? now)
            WHERE \(isHeld(holding))
            """,
            recordAttempt(
                holding,
                outcome: .released,
                cause: .deferred,
                error: batch.logging,
                endedAt: ended,
                if: "status = 'released'"
            ),
        ] + keep(deferral.output, of: holding, endedAs: .released)
    }

    /// Looks a budget up that a batch's run refers to; no row where it refers to none of the name.
    ///
    /// It is locked in the last trip: nobody waits for a client while a budget is locked.
    private func selectBudget(_ name: String, ofBatch id: Int64) -> SQLStatement {
        let run: SQLStatement = """
            (
                SELECT r.id
                FROM \(tables.run) AS r JOIN \(tables.batch) AS b
                    ON b.meta_table = r.meta_table AND b.job = r.job AND b.run = r.run
                WHERE b.id = \(id)
            )
            """
        let own: SQLStatement = "SELECT budget_id FROM \(tables.runBudget) WHERE run_id = \(run)"
        return """
            SELECT id, \(dialect.milliseconds("parked_until"))
            FROM \(tables.budget)
            WHERE name = \(name)
                AND (id IN (\(own)) OR name = \(Budget.ofAll) AND NOT EXISTS (\(own)))
            """
    }

    /// Parks a budget, as far as it is not parked for so long already.
    private func parking(
        _ deferral: BatchDeferral,
        _ deferring: DeferringBatch,
        _ rows: SQLRows?,
        _ note: ChangeNote,
        of run: RunRecord
    ) throws -> (statements: [SQLStatement], until: Date?, complaint: String?) {
        guard let name = deferral.budget, let rows else { return ([], nil, nil) }
        guard var row = rows.first else { return ([], nil, run.key.refersToNone(name)) }
        let id = try row.integer()
        let known = try row.optionalInstant()
        let (until, isNews) = deferring.parking(after: known)
        guard isNews else { return ([], until, nil) }
        // Somebody else may park it for longer before it is locked.
        let isShorter: SQLStatement = """
            id = \(id) AND (
                parked_until IS NULL OR parked_until <= \(instant(until.addingTimeInterval(-1)))
            )
            """
        return (
            [
                lockBudgets([id]),
                self.note(
                    note,
                    on: .name(name),
                    "parked",
                    from: known?.utcText,
                    to: "for \(deferral.wait.seconds.plain) s",
                    if: "EXISTS (SELECT 1 FROM \(tables.budget) WHERE \(isShorter))"
                ),
                """
                UPDATE \(tables.budget)
                SET parked_until = \(instant(until)), park_reason = \(deferral.reason)
                WHERE \(isShorter)
                """,
            ],
            until,
            nil
        )
    }
}
