import FoundationEssentials
import Tranche

/// Ids that were not handed out and may still be committed.
extension Acquisition {
    /// Most gaps looked at in one go.
    private static var mostLooks: Int { 1000 }

    /// How soon two gaps that touch must be found to be one.
    private static var joining: TimeInterval { 60 }

    // MARK: Looks

    /// Hands out what a look has found, or asks for a look that is due.
    ///
    /// - Parameter connection: The connection that holds the lock.
    /// - Returns: The gaps to look at first; `nil` when there are none.
    /// - Throws: The database's error, or `TrancheError`.
    mutating func offerLate(
        on connection: isolated Database.Connection
    ) async throws -> [Gap]? {
        guard left > 0, allowance.refusal == nil else { return nil }
        if let looks = input.gapChecks {
            try await apply(looks, on: connection)
            return nil
        }
        let latest = Gap.latestLook(from: now)
        guard handedOut.isEmpty, let due = run.gapsDueAt, due <= now || due > latest else {
            return nil
        }
        let gaps = try await gaps(
            where: "next_look <= \(nowInstant) OR next_look > \(store.instant(latest))",
            on: connection
        )
        // Others need not look, too; if this one does not come back, the next look is in a second.
        run.gapsDueAt = now.addingTimeInterval(1)
        if gaps.isEmpty {
            hasChangedGaps = true
            return nil
        }
        return gaps
    }

    private func gaps(
        where condition: SQLStatement,
        on connection: isolated Database.Connection
    ) async throws -> [Gap] {
        try await connection.run([selectGaps(where: condition)])[0].map { try store.gap(&$0) }
    }

    func selectGaps(where condition: SQLStatement) -> SQLStatement {
        """
        SELECT \(store.gapColumns)
        FROM \(store.tables.gap)
        WHERE run_id = \(run.id) AND (\(condition))
        ORDER BY next_look, id
        LIMIT \(Self.mostLooks)
        """
    }

    /// Takes a look's findings into account, and hands out a late batch.
    private mutating func apply(
        _ looks: [GapCheck],
        on connection: isolated Database.Connection
    ) async throws {
        if looks.isEmpty { return }
        let isAmong = store.dialect.column("id", isAmong: looks.map(\.gap.id).sorted())
        let gaps = try await gaps(where: isAmong, on: connection)
        let offer = try LateOffer(
            looks: looks,
            gaps: gaps,
            limit: request.limit,
            isWanted: handedOut.isEmpty,
            hasKeys: allowance.keys != nil,
            now: now,
            admit: { allowance.admit(weight: $0.weight, key: $0.key) }
        )
        hasChangedGaps = true
        keep(offer, in: gaps)
        if let late = offer.batch { handOut(late, as: .late) }
        try await limitGaps(on: connection)
    }

    private mutating func keep(_ offer: LateOffer, in gaps: [Gap]) {
        let old = Dictionary(gaps.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        var rescheduled: [Date: [Int64]] = [:]
        for gap in offer.kept {
            guard let before = old[gap.id], gap.id != 0 else {
                statements.append(insert([gap]))
                continue
            }
            if before.range == gap.range, before.known == gap.known, before.holders == gap.holders {
                rescheduled[gap.nextLook, default: []].append(gap.id)
            } else {
                statements.append(update(gap))
            }
        }
        for (time, ids) in rescheduled.sorted(by: { $0.key < $1.key }) {
            statements.append(
                """
                UPDATE \(store.tables.gap)
                SET looks = looks + 1, next_look = \(store.instant(time))
                WHERE \(store.dialect.column("id", isAmong: ids.sorted()))
                """
            )
        }
        remove(offer.removed)
    }

    private mutating func remove(_ ids: [Int64]) {
        if ids.isEmpty { return }
        statements.append(
            "DELETE FROM \(store.tables.gap) WHERE \(store.dialect.column("id", isAmong: ids.sorted()))"
        )
    }

    private func update(_ gap: Gap) -> SQLStatement {
        """
        UPDATE \(store.tables.gap)
        SET id_start = \(gap.range.lowerBound), id_end = \(gap.range.upperBound),
            known = \(gap.known.map { Int64($0) }), holders = \(store.holders(of: gap)),
            next_look = \(store.instant(gap.nextLook)),
            watch_until = \(store.instant(gap.watchUntil)), looks = \(gap.looks)
        WHERE id = \(gap.id)
        """
    }

    private func insert(_ gaps: [Gap]) -> SQLStatement {
        store.insertGaps(gaps, of: run.id)
    }

    /// Joins and gives up gaps when a run has too many.
    private mutating func limitGaps(on connection: isolated Database.Connection) async throws {
        let count = try await connection.run(
            statements + ["SELECT count(*) FROM \(store.tables.gap) WHERE run_id = \(run.id)"]
        )
        // What was decided has been written.
        statements = []
        guard var row = count.last?.first, try row.integer() > GapLimit.most else { return }
        let all = try await connection.run([
            """
            SELECT \(store.gapColumns)
            FROM \(store.tables.gap)
            WHERE run_id = \(run.id)
            ORDER BY id_end, id
            """
        ])[0].map { try store.gap(&$0) }
        let limit = GapLimit(all)
        for gap in limit.joined { statements.append(update(gap)) }
        remove(limit.removed)
        run.droppedGaps += limit.dropped
    }

    // MARK: New gaps

    /// Keeps what the run passes over on its way to an id.
    mutating func passOver(to end: Int64, handingOut ids: IDRuns) {
        let maker = TileGaps(settling: run.settling, policy: run.policy, now: now)
        let gaps = maker.gaps(
            after: run.cursor,
            through: end,
            handedOut: ids,
            within: request.definition.idsToCome(within: run.bounds)
        )
        guard let first = gaps.first else { return }
        for gap in gaps {
            run.gapsDueAt = min(run.gapsDueAt ?? gap.nextLook, gap.nextLook)
        }
        // A new run's number is not known outside its transaction, and its gaps wait with it.
        guard gaps.count == 1, !first.isOpen, !first.isExact || ids.count == 0,
            let cursor = run.cursor
        else {
            statements.append(insert(gaps))
            return
        }
        // Where nearly every tile has gaps, one row stands for those of a minute.
        statements += [
            """
            UPDATE \(store.tables.gap)
            SET id_end = \(end), known = known + \(first.known ?? 0), looks = looks + 1,
                watch_until = \(store.instant(first.watchUntil))
            WHERE run_id = \(run.id) AND id_end = \(cursor) AND holders IS NULL
                AND known IS NOT NULL AND is_redo = 0
                AND found_at > \(store.instant(now.addingTimeInterval(-Self.joining)))
            """,
            store.insertGaps(
                [first],
                of: run.id,
                unless:
                    "SELECT 1 FROM \(store.tables.gap) WHERE run_id = \(run.id) AND id_end = \(end)"
            ),
        ]
    }
}
