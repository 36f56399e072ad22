package import Tranche

extension SQLInventoryStore {
    package func retry(
        _ selection: BatchSelection,
        mayRepeat: Bool,
        _ note: ChangeNote?
    ) async throws -> [Int64] {
        let retrying = retrying(selection, mayRepeat: mayRepeat)
        return try await wrapping {
            guard let note else { return try Self.numbers(try await database.write([retrying])[0]) }
            return try await database.withTransaction([retrying]) { connection, rows in
                let batches = try rows[0].map { row in
                    let id = try row.integer()
                    let (table, job) = (try row.text(), try row.text())
                    return (key: RunKey(metaTable: table, job: job, run: try row.text()), id: id)
                }
                if batches.isEmpty { return [] }
                _ = try await connection.commit(noting("retry", ofBatches: batches, note))
                return batches.map(\.id).sorted()
            }
        }
    }

    private static func numbers(_ rows: SQLRows) throws -> [Int64] {
        try rows.map { try $0.integer() }.sorted()
    }

    /// The statement that makes finally failed batches due at once, and gives their numbers and
    /// runs.
    private func retrying(_ selection: BatchSelection, mayRepeat: Bool) -> SQLStatement {
        let began = dialect.instant(ofProcessingTime: "processing_start")
        // Stuck ones are failed as any.
        let isOffered: SQLStatement =
            selection.cause == nil ? "coalesce(cause, 'stuck') IN ('stuck', 'begun')" : "1 = 1"
        let isMeant: SQLStatement = mayRepeat ? isOffered : "\(isOffered) AND begun_at IS NULL"
        return """
            UPDATE \(tables.batch)
            SET retry_at = CASE
                    WHEN cause = 'cancelled' AND processing_end IS NULL THEN \(began)
                    ELSE \(now)
                END,
                cause = NULL, stuck_until = NULL, begun_at = NULL, begun_token = NULL,
                failures = CASE WHEN cause = 'cancelled' THEN failures ELSE 0 END,
                -- One that was never handed out is as it was before.
                status = CASE
                    WHEN cause = 'cancelled' AND processing_end IS NULL THEN 'released'
                    ELSE 'failed'
                END
            WHERE \(isSelected(selection)) AND status = 'failed' AND retry_at IS NULL
                AND \(isMeant)
            RETURNING id, meta_table, job, run
            """
    }

    package func setPause(_ reason: String?, of key: RunKey, _ note: ChangeNote?) async throws {
        // Who lets a run go on knows more of an outage than what has failed.
        let outage: SQLStatement = reason == nil ? ", outage = NULL" : ""
        try await change(key) { run, _ in
            [
                """
                UPDATE \(tables.run) SET pause_reason = \(reason), let_through = 0\(outage)
                WHERE id = \(run.id)
                """
            ] + notingPause(of: run, to: reason, note)
        }
    }

    package func redefine(
        _ key: RunKey,
        definition: SourceDefinition?,
        bounds: IDBounds?,
        policy: RunPolicy?
    ) async throws {
        let job: SQLStatement = "meta_table = \(key.metaTable) AND job = \(key.job)"
        var statements: [SQLStatement] = [
            lockRun(key),
            "SELECT \(lockedRunColumns) FROM \(tables.run) WHERE \(job) ORDER BY id",
            selectLastTile(of: key),
        ]
        if let bounds {
            statements.append(
                """
                UPDATE \(tables.run) SET id_from = \(bounds.lower), id_to = \(bounds.upper)
                WHERE \(isRun(key))
                """
            )
        }
        if let policy { statements.append(set(policy, of: key)) }
        let asked = statements
        try await wrapping {
            try await database.withTransaction(Array(asked.prefix(3))) { connection, rows in
                try requireRun(rows[0], key)
                var runRow = rows[0][0]
                var locked = try run(&runRow)
                locked.advance(toTileEnd: try lastTile(rows[2]))
                if let bounds {
                    try locked.require(newBounds: bounds, time: definition?.time)
                }
                if let policy {
                    try await require(noOpenBatchFor: policy, of: locked, on: connection)
                }
                var changes = Array(asked.dropFirst(3))
                if let definition {
                    for known in try rows[1].map({ try run(&$0) }) {
                        changes.append(try redefining(known, as: definition, for: key))
                    }
                }
                _ = try await connection.commit(changes)
            }
        }
    }

    /// Refuses a policy of at most once while batches of the locked run are open.
    func require(
        noOpenBatchFor policy: RunPolicy,
        of run: RunRecord,
        on connection: isolated Database.Connection
    ) async throws {
        guard run.needsNoOpenBatch(for: policy) else { return }
        let rows = try await connection.run([
            """
            SELECT id
            FROM \(tables.batch)
            WHERE \(isRun(run.key))
                AND (coalesce(lease_expires_at, retry_at) IS NOT NULL OR stuck_until IS NOT NULL)
            LIMIT 1
            """
        ])
        try run.require(noOpenBatchFor: policy, isOpen: !rows[0].isEmpty)
    }

    /// The statement that gives a run another policy.
    func set(_ policy: RunPolicy, of key: RunKey) -> SQLStatement {
        """
        UPDATE \(tables.run)
        SET lease_ms = \(policy.lease.milliseconds), max_attempts = \(policy.maxAttempts),
            backoff_ms = \(policy.backoff.milliseconds),
            backoff_limit_ms = \(policy.backoffLimit.milliseconds),
            on_exhausted = \(policy.onExhausted.rawValue),
            extended_ms = \(policy.extendedRetries?.milliseconds),
            execution = \(policy.executionText),
            settle_wait_ms = \(policy.settleWait.milliseconds),
            settle_lag_ms = \(policy.settleLag.milliseconds),
            watch_ms = \(policy.watch.milliseconds)
        WHERE \(isRun(key))
        """
    }

    /// The statement that gives a run another definition.
    func redefining(
        _ run: RunRecord,
        as definition: SourceDefinition,
        for key: RunKey? = nil
    ) throws -> SQLStatement {
        var statement: SQLStatement = """
            UPDATE \(tables.run) SET definition = \(try run.redefined(definition, for: key))
            """
        if try run.isMoved(by: definition) {
            statement.append(
                ", source_mark = NULL, source_witness = NULL, rewound_id = NULL, hold_reason = NULL"
                    + ", source_promotion = NULL"
            )
        }
        statement.append(" WHERE id = \(run.id)")
        return statement
    }

    func requireRun(_ rows: SQLRows, _ key: RunKey) throws {
        guard rows.isEmpty else { return }
        throw TrancheError(
            .unknownRun,
            "there is no \(key) in \(name); 'tranche status' lists what there is"
        )
    }
}

extension RunPolicy {
    /// The execution as it is kept: NULL for at least once.
    var executionText: String? { execution == .atLeastOnce ? nil : execution.rawValue }
}
