/// Reads a range of ids in steps, also where an id stands more than once.
///
/// A step that is full may end between two rows of one id, and then all rows of that id are left to
/// the next.
package struct RangeReading: Sendable {
    /// What is still to be read; `nil` at the end.
    package private(set) var left: ClosedRange<Int64>?
    private let size: Int

    /// Begins to read.
    ///
    /// - Parameters:
    ///   - range: The range.
    ///   - size: Most entries of a step; above 0.
    package init(_ range: ClosedRange<Int64>, size: Int) {
        left = range
        self.size = size
    }

    /// Reads the next step.
    ///
    /// - Parameters:
    ///   - read: Reads the first entries of a range, ascending, and at most so many.
    ///   - id: The id of an entry.
    /// - Returns: The entries, none of which comes again; of an id with more entries than a step
    ///   has, as many as one has. `nil` at the end.
    /// - Throws: What `read` throws.
    package mutating func next<Entry>(
        _ read: (ClosedRange<Int64>, Int) async throws -> [Entry],
        id: (Entry) -> Int64
    ) async rethrows -> [Entry]? {
        guard let range = left else { return nil }
        var entries = try await read(range, size)
        left = nil
        guard entries.count >= size, let last = entries.last.map(id) else { return entries }
        let count = (entries.lastIndex { id($0) != last } ?? -1) + 1
        if count > 0 {
            if last <= range.upperBound { left = last...range.upperBound }
            entries.removeSubrange(count...)
        } else if last < range.upperBound {
            left = last + 1...range.upperBound
        }
        return entries
    }
}
