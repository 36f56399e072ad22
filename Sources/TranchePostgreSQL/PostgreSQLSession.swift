import Tranche
import TrancheSQL

/// What a session is told before its first statement.
///
/// A role, a database or a server may have settings of its own, such as a `statement_timeout`; what
/// is said here goes before them. It is kept by the session where that is ours alone, which it is
/// when the server's number of the process is the one that came with the connection. A pooler gives
/// out keys of its own, and behind it the next transaction may run in a session that others have
/// used, and will use: there all is said anew in each transaction, and ends with it.
struct PostgreSQLSession: Sendable {
    /// How long to wait for a lock.
    var lockTimeout: Duration
    /// Whether the server is to refuse writing.
    var isReadOnly: Bool

    /// The settings; those that the server does not know are left out.
    private var settings: [(name: String, value: String)] {
        [
            // First, so that it bounds none of what follows.
            ("statement_timeout", "0"),
            // Known to PostgreSQL 17 and later.
            ("transaction_timeout", "0"),
            ("lock_timeout", "\(lockTimeout.milliseconds)"),
            // A stopped process must not hold a run's row for ever.
            ("idle_in_transaction_session_timeout", "60000"),
            // Statements are written for one plan, made once; and a plan made while a table was
            // small must still be right when it is large.
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            // A scan that cannot be avoided then counts as so dear that its plan would be compiled.
            ("jit", "off"),
            ("extra_float_digits", "1"),
            ("bytea_output", "hex"),
            ("DateStyle", "ISO"),
        ]
    }

    /// The statement that a connection sends first: whose session it is, and the settings, which a
    /// session that others share forgets at the statement's end.
    ///
    /// - Parameter process: The number of the server's process, as it came with the connection.
    /// - Returns: The statement; its one row begins with the number that the server itself gives,
    ///   and whether it is a standby.
    func first(process: Int32) -> String {
        let isShared = "pg_catalog.pg_backend_pid() <> (\(process))"
        let transactions = [
            ("default_transaction_isolation", "read committed"),
            ("default_transaction_read_only", isReadOnly ? "on" : "off"),
        ]
        return "SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(), "
            + Self.calls(for: settings + transactions, isLocal: isShared)
    }

    /// The statements with which each transaction begins in a session that others share.
    ///
    /// - Parameter timeline: What tells the server's timeline; `nil` (the default) where nobody
    ///   asks.
    /// - Returns: The statements; the one row of the last begins with the timeline.
    func beginning(telling timeline: SQLStatement? = nil) -> [SQLStatement] {
        let mode = isReadOnly ? "READ ONLY" : "READ WRITE"
        let calls = Self.calls(for: settings, isLocal: "true")
        let told: SQLStatement = timeline ?? "SELECT CAST(NULL AS bigint)"
        return [
            "BEGIN ISOLATION LEVEL READ COMMITTED \(unsafeRaw: mode)",
            "SELECT (\(told)), \(unsafeRaw: calls)",
        ]
    }

    private static func calls(
        for settings: [(name: String, value: String)],
        isLocal: String
    ) -> String {
        settings.map { name, value in
            let call = "pg_catalog.set_config('\(name)', '\(value)', \(isLocal))"
            if name != "transaction_timeout" { return call }
            return
                "CASE WHEN pg_catalog.current_setting('\(name)', true) IS NOT NULL THEN \(call) END"
        }.joined(separator: ", ")
    }
}
