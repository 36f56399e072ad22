import Synchronization
public import Tranche

/// A transaction of the inventory's database in which a batch's success is recorded.
///
/// What is written through it is committed together with the success, or not at all. It ends with
/// the closure that it is given to.
public final class SQLTransaction: Sendable {
    private let connection: any SQLConnection
    private let isOpen = Mutex(true)

    init(_ connection: any SQLConnection) {
        self.connection = connection
    }

    /// Runs a statement.
    ///
    /// - Parameters:
    ///   - sql: One statement, in the database's SQL; its values stand as `$1`, `$2`, ….
    ///   - values: The values, in that order.
    /// - Returns: The rows that it gave.
    /// - Throws: The database's error, after which the transaction can only be given up;
    ///   `TrancheError` `.invalidArgument` for a statement that would end it, or after its end.
    @discardableResult
    public func run(_ sql: String, _ values: [Value] = []) async throws -> [[Value]] {
        try await run([(sql, values)])[0]
    }

    /// Runs several statements, in one round trip where there is a network.
    ///
    /// - Parameter statements: Statements with their values, as in ``run(_:_:)-(String,_)``.
    /// - Returns: The rows of each.
    /// - Throws: As ``run(_:_:)-(String,_)``.
    @discardableResult
    public func run(_ statements: [(sql: String, values: [Value])]) async throws -> [[[Value]]] {
        try requireOpen()
        for statement in statements { try Self.requireHarmless(statement.sql) }
        let asked = statements.map { SQLStatement($0.sql, binds: $0.values) }
        return try await connection.run(asked).map { rows in
            (0..<rows.count).map { index in
                var row = rows[index]
                return (0..<rows.width).map { _ in row.value() }
            }
        }
    }

    /// Gives the connection to the code that loads records through it.
    func loading<R>(
        _ body: (any SQLConnection) async throws -> R
    ) async throws -> R {
        try requireOpen()
        return try await body(connection)
    }

    func end() {
        isOpen.withLock { $0 = false }
    }

    private func requireOpen() throws {
        guard isOpen.withLock({ $0 }) else {
            throw TrancheError(
                .invalidArgument,
                "the transaction has ended; write within the closure that it is given to"
            )
        }
    }

    /// Refuses what would end the transaction: the fence must be its last statement.
    private static func requireHarmless(_ sql: String) throws {
        let word = Self.text(of: sql).prefix { $0.isLetter }.uppercased()
        guard !["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "PREPARE"].contains(word)
        else {
            throw TrancheError(
                .invalidArgument,
                "\(word) would end the transaction in which the batch succeeds; leave it out"
            )
        }
    }

    /// A statement from its first word on, without what stands before it.
    private static func text(of sql: String) -> Substring {
        var rest = sql[...]
        while let first = rest.first {
            if rest.hasPrefix("--") {
                rest = rest.drop { !$0.isNewline }
            } else if rest.hasPrefix("/*") {
                guard let end = rest.firstRange(of: "*/") else { return "" }
                rest = rest[end.upperBound...]
            } else if first.isWhitespace || first == ";" {
                rest.removeFirst()
            } else {
                break
            }
        }
        return rest
    }
}
