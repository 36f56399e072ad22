/// What two marks of a table tell.
package enum SQLMarkVerdict: Sendable, Hashable {
    /// It is the same.
    case same
    /// It is another, in words that follow the table's name.
    case another(String)
    /// It is the same unless the rows contradict: unless none of several is what it was.
    case sameUnlessContradicted(String)
    /// It is another unless enough rows are what they were.
    case anotherUnlessProven(String)
    /// No row is left of what was handed out; it is the same if ids go on behind them.
    case emptied
}
