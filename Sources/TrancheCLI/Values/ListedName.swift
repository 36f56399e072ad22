/// A name of a list whose names are parted by commas.
struct ListedName: Sendable, Hashable {
    /// The name, without its quotation marks.
    var text: String
    /// Whether it stood in quotation marks.
    var isQuoted = false

    /// Reads a list.
    ///
    /// Blanks around a name do not belong to it. In double quotes a name may have commas and
    /// blanks; a double quote within stands twice.
    ///
    /// - Parameter text: The list.
    /// - Returns: The names, at least one; one may be empty.
    /// - Throws: ``ValueError`` for a quotation mark without the one that ends it.
    static func list(in text: String) throws(ValueError) -> [ListedName] {
        var names: [ListedName] = []
        var rest = text[...]
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" }
            let name = rest.first == "\"" ? try quoted(&rest) : plain(&rest)
            names.append(name)
            guard rest.first == "," else { return names }
            rest = rest.dropFirst()
        }
    }

    private static func plain(_ rest: inout Substring) -> ListedName {
        var name = rest.prefix { $0 != "," }
        rest = rest[name.endIndex...]
        while let last = name.last, last == " " || last == "\t" { name.removeLast() }
        return ListedName(text: String(name))
    }

    private static func quoted(_ rest: inout Substring) throws(ValueError) -> ListedName {
        var text = ""
        rest = rest.dropFirst()
        while let end = rest.firstIndex(of: "\"") {
            text += rest[..<end]
            rest = rest[rest.index(after: end)...]
            if rest.first == "\"" {
                text += "\""
                rest = rest.dropFirst()
                continue
            }
            rest = rest.drop { $0 == " " || $0 == "\t" }
            guard rest.isEmpty || rest.first == "," else { break }
            return ListedName(text: text, isQuoted: true)
        }
        throw ValueError(
            "a uid in double quotes ends with one, before a comma or the end; one within stands "
                + "twice"
        )
    }
}
