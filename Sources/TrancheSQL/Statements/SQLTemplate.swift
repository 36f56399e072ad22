import Tranche

/// A statement that is run with several rows of values: its text is put together once.
struct SQLTemplate: Sendable {
    private let statement: SQLStatement
    /// Which bound value is which of a row's.
    private let blanks: [(bind: Int, value: Int)]

    /// Values to build a statement with, in whose places a row's are put.
    ///
    /// - Parameter count: How many values a row has.
    /// - Returns: The values, each as an expression.
    static func blanks(_ count: Int) -> [SQLStatement] {
        blankValues(count).map { SQLStatement("$1", binds: [$0]) }
    }

    /// The values that ``blanks(_:)`` are of.
    static func blankValues(_ count: Int) -> [Value] {
        // Nobody binds such bytes otherwise.
        (0..<count).map { .blob(Array("tranche blank \($0)".utf8)) }
    }

    /// Makes a template of a statement that was built with ``blanks(_:)``.
    ///
    /// - Parameters:
    ///   - statement: The statement.
    ///   - count: How many values a row has.
    init(_ statement: SQLStatement, values count: Int) {
        self.statement = statement
        let values = Self.blankValues(count)
        blanks = statement.binds.enumerated().compactMap { place, bind in
            values.firstIndex(of: bind).map { (place, $0) }
        }
    }

    /// The statement for a row.
    func filled(with row: [Value]) -> SQLStatement {
        var binds = statement.binds
        for (bind, value) in blanks { binds[bind] = row[value] }
        return SQLStatement(statement.text, binds: binds)
    }
}
