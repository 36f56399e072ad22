import FoundationEssentials
import Tranche

/// What an acquire reads first, in one round trip.
///
/// The run's lock stands first; each statement behind it has a snapshot taken after the lock was
/// had.
///
/// It is a class, and so is what stands in it: of so large a value each way of copying is much
/// code.
final class AcquireReads<Database: SQLDatabase>: Sendable {
    private let store: SQLInventoryStore<Database>
    /// The statements that are the same at each acquire of the run.
    let statements: RunStatements<Database>
    let batch: StatementBatch
    /// A run of the same job, where a new run is made.
    let sibling: StatementBatch.Place?
    /// What made the run, where it is new.
    private let made: StatementBatch.Place?
    /// The run, and the clock.
    private let run: StatementBatch.Place
    private let lastTile: StatementBatch.Place
    private let ends: EndStatements
    private let ended: StatementBatch.Places
    private let due: StatementBatch.Place
    /// What is held of the run's keys, where it has any.
    private let keys: StatementBatch.Place?
    /// The budgets of the run as the last acquire found them.
    let knownBudgets: KnownBudgets?
    /// What is read of them, where they have little room.
    private let budgets: StatementBatch.Place?
    /// The run's last workflow, where the request carries one.
    private let workflow: StatementBatch.Place?
    /// The batches that an earlier request with the same tokens was given.
    private let repeated: StatementBatch.Place?
    /// What is read of the source; `nil` where that has its own database, or was planned from.
    let source: SourceReads?

    /// The statements that read a source under the lock.
    final class SourceReads: Sendable {
        let source: SQLMetaSource<Database>
        let step: SQLMetaSource<Database>.Step
        /// The highest ids and the writers, where they are observed at once.
        fileprivate let observation: StatementBatch.Places?
        /// Whether uids were numbered before, as far as one look goes.
        let hasNumbered: Bool
        fileprivate let rows: StatementBatch.Place

        /// Adds the statements.
        ///
        /// - Parameters:
        ///   - source: The source; `nil` for none that is read under the lock.
        ///   - step: What reads its next rows.
        ///   - hint: What is known of the run.
        ///   - key: The run.
        ///   - store: The store.
        ///   - batch: Where they are added.
        fileprivate init?(
            _ source: SQLMetaSource<Database>?,
            _ step: SQLMetaSource<Database>.Step?,
            _ hint: AcquireHint<Database>,
            of key: RunKey,
            in store: SQLInventoryStore<Database>,
            to batch: inout StatementBatch
        ) {
            guard let source, let step else { return nil }
            self.source = source
            self.step = step
            observation =
                source.isObservable && hint.isNearCeiling
                ? batch.add(source.observation(lag: store.lag(of: key))) : nil
            hasNumbered = hint.needsNumbers
            if hasNumbered {
                // In the transaction that hands them out.
                let first = store.firstID(of: key)
                _ = batch.add(source.numbering(unless: step.size, from: first))
            }
            rows = batch.add(step.statement)
        }

        /// The statements that observe the writers, and then read the rows.
        func statements(lag: SQLStatement) -> [SQLStatement] {
            source.observation(lag: lag) + [step.statement]
        }
    }

    /// Puts the statements together.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - endings: Attempts to end well before anything is handed out.
    ///   - source: The source, when it is read under the lock.
    ///   - isNew: Whether to make the run first.
    ///   - store: The store.
    /// - Throws: `TrancheError` `.invalidArgument` for a result that is not JSON.
    init(
        _ request: AcquireRequest,
        ending endings: [AttemptSuccess],
        from source: SQLMetaSource<Database>?,
        isNew: Bool,
        in store: SQLInventoryStore<Database>
    ) throws {
        self.store = store
        var batch = StatementBatch()
        sibling = isNew ? batch.add(store.selectSibling(of: request.key)) : nil
        made = isNew ? batch.add(store.insertRun(request)) : nil
        let hint = store.hint(for: request.key)
        statements = store.statements(of: request, from: source, after: hint)
        run = batch.add(statements.lock)
        lastTile = batch.add(statements.lastTile)
        // What ends here is not due, and an outage may wait for it.
        ends =
            try endings.isEmpty
            ? EndStatements()
            : store.succeeding(
                endings,
                by: store.success(returning: store.endColumns, as: statements.ends)
            )
        ended = batch.add(ends.statements)
        // Before what is due: a lease that ends between the two counts as one that lasts.
        let hasKey = request.definition.key != nil
        keys = hasKey ? batch.add(store.selectHeldKeys(of: request)) : nil
        due = batch.add(statements.due)
        knownBudgets = hint.budgets
        budgets = statements.budgets.map { batch.add($0) }
        let hasWorkflow = request.workflow != nil
        workflow = hasWorkflow ? batch.add(store.selectGeneration(of: request.key)) : nil
        self.source = SourceReads(
            source,
            statements.step,
            hint,
            of: request.key,
            in: store,
            to: &batch
        )
        repeated = request.mayBeRepeated ? batch.add(store.selectRepeated(request)) : nil
        self.batch = batch
    }

    // MARK: The answers

    /// The run and the inventory's time; `nil` when there is no such run.
    ///
    /// What is handed out begins no sooner than what ended here, or a worker would seem to have
    /// held both.
    func lockedRun(in rows: [SQLRows]) throws -> (run: RunRecord, now: Date)? {
        guard var row = rows[run].first else { return nil }
        var record = try store.run(&row)
        record.advance(toTileEnd: try store.lastTile(rows[lastTile]))
        let now = try ends.rows(in: rows[ended]).reduce(try row.instant()) { latest, row in
            var row = row
            _ = try row.integer()
            return max(latest, try row.instant())
        }
        return (record, now)
    }

    /// Whether the run was made.
    func isMade(in rows: [SQLRows]) -> Bool { made.map { !rows[$0].isEmpty } ?? false }

    /// How many attempts were ended.
    func endedCount(in rows: [SQLRows]) -> Int { ends.rows(in: rows[ended]).count }

    /// The batches that are due, for longest first.
    func due(in rows: [SQLRows]) -> SQLRows { rows[due] }

    /// The budgets of the run with what is held under them; `nil` where they were not read.
    func budgets(in rows: [SQLRows]) -> SQLRows? { budgets.map { rows[$0] } }

    /// What is held of those of the run's keys that may become full.
    func heldKeys(in rows: [SQLRows]) throws -> [ItemKey: KeyUse] {
        guard let keys else { return [:] }
        let held = try rows[keys].map { row in
            let key = ItemKey(row.optionalText())
            let batches = Int(try row.integer())
            return (key, KeyUse(batches: batches, leased: Int(try row.integer())))
        }
        return Dictionary(held, uniquingKeysWith: { $1 })
    }

    /// The generation of the run's workflow, where it is another than the one that asks.
    func superseding(_ digest: String?, in rows: [SQLRows]) throws -> Int? {
        guard let workflow else { return nil }
        guard var row = rows[workflow].first else { return 0 }
        let generation = Int(try row.integer())
        return try row.text() == digest ? nil : generation
    }

    /// The batches that the same tokens stand for; empty where they are new.
    func repeated(in rows: [SQLRows]) -> SQLRows { repeated.map { rows[$0] } ?? SQLRows() }

    /// The source's next rows.
    func sourceRows(in rows: [SQLRows]) -> SQLRows {
        source.map { rows[$0.rows] } ?? SQLRows()
    }

    /// What was observed with the first statements; `nil` when nothing was.
    func observation(in rows: [SQLRows]) throws -> WriterObservation? {
        guard let source, let observation = source.observation else { return nil }
        return try source.source.observed(rows[observation])
    }
}
