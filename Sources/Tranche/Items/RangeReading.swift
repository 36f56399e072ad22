/// Reads a range of ids in steps, also where an id stands more than once.
///
/// A step that is full may end between two rows of one id, and then all rows of that id are left to the next.
package struct RangeReading: Sendable {
    /// Most entries of a step.
    package let size: Int
    /// What is still to be read; `nil` at the end.
    package private(set) var left: ClosedRange<Int64>?

    package init(_ range: ClosedRange<Int64>, size: Int) {
        self.size = size
        left = range
    }

    /// Takes what a step read of ``left``.
    ///
    /// - Parameters:
    ///   - count: How many entries there are; the range is at its end where they are fewer than ``size``.
    ///   - id: The id of an entry, by its place; ascending.
    /// - Returns: How many of the entries count, from the first on; the others are read again. Of an id with
    ///   more entries than a step has, as many as one has.
    package mutating func take(_ count: Int, id: (Int) -> Int64) -> Int {
        guard let range = left else { return 0 }
        left = nil
        guard count >= size, count > 0 else { return count }
        let last = id(count - 1)
        var kept = count
        while kept > 0, id(kept - 1) == last { kept -= 1 }
        if kept > 0 {
            if last <= range.upperBound { left = last...range.upperBound }
            return kept
        }
        if last < range.upperBound { left = last + 1...range.upperBound }
        return count
    }
}
