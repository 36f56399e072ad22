package import Tranche
import TrancheSQL

/// An error of PostgreSQL or of the connection to it.
package struct PostgreSQLError: SQLDatabaseError, Sendable, CustomStringConvertible {
    /// The five characters that the server gives; `08006` for a lost connection, `08001` for one that
    /// was not had.
    package let sqlState: String
    /// What the server or libpq says, without bound values.
    package let message: String
    /// Where in the data it happened, as far as the server says.
    let place: Place

    init(sqlState: String, message: String, place: Place = Place()) {
        self.sqlState = sqlState
        self.message = message
        self.place = place
    }

    /// What the server says of the row that it does not take.
    struct Place: Sendable {
        /// The line of a COPY, from 1, which is a record.
        var line: Int?
        /// The column.
        var column: String?
        /// The constraint.
        var constraint: String?
        /// The key's values, and what is wrong with them; never the whole row.
        var detail: String?
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

    package var mayBlameRow: Bool {
        guard category != .transient else { return false }
        // Policies for rows have the state of missing privileges.
        if sqlState == "42501" { return message.contains("row-level security policy") }
        // Statements, names and privileges; sessions, transactions and cursors; what is not there, and
        // faults of the server. All others are values and constraints, or a trigger's, which may be any.
        return !Self.structural.contains { sqlState.hasPrefix($0) }
    }

    /// Whether a row refers to another of its own table that is not there.
    var refersToOwnTable: Bool {
        guard sqlState == "23503", let detail = place.detail,
            let match = detail.firstMatch(of: #/is not present in table "([\s\S]*)"\.$/#)
        else { return false }
        return message.contains("table \"\(match.1)\" violates")
    }

    private static let structural = [
        "03", "08", "0A", "0B", "25", "26", "28", "2B", "2D", "34", "3B", "3D", "3F", "42", "53",
        "55", "57", "58", "F0", "HV", "XX", "428C9",
    ]

    /// Told apart from other unsupported features by libpq's text alone.
    static let stalePlanMark = "/plan"

    /// Whether the connection cannot be used again.
    var endsConnection: Bool {
        sqlState.hasPrefix("08") || sqlState.hasPrefix("57P") || sqlState == "25P03"
            || sqlState.hasSuffix(Self.stalePlanMark)
    }
}

extension PostgreSQLError.Place {
    /// Reads what a COPY says of where it stopped: `COPY t, line 3, column v: "abc"`.
    ///
    /// Names may hold anything, and values, which stand last, too.
    mutating func read(_ context: String) {
        guard context.hasPrefix("COPY "),
            let match = context.firstMatch(
                of: /^COPY [\s\S]*?, line ([0-9]+)(?:, column ([^:"]+))?/
            )
        else { return }
        line = Int(match.1)
        if column == nil { column = match.2.map(String.init) }
    }

    /// What is added to the server's words: a key's values, but not a whole row's.
    var words: String {
        guard let detail, detail.hasPrefix("Key (") else { return "" }
        return ": " + detail.prefix(300)
    }
}

extension RefusedRecord {
    /// A record that the server does not take.
    init(_ record: Record, _ error: PostgreSQLError) {
        var words = error.message
        if let column = error.place.column, !words.contains("\"\(column)\"") {
            words = "column '\(column)': \(words)"
        }
        self.init(record, field: error.place.column, words + error.place.words)
        mayBeEarly = error.refersToOwnTable
        input = field.flatMap { record.text($0) }
    }
}
