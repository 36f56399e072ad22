package import Tranche
import TrancheSQL

/// An error of PostgreSQL or of the connection to it.
package struct PostgreSQLError: SQLDatabaseError, Sendable, CustomStringConvertible {
    /// The five characters that the server gives; `08006` for a lost connection, `08001` for one that
    /// was not had.
    package let sqlState: String
    /// What the server or libpq says, without bound values.
    package let message: String

    init(sqlState: String, message: String) {
        self.sqlState = sqlState
        self.message = message
    }

    package var category: ErrorCategory { Self.category(ofSQLState: sqlState) }

    package var isBusy: Bool { sqlState == "55P03" }

    package var description: String { "PostgreSQL: \(message) (\(sqlState))" }

    /// What to do about a SQLSTATE.
    ///
    /// Source: PostgreSQL 15 manual, appendix A.
    package static func category(ofSQLState state: String) -> ErrorCategory {
        switch state {
        // Serialization failure, deadlock, lock not available.
        case "40001", "40P01", "55P03": .transient
        // A prepared plan whose table changed: the next connection plans anew.
        case "0A000" + stalePlanMark: .transient
        // Shutdown, crash, start-up, idle timeouts, a session that was ended.
        case "57P01", "57P02", "57P03", "57P05", "25P03": .transient
        case "25006": .permanent
        // Connection exceptions; insufficient resources, such as a full disk; system errors.
        case _ where state.hasPrefix("08") || state.hasPrefix("53") || state.hasPrefix("58"):
            .transient
        case _ where state.hasPrefix("23"): .conflict
        default: .permanent
        }
    }

    /// Told apart from other unsupported features by libpq's text alone.
    static let stalePlanMark = "/plan"

    /// Whether the connection cannot be used again.
    var endsConnection: Bool {
        sqlState.hasPrefix("08") || sqlState.hasPrefix("57P") || sqlState == "25P03"
            || sqlState.hasSuffix(Self.stalePlanMark)
    }
}
