import Tranche

/// The statements of a run that are the same at each acquire: their texts are put together once.
///
/// It is a class: of so large a value each way of copying is much code.
final class RunStatements<Database: SQLDatabase>: Sendable {
    /// Locks the run's row and reads it with the clock.
    let lock: SQLStatement
    /// Reads where the last tile ends.
    let lastTile: SQLStatement
    /// Reads the batches that are due.
    let due: SQLStatement
    /// Reads the budgets of the run; `nil` where these are not looked at.
    let budgets: SQLStatement?
    /// Reads the source's next rows; `nil` where it is not read under the lock.
    let step: SQLMetaSource<Database>.Step?
    /// End an attempt well, and give its number and its end.
    ///
    /// They are templates alone: how they are made holds the store, which keeps these statements.
    let ends: [SQLTemplate]
    /// Inserts a new batch.
    let insertion: BatchInsertion
    /// Inserts a new batch under budgets that are not looked at before; `nil` where they are, or
    /// another statement notes what they let in.
    let limitedInsertion: BatchInsertion?
    /// Notes that the budgets let the last batch in; `nil` where that is no statement of its own.
    let entry: BudgetEntry?
    /// The budgets that are known, and whether they are looked at.
    private let known: (ids: [Int64], isTight: Bool)?
    /// Whether batches have a key.
    private let hasKey: Bool
    /// Whether they have an interval.
    private let hasTime: Bool
    private let limit: BatchLimit
    private let slots: Int
    private let size: Int
    private let bounds: IDBounds
    private let source: SourceDefinition?

    /// Puts the statements together.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - source: The source, when it is read under the lock.
    ///   - size: How many of its rows are read.
    ///   - budgets: The budgets of the run as the last acquire found them.
    ///   - former: The statements of the run's last acquire, of which those stay that are the same.
    ///   - store: The store.
    init(
        _ request: AcquireRequest,
        from source: SQLMetaSource<Database>?,
        size: Int,
        budgets: KnownBudgets?,
        after former: RunStatements?,
        in store: SQLInventoryStore<Database>
    ) {
        known = budgets.map { ($0.ids, $0.isTight) }
        hasKey = request.definition.key != nil
        hasTime = request.definition.time != nil
        limit = request.limit
        slots = request.slots.count
        self.size = size
        bounds = request.bounds
        self.source = source?.definition

        let isAlike = former?.hasKey == hasKey && former?.hasTime == hasTime
        let alike = isAlike ? former : nil
        lock = alike?.lock ?? store.lockInOrder(request.key)
        lastTile = alike?.lastTile ?? store.selectLastTile(of: request.key)
        ends = alike?.ends ?? store.success(returning: store.endColumns).prepared().templates
        insertion = alike?.insertion ?? BatchInsertion(request, under: nil, in: store)
        due = store.selectDue(request)
        step = source?.step(
            from: store.firstID(of: request.key),
            within: request.bounds,
            size: size
        )

        guard let budgets else {
            (self.budgets, entry, limitedInsertion) = (nil, nil, nil)
            return
        }
        let limited = alike?.known?.ids == budgets.ids ? alike : nil
        let isKnown = store.dialect.column("id", isAmong: budgets.ids)
        if store.dialect.hasOneWriter {
            self.budgets = store.selectBounds(where: isKnown, roomFor: request.mostUse)
            entry = limited?.entry ?? BudgetEntry(budgets.ids, in: store)
            limitedInsertion = nil
        } else {
            // Where others may write meanwhile, only what is tight is looked at.
            self.budgets = budgets.isTight ? store.selectBudgets(where: isKnown) : nil
            entry = nil
            limitedInsertion =
                limited?.limitedInsertion
                ?? BatchInsertion(request, under: budgets.ids, in: store)
        }
    }

    /// Whether they are the statements of another request of the run.
    func fit(
        _ request: AcquireRequest,
        from source: SQLMetaSource<Database>?,
        size: Int,
        budgets: KnownBudgets?
    ) -> Bool {
        known?.ids == budgets?.ids && known?.isTight == budgets?.isTight
            && (known == nil || limit == request.limit)
            && slots == request.slots.count && self.size == size
            && hasKey == (request.definition.key != nil)
            && hasTime == (request.definition.time != nil)
            && bounds == request.bounds
            && self.source == source?.definition
    }
}

extension AcquireRequest {
    /// What new batches for it come to at most; due ones may be heavier.
    fileprivate var mostUse: BudgetUse {
        let weight = limit.weight.map { $0 * Double(slots.count) }
        return BudgetUse(batches: slots.count, weight: weight ?? BudgetRate.most)
    }
}
