import FoundationEssentials
import Tranche

/// The common case of an acquire, decided by the database: one round trip instead of two.
///
/// The run knows its place, nothing is due, nothing holds it up, and a batch follows that leaves no
/// id out and that the limit cuts. Anything else is declined, and nothing changed but the attempt
/// that ends. What is handed out is what an ``Acquisition`` would hand out, but that no ceiling is
/// asked for: where all ids are there, nobody can still commit one between them.
///
/// It is a class: of so large a value each way of copying is much code.
final class SingleStatementAcquire<Database: SQLDatabase> {
    /// What came of it.
    enum Answer {
        case batch(AcquireOutcome.HandedOut)
        /// There is something else to think of.
        case declined(hasEnded: Bool)
        /// The lock of a budget was not had, and nothing is done.
        case locked(Acquisition<Database>.Locked)

        var isBatch: Bool {
            if case .batch = self { true } else { false }
        }
    }

    private let store: SQLInventoryStore<Database>
    private let request: AcquireRequest
    private let slot: AcquireRequest.Slot
    private let ending: AttemptSuccess?
    private let source: SQLMetaSource<Database>
    private let step: SQLMetaSource<Database>.Step
    /// The budgets of the run, which had room when they were asked last; `nil` for none.
    private let budgets: KnownBudgets?

    /// Takes a request on, if one statement can be enough for it.
    ///
    /// - Returns: `nil` for a request that wants more than the next batch, for a source with
    ///   a filter, a key column, a time column or uids that are not integers, and where budgets are
    ///   to be looked at first.
    init?(
        _ request: AcquireRequest,
        with input: AcquireInput,
        from source: SQLMetaSource<Database>,
        in store: SQLInventoryStore<Database>
    ) {
        let hint = store.hint(for: request.key)
        guard source.definition.filter == nil, source.definition.key == nil,
            source.definition.time == nil, !source.isNumbered,
            request.slots.count == 1, input.endings.count <= 1, input.gapChecks == nil,
            !request.mayBeRepeated, hint.budgets?.isTight != true
        else { return nil }
        self.store = store
        budgets = hint.budgets
        self.request = request
        slot = request.slots[0]
        ending = input.endings.first
        self.source = source
        step = source.step(
            from: "(SELECT passed_id + 1 FROM known)",
            within: request.bounds,
            size: store.stepSize(for: request, after: hint)
        )
    }

    // MARK: The statements

    /// What is locked before the decision, behind the run: a statement for the budgets, if any.
    var locks: [SQLStatement] { budgets.map { [store.lockBudgetsSoon($0.ids)] } ?? [] }

    /// Whether others may wait for the locks of the budgets.
    var isSharingBudgets: Bool { budgets?.isShared ?? false }

    /// The statement that decides and writes, to be run under the run's lock with a snapshot taken
    /// after it.
    ///
    /// Each of its tables reads those before it; one without a row leaves the next ones without.
    ///
    /// - Throws: `TrancheError` `.invalidArgument` for a result that is not JSON.
    var statement: SQLStatement {
        get throws {
            let insert = store.insertGiven(
                request,
                startedAt: store.dialect.instant("given_now"),
                leaseEnd: store.dialect.instant("given_now + given_lease"),
                completion: "given_completion"
            )
            return """
                WITH \(try store.ended(by: ending)), known AS MATERIALIZED (
                \(try known)
                ), seen AS MATERIALIZED (
                \(seen)
                ), given AS MATERIALIZED (
                \(given)
                ), advanced AS (
                    UPDATE \(store.tables.run)
                    SET pending_since = NULL
                    WHERE id = (SELECT given_run FROM given) AND pending_since IS NOT NULL
                )\(room), made AS (
                \(insert)\(hasRoom)
                RETURNING id, batch_id_start
                )\(entered)
                SELECT tranche_id, tranche_weight, tranche_item,
                    \(first("(SELECT count(*) FROM ended)")),\(told) \(first("number")),
                    \(first("given_now")), \(first("given_lease")), \(first("given_cover"))
                FROM (VALUES (1)) AS always (tranche_always)
                LEFT JOIN (
                    given CROSS JOIN (SELECT id AS number FROM made) AS numbered CROSS JOIN seen
                ) ON tranche_place <= given_count
                ORDER BY tranche_place
                """
        }
    }

    /// What budgets have left, as further tables.
    private var room: SQLStatement {
        guard let budgets else { return "" }
        return ", "
            + store.ampleRoom(for: need, in: budgets.ids, now: store.now, failing: false)
    }

    private var need: BudgetNeed {
        let weight = store.dialect.double("(SELECT given_weight FROM given)")
        return BudgetNeed(batchOfWeight: "coalesce(\(weight), 0.0)", besides: "ended")
    }

    private var hasRoom: SQLStatement {
        budgets == nil ? "" : " WHERE (SELECT is_full FROM room) = 0"
    }

    private var entered: SQLStatement {
        guard budgets != nil else { return "" }
        let run: SQLStatement = "(SELECT given_run FROM given)"
        return ", entered AS (\(store.enterMade(of: run, for: need)))"
    }

    /// What is said of the budgets, if there are any.
    private var told: SQLStatement {
        guard budgets != nil else { return "" }
        let columns = ["is_full", "is_tight", "is_shared"] as [SQLStatement]
        return columns.reduce(into: "") { text, column in
            text.append(" \(first("(SELECT \(column) FROM room)")),")
        }
    }

    /// What is said once, in the first row.
    private func first(_ column: SQLStatement) -> SQLStatement {
        "CASE WHEN tranche_place > 1 THEN NULL ELSE \(column) END"
    }

    /// The run, where it is what the request says, and nothing holds it up.
    private var known: SQLStatement {
        get throws {
            """
            SELECT
                id AS given_run, greatest(tile_end, last_end) AS given_cover,
                lease_ms AS given_lease,
                \(store.dialect.milliseconds(store.now)) AS given_now,
                CASE WHEN is_upstream > 0 THEN 0 END AS given_completion,
                greatest(passed_id, last_end) AS passed_id
            FROM \(store.tables.run)
            CROSS JOIN (SELECT (\(store.selectLastTile(of: request.key))) AS last_end) AS tile
            WHERE \(store.isRun(request.key))
                AND definition = \(request.definitionText)
                AND id_from IS NOT DISTINCT FROM \(request.bounds.lower)
                AND id_to IS NOT DISTINCT FROM \(request.bounds.upper)
                AND root_from IS NOT DISTINCT FROM \(request.rootIDs.lower)
                AND root_to IS NOT DISTINCT FROM \(request.rootIDs.upper)
                AND greatest(passed_id, last_end) < 9223372036854775807 - \(step.size)
                AND cancelled_at IS NULL
                AND (extended_ms IS NULL OR \(slot.takesStuck ? 1 : 0) = 0)
                AND pause_reason IS NULL
                AND budget_set = \(budgets.map { "\($0.set)" } ?? "0") AND execution IS NULL
                AND (gaps_due_at IS NULL
                    OR gaps_due_at > \(store.now) AND gaps_due_at <= \(latestLook))
                -- More than is needed may look like a hold: that is looked at then.
                AND (outage IS NULL OR outage NOT LIKE '%"hold":%')
                AND settle_lag_ms = 0
                AND \(isCurrent)
                AND (SELECT count(*) FROM ended) = 1
            """
        }
    }

    /// As `Gap.latestLook(from:)`.
    private var latestLook: SQLStatement {
        let wait = Gap.longestWait + .seconds(1)
        return store.dialect.instant(store.now, plus: "\(wait.milliseconds)")
    }

    /// Whether the run's workflow is the one that asks.
    private var isCurrent: SQLStatement {
        guard let digest = request.workflow else { return "1 = 1" }
        return "(\(store.selectWorkflow("digest", of: request.key))) = \(digest)"
    }

    /// The source's next rows, numbered and added up in order of id.
    private var seen: SQLStatement {
        """
        SELECT
            tranche_id, tranche_weight, tranche_item,
            row_number() OVER tranche_order AS tranche_place,
            sum(CASE WHEN \(Self.isSound) THEN coalesce(tranche_weight, 0) ELSE 0 END)
                OVER tranche_order
                AS tranche_sum
        FROM (
        \(step.statement)
        ) AS tranche_step (tranche_id, tranche_weight, tranche_item)
        WINDOW tranche_order AS (ORDER BY tranche_id ROWS UNBOUNDED PRECEDING)
        """
    }

    /// Whether a weight is none, or such that no sum of them is too large for the database.
    private static var isSound: SQLStatement {
        "coalesce(tranche_weight BETWEEN 0 AND 1e300, true)"
    }

    /// The batch, if it leaves no id out and the limit cuts it, and nothing that is due comes
    /// before it.
    private var given: SQLStatement {
        var isAdmitted: SQLStatement = "1 = 1"
        if let count = request.limit.count { isAdmitted.append(" AND tranche_place <= \(count)") }
        if let weight = request.limit.weight {
            isAdmitted.append(" AND (tranche_place = 1 OR tranche_sum <= \(weight))")
        }
        return """
            SELECT known.*, passed_id + 1 AS given_start, passed_id + given_count AS given_end,
                given_count, given_weight,
                CAST(NULL AS text) AS given_ids, \(request.kind.rawValue) AS given_kind,
                \(slot.worker) AS given_worker, \(slot.token) AS given_token
            FROM known
            CROSS JOIN (
                SELECT
                    count(*) FILTER (WHERE is_admitted) AS given_count,
                    max(tranche_sum) FILTER (WHERE is_admitted) AS given_weight,
                    count(*) AS seen_count,
                    bool_and(tranche_id = (SELECT passed_id FROM known) + tranche_place)
                        FILTER (WHERE is_admitted) AS is_dense,
                    bool_and(\(Self.isSound)) AS is_sound,
                    -- An id that stands twice falls behind its place.
                    bool_and(tranche_id >= (SELECT passed_id FROM known) + tranche_place)
                        AS is_unique
                FROM (SELECT *, \(isAdmitted) AS is_admitted FROM seen) AS marked
            ) AS batch
            WHERE is_dense AND is_sound AND is_unique
                AND given_count < seen_count
                AND NOT EXISTS (
                    SELECT 1
                    FROM \(store.tables.batch)
                    WHERE \(store.isRun(request.key))
                        AND coalesce(lease_expires_at, retry_at)
                            <= (SELECT \(store.dialect.instant("given_now")) FROM known)
                        -- The statement does not see yet that this one has ended.
                        AND id <> ALL (ARRAY(SELECT id FROM ended))
                )
            """
    }

    // MARK: The answer

    /// Reads the statement's rows, and notes what they tell of the next acquire.
    ///
    /// - Throws: `TrancheError` `.invalidItem` as the source does.
    func answer(_ rows: SQLRows) throws -> Answer {
        guard var row = rows.first else { return .declined(hasEnded: false) }
        // The item stands before.
        for _ in 0..<3 { _ = row.value() }
        let hasEnded = try row.boolean()
        if let budgets {
            let (isFull, isTight) = (try row.boolean(), try row.boolean())
            let known = budgets.found(isTight: isFull || isTight, isShared: try row.boolean())
            if known != budgets { store.note({ $0.budgets = known }, for: request.key) }
        }
        guard let number = try row.optionalInteger() else { return .declined(hasEnded: hasEnded) }
        let now = try row.instant()
        let lease = Duration.milliseconds(try row.integer())
        let tileEnd = try row.optionalInteger()

        var planner = RangePlanner(after: nil, limit: BatchLimit())
        _ = try source.feed(rows, of: step, to: &planner)
        let plan = planner.finish(reachedEnd: true)
        let record = plan.ranges.first.flatMap {
            request.newBatch(
                $0,
                as: request.kind,
                for: slot,
                after: tileEnd,
                now: now,
                leaseEnd: now.addingTimeInterval(lease.seconds)
            )
        }
        guard var record else {
            throw TrancheError(
                .storeFailed,
                "batch \(number) of \(request.key) was made without items"
            )
        }
        record.id = number
        store.note({ $0.count = record.count }, for: request.key)
        return .batch(.init(record: record, lease: lease, items: plan.ranges.first?.items))
    }
}
