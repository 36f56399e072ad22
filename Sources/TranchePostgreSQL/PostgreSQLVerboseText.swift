/// What libpq says of a connection that it did not get, in its verbose form.
///
/// libpq tells no SQLSTATE of a refused start but in that form, and a server's words are in the
/// language of its `lc_messages`, those of its severities, too. Source: PostgreSQL 15,
/// fe-protocol3.c (pqBuildErrorMessage3).
struct PostgreSQLVerboseText {
    /// The text as it is in the usual form, with its lines joined.
    let message: String
    /// The states that servers gave: of several addresses and ways, one each.
    let states: [String]

    init(_ text: String) {
        var lines: [String] = []
        var states: [String] = []
        for line in text.split(whereSeparator: \.isNewline) {
            var line = String(line.trimmingPrefix(while: \.isWhitespace))
            if Self.isAdded(line) { continue }
            // Only libpq's own words, or nothing, stand before a severity; before a detail's or a
            // hint's title, a line's start.
            let state =
                lines.isEmpty
                ? line.firstMatch(of: /(?:^|: )[^:]*:  (?<state>[0-9A-Z]{5}: )/)?.output.state
                : line.firstMatch(of: /: [^:]*:  (?<state>[0-9A-Z]{5}: )/)?.output.state
            if let state {
                states.append(String(state.prefix(5)))
                line.removeSubrange(state.startIndex..<state.endIndex)
            }
            lines.append(line)
        }
        message = lines.joined(separator: "; ")
        self.states = states
    }

    /// Whether a line is one that only the verbose form has: where in the server's source it is,
    /// and of what.
    private static func isAdded(_ line: String) -> Bool {
        let titles = [
            "LOCATION", "SCHEMA NAME", "TABLE NAME", "COLUMN NAME", "DATATYPE NAME",
            "CONSTRAINT NAME",
        ]
        if titles.contains(where: { line.hasPrefix("\($0):  ") }) { return true }
        // A program that has set its own language has these titles in it.
        let place = /[^:]+:  [A-Za-z_0-9]+, [A-Za-z_0-9.\/\-]+\.[a-z]+:[0-9]+/
        return line.wholeMatch(of: place) != nil
    }
}
