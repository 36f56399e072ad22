/// Statements that travel together; each one's rows are found again by its place.
///
/// ```swift
/// var batch = StatementBatch()
/// let due = batch.add(selectDue)
/// let rows = try await connection.run(batch.statements)
/// read(rows[due])
/// ```
package struct StatementBatch: Sendable {
    /// The statements in order.
    package private(set) var statements: [SQLStatement] = []

    /// Makes an empty batch.
    package init() {}

    /// Adds a statement.
    ///
    /// - Parameter statement: The statement.
    /// - Returns: The place of its rows in the answer.
    package mutating func add(_ statement: SQLStatement) -> Place {
        statements.append(statement)
        return Place(index: statements.count - 1)
    }

    /// Adds statements that follow each other.
    ///
    /// - Parameter statements: The statements.
    /// - Returns: The places of their rows in the answer.
    package mutating func add(_ statements: [SQLStatement]) -> Places {
        self.statements += statements
        return Places(range: (self.statements.count - statements.count)..<self.statements.count)
    }

    /// Where the rows of a statement are.
    package struct Place: Sendable {
        fileprivate let index: Int
    }

    /// Where the rows of several statements are.
    package struct Places: Sendable {
        fileprivate let range: Range<Int>
    }
}

extension [SQLRows] {
    /// The rows of a statement.
    package subscript(place: StatementBatch.Place) -> SQLRows { self[place.index] }

    /// The rows of several statements, in order.
    package subscript(places: StatementBatch.Places) -> ArraySlice<SQLRows> { self[places.range] }
}
