/// What an acquire of a run tells this process of the next one.
struct AcquireHint<Database: SQLDatabase> {
    /// How many rows the last batch took: what to read under the lock.
    var count = 200
    /// Whether the ceiling may cut the next batch, so that the writers are to be observed with it.
    var isNearCeiling = true
    /// Whether one statement is likely to be enough for the next one.
    var prefersSingleStatement = false
    /// Whether a budget limits the run, so that they are to be read with the first statements.
    var isLimited = false
    /// The statements of the last acquire; `nil` where they hold a time.
    var statements: RunStatements<Database>?
}
