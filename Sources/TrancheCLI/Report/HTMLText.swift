import FoundationEssentials
import Tranche

/// Text as HTML.
enum HTMLText {
    /// A text as it stands in an element, or in an attribute between quotes.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // HTML has no other control characters.
            case "\n", "\t": result.unicodeScalars.append(scalar)
            case _ where scalar.properties.generalCategory == .control: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A time in UTC, to the second.
    static func time(_ date: Date) -> String {
        date.formatted(.iso8601)
    }

    /// A table; the cells are HTML.
    static func table(_ titles: [String], _ rows: [[String]], numbers: Set<Int> = []) -> String {
        let head = titles.enumerated().map { place, title in
            "<th\(numbers.contains(place) ? " class=\"number\"" : "") scope=\"col\">\(escaped(title))</th>"
        }.joined()
        let body = rows.map { row in
            let cells = row.enumerated().map { place, cell in
                "<td\(numbers.contains(place) ? " class=\"number\"" : "")>\(cell)</td>"
            }.joined()
            return "<tr>\(cells)</tr>\n"
        }.joined()
        return "<div class=\"scroll\"><table>\n<thead><tr>\(head)</tr></thead>\n"
            + "<tbody>\n\(body)</tbody>\n</table></div>\n"
    }
}
