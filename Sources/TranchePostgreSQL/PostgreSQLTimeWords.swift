import FoundationEssentials

/// Texts that mean another time whenever they are read.
///
/// As a time, each is read when the statement is prepared. Source: PostgreSQL 15 manual, 8.5.1.4,
/// "Special Values", and appendix B.1.
enum PostgreSQLTimeWords {
    private static let changing: Set<Substring> = ["now", "today", "tomorrow", "yesterday"]
    /// Words that may stand beside, besides the names of zones.
    private static let beside: Set<Substring> = [
        "am", "pm", "at", "on", "t", "z", "zulu", "utc", "gmt", "local",
    ]

    /// Whether a text, as a time, means another one later.
    ///
    /// - Parameter text: The text in lower case.
    /// - Returns: Whether it does.
    static func mayChange(_ text: String) -> Bool {
        // With other signs it is no time.
        let isPlain = text.allSatisfy {
            $0.isLetter || $0.isNumber || $0.isWhitespace || ":+-/,._".contains($0)
        }
        guard isPlain else { return false }
        let words = text.split { !($0.isLetter || $0 == "/" || $0 == "_") }
        guard words.contains(where: changing.contains) else { return false }
        return words.allSatisfy { word in
            changing.contains(word) || beside.contains(word) || isZone(word)
        }
    }

    private static func isZone(_ word: Substring) -> Bool {
        if TimeZone.abbreviationDictionary[word.uppercased()] != nil { return true }
        // Others are of the form Region/City.
        return word.contains("/")
    }
}
