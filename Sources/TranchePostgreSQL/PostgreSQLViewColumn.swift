/// The table's column that a view's column is, as the view's rule tells.
///
/// The rule's text is a tree of nodes such as
/// `{TARGETENTRY :resno 1 … :resorigtbl 16391 :resorigcol 1}`; a brace that belongs to a name is
/// escaped. The outermost query's entries stand in second place.
struct PostgreSQLViewColumn: Sendable, Hashable {
    /// The table's or view's oid.
    let table: Int64
    /// The column's number in it.
    let column: Int64

    /// Reads a rule; `nil` when the column is none of a table's.
    ///
    /// - Parameters:
    ///   - number: The view's column.
    ///   - rule: As in `pg_rewrite.ev_action`.
    init?(_ number: Int64, ofRule rule: String) {
        for entry in Self.entries(rule) {
            let words = entry.split(separator: " ")
            let fields = Dictionary(zip(words, words.dropFirst()), uniquingKeysWith: { $1 })
            guard fields[":resno"] == Substring(String(number)), fields[":resjunk"] == "false"
            else { continue }
            guard let table = fields[":resorigtbl"].flatMap({ Int64($0) }), table != 0,
                let column = fields[":resorigcol"].flatMap({ Int64($0) }), column > 0
            else { return nil }
            self.table = table
            self.column = column
            return
        }
        return nil
    }

    /// The texts of the outermost query's entries, without what is nested in them.
    private static func entries(_ rule: String) -> [String] {
        var entries: [String] = []
        var text: [UInt8] = []
        var depth = 0
        var isEscaped = false
        for byte in rule.utf8 {
            let isBrace = !isEscaped && (byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}"))
            if isBrace, byte == UInt8(ascii: "{") {
                depth += 1
                if depth == 2 { text = [] }
            } else if isBrace {
                if depth == 2, text.starts(with: "TARGETENTRY".utf8) {
                    entries.append(String(decoding: text, as: UTF8.self))
                }
                depth -= 1
            } else if depth == 2 {
                text.append(byte)
            }
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        }
        return entries
    }
}
