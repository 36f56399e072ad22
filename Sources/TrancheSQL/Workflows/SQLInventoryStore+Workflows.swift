package import Tranche

/// The descriptions of workflows: each is written under the lock of its run, as acquires have it.
extension SQLInventoryStore {
    package func begin(
        _ request: AcquireRequest,
        _ workflow: WorkflowBeginning
    ) async throws -> WorkflowRecord? {
        let key = request.key
        let statements = [
            selectSibling(of: key), insertRun(request), lockInOrder(key),
            selectWorkflow(workflowColumns, of: key), readClock,
        ]
        return try await wrapping {
            try await database.withTransaction(statements) {
                connection,
                rows -> WorkflowRecord? in
                try requireSibling(rows[0], agreesWith: request)
                let run = try begun(rows[2], by: request)
                let known = try rows[3].map { try self.workflow(&$0, of: key) }.first
                if let known, known.digest == workflow.digest { return known }
                guard known?.digest == workflow.former else { return nil }
                let limits = try await limitChanges(workflow, of: run, on: connection)
                try await require(noOpenBatchFor: request.policy, of: run, on: connection)
                let made = WorkflowRecord(
                    key: key,
                    generation: (known?.generation ?? 0) + 1,
                    digest: workflow.digest,
                    text: workflow.text,
                    startedBy: workflow.note.by,
                    startedAt: try rows[4].map { try $0.instant() }[0]
                )
                _ = try await connection.commit(
                    limits + [insert(made, ofRun: run.id), set(request.policy, of: key)]
                )
                return made
            }
        }
    }

    /// The locked run, which must be the one that is asked for.
    private func begun(_ rows: SQLRows, by request: AcquireRequest) throws -> RunRecord {
        try requireRun(rows, request.key)
        var row = rows[0]
        let run = try run(&row)
        try run.requireSame(
            definition: request.definition,
            text: request.definitionText,
            bounds: request.bounds,
            rootIDs: request.rootIDs
        )
        return run
    }

    package func workflows(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [WorkflowRecord] {
        var isMeant: SQLStatement = "\(isSelected(selection))"
        if let mark {
            isMeant.append(
                """
                 AND (meta_table, job, run) > (\(mark.metaTable), \(mark.job), \(mark.run))
                """
            )
        }
        let select: SQLStatement = """
            SELECT meta_table, job, run, \(workflowColumns)
            FROM \(tables.run) AS r
            JOIN \(tables.workflow) AS w ON w.run_id = r.id
            WHERE \(isMeant) AND generation = (
                SELECT max(generation) FROM \(tables.workflow) WHERE run_id = r.id
            )
            ORDER BY meta_table, job, run
            LIMIT \(limit)
            """
        return try await wrapping {
            try await database.read(select)[0].map { row in
                let key = RunKey(
                    metaTable: try row.text(),
                    job: try row.text(),
                    run: try row.text()
                )
                return try workflow(&row, of: key)
            }
        }
    }

    // MARK: Statements

    private var workflowColumns: SQLStatement {
        "generation, digest, description, begun_by, \(dialect.milliseconds("begun_at"))"
    }

    /// The statement that reads generation and digest of a run's last workflow.
    func selectGeneration(of key: RunKey) -> SQLStatement {
        selectWorkflow("generation, digest", of: key)
    }

    /// The statement that reads a run's last workflow.
    func selectWorkflow(_ columns: SQLStatement, of key: RunKey) -> SQLStatement {
        """
        SELECT \(columns)
        FROM \(tables.workflow)
        WHERE run_id = (SELECT id FROM \(tables.run) WHERE \(isRun(key)))
        ORDER BY generation DESC
        LIMIT 1
        """
    }

    /// The statement that gives a run the workflow of another one, which stands still from now on.
    func moveWorkflow(from former: RunKey, to key: RunKey) -> SQLStatement {
        """
        UPDATE \(tables.workflow)
        SET run_id = (SELECT id FROM \(tables.run) WHERE \(isRun(key)))
        WHERE run_id = (SELECT id FROM \(tables.run) WHERE \(isRun(former)))
        """
    }

    private func insert(_ record: WorkflowRecord, ofRun id: Int64) -> SQLStatement {
        """
        INSERT INTO \(tables.workflow)
            (run_id, generation, digest, description, begun_by, begun_at)
        VALUES (
            \(id), \(record.generation), \(record.digest), \(record.text), \(record.startedBy),
            \(instant(record.startedAt))
        )
        """
    }

    private func workflow(_ row: inout SQLRow, of key: RunKey) throws -> WorkflowRecord {
        let generation = Int(try row.integer())
        let (digest, text) = (try row.text(), try row.text())
        let worker = row.optionalText()
        return WorkflowRecord(
            key: key,
            generation: generation,
            digest: digest,
            text: text,
            startedBy: worker,
            startedAt: try row.instant()
        )
    }
}
