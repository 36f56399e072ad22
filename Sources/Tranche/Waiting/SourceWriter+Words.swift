package import FoundationEssentials

extension SourceWriter {
    /// How much of a statement is shown.
    private static let shownOfQuery = 120

    /// The writer as people read it: process, client, user, what it does and since when, and its
    /// last statement.
    ///
    /// - Parameters:
    ///   - now: The present.
    ///   - showsQuery: Whether the statement is told; yes by default.
    /// - Returns: The words, such as `pid 311 (nightly upload, anna, idle in transaction since
    ///   11:58:03 UTC)`.
    package func words(at now: Date, showingQuery showsQuery: Bool = true) -> String {
        var parts: [String] = []
        if !application.isEmpty { parts.append(application) }
        if !user.isEmpty { parts.append(client.isEmpty ? user : "\(user)@\(client)") }
        if !state.isEmpty {
            parts.append(state + (stateSince.map { " since \($0.utcTime(on: now))" } ?? ""))
        }
        if let since, since != stateSince { parts.append("begun \(since.utcTime(on: now))") }
        let statement = showsQuery ? HumanText.oneLine(query.trimmed(.all)) : ""
        if !statement.isEmpty {
            let shown = statement.prefix(Self.shownOfQuery)
            parts.append("\"\(shown)\(shown.count < statement.count ? "…" : "")\"")
        }
        let title =
            prepared.map { "the prepared transaction '\($0)'" } ?? process.map { "pid \($0)" }
            ?? "transaction \(name)"
        return redacted(parts.isEmpty ? title : "\(title) (\(parts.joined(separator: ", ")))")
    }
}

extension Date {
    /// A time of the day on which something is said as such, another with its date; in UTC.
    package func utcTime(on now: Date) -> String {
        let text = formatted(.iso8601.dateTimeSeparator(.space))
        let today = now.formatted(.iso8601.dateTimeSeparator(.space)).prefix(10)
        let shown = text.hasPrefix(today) ? text.dropFirst(11) : text[...]
        return "\(shown.prefix { $0 != "Z" }) UTC"
    }
}
