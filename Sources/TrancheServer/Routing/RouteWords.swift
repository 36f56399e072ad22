/// Names requests in the place of commands, in what others say to do: who asks a server may have no
/// program at hand.
enum RouteWords {
    /// Commands, as words name them, and the requests that do the same.
    private static let routes: [(command: String, route: String)] = [
        ("'tranche status'", "GET v1/runs"),
        ("'tranche budget list'", "GET v1/budgets"),
        ("'tranche budget show'", "GET v1/budgets/{name}"),
        ("'tranche workflow list'", "GET v1/workflows"),
        ("'tranche gaps'", "GET v1/runs/{job}/{run}/gaps"),
        ("'tranche resume'", "POST v1/runs/{job}/{run}/resume"),
        ("'tranche retry'", "POST v1/batches/{id}/retry"),
        ("'tranche retry --cancelled'", "POST v1/actions"),
        (
            "'tranche batches --status stuck'",
            "GET v1/runs/{job}/{run}/batches?status=failed&cause=stuck"
        ),
        ("'tranche history'", "GET v1/items/{item}"),
        ("'tranche audit'", "GET v1/runs/{job}/{run}/audit"),
        ("name one with --meta", "name one with the parameter 'meta'"),
        ("--may-repeat (mayRepeat) offers", "'may_repeat' offers"),
    ]

    /// Text with requests in the place of the commands that have one.
    static func naming(_ text: String) -> String {
        guard text.contains("'tranche ") || text.contains("--m") else { return text }
        return routes.reduce(text) { $0.replacing($1.command, with: $1.route) }
    }
}
