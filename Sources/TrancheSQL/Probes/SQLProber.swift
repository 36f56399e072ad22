public import FoundationEssentials
public import Tranche

/// Asks probes that are queries, in sessions that refuse writes.
///
/// Each question has a connection of its own, which is closed behind it.
public struct SQLProber: Prober {
    private let database: @Sendable (String?) throws -> SourceDatabase

    /// Makes a prober.
    ///
    /// - Parameter database: The database of a URL; of `nil`, that of the inventory.
    public init(_ database: @escaping @Sendable (_ url: String?) throws -> SourceDatabase) {
        self.database = database
    }

    /// Whether it is a query.
    public func canAsk(_ question: ProbeQuestion) -> Bool {
        if case .sql = question { true } else { false }
    }

    /// Runs the query.
    ///
    /// - Throws: `TrancheError` where the database cannot be reached, refuses the query, or answers
    ///   what is neither true nor false.
    public func answer(to question: ProbeQuestion, at now: Date) async throws -> ProbeAnswer {
        guard case .sql(let query, let url) = question else {
            throw TrancheError(.invalidArgument, "\(question) is not a query")
        }
        let database = try await database(url).openForReading()
        do {
            let rows = try await database.read(SQLStatement(query))[0]
            await database.close()
            return try answer(rows)
        } catch {
            await database.close()
            if let error = error as? any SQLDatabaseError {
                throw TrancheError(
                    error.code(passing: .storeUnavailable, lasting: .storeFailed),
                    "\(database.name): \(error.message)",
                    underlying: error
                )
            }
            throw error
        }
    }

    private func answer(_ rows: SQLRows) throws -> ProbeAnswer {
        guard var row = rows.first else {
            return ProbeAnswer(isOpen: false, reason: "the query gave no row")
        }
        let value = row.value()
        let isOpen =
            switch value {
            case .null: false
            case .boolean(let flag): flag
            case .integer(let number): number != 0
            case .real(let number): number != 0 && !number.isNaN
            case .text, .blob: try Self.flag(value)
            }
        let words = row.optionalText()
        return ProbeAnswer(
            isOpen: isOpen,
            reason: words ?? "the query says \(value.text ?? "NULL")"
        )
    }

    private static func flag(_ value: Value) throws -> Bool {
        let text = value.text ?? ""
        switch text.lowercased() {
        case "t", "true", "1": return true
        case "f", "false", "0": return false
        default:
            throw TrancheError(
                .invalidArgument,
                "the query says '\(text.prefix(100))'; its first column is to be true or false"
            )
        }
    }
}
