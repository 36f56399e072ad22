public import Tranche

/// A condition that a source's entries must meet, as SQL and as a closure that says the same.
public struct SourceFilter: Sendable {
    /// The condition in SQL, over the columns `id`, `item` and `weight`.
    public let sql: String
    /// Whether an entry meets the condition.
    public let admits: @Sendable (Item) -> Bool

    /// Makes a filter.
    ///
    /// - Parameters:
    ///   - sql: The condition in SQL; also its name where there is no SQL.
    ///   - admits: Whether an entry meets it.
    public init(_ sql: String, admits: @escaping @Sendable (Item) -> Bool) {
        self.sql = sql
        self.admits = admits
    }

    /// Leaves out odd ids.
    public static let even = SourceFilter("id % 2 = 0") { $0.id % 2 == 0 }
    /// Leaves out ids that can be divided by three.
    public static let notThirds = SourceFilter("id % 3 <> 0") { $0.id % 3 != 0 }
}
