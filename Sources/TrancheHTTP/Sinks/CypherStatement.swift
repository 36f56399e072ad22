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
        creates = words.indices.contains { index in
            Self.creates(words[index], behind: index > 0 ? words[index - 1] : nil)
        }
        takesBatch = words.contains("$BATCH")
        isIdle = words.starts(with: ["UNWIND", "$BATCH"])
    }

    /// Whether a word begins a clause that creates, or is the name of a procedure that does:
    /// `apoc.create.node` creates, `apoc.create.setProperty` and `apoc.create.uuids` do not.
    private static func creates(_ word: String, behind former: String?) -> Bool {
        let names = word.split(separator: ".")
        // INSERT is what GQL calls CREATE.
        if names.contains("INSERT") { return true }
        guard let place = names.firstIndex(of: "CREATE") else { return false }
        // "ON CREATE SET" belongs to a MERGE.
        if names.count == 1 { return former != "ON" }
        let what = names[(place + 1)...].first ?? ""
        return !["SET", "ADD", "REMOVE", "UUID"].contains { what.hasPrefix($0) }
    }

    /// The words in upper case, without comments, texts, quoted names, and the names of labels and
    /// properties; the name of a procedure is one word.
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
            if before == ".", isCall, let name = words.popLast() {
                words.append("\(name).\(word.uppercased())")
            } else if before != ".", before != ":" || word.first == "$" {
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
