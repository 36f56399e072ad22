import Tranche

extension HumanText {
    /// A line that a program wrote, fit to be shown: without passwords, control characters escaped.
    ///
    /// Tabs stay, and nothing that moves a terminal's cursor or changes its colours.
    static func programLine(_ line: some Collection<UInt8>) -> String {
        shown(redacted(String(decoding: line, as: UTF8.self)))
    }

    /// Lines that a program wrote, likewise; their line breaks stay.
    static func programLines(_ text: String) -> String {
        // A line feed behind a carriage return is one character with it.
        text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            .map { shown(redacted(String($0))) }
            .joined(separator: "\n")
    }

    private static func shown(_ line: String) -> String {
        var scalars = line.unicodeScalars[...]
        // The end of a line on Windows; within a line it would be written over.
        if scalars.last == "\r" { scalars.removeLast() }
        return scalars.split(separator: "\t", omittingEmptySubsequences: false)
            .map { oneLine(String($0)) }
            .joined(separator: "\t")
    }

    /// How many items a second, such as `7.5 items/s` or `10,376 items/s`.
    static func pace(items: Double) -> String {
        (items < 100 ? fixed(items, 1) : number(items.nearestInteger)) + " items/s"
    }
}
