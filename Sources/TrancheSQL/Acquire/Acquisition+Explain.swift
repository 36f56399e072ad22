import FoundationEssentials
import Tranche

/// Why there is nothing to hand out.
extension Acquisition {
    /// Says why there is no batch now.
    ///
    /// - Parameters:
    ///   - plan: The plan that found nothing; `nil` when the source was not asked.
    ///   - stuckUntil: When the next stuck batch is tried once more; `nil` where there is none.
    ///   - connection: The connection that holds the lock.
    /// - Returns: The reason, or what is needed before one can be given.
    /// - Throws: The database's error.
    mutating func explain(
        _ plan: RangePlan?,
        stuckUntil: Date?,
        on connection: isolated Database.Connection
    ) async throws -> AcquireOutcome {
        addEndOfWaitForNothing()
        let hasGaps = run.gapsDueAt != nil || hasChangedGaps
        let questions = hasGaps ? [selectGaps(where: isToBeLooked)] : []
        let answer = try await commitAsking(questions, on: connection)
        if let due = answer.due {
            let bounded = try await bounded(due, on: connection)
            return .none(.waiting(until: min(bounded, stuckUntil ?? bounded)))
        }
        if let plan, let reason = run.rewinding(to: plan.highestID) {
            return .none(.held(reason: reason, until: nil))
        }
        if plan?.isUnsettled == true {
            let until = run.settling.passesAt(
                wait: run.policy.settleWait,
                lag: run.policy.settleLag
            )
            // Where ages are known, what is too young will be old enough.
            return .none(
                .unsettled(until: until ?? now.addingTimeInterval(run.policy.settleLag.seconds))
            )
        }
        let gaps = try answer.rows.first?.map { try store.gap(&$0) } ?? []
        // An earlier look of this request may have been at some of them only.
        let looked = Set((input.gapChecks ?? []).map(\.gap.id))
        if gaps.contains(where: { !looked.contains($0.id) }) { return .needsGapCheck(gaps) }
        if gaps.contains(where: \.isOpen) { return .none(.unsettled(until: nil)) }
        return .none(stuckUntil.map { .stuck(until: $0) } ?? .complete)
    }

    /// Which gaps are looked at before anything is said to be complete.
    ///
    /// Those that are due or wait for a writer, and exact ones: without a filter such a look meets
    /// nothing but what came late. A filter may have left out any number of rows there, and they
    /// would be read each time, so that only narrow ones are looked at then.
    private var isToBeLooked: SQLStatement {
        !request.definition.leavesOut
            ? "next_look <= \(nowInstant) OR holders IS NOT NULL OR known = 0"
            : """
            next_look <= \(nowInstant) OR holders IS NOT NULL
                OR known = 0 AND (looks = 0 OR id_end / \(Gap.narrow) - id_start / \(Gap.narrow) <= 1)
            """
    }

    /// When a batch is due, once no time stands in the way that a clock set before it was set back.
    ///
    /// No lease ends later than a whole one from now, and no retry comes later than the longest
    /// wait from now, but where the clock showed a later time when it was set. Of a batch that
    /// began, or failed, in what is the future now, that is certain: such a time is brought forward
    /// to the latest that can be. A worker that still holds the batch keeps it by a heartbeat.
    ///
    /// - Parameters:
    ///   - due: When it is due as far as is kept.
    ///   - connection: The connection, outside a transaction.
    /// - Returns: When it is due then.
    /// - Throws: The database's error.
    private func bounded(
        _ due: Date,
        on connection: isolated Database.Connection
    ) async throws -> Date {
        let policy = run.policy
        let longest = max(policy.lease, policy.backoffLimit)
        guard due > now.addingTimeInterval(longest.seconds + 1) else { return due }
        let dialect = store.dialect
        let leaseEnd = store.instant(now.addingTimeInterval(policy.lease.seconds))
        let retry = store.instant(now.addingTimeInterval(policy.backoffLimit.seconds))
        let certain = store.instant(now.addingTimeInterval(1))
        let (begun, ended) = (
            dialect.instant(ofProcessingTime: "processing_start"),
            dialect.instant(ofProcessingTime: "processing_end")
        )
        let rows = try await connection.atomically(
            [
                """
                UPDATE \(store.tables.batch) SET lease_expires_at = \(leaseEnd)
                WHERE \(store.isRun(run.key)) AND lease_expires_at > \(leaseEnd)
                    AND \(begun) > \(certain)
                """,
                """
                UPDATE \(store.tables.batch) SET retry_at = \(retry)
                WHERE \(store.isRun(run.key)) AND retry_at > \(retry) AND \(ended) > \(certain)
                """,
                selectDue,
            ],
            isWriting: true
        )
        var row = rows[2].first
        return try row?.optionalInstant() ?? due
    }

    /// Reads when the next batch is due that is not now.
    private var selectDue: SQLStatement {
        """
        SELECT \(store.dialect.milliseconds("min(coalesce(lease_expires_at, retry_at))"))
        FROM \(store.tables.batch)
        WHERE \(store.isRun(run.key)) AND coalesce(lease_expires_at, retry_at) IS NOT NULL
        """
    }

    /// Writes what was decided, and asks when the next batch is due that is not now, and more.
    mutating func commitAsking(
        _ questions: [SQLStatement],
        on connection: isolated Database.Connection
    ) async throws -> (due: Date?, rows: [SQLRows]) {
        try addRunUpdate()
        let rows = try await connection.commit(statements + [selectDue] + questions)
        var row = rows[statements.count].first
        return (try row?.optionalInstant(), Array(rows[(statements.count + 1)...]))
    }
}
