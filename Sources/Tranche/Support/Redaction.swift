import FoundationEssentials

/// Replaces secrets in text: passwords before a URL's host, and what sounds secret in its query.
///
/// - Parameter text: A URL, or a message that may hold some.
/// - Returns: The text with `***` for each secret.
package func redacted(_ text: String) -> String {
    let text = withHiddenPasswords(text)
    guard text.contains("://"), text.contains("?") else { return text }
    return text.replacing(#/([?&;]([\w.-]+)=)([^&;#\s'"]+)/#) { match -> String in
        let isSecret = SecretNames.hasParameter(match.output.2)
        return isSecret ? "\(match.output.1)***" : String(match.output.0)
    }
}

/// Replaces passwords in text.
private func withHiddenPasswords(_ text: String) -> String {
    // Without these there is nothing to look for, which takes a while.
    guard text.contains("://") || text.lowercased().contains("password=") else { return text }
    return
        text
        .replacing(#/(://[^/:@\s'"]*:)[^\s'"]*@/#) { "\($0.output.1)***@" }
        .replacing(#/((?:ssl)?password=)[^&\s'"]*/#.ignoresCase()) { "\($0.output.1)***" }
}

/// Whether a URL holds a password.
package func holdsPassword(_ url: String) -> Bool {
    withHiddenPasswords(url) != url
}

/// Takes passwords out of text: those before a URL's host, and those in its query.
///
/// - Parameter text: A URL, or a text that holds one.
/// - Returns: The text without them; a user stays.
package func withoutPasswords(_ text: String) -> String {
    guard holdsPassword(text) else { return text }
    let bare =
        text
        .replacing(#/(://[^/:@\s'"]*):[^\s'"]*@/#) { "\($0.output.1)@" }
        .replacing(#/([?&;])(?:ssl)?password=[^&;\s'"]*[&;]?/#.ignoresCase()) { "\($0.output.1)" }
    return bare.last.map { "?&;".contains($0) } == true ? String(bare.dropLast()) : bare
}

extension String {
    /// A URL without user, password, query and fragment.
    package var withoutSecrets: String {
        guard let scheme = firstRange(of: "://") else {
            return String(prefix { $0 != "?" && $0 != "#" })
        }
        let rest = self[scheme.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let at = authority.lastIndex(of: "@")
        let port = authority.drop { $0 != ":" }.dropFirst()
        if at == nil, !port.allSatisfy(\.isNumber), holdsPassword(self) {
            // A password with a slash or a question mark in it, which is no URL, is one all the
            // same.
            return withoutPasswords(self).withoutSecrets
        }
        let bare = at.map { rest[rest.index(after: $0)...] } ?? rest
        return String(self[..<scheme.upperBound] + bare.prefix { $0 != "?" && $0 != "#" })
    }
}
