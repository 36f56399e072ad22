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
    /// Ends an attempt well, and gives its number and its end.
    let ends: EndForm
    /// Inserts a new batch.
    let insertion: BatchInsertion
    /// Notes that the budgets let the last batch in; `nil` where that is no statement of its own.
    let entry: BudgetEntry?
    private let columns: [String]
    private let budgetIDs: [Int64]?
    private let limit: BatchLimit
    private let slots: Int
    private let size: Int
    private let bounds: IDBounds
    private let source: SourceDefinition?

    init(
        _ request: AcquireRequest,
        from source: SQLMetaSource<Database>?,
        size: Int,
        budgets known: KnownBudgets?,
        in store: SQLInventoryStore<Database>
    ) {
        lock = store.lockInOrder(request.key)
        lastTile = store.selectLastTile(of: request.key)
        due = store.selectDue(request)
        let looked = known.flatMap { $0.isTight ? $0.ids : nil }
        budgets = looked.map { ids in
            let isKnown = store.dialect.column("id", isAmong: ids)
            // Where others may write meanwhile, only what is tight is looked at.
            guard store.dialect.hasOneWriter else { return store.selectBudgets(where: isKnown) }
            return store.selectBounds(where: isKnown, roomFor: request.mostUse)
        }
        budgetIDs = looked
        entry = looked.flatMap { store.dialect.hasOneWriter ? BudgetEntry($0, in: store) : nil }
        let end = store.dialect.milliseconds(ofProcessingTime: "processing_end")
        ends = store.success(returning: "id, \(end)").prepared()
        insertion = BatchInsertion(request, in: store)
        columns = request.givenColumns
        limit = request.limit
        step = source?.step(
            from: store.firstID(of: request.key),
            within: request.bounds,
            size: size
        )
        slots = request.slots.count
        self.size = size
        bounds = request.bounds
        self.source = source?.definition
    }

    /// Whether they are the statements of another request of the run.
    func fit(
        _ request: AcquireRequest,
        from source: SQLMetaSource<Database>?,
        size: Int,
        budgets known: KnownBudgets?
    ) -> Bool {
        budgetIDs == known.flatMap { $0.isTight ? $0.ids : nil } && slots == request.slots.count
            && (budgetIDs == nil || limit == request.limit)
            && self.size == size && columns == request.givenColumns
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
