import Foundation
import Tranche

/// One acquire, decided step by step while the run's row is locked.
///
/// It collects the statements that the decision needs; they are run with the commit. The files are by
/// step: due batches, gaps, new ranges, and the end.
struct Acquisition<Database: SQLDatabase> {
    let store: SQLInventoryStore<Database>
    let request: AcquireRequest
    var run: RunRecord
    /// The run as it was read.
    let known: RunRecord
    /// Whether the run was made in this very transaction.
    let isNew: Bool
    let now: Date

    var statements: [SQLStatement] = []
    var handedOut: [AcquireOutcome.HandedOut] = []
    /// The places in `handedOut` of batches that are to be inserted, and get their numbers from that.
    var new: [Int] = []
    /// A batch that is to be split before anything is handed out.
    var toSplit: BatchRecord?
    /// Whether the gaps that are due must be counted again.
    var hasChangedGaps = false
    /// Whether the batch that is handed out finds out if an outage is over.
    var isProbing = false

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
        known = run
        self.isNew = isNew
        self.now = now
    }

    /// How many batches may be handed out.
    var wanted: Int { isProbing ? 1 : request.batches }

    /// Whether as many batches are handed out as may be.
    var isSatisfied: Bool { handedOut.count >= wanted }

    /// Whether all that came of it is the next batch, which leaves no id out.
    var couldBePlain: Bool {
        guard handedOut.count == 1, let batch = handedOut.first?.record, let cursor = known.cursor
        else { return false }
        return batch.attempt == 1 && batch.kind == request.kind && batch.itemIDs == nil
            && batch.idStart - 1 == cursor && run.pendingSince == nil && run.outage.hold == nil
    }

    var nowInstant: SQLStatement { store.instant(now) }

    var leaseEnd: Date { now.addingTimeInterval(run.policy.lease.seconds) }

    mutating func requireSameDefinition() throws {
        try run.requireSame(
            definition: request.definition,
            text: request.definitionText,
            bounds: request.bounds,
            rootIDs: request.rootIDs
        )
        // An adopted run takes the first definition it is acquired with.
        guard
            let text = try run.newDefinition(request.definition, text: request.definitionText)
        else { return }
        run.definition = text
        statements.append(
            "UPDATE \(store.tables.run) SET definition = \(text) WHERE \(store.isRun(run.key))"
        )
    }

    // MARK: Outages

    /// Asks the run's guard whether anything may be handed out.
    ///
    /// - Returns: Why not, or `nil`.
    mutating func pass(
        on connection: isolated Database.Connection
    ) async throws -> NoBatchReason? {
        guard run.policy.onExhausted == .split else { return nil }
        if case .ask(let batch, let attempt) = run.outage.permission(now: now) {
            let rows = try await connection.run([store.selectBatch(batch)])[0]
            let probe = try rows.map { try store.batch(&$0) }.first
            if let probe, probe.attempt == attempt {
                switch probe.status {
                case .running:
                    if let end = probe.leaseExpiresAt, end > now {
                        return .held(reason: run.outage.reason, until: end)
                    }
                    run.outage.endProbe(succeeded: nil, now: now)
                case .succeeded: run.outage.endProbe(succeeded: true, now: now)
                case .released: run.outage.endProbe(succeeded: nil, now: now)
                case .failed, .split, .quarantined:
                    run.outage.endProbe(succeeded: false, now: now)
                }
            } else {
                run.outage.endProbe(succeeded: nil, now: now)
            }
        }
        switch run.outage.permission(now: now) {
        case .held(let reason, let until): return .held(reason: reason, until: until)
        case .probe: isProbing = true
        case .open, .ask: break
        }
        return nil
    }

    /// Writes down that the one batch handed out is a probe.
    private mutating func startProbe() {
        guard isProbing, let probe = handedOut.first?.record else { return }
        run.outage.startProbe(probe.id, attempt: probe.attempt, leaseEnd: leaseEnd)
    }

    // MARK: Ending

    /// Writes what was decided, and answers with the batches.
    mutating func commit(on connection: isolated Database.Connection) async throws -> AcquireOutcome
    {
        if isProbing {
            // The batch's number is part of what is kept of the run.
            let inserts = writeNew()
            try take(try await connection.run(statements)[inserts])
            statements = []
            startProbe()
        }
        let inserts = writeNew()
        try writeRun()
        try take(try await connection.commit(statements)[inserts])
        return .batches(handedOut)
    }

    /// Writes what was decided, and answers something else than batches.
    mutating func commit(
        answering outcome: AcquireOutcome,
        on connection: isolated Database.Connection
    ) async throws -> AcquireOutcome {
        if !handedOut.isEmpty { return try await commit(on: connection) }
        // A new run is kept only once its source was found sound.
        if isNew { return outcome }
        try writeRun()
        if !statements.isEmpty { _ = try await connection.commit(statements) }
        return outcome
    }

    /// Adds the statements that insert new batches.
    ///
    /// - Returns: Which statements these are.
    private mutating func writeNew() -> Range<Int> {
        let start = statements.count
        for part in SQLStatement.parts(of: new.count) {
            statements.append(insert(new[part]))
        }
        return start..<statements.count
    }

    /// Takes the numbers that new batches were given; each is known by its first id.
    private mutating func take(_ answers: ArraySlice<SQLRows>) throws {
        var numbers: [Int64: Int64] = [:]
        for answer in answers {
            for place in 0..<answer.count {
                var row = answer[place]
                let id = try row.integer()
                numbers[try row.integer()] = id
            }
        }
        for place in new {
            let start = handedOut[place].record.idStart
            guard let id = numbers[start] else {
                throw TrancheError(
                    .storeFailed,
                    "a batch of \(run.key) from id \(start) got no number"
                )
            }
            handedOut[place].record.id = id
        }
        new = []
    }

    /// Adds the statement that keeps what has changed of the run.
    mutating func writeRun() throws {
        var changes: [SQLStatement] = []
        // Where a tile takes the cursor is told by the tile.
        let isPassed = run.cursor != known.cursor && run.cursor != run.tileEnd
        if isPassed { changes.append("passed_id = \(run.cursor)") }
        if run.pendingSince != known.pendingSince {
            changes.append("pending_since = \(optional(run.pendingSince))")
        }
        // Who came meanwhile is kept where the row is written anyway: it is since then that they are
        // waited for.
        if run.settling.isNews(after: known.settling)
            || !changes.isEmpty && run.settling != known.settling
        {
            changes += [
                "ceiling_id = \(run.settling.ceiling)", "ceiling_next = \(run.settling.candidate)",
                "ceiling_next_at = \(optional(run.settling.candidateAt))",
                "ceiling_holders = \(run.settling.packedHolders)",
            ]
        }
        if hasChangedGaps {
            changes.append(
                """
                gaps_due_at = (
                    SELECT min(g.next_look) FROM \(store.tables.gap) AS g WHERE g.run_id = \(run.id)
                )
                """
            )
        } else if run.gapsDueAt != known.gapsDueAt {
            changes.append("gaps_due_at = \(optional(run.gapsDueAt))")
        }
        if run.droppedGaps != known.droppedGaps {
            changes.append("gaps_dropped = \(run.droppedGaps)")
        }
        if run.outage != known.outage {
            changes.append("outage = \(try JSONText.encode(run.outage))")
        }
        guard let first = changes.first else { return }
        var statement: SQLStatement = "UPDATE \(store.tables.run) SET \(first)"
        for change in changes.dropFirst() { statement.append(", \(change)") }
        statement.append(" WHERE id = \(run.id)")
        statements.append(statement)
    }

    private func optional(_ date: Date?) -> SQLStatement {
        date.map { store.instant($0) } ?? "NULL"
    }
}
