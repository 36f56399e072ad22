import Foundation

/// Replaces passwords in text: those before a URL's host, and those in its query.
///
/// - Parameter text: A URL, or a message that may hold some.
/// - Returns: The text with `***` for each password.
package func redacted(_ text: String) -> String {
    // Without these there is neither a URL nor a query, and nothing to look for, which takes a
    // while.
    guard text.utf8.contains(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "=") }) else {
        return text
    }
    return
        text
        .replacing(#/(://[^/:@\s'"]*:)[^\s'"]*@/#) { "\($0.output.1)***@" }
        .replacing(#/((?:ssl)?password=)[^&\s'"]*/#.ignoresCase()) { "\($0.output.1)***" }
}

/// Whether a URL holds a password.
package func holdsPassword(_ url: String) -> Bool {
    redacted(url) != url
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
