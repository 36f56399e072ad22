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
        (0..<count).map { SQLStatement("$1", binds: [blank($0)]) }
    }

    // Nobody binds such bytes otherwise.
    private static func blank(_ number: Int) -> Value {
        .blob(Array("tranche blank".utf8) + [UInt8(number)])
    }

    /// Makes a template of a statement that was built with ``blanks(_:)``.
    ///
    /// - Parameters:
    ///   - statement: The statement.
    ///   - count: How many values a row has.
    init(_ statement: SQLStatement, values count: Int) {
        self.statement = statement
        let values = (0..<count).map { Self.blank($0) }
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
