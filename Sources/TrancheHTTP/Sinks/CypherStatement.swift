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
        // "ON CREATE SET" belongs to a MERGE; INSERT is what GQL calls CREATE.
        creates = words.indices.contains { index in
            words[index] == "INSERT"
                || words[index] == "CREATE" && (index == 0 || words[index - 1] != "ON")
        }
        takesBatch = words.contains("$BATCH")
        isIdle = words.starts(with: ["UNWIND", "$BATCH"])
    }

    /// The words in upper case, without comments, texts, quoted names, and the names of labels and
    /// properties.
    ///
    /// The name of a procedure is words: `apoc.create.node` creates.
    private static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = ""
        // What stands before the word, or before what follows it.
        var before: Character?
        // Whether a procedure's name is read, which is behind CALL.
        var isCall = false
        var quote: Character?
        var rest = text[...]
        func endWord() {
            guard !word.isEmpty else { return }
            let isName = before == "." && !isCall || before == ":" && word.first != "$"
            if !isName {
                words.append(word.uppercased())
                isCall = isCall || words.last == "CALL"
            }
            before = nil
            word = ""
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
            endWord()
            if !character.isWhitespace {
                before = character
                isCall = isCall && "./`".contains(character)
            }
            if character == "/" { rest = afterComment(rest) }
            if "'\"`".contains(character) { quote = character }
        }
        endWord()
        return words
    }

    private static func isWordPart(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_" || character == "$"
    }

    /// What is behind the comment, if what follows a slash makes it one.
    private static func afterComment(_ rest: Substring) -> Substring {
        switch rest.first {
        case "/": rest.drop { !$0.isNewline }
        case "*":
            rest.dropFirst().firstRange(of: "*/").map { rest[$0.upperBound...] } ?? ""
        default: rest
        }
    }
}
