package import Tranche

extension SQLInventoryStore {
    package func readsUnderLock(_ source: any MetaSource) -> Bool {
        (source as? SQLMetaSource<Database>)?.database === database
    }

    package func acquire(
        _ request: AcquireRequest,
        from source: any MetaSource,
        with input: AcquireInput
    ) async throws -> AcquireOutcome {
        let isReading = input.plan == nil && readsUnderLock(source)
        let read = isReading ? source as? SQLMetaSource<Database> : nil
        var input = input
        do {
            if let read, let answer = try await acquireAtOnce(request, with: input, from: read) {
                switch answer {
                case .batch(let batch): return .batches([batch])
                case .declined(let hasEnded):
                    guard hasEnded else { return .needsEnding }
                    input.endings = []
                case .locked(let error):
                    return try await acquire(request, with: input, from: read, after: error)
                }
            }
            if let outcome = try await acquireLetIn(request, with: input, from: read) {
                return outcome
            }
        } catch let error as any SQLDatabaseError {
            throw read?.uidFault(error) ?? TrancheError(error, inventory: name)
        }
        throw TrancheError(.storeFailed, "\(request.key) vanished while it was being acquired from")
    }

    /// Acquires again where others were let in between the look at the budgets and their lock.
    ///
    /// What is left then is less. A caller that is overtaken several times learns that there is no
    /// room; one that does not get the lock of a budget, that this one limits it.
    ///
    /// - Returns: `nil` where the run vanished.
    /// - Throws: The database's error, or `TrancheError`.
    private func acquireLetIn(
        _ request: AcquireRequest,
        with input: AcquireInput,
        from source: SQLMetaSource<Database>?
    ) async throws -> AcquireOutcome? {
        for isOvertaken in [false, false, false, true] {
            do {
                let known = try await acquire(
                    request,
                    with: input,
                    from: source,
                    isNew: false,
                    isOvertaken: isOvertaken
                )
                if let known { return known }
                // Who has no run holds no batch of it.
                guard input.endings.isEmpty else { return .needsEnding }
                return try await acquire(
                    request,
                    with: input,
                    from: source,
                    isNew: true,
                    isOvertaken: isOvertaken
                )
            } catch let error as any SQLDatabaseError
                where error.message.contains(Self.fullMark) && !isOvertaken
            {
                try Task.checkCancellation()
                // They are to be looked at.
                note({ $0.budgets = nil }, for: request.key)
            } catch is Acquisition<Database>.Inexact {
                note({ $0.budgets = nil }, for: request.key)
            } catch let error as Acquisition<Database>.Locked {
                return try await acquire(request, with: input, from: source, after: error)
            }
        }
        return nil
    }

    /// Acquires nothing, since others hold locks of budgets for long; what has ended is recorded.
    ///
    /// - Throws: The error of the lock where no budget is locked any more; the database's error, or
    ///   `TrancheError`.
    private func acquire(
        _ request: AcquireRequest,
        with input: AcquireInput,
        from source: SQLMetaSource<Database>?,
        after error: Acquisition<Database>.Locked
    ) async throws -> AcquireOutcome {
        try Task.checkCancellation()
        let locked = try await lockedBudgets(of: request)
        if locked.isEmpty { throw error.underlying }
        let known = try await acquire(
            request,
            with: input,
            from: source,
            isNew: false,
            isOvertaken: true,
            lockedBudgets: Set(locked.map(\.id))
        )
        // A run that is not there yet is made when it may refer to its budgets.
        let name = locked.compactMap(\.name).min()
        return known ?? AcquireOutcome.none(.limited(by: name ?? Budget.ofAll, until: nil))
    }

    /// Acquires in one round trip where the next batch is likely to need no more.
    ///
    /// The lock is a statement of its own, so that the other has a snapshot taken after it.
    ///
    /// - Returns: The answer; `nil` where it was not tried.
    /// - Throws: The database's error, or `TrancheError`.
    private func acquireAtOnce(
        _ request: AcquireRequest,
        with input: AcquireInput,
        from source: SQLMetaSource<Database>
    ) async throws -> SingleStatementAcquire<Database>.Answer? {
        let hint = hint(for: request.key)
        guard decidesInOneStatement, hint.prefersSingleStatement,
            let single = SingleStatementAcquire(request, with: input, from: source, in: self)
        else { return nil }
        var batch = StatementBatch()
        _ = batch.add(lockInOrder("1", of: request.key))
        for lock in single.locks { _ = batch.add(lock) }
        let decision = batch.add(try single.statement)
        for ending in input.endings {
            _ = batch.add(keep(ending.output, of: ending.holding, endedAs: .succeeded))
        }
        let rows: [SQLRows]
        do {
            let flush = single.isSharingBudgets ? tables.flush : nil
            rows = try await write(batch.statements, releasingBefore: flush, on: hint.timeline)
        } catch let error as any SQLDatabaseError where error.isBusy && !single.locks.isEmpty {
            return .locked(.init(underlying: error))
        } catch is NewTimeline {
            return nil
        }
        let answer = try single.answer(rows[decision])
        note({ $0.prefersSingleStatement = answer.isBatch }, for: request.key)
        return answer
    }

    /// Runs statements as `SQLDatabase.write(_:releasingBefore:)`, on no connection to a server
    /// other than the one on which the run's numbers are known to be new.
    ///
    /// - Throws: ``NewTimeline``; the database's error.
    private func write(
        _ statements: [SQLStatement],
        releasingBefore sequence: SQLTableName?,
        on timeline: Int64?
    ) async throws -> [SQLRows] {
        try await database.withConnection { connection in
            let requirement = connection.requirement(of: timeline)
            if requirement == nil, try await connection.timeline() != timeline {
                throw NewTimeline()
            }
            let first = [requirement].compactMap { $0 }
            do {
                let rows =
                    if let sequence {
                        try await connection.atomically(
                            first + statements,
                            releasingBefore: sequence
                        )
                    } else {
                        try await connection.atomically(first + statements, isWriting: true)
                    }
                return Array(rows.dropFirst(first.count))
            } catch let error as any SQLDatabaseError
                where error.message.contains(SQLTimelineMark.text)
            {
                throw NewTimeline()
            }
        }
    }

    /// Acquires under the lock of the run's row.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - input: What was found out before.
    ///   - source: The source, when it may be read under the lock.
    ///   - isNew: Whether to make the run first.
    ///   - isOvertaken: Whether budgets that are asked let nothing in.
    ///   - lockedBudgets: Those of them that are in the way; none by default, for any.
    /// - Returns: `nil` when there is no such run.
    /// - Throws: The database's error, or `TrancheError`.
    private func acquire(
        _ request: AcquireRequest,
        with input: AcquireInput,
        from source: SQLMetaSource<Database>?,
        isNew: Bool,
        isOvertaken: Bool,
        lockedBudgets: Set<Int64> = []
    ) async throws -> AcquireOutcome? {
        let reads = try AcquireReads(
            request,
            ending: input.endings,
            from: source,
            isNew: isNew,
            in: self
        )
        let writers = try database.writers
        return try await writers.withTransaction(reads.batch.statements) { connection, rows in
            if let sibling = reads.sibling {
                try requireSibling(rows[sibling], agreesWith: request)
            }
            guard let (found, now) = try reads.lockedRun(in: rows) else { return nil }
            var run = found
            if let limits = request.limits, reads.isMade(in: rows) {
                let worker = request.slots.first?.worker
                try await begin(&run, with: limits, by: worker, on: connection)
            }
            var acquisition = Acquisition(
                request,
                input,
                of: run,
                isNew: isNew,
                at: now,
                by: reads.statements,
                in: self
            )
            acquisition.isOvertaken = isOvertaken
            acquisition.lockedBudgets = lockedBudgets
            return try await outcome(of: &acquisition, reads, rows, on: connection)
        }
    }

    /// Decides on an acquire once its run is locked, and commits.
    ///
    /// - Throws: The database's error, or `TrancheError`.
    private func outcome(
        of acquisition: inout Acquisition<Database>,
        _ reads: AcquireReads<Database>,
        _ rows: [SQLRows],
        on connection: isolated Database.Connection
    ) async throws -> AcquireOutcome {
        let key = acquisition.run.key
        try acquisition.requireSameDefinition()
        try await acquisition.leaveOutNumbers(on: connection)
        let repeated = try acquisition.repeated(reads.repeated(in: rows))
        if !repeated.isEmpty {
            // The commit that was lost sight of may not be on disk yet.
            if acquisition.run.isLimited { try await flush(connection) }
            return .batches(repeated)
        }
        let endings = acquisition.input.endings
        guard reads.endedCount(in: rows) == endings.count else { return .needsEnding }
        let outcome = try await acquisition.decide(reads, rows, on: connection)
        // Others of the run's numbers follow these.
        let timeline = try await connection.timeline()
        if case .batches = outcome { note({ $0.timeline = timeline }, for: key) }
        let isSingle = decidesInOneStatement && acquisition.fitsOneStatement
        if isSingle { note({ $0.prefersSingleStatement = true }, for: key) }
        // What has ended has ended, whether there is anything to hand out or not.
        if !endings.isEmpty, connection.isInTransaction { _ = try await connection.commit([]) }
        return outcome
    }

    /// Ends a transaction that has written nothing when all that was committed before is on disk.
    private func flush(_ connection: isolated Database.Connection) async throws {
        _ = try await connection.commit([], releasingBefore: tables.flush)
    }

    func requireSibling(_ rows: SQLRows, agreesWith request: AcquireRequest) throws {
        guard var row = rows.first else { return }
        var sibling = try run(&row)
        sibling.bounds = request.bounds
        sibling.rootIDs = request.rootIDs
        // Where records go, and by what time, is each run's own.
        var asked = request.definition.shared
        asked.time = sibling.source?.time
        try sibling.requireSame(
            definition: asked,
            bounds: request.bounds,
            rootIDs: request.rootIDs
        )
    }
}

// MARK: - Statements

extension SQLInventoryStore {
    /// The statement that locks a run's row and reads it with the clock, in the order in which
    /// acquires came.
    func lockInOrder(_ key: RunKey) -> SQLStatement {
        lockInOrder("\(lockedRunColumns), \(dialect.milliseconds(now))", of: key)
    }

    private func lockInOrder(_ columns: SQLStatement, of key: RunKey) -> SQLStatement {
        dialect.lockInOrder(
            columns,
            of: tables.run,
            where: isRun(key),
            queue: "run \(tables.batch.quoted) \(key.metaTable) \(key.job) \(key.run)"
        )
    }

    /// How old an entry of a run must be, in milliseconds, as an expression of its row.
    func lag(of key: RunKey) -> SQLStatement {
        "(SELECT settle_lag_ms FROM \(tables.run) WHERE \(isRun(key)))"
    }

    /// The lowest id that the run may hand out next: the one after its cursor.
    func firstID(of key: RunKey) -> SQLStatement {
        """
        (
            SELECT CASE
                WHEN coalesce(batch_id_end, passed_id) IS NULL
                THEN coalesce(id_from, -9223372036854775807 - 1)
                -- There is none behind the highest of all.
                WHEN batch_id_end >= coalesce(passed_id, batch_id_end)
                THEN nullif(batch_id_end, 9223372036854775807) + 1
                ELSE nullif(passed_id, 9223372036854775807) + 1
            END
            FROM \(tables.run)
            LEFT JOIN (
            \(selectLastTile(of: key))
            ) AS last_tile ON 1 = 1
            WHERE \(isRun(key))
        )
        """
    }

    func insertRun(_ request: AcquireRequest) -> SQLStatement {
        """
        INSERT INTO \(tables.run) (
            meta_table, job, run, definition, id_from, id_to,
            lease_ms, max_attempts, backoff_ms, backoff_limit_ms,
            on_exhausted, extended_ms, execution, settle_wait_ms, settle_lag_ms, watch_ms,
            root_from, root_to, is_upstream, budget_set, timeline, created_at
        )
        VALUES (
            \(request.key.metaTable), \(request.key.job), \(request.key.run),
            \(request.definitionText), \(request.bounds.lower), \(request.bounds.upper),
            \(request.policy.lease.milliseconds), \(request.policy.maxAttempts),
            \(request.policy.backoff.milliseconds), \(request.policy.backoffLimit.milliseconds),
            \(request.policy.onExhausted.rawValue),
            \(request.policy.extendedRetries?.milliseconds), \(request.policy.executionText),
            \(request.policy.settleWait.milliseconds),
            \(request.policy.settleLag.milliseconds), \(request.policy.watch.milliseconds),
            \(request.rootIDs.lower), \(request.rootIDs.upper),
            -- A sibling that is read now; one that becomes upstream later marks this run, too.
            coalesce((
                SELECT max(is_upstream) FROM \(tables.run)
                WHERE meta_table = \(request.key.metaTable) AND job = \(request.key.job)
            ), 0),
            -- A number that no change has: new runs have that budget alone.
            coalesce((SELECT -id FROM \(tables.budget) WHERE name = \(Budget.ofAll)), 0),
            -- On another one, numbers of batches are left out before it gives any.
            (\(selectTimeline)),
            \(now)
        )
        ON CONFLICT (meta_table, job, run) DO NOTHING
        RETURNING id
        """
    }

    func selectSibling(of key: RunKey) -> SQLStatement {
        """
        SELECT \(lockedRunColumns)
        FROM \(tables.run)
        WHERE meta_table = \(key.metaTable) AND job = \(key.job) AND definition IS NOT NULL
        LIMIT 1
        """
    }

    /// Batches that are released, expired or due for a retry, those that are due for longest first.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - condition: Which of them; all by default.
    /// - Returns: The statement.
    func selectDue(
        _ request: AcquireRequest,
        where condition: SQLStatement? = nil
    ) -> SQLStatement {
        let isMeant: SQLStatement = condition.map { "\n    AND (\($0))" } ?? ""
        return """
            SELECT \(batchColumns)
            FROM \(tables.batch)
            WHERE \(isRun(request.key))
                -- The clock stands in a query of its own, or it would be read anew for each row and could
                -- not be looked up in the index.
                AND coalesce(lease_expires_at, retry_at) <= (SELECT \(now))\(isMeant)
            -- As the index has them: however many are due, a few are read.
            ORDER BY coalesce(lease_expires_at, retry_at), id
            LIMIT \(Acquisition<Database>.offersRead(for: request))
            \(dialect.lockingFreeRows)
            """
    }

    func selectRepeated(_ request: AcquireRequest) -> SQLStatement {
        var tokens: SQLStatement = ""
        for (place, slot) in request.slots.enumerated() {
            tokens.append(place == 0 ? "\(slot.token)" : ", \(slot.token)")
        }
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
