package import Tranche
import Foundation

extension SQLInventoryStore: UnderLockReader {
    package func readsUnderLock(_ source: any MetaSource) -> Bool {
        (source as? SQLMetaSource<Database>)?.database === database
    }

    package func acquire(
        _ request: AcquireRequest,
        from source: any MetaSource,
        plan: RangePlan?
    ) async throws -> AcquireOutcome {
        let isReading = plan == nil && readsUnderLock(source)
        let read = isReading ? source as? SQLMetaSource<Database> : nil
        return try await wrapping {
            var request = request
            if let read, let answer = try await tryPlainly(request, reading: read) {
                switch answer {
                case .batch(let batch): return .batches([batch])
                case .declined(let hasEnded):
                    guard hasEnded else { return .needsEnding }
                    request.endings = []
                }
            }
            if let outcome = try await tryAcquire(request, reading: read, plan: plan, isNew: false)
            {
                return outcome
            }
            // Who has no run holds no batch of it.
            if !request.endings.isEmpty { return .needsEnding }
            if let outcome = try await tryAcquire(request, reading: read, plan: plan, isNew: true) {
                return outcome
            }
            throw TrancheError(
                .storeFailed,
                "\(request.key) vanished while it was being acquired from"
            )
        }
    }

    /// Acquires in one round trip where the next batch is likely to need no thought.
    ///
    /// The lock is a statement of its own, so that the other has a snapshot taken after it.
    ///
    /// - Returns: The answer; `nil` where it was not tried.
    /// - Throws: The database's error, or `TrancheError`.
    private func tryPlainly(
        _ request: AcquireRequest,
        reading source: SQLMetaSource<Database>
    ) async throws -> PlainAcquire<Database>.Answer? {
        guard decidesOnPlain, hint(for: request.key).plainness.isLikely,
            let plain = PlainAcquire(request, from: source, for: self)
        else { return nil }
        let rows = try await database.write([
            lockInLine("1", of: request.key), try plain.statement,
        ])
        let answer = try plain.answer(rows[1])
        note({ $0.plainness.note(wasPlain: answer.isBatch) }, for: request.key)
        return answer
    }

    /// Acquires under the lock of the run's row.
    ///
    /// The lock with the clock, the due batches and the source's rows are separate statements, so that
    /// each has a snapshot taken after the lock; they travel together.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - source: The source, when it may be read under the lock.
    ///   - plan: What follows the cursor, planned before.
    ///   - isNew: Whether to make the run first.
    /// - Returns: `nil` when there is no such run.
    /// - Throws: The database's error, or `TrancheError`.
    private func tryAcquire(
        _ request: AcquireRequest,
        reading source: SQLMetaSource<Database>?,
        plan: RangePlan?,
        isNew: Bool
    ) async throws -> AcquireOutcome? {
        var statements: [SQLStatement] = []
        if isNew { statements += [siblingDefinition(request.key), try insertRun(request)] }
        let runAnswer = statements.count
        let columns = Self.runColumns(dialect, lastTile: "NULL")
        statements.append(lockInLine("\(columns), \(dialect.milliseconds(now))", of: request.key))
        statements.append(selectLastTile(of: request.key))
        // What ends here is not due, and an outage may wait for it.
        let ends = try succeeding(request.endings, returning: "id")
        statements += ends.statements
        let dueAnswer = statements.count
        statements.append(selectDue(request))
        let step = source.map { source in
            source.step(
                from: firstID(of: request.key),
                within: request.bounds,
                size: stepSize(for: request)
            )
        }
        let isObserved = source?.isObservable == true && hint(for: request.key).isNearCeiling
        if let source, isObserved { statements += source.observation(lag: lag(of: request.key)) }
        if let step { statements.append(step.statement) }
        let sourceAnswers = dueAnswer + 1..<statements.count
        if request.mayBeRepeated { statements.append(selectRepeated(request)) }
        return try await database.withTransaction(statements) { connection, rows in
            if isNew { try requireSibling(rows[0], agreesWith: request) }
            guard var row = rows[runAnswer].first else { return nil }
            var run = try run(&row)
            run.advance(toTileEnd: try lastTile(rows[runAnswer + 1]))
            var acquisition = Acquisition(
                store: self,
                request: request,
                run: run,
                isNew: isNew,
                now: try row.instant()
            )
            try acquisition.requireSameDefinition()
            if request.mayBeRepeated, let last = rows.last, !last.isEmpty {
                return .batches(try acquisition.repeated(last))
            }
            let ended = ends.rows(in: rows[(runAnswer + 2)..<dueAnswer])
            if ended.count < request.endings.count { return .needsEnding }
            let outcome = try await decide(
                &acquisition,
                due: rows[dueAnswer],
                on: connection
            ) { acquisition in
                guard let source, let step else { return plan }
                return try await acquisition.plan(
                    rows[sourceAnswers],
                    isObserved: isObserved,
                    of: step,
                    from: source,
                    on: connection
                )
            }
            if decidesOnPlain, request.batches == 1 {
                note(
                    { $0.plainness.note(couldBePlain: acquisition.couldBePlain) },
                    for: request.key
                )
            }
            // What has ended has ended, whether there is anything to hand out or not.
            if !request.endings.isEmpty, connection.isInTransaction {
                _ = try await connection.commit([])
            }
            return outcome
        }
    }

    /// Hands out what there is: what is due, then what was found in gaps, then what follows the cursor.
    private func decide(
        _ acquisition: inout Acquisition<Database>,
        due: SQLRows,
        on connection: isolated Database.Connection,
        plan: (inout Acquisition<Database>) async throws -> RangePlan?
    ) async throws -> AcquireOutcome {
        let request = acquisition.request
        if let reason = acquisition.run.pauseReason { return .none(.paused(reason: reason)) }
        if let reason = try await acquisition.pass(on: connection) {
            return try await acquisition.commit(answering: .none(reason), on: connection)
        }
        var due = due
        while try acquisition.offer(due) {
            due = try await acquisition.nextDue(selectDue(request), on: connection)
        }
        if let batch = acquisition.toSplit {
            return try await acquisition.commit(answering: .needsSplit(batch), on: connection)
        }
        if acquisition.isSatisfied { return try await acquisition.commit(on: connection) }
        if let looks = request.looks {
            try await acquisition.apply(looks, on: connection)
        } else if let look = try await acquisition.askForDueLook(on: connection) {
            return look
        }
        if acquisition.isSatisfied { return try await acquisition.commit(on: connection) }
        return try await acquisition.finish(with: try await plan(&acquisition), on: connection)
    }

    // MARK: Statements

    /// The statement that locks a run's row and reads of it, in the order in which acquires came.
    private func lockInLine(_ columns: SQLStatement, of key: RunKey) -> SQLStatement {
        dialect.lockInLine(
            columns,
            of: tables.run,
            where: isRun(key),
            line: "run \(tables.batch.quoted) \(key.metaTable) \(key.job) \(key.run)"
        )
    }

    /// How old an entry of a run must be, in milliseconds, as an expression of its row.
    func lag(of key: RunKey) -> SQLStatement {
        "(SELECT settle_lag_ms FROM \(tables.run) WHERE \(isRun(key)))"
    }

    /// The lowest id that the run may hand out next: the one after its cursor.
    private func firstID(of key: RunKey) -> SQLStatement {
        """
        (
            SELECT CASE max(passed)
                WHEN 9223372036854775807 THEN NULL
                ELSE coalesce(max(passed) + 1, max(lower_id), -9223372036854775807 - 1)
            END
            FROM (
                SELECT passed_id AS passed, id_from AS lower_id
                FROM \(tables.run)
                WHERE \(isRun(key))
                UNION ALL
                SELECT batch_id_end, NULL
                FROM (
                \(selectLastTile(of: key))
                ) AS last_tile
            ) AS known
        )
        """
    }

    private func insertRun(_ request: AcquireRequest) throws -> SQLStatement {
        """
        INSERT INTO \(tables.run) (
            meta_table, job, run, definition, id_from, id_to,
            lease_ms, max_attempts, backoff_ms, backoff_limit_ms,
            on_exhausted, settle_wait_ms, settle_lag_ms, watch_ms, root_from, root_to, is_upstream,
            created_at
        )
        VALUES (
            \(request.key.metaTable), \(request.key.job), \(request.key.run),
            \(try request.definition.canonicalText), \(request.bounds.lower), \(request.bounds.upper),
            \(request.policy.lease.milliseconds), \(request.policy.maxAttempts),
            \(request.policy.backoff.milliseconds), \(request.policy.backoffLimit.milliseconds),
            \(request.policy.onExhausted.rawValue), \(request.policy.settleWait.milliseconds),
            \(request.policy.settleLag.milliseconds), \(request.policy.watch.milliseconds),
            \(request.rootIDs.lower), \(request.rootIDs.upper),
            -- A sibling that is read now; one that becomes upstream later marks this run, too.
            coalesce((
                SELECT max(is_upstream) FROM \(tables.run)
                WHERE meta_table = \(request.key.metaTable) AND job = \(request.key.job)
            ), 0),
            \(now)
        )
        ON CONFLICT (meta_table, job, run) DO NOTHING
        """
    }

    private func siblingDefinition(_ key: RunKey) -> SQLStatement {
        """
        SELECT \(runColumns)
        FROM \(tables.run) AS r
        WHERE meta_table = \(key.metaTable) AND job = \(key.job) AND definition IS NOT NULL
        LIMIT 1
        """
    }

    private func requireSibling(_ rows: SQLRows, agreesWith request: AcquireRequest) throws {
        guard var row = rows.first else { return }
        var sibling = try run(&row)
        sibling.bounds = request.bounds
        sibling.rootIDs = request.rootIDs
        // Where records go is each run's own.
        try sibling.requireSame(
            definition: request.definition.shared,
            bounds: request.bounds,
            rootIDs: request.rootIDs
        )
    }

    /// Batches that are released, expired or due for a retry, oldest first.
    private func selectDue(_ request: AcquireRequest) -> SQLStatement {
        """
        SELECT \(batchColumns)
        FROM \(tables.batch)
        WHERE \(isRun(request.key))
            -- The clock stands in a query of its own, or it would be read anew for each row and could
            -- not be looked up in the index.
            AND coalesce(lease_expires_at, retry_at) <= (SELECT \(now))
        -- Not by the bare id: a planner that knows nothing of the values would walk the whole table in
        -- that order, rather than look up the few that are due and sort them.
        ORDER BY id + 0
        LIMIT \(Acquisition<Database>.offersRead(for: request))
        \(dialect.lockingFreeRows)
        """
    }

    private func selectRepeated(_ request: AcquireRequest) -> SQLStatement {
        var tokens: SQLStatement = "\(request.token(at: 0))"
        for index in 1..<max(request.batches, 1) { tokens.append(", \(request.token(at: index))") }
        let known: SQLStatement =
            request.isTokenMadeUp
            ? "\(isRun(request.key)) AND coalesce(lease_expires_at, retry_at) IS NOT NULL"
            : "substr(request, 1, 1) <> '~'"
        return """
            SELECT \(batchColumns)
            FROM \(tables.batch)
            WHERE request IN (\(tokens)) AND \(known)
            ORDER BY id
            """
    }
}
