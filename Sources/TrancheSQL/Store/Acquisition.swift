import Foundation
import Tranche

/// One acquire, decided step by step while the run's row is locked.
///
/// It collects the statements that the decision needs; they are run with the commit.
struct Acquisition<Database: SQLDatabase> {
    /// How many due batches are read at a time: more than are wanted, since some may fail for good.
    static func offersRead(for request: AcquireRequest) -> Int { request.batches + 8 }

    let store: SQLInventoryStore<Database>
    let request: AcquireRequest
    var run: RunRecord
    /// Whether the run was made in this very transaction.
    let isNew: Bool
    let now: Date

    private var statements: [SQLStatement] = []
    private var handedOut: [AcquireOutcome.HandedOut] = []
    /// Places in `handedOut` whose batch gets its number from its insertion, and which statement that is.
    private var inserts: [(statement: Int, place: Int)] = []

    init(
        store: SQLInventoryStore<Database>,
        request: AcquireRequest,
        run: RunRecord,
        isNew: Bool,
        now: Date
    ) {
        self.store = store
        self.request = request
        self.run = run
        self.isNew = isNew
        self.now = now
    }

    /// Whether as many batches are handed out as were asked for.
    var isSatisfied: Bool { handedOut.count >= request.batches }

    private var nowInstant: SQLStatement { store.instant(now) }

    private var leaseEnd: Date { now.addingTimeInterval(run.policy.lease.seconds) }

    // MARK: Definition

    mutating func requireSameDefinition() throws {
        if run.definition == nil {
            // An adopted run takes the first definition it is acquired with.
            let text = try request.definitionText
            run.definition = text
            statements.append(
                """
                UPDATE \(store.tables.run) SET definition = \(text)
                WHERE \(store.isRun(run.key)) AND definition IS NULL
                """
            )
        }
        try run.requireSame(
            definition: request.definition,
            text: request.definitionText,
            bounds: request.bounds
        )
    }

    // MARK: Due batches

    /// The batches that an earlier request with the same token was given, as they are now.
    func repeated(_ rows: SQLRows) throws -> [AcquireOutcome.HandedOut] {
        try rows.map { row in
            let record = try store.batch(&row)
            guard record.key == run.key else {
                throw TrancheError(
                    .invalidArgument,
                    "the request token '\(request.token)' was used by \(record.key); give another"
                )
            }
            return AcquireOutcome.HandedOut(record: record, lease: run.policy.lease)
        }
    }

    /// Hands out due batches again, as they were handed out before.
    ///
    /// - Returns: Whether more may be due.
    mutating func offer(_ rows: SQLRows) throws -> Bool {
        let due = try rows.map { try store.batch(&$0) }
        for batch in due where !isSatisfied {
            let isExpired = batch.status == .running
            let failures = batch.failures + (isExpired ? 1 : 0)
            if isExpired { statements.append(expire(batch)) }
            if isExpired, failures >= run.policy.maxAttempts {
                statements.append(failForGood(batch, failures: failures))
                continue
            }
            let token = request.token(at: handedOut.count)
            statements.append(handOutAgain(batch, failures: failures, token: token))
            var record = batch
            record.status = .running
            record.attempt += 1
            record.failures = failures
            record.worker = request.worker
            record.jobIdentifier = request.jobIdentifier
            record.startedAt = now
            record.endedAt = nil
            record.leaseExpiresAt = leaseEnd
            record.retryAt = nil
            record.result = nil
            record.logging = nil
            handedOut.append(.init(record: record, lease: run.policy.lease))
        }
        return !isSatisfied && due.count == Self.offersRead(for: request)
    }

    /// Writes what was decided of the due batches read so far, and reads the next ones.
    mutating func nextDue(
        _ select: SQLStatement,
        on connection: isolated Database.Connection
    ) async throws -> SQLRows {
        let rows = try await connection.run(statements + [select])
        statements = []
        return rows[rows.count - 1]
    }

    private func expire(_ batch: BatchRecord) -> SQLStatement {
        store.recordAttempt(
            Holding(batch: batch.id, attempt: batch.attempt),
            outcome: .expired,
            error: Self.expiryText(batch),
            endedAt: nowInstant,
            if: "status = 'running'"
        )
    }

    private func failForGood(_ batch: BatchRecord, failures: Int) -> SQLStatement {
        """
        UPDATE \(store.tables.batch)
        SET status = 'failed', failures = \(failures), lease_expires_at = NULL, retry_at = NULL,
            processing_end = \(store.dialect.processingTime(nowInstant)),
            logging = \(Self.expiryText(batch))
        WHERE id = \(batch.id)
        """
    }

    private func handOutAgain(_ batch: BatchRecord, failures: Int, token: String) -> SQLStatement {
        """
        UPDATE \(store.tables.batch)
        SET status = 'running', attempt = \(batch.attempt + 1), failures = \(failures),
            worker = \(request.worker), job_identifier = \(request.jobIdentifier),
            processing_start = \(store.dialect.processingTime(nowInstant)), processing_end = NULL,
            lease_expires_at = \(store.instant(leaseEnd)), retry_at = NULL,
            request = \(token), job_result_item = NULL, logging = NULL
        WHERE id = \(batch.id)
        """
    }

    private static func expiryText(_ batch: BatchRecord) -> String {
        "lease expired in attempt \(batch.attempt) of worker \(batch.worker ?? "unknown")"
    }

    // MARK: New ranges

    /// Plans from the rows that were read under the lock.
    ///
    /// - Returns: The plan, or `nil` when the rows do not suffice.
    func plan(
        _ rows: SQLRows,
        of step: SQLMetaSource<Database>.Step,
        from source: SQLMetaSource<Database>
    ) throws -> RangePlan? {
        if run.isAtEnd { return nil }
        var planner = RangePlanner(
            after: run.cursor,
            limit: request.limit,
            batches: request.batches - handedOut.count
        )
        switch try source.feed(rows, of: step, to: &planner) {
        case .full: return planner.finish(reachedEnd: false)
        case .sourceEnd: return planner.finish(reachedEnd: true)
        case .more: return nil
        }
    }

    /// Ends the acquire with a plan for the current cursor, if there is one.
    mutating func finish(
        with plan: RangePlan?,
        on connection: isolated Database.Connection
    ) async throws -> AcquireOutcome {
        if run.isAtEnd {
            if handedOut.isEmpty { return try await explain(highestID: nil, on: connection) }
            return try await commit(on: connection)
        }
        guard let plan, plan.cursor == run.cursor else {
            if !handedOut.isEmpty { return try await commit(on: connection) }
            // A new run is kept only once its source was found sound. What was decided of a known one,
            // such as a batch that failed for good, is kept now.
            if !isNew { _ = try await connection.commit(statements) }
            return .needsPlan(after: run.cursor)
        }
        let dueAt = handOut(plan)
        if !handedOut.isEmpty { return try await commit(on: connection) }
        if let dueAt {
            let due = try await commitAskingForDue(on: connection)
            return .none(.waiting(until: min(dueAt, due ?? dueAt)))
        }
        if run.pendingSince != nil {
            // What was too little has vanished.
            statements.append(
                "UPDATE \(store.tables.run) SET pending_since = NULL WHERE \(store.isRun(run.key))"
            )
        }
        if let scannedTo = plan.scannedTo, run.cursor.map({ scannedTo > $0 }) ?? true {
            run.cursor = scannedTo
            statements.append(
                "UPDATE \(store.tables.run) SET cursor_id = \(scannedTo) WHERE \(store.isRun(run.key))"
            )
        }
        guard plan.reachedEnd else {
            _ = try await connection.commit(statements)
            return .needsPlan(after: run.cursor)
        }
        return try await explain(highestID: .some(plan.highestID), on: connection)
    }

    /// Hands out planned ranges.
    ///
    /// - Returns: When too little was found: the time at which it is handed out all the same.
    private mutating func handOut(_ plan: RangePlan) -> Date? {
        for (index, range) in plan.ranges.enumerated() where !isSatisfied {
            let isCut = !(plan.reachedEnd && index == plan.ranges.count - 1)
            let pendingSince = run.pendingSince ?? now
            let waited = Duration.seconds(now.timeIntervalSince(pendingSince))
            guard request.isEnough(weight: range.weight, isCut: isCut, waited: waited) else {
                note(pendingSince: pendingSince)
                return pendingSince.addingTimeInterval(request.linger.seconds)
            }
            handOut(range)
        }
        return nil
    }

    private mutating func note(pendingSince: Date) {
        guard run.pendingSince == nil else { return }
        run.pendingSince = pendingSince
        statements.append(
            """
            UPDATE \(store.tables.run) SET pending_since = \(store.instant(pendingSince))
            WHERE \(store.isRun(run.key))
            """
        )
    }

    private mutating func handOut(_ range: PlannedRange) {
        guard let first = range.ids.first, let last = range.ids.last else { return }
        let record = BatchRecord(
            id: 0,
            key: run.key,
            kind: request.kind,
            status: .running,
            attempt: 1,
            failures: 0,
            idStart: first,
            idEnd: last,
            coverStart: run.tileEnd,
            itemIDs: range.ids.isDense ? nil : range.ids,
            count: range.count,
            weight: range.weight,
            worker: request.worker,
            jobIdentifier: request.jobIdentifier,
            startedAt: now,
            leaseExpiresAt: leaseEnd
        )
        inserts.append((statement: statements.count, place: handedOut.count))
        statements.append(insert(record, token: request.token(at: handedOut.count)))
        handedOut.append(.init(record: record, lease: run.policy.lease, items: range.items))
        run.cursor = last
        run.tileEnd = last
        run.pendingSince = nil
        store.noteCount(range.count, of: run.key)
    }

    private func insert(_ batch: BatchRecord, token: String) -> SQLStatement {
        """
        INSERT INTO \(store.tables.batch) (
            meta_table, job, run, kind, status, job_identifier, worker,
            batch_id_start, batch_id_end, cover_start, item_ids, batch_count, batch_weight,
            processing_start, lease_expires_at, request, config
        )
        VALUES (
            \(batch.key.metaTable), \(batch.key.job), \(batch.key.run), \(batch.kind.rawValue), 'running',
            \(batch.jobIdentifier), \(batch.worker),
            \(batch.idStart), \(batch.idEnd), \(batch.coverStart), \(batch.itemIDs?.packed),
            \(batch.count), \(batch.weight),
            \(store.dialect.processingTime(nowInstant)), \(store.instant(leaseEnd)),
            \(token), \(store.dialect.json(request.config))
        )
        RETURNING id
        """
    }

    // MARK: Ending

    /// Writes what was decided, and answers with the batches.
    mutating func commit(on connection: isolated Database.Connection) async throws -> AcquireOutcome
    {
        if !inserts.isEmpty {
            statements.append(
                """
                UPDATE \(store.tables.run)
                SET cursor_id = \(run.cursor), tile_end = \(run.tileEnd),
                    pending_since = \(run.pendingSince.map { store.instant($0) } ?? "NULL")
                WHERE \(store.isRun(run.key))
                """
            )
        }
        let rows = try await connection.commit(statements)
        for insert in inserts {
            var row = rows[insert.statement][0]
            handedOut[insert.place].record.id = try row.integer()
        }
        return .batches(handedOut)
    }

    /// Says why there is no batch now.
    ///
    /// - Parameters:
    ///   - highestID: The source's highest id, `.some(nil)` when it is empty; `nil` when not asked.
    ///   - connection: The connection that holds the lock.
    /// - Returns: The reason.
    /// - Throws: The database's error.
    private func explain(
        highestID: Int64??,
        on connection: isolated Database.Connection
    ) async throws -> AcquireOutcome {
        if let due = try await commitAskingForDue(on: connection) {
            return .none(.waiting(until: due))
        }
        if let highestID, let cursor = run.cursor, highestID.map({ $0 < cursor }) ?? true {
            let highest = highestID.map { "its highest id \($0)" } ?? "it is empty, which"
            return .none(
                .held(
                    reason:
                        "'\(run.key.metaTable)' was rewound: \(highest) is below the cursor \(cursor) "
                        + "of \(run.key); ids up to the cursor are not handed out again. Use another job "
                        + "name for the new content, or put the source right",
                    until: nil
                )
            )
        }
        return .none(.complete)
    }

    /// Writes what was decided, and asks when the next batch is due that is not now.
    private func commitAskingForDue(on connection: isolated Database.Connection) async throws
        -> Date?
    {
        let selectDue: SQLStatement = """
            SELECT \(store.dialect.milliseconds("min(coalesce(lease_expires_at, retry_at))"))
            FROM \(store.tables.batch)
            WHERE \(store.isRun(run.key)) AND coalesce(lease_expires_at, retry_at) IS NOT NULL
            """
        var row = try await connection.commit(statements + [selectDue]).last?.first
        return try row?.optionalInstant()
    }
}
