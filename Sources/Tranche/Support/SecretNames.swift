/// Names that say that what they name is to be kept secret.
package enum SecretNames {
    private static let words = [
        "PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "APIKEY",
        "AUTHORIZATION",
    ]
    /// Those of parameters that are mostly short.
    private static let short: Set = ["SIG", "SIGNATURE", "AUTH", "PWD", "PASS"]

    /// Whether the name of a variable or a header field sounds secret.
    package static func hasVariable(_ name: String) -> Bool {
        let name = name.uppercased()
        return words.contains { name.contains($0) } || name == "KEY" || name.hasSuffix("_KEY")
            || name.hasSuffix("_PWD") || name.hasSuffix("_PASS") || name == "PASS"
    }

    /// Whether the name of an argument sounds secret, or of a parameter in a URL's query, such as
    /// `access_token` or `X-Amz-Signature`.
    ///
    /// The end of it counts: `max_tokens` is no secret, nor is `token_url`.
    package static func hasParameter(_ name: some StringProtocol) -> Bool {
        let parts = name.uppercased().split { "-_.".contains($0) }
        guard let last = parts.last else { return false }
        let whole = parts.joined()
        return short.contains(String(last)) || words.contains { whole.hasSuffix($0) }
    }

    /// The first parameter in the query of a URL whose name sounds secret.
    ///
    /// - Parameter url: A URL.
    /// - Returns: The name; `nil` where there is none.
    package static func parameter(in url: String) -> String? {
        guard let start = url.firstIndex(of: "?") else { return nil }
        let query = url[url.index(after: start)...].prefix { $0 != "#" }
        for pair in query.split(whereSeparator: { "&;".contains($0) }) {
            let parts = pair.split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            guard parts.count == 2, !parts[1].isEmpty else { continue }
            // In a URL that is what keys of an interface are called; elsewhere a column is.
            if hasParameter(parts[0]) || parts[0].lowercased() == "key" { return String(parts[0]) }
        }
        return nil
    }
}
