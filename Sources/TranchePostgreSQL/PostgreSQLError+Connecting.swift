import Tranche

extension PostgreSQLError {
    /// What it means that a connection was not had.
    ///
    /// - Parameters:
    ///   - text: What libpq says, in its verbose form.
    ///   - needsPassword: Whether the server asked for a password, and none was there.
    /// - Returns: The error: a refusal, where another try would be refused as well.
    package static func connecting(_ text: String, needsPassword: Bool) -> PostgreSQLError {
        let told = PostgreSQLVerboseText(text)
        let message = told.message
        if needsPassword {
            return .refusal(
                "\(message): put one into the URL, as TRANCHE_INVENTORY or TRANCHE_META_DB may "
                    + "hold it, into PGPASSWORD, or into the file that PGPASSFILE names"
            )
        }
        // What libpq itself refuses: the server will not be another by the next time.
        let own = [
            "server does not support SSL", "certificate verify failed", "does not match host",
        ]
        if own.contains(where: { message.contains($0) }) { return .refusal(message) }
        // What fails before a server or a name server was asked is an option that makes no sense.
        let isAsked =
            !told.states.isEmpty
            || ["connection to server", "host name"].contains { message.contains($0) }
        if isAsked, !isRefused(told) { return PostgreSQLError(sqlState: "08001", message: message) }
        guard message.contains("unsupported startup parameter") else { return .refusal(message) }
        return .refusal(
            "\(message): a pooler is between, which takes no such parameter; leave it out of the "
                + "URL and of PGOPTIONS, or name it in the pooler's ignore_startup_parameters"
        )
    }

    /// Whether a server has refused the connection for good.
    private static func isRefused(_ told: PostgreSQLVerboseText) -> Bool {
        // Poolers have few states and words of their own, which are English.
        // Source: pgbouncer 1.18, client.c, objects.c, janitor.c.
        let passing = [
            "starting up", "shutting down", "too many", "recovery", "remaining connection",
            "try again", "cannot connect to server", "no more connections", "timeout", "crashed",
        ]
        let isPassing = passing.contains { told.message.contains($0) }
        if told.states.isEmpty { return told.message.contains("FATAL:") && !isPassing }
        return !told.states.contains { state in
            ofPoolers.contains(state) ? isPassing : category(ofSQLState: state) == .transient
        }
    }

    /// States that poolers give to whatever it is.
    private static let ofPoolers = ["08P01", "58000", "XX000"]

    /// The state of a server's error, with what else is known of it.
    ///
    /// - Parameters:
    ///   - state: The five characters.
    ///   - message: The server's words, in whatever language.
    ///   - function: The function of the server that reports it.
    /// - Returns: The state, with a mark where a prepared plan is no longer true.
    package static func marked(_ state: String, message: String, function: String?) -> String {
        // The words are those of an English server behind a pooler that passes on no more.
        // Source: PostgreSQL 15, plancache.c.
        let isOfPlan = function == "RevalidateCachedQuery" || message.contains("cached plan")
        return state == "0A000" && isOfPlan ? state + stalePlanMark : state
    }
}
