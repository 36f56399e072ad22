/// A statement, as far as its words tell.
struct CypherStatement: Sendable {
    let text: String
    /// Whether it creates what may be there already.
    let creates: Bool
    /// Whether it takes the parameter `batch`.
    let takesBatch: Bool
    /// Whether it does nothing without records.
    let isIdle: Bool

    init(_ text: String) {
        self.text = text
        let words = Self.words(of: text)
        // "ON CREATE SET" belongs to a MERGE.
        creates = words.indices.contains { index in
            words[index] == "CREATE" && (index == 0 || words[index - 1] != "ON")
        }
        takesBatch = words.contains("$BATCH")
        isIdle = words.starts(with: ["UNWIND", "$BATCH"])
    }

    /// The words in upper case, without comments, texts and quoted names.
    private static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var quote: Character?
        var rest = text[...]
        func isWordPart(_ character: Character) -> Bool {
            character.isLetter || character.isNumber || character == "_" || character == "$"
        }
        while let character = rest.popFirst() {
            if let open = quote {
                if character == "\\", open != "`" { rest = rest.dropFirst() }
                if character == open { quote = nil }
                continue
            }
            if isWordPart(character) {
                word.append(character)
                continue
            }
            if !word.isEmpty { words.append(word.uppercased()) }
            word = ""
            if character == "/", rest.first == "/" {
                rest = rest.drop { !$0.isNewline }
            } else if character == "/", rest.first == "*" {
                rest = rest.firstRange(of: "*/").map { rest[$0.upperBound...] } ?? ""
            } else if "'\"`".contains(character) {
                quote = character
            }
        }
        if !word.isEmpty { words.append(word.uppercased()) }
        return words
    }
}
