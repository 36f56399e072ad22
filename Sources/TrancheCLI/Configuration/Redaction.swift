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
func holdsPassword(_ url: String) -> Bool {
    redacted(url) != url
}
