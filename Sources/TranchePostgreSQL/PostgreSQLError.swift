package import Tranche
import TrancheSQL

/// An error of PostgreSQL or of the connection to it.
package struct PostgreSQLError: SQLDatabaseError, Sendable, CustomStringConvertible {
    /// The five characters that the server gives; `08006` for a lost connection, `08001` for one
    /// that was not had.
    package let sqlState: String
    /// What the server or libpq says, without bound values.
    package let message: String
    /// Where in the data it happened, as far as the server says.
    let place: Place
    /// Whether the connection was refused for good, or cannot be used as it is.
    package private(set) var refusesConnection = false

    package init(sqlState: String, message: String) {
        self.init(sqlState: sqlState, message: message, place: Place())
    }

    init(sqlState: String, message: String, place: Place) {
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

    package var category: ErrorCategory {
        refusesConnection ? .permanent : Self.category(ofSQLState: sqlState)
    }

    package var isBusy: Bool { sqlState == "55P03" }

    package var refusesWriting: Bool { sqlState.hasPrefix("25006") || sqlState == "42501" }

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
        // A standby took the place of the server that was written to.
        case "25006" + standbyMark: .transient
        // A statement that was stopped: by a time limit that somebody has set after all, or by an
        // administrator, who means the statement and not the work.
        case "57014": .transient
        // Shutdown, crash, start-up, time limits of transactions and sessions, a session that was
        // ended.
        case "57P01", "57P02", "57P03", "57P05", "25P03", "25P04": .transient
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
        // Sessions, transactions and cursors; what is not there, and the server's state. All others
        // are values and constraints, or a trigger's, which may be any.
        return !Self.structural.contains { sqlState.hasPrefix($0) }
    }

    /// Whether the statement may be at fault, and not one of its rows: the state is one of
    /// statements, names and privileges, and no line is named.
    ///
    /// The input functions of some types have such states, too, as `42601` for a `ltree`; then a
    /// line is named.
    var mayBlameStatement: Bool {
        guard place.line == nil else { return false }
        // Policies for rows have the state of missing privileges.
        if sqlState == "42501", message.contains("row-level security policy") { return false }
        return Self.ofStatements.contains { sqlState.hasPrefix($0) }
    }

    /// Whether a row refers to another of its own table that is not there.
    var refersToOwnTable: Bool {
        guard sqlState == "23503", let detail = place.detail,
            let match = detail.firstMatch(of: #/is not present in table "([\s\S]*)"\.$/#)
        else { return false }
        return message.contains("table \"\(match.1)\" violates")
    }

    private static let structural = [
        "03", "08", "0B", "25", "26", "28", "2B", "2D", "34", "3B", "3D", "53", "55", "57", "58",
        "F0", "428C9",
    ]

    private static let ofStatements = ["0A", "3F", "42", "HV", "XX"]

    /// Told apart from other unsupported features by who reports it, or by its words alone.
    static let stalePlanMark = "/plan"

    /// Added to the state of a refused write, where writing was asked for.
    static let standbyMark = "/standby"

    /// Whether the connection cannot be used again.
    var endsConnection: Bool {
        refusesConnection || sqlState.hasPrefix("08") || sqlState.hasPrefix("57P")
            || ["25P03", "25P04"].contains(sqlState)
            || sqlState.hasSuffix(Self.stalePlanMark) || sqlState.hasSuffix(Self.standbyMark)
    }
}

extension PostgreSQLError {
    /// An error that says that a connection is of no use, and why.
    static func refusal(_ message: String, sqlState: String = "28000") -> PostgreSQLError {
        var error = PostgreSQLError(sqlState: sqlState, message: message)
        error.refusesConnection = true
        return error
    }

    /// What an error of the server's means for a session, where its own words do not tell.
    ///
    /// - Parameter isReadOnly: Whether the session itself asked not to write.
    /// - Returns: The error, with what to do about it.
    package func explained(isReadOnly: Bool) -> PostgreSQLError {
        // Source: PostgreSQL 15, utility.c (PreventCommandIfReadOnly), variable.c
        // (check_XactReadOnly).
        let isStandby =
            sqlState == "25006" || sqlState == "0A000" && message.contains("during recovery")
        if isStandby, !isReadOnly {
            return PostgreSQLError(
                sqlState: "25006" + Self.standbyMark,
                message: "the server is a standby, which takes no writes (\(message)); name all "
                    + "servers in the URL and add target_session_attrs=read-write"
            )
        }
        // Source: pgbouncer, server.c.
        if message.contains("statement pooling mode") {
            return .refusal(
                "a pooler in statement mode is between, which allows no transactions (\(message)); "
                    + "use its session or transaction mode, or a direct address"
            )
        }
        // A statement that we have prepared is gone, or one that we have not is there: each session
        // prepares its own, under names that belong to their texts.
        let isForeign =
            ["42P05", "26000"].contains(sqlState) && message.contains("\"tranche_")
            || sqlState == "08P01" && message.contains("bind message")
        if isForeign {
            return .refusal(
                "the session is not ours alone (\(message)): a pooler in transaction mode is "
                    + "between, which cannot be told apart from a server; use its session mode or "
                    + "a direct address",
                sqlState: sqlState
            )
        }
        return self
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
