package import Tranche

extension SQLInventoryStore {
    package func note(
        _ standing: SourceStanding,
        insteadOf known: String?,
        of key: RunKey
    ) async throws {
        let assignments = try assignments(standing)
        _ = try await wrapping {
            try await database.write([
                """
                UPDATE \(tables.run)
                SET \(assignments)
                WHERE \(isRun(key)) AND source_mark IS NOT DISTINCT FROM \(known)
                """
            ])
        }
    }

    package func restart(_ key: RunKey, standing: SourceStanding) async throws -> RunKey {
        let assignments = try assignments(standing)
        let siblings: SQLStatement = """
            SELECT run FROM \(tables.run)
            WHERE meta_table = \(key.metaTable) AND job = \(key.job)
            """
        return try await wrapping {
            try await database.withTransaction([lockRun(key), siblings]) { connection, rows in
                guard var row = rows[0].first else {
                    try requireRun(rows[0], key)
                    return key
                }
                // Whoever paused or cancelled it meant the new one, too.
                let pauseReason = try run(&row).pauseReason
                let names = Set(try rows[1].map { try $0.text() })
                let former = key.nameOfFormer(besides: names)
                _ = try await connection.commit(
                    [
                        """
                        UPDATE \(tables.run)
                        SET run = \(former.run), pause_reason = \(RunKey.reasonOfFormer),
                            let_through = 0
                        WHERE \(isRun(key))
                        """,
                        "UPDATE \(tables.batch) SET run = \(former.run) WHERE \(isRun(key))",
                        """
                        INSERT INTO \(tables.run) (
                            meta_table, job, run, definition, id_from, id_to,
                            lease_ms, max_attempts, backoff_ms, backoff_limit_ms, on_exhausted,
                            execution, extended_ms, settle_wait_ms, settle_lag_ms, watch_ms,
                            root_from, root_to, is_upstream, budget_set, share, priority, per_key,
                            pause_reason,
                            cancelled_at, cancelled_by, cancel_reason, timeline, created_at
                        )
                        SELECT meta_table, job, \(key.run), definition, id_from, id_to,
                            lease_ms, max_attempts, backoff_ms, backoff_limit_ms, on_exhausted,
                            execution, extended_ms, settle_wait_ms, settle_lag_ms, watch_ms,
                            root_from, root_to, is_upstream, budget_set, share, priority, per_key,
                            \(pauseReason),
                            cancelled_at, cancelled_by, cancel_reason, timeline, \(now)
                        FROM \(tables.run)
                        WHERE \(isRun(former))
                        """,
                        "UPDATE \(tables.run) SET \(assignments) WHERE \(isRun(key))",
                    ] + moveBudgets(from: former, to: key)
                        + [moveWorkflow(from: former, to: key)]
                )
                return former
            }
        }
    }

    package func redefine(_ definitions: [JobKey: SourceDefinition]) async throws {
        try await wrapping {
            let all: SQLStatement = """
                SELECT \(lockedRunColumns)
                FROM \(tables.run)
                ORDER BY id
                \(dialect.lockingRow)
                """
            try await database.withTransaction([all]) { connection, rows in
                var changes: [SQLStatement] = []
                var left = Set(definitions.keys)
                for run in try rows[0].map({ try run(&$0) }) {
                    let job = JobKey(metaTable: run.key.metaTable, job: run.key.job)
                    guard let definition = definitions[job] else { continue }
                    left.remove(job)
                    changes.append(try redefining(run, as: definition))
                }
                if let missing = left.first {
                    try requireRun(
                        SQLRows(),
                        RunKey(metaTable: missing.metaTable, job: missing.job)
                    )
                }
                _ = try await connection.commit(changes)
            }
        }
    }

    private func assignments(_ standing: SourceStanding) throws -> SQLStatement {
        """
        source_mark = \(standing.identity?.mark), source_witness = \(standing.identity?.witness),
            rewound_id = \(standing.rewoundTo), hold_reason = \(standing.hold),
            source_promotion = \(try standing.promotion.map { try JSONText.encode($0) })
        """
    }
}
