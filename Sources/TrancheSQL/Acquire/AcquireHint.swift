/// What an acquire of a run tells this process of the next one.
struct AcquireHint<Database: SQLDatabase> {
    /// How many rows the last batch took: what to read under the lock.
    var count = 200
    /// Whether the ceiling may cut the next batch, so that the writers are to be observed with it.
    var isNearCeiling = true
    /// Whether few numbers of uids are left, so that others are given with the next batch.
    var needsNumbers = true
    /// Whether one statement is likely to be enough for the next one.
    var prefersSingleStatement = false
    /// The budgets of the run; `nil` where none is known.
    var budgets: KnownBudgets?
    /// The timeline on which the run's numbers were last known to be new.
    var timeline: Int64?
    /// The statements of the last acquire; `nil` where they hold a time.
    var statements: RunStatements<Database>?
}
