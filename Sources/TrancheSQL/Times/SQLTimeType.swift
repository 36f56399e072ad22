/// How a column has times, as far as its type says.
package enum SQLTimeType: Sendable, Hashable {
    /// Moments.
    case instant
    /// What clocks show, without a zone.
    case clock
    /// Days.
    case date
    /// Numbers, which count from 1970.
    case number(isWhole: Bool)
    /// Each value has a type of its own.
    case any
    /// None that are times.
    case none
}
