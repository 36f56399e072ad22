import Tranche

/// The names of a CSV file's fields, made of its header.
struct CSVNames {
    /// The names, each once.
    private(set) var names: [String] = []
    /// What was made up, in words.
    private(set) var notes: [String] = []

    /// Names the fields.
    ///
    /// White space around names is left out. A field without a name is `column_` with its place, a
    /// name that is there already gets `_2`, `_3` and so on behind it.
    ///
    /// - Parameter texts: The names as the header has them.
    init(_ texts: [String]) {
        let trimmed = texts.map { text in text.trimming { $0.isWhitespace } }
        var taken = Set(trimmed)
        var used: Set<String> = []
        var made: [String] = []
        var doubled: [String] = []
        for (place, text) in trimmed.enumerated() {
            if !text.isEmpty, used.insert(text).inserted {
                names.append(text)
                continue
            }
            var number = text.isEmpty ? 1 : 2
            let stem = text.isEmpty ? "column_\(place + 1)" : text
            func name() -> String { number == 1 ? stem : "\(stem)_\(number)" }
            while taken.contains(name()) { number += 1 }
            let name = name()
            taken.insert(name)
            used.insert(name)
            names.append(name)
            if text.isEmpty { made.append(name) } else { doubled.append(name) }
        }
        if !made.isEmpty { notes.append("fields without a name are \(Self.list(made))") }
        if !doubled.isEmpty { notes.append("doubled names are \(Self.list(doubled))") }
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(5).joined(separator: ", ")
        return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
    }
}
