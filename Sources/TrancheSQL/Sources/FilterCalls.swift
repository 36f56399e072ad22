/// What a filter's text calls, as far as its words tell.
package struct FilterCalls: Sendable, Hashable {
    /// A function's call.
    package struct Call: Sendable, Hashable {
        /// The part behind the last dot, in lower case unless quoted.
        package let name: String
        /// How many arguments it is given.
        package let arguments: Int

        package init(_ name: String, arguments: Int) {
            self.name = name
            self.arguments = arguments
        }
    }

    /// The calls.
    package private(set) var calls: Set<Call> = []
    /// All unquoted words, in lower case.
    package private(set) var words: Set<String> = []
    /// All string literals, in lower case, without quotes; and all names in double quotes, which
    /// SQLite takes for literals where no column has them.
    package private(set) var literals: Set<String> = []

    /// Whether texts may be put together.
    package private(set) var concatenates = false

    /// The names of the called functions.
    package var functions: Set<String> { Set(calls.map(\.name)) }

    package init(in filter: String) {
        concatenates = filter.contains("||")
        var open: [(name: String?, commas: Int, isEmpty: Bool)] = []
        var lastName: String?
        var tokens = FilterTokens(rest: Substring(filter))
        while let token = tokens.next() {
            if token != .close, !open.isEmpty { open[open.count - 1].isEmpty = false }
            let name = lastName
            lastName = nil
            switch token {
            case .word(let word):
                words.insert(word)
                lastName = word
            case .quoted(let quoted):
                literals.insert(quoted.lowercased())
                lastName = quoted
            case .literal(let text):
                literals.insert(text.lowercased())
            case .open:
                open.append((name, 0, true))
            case .comma:
                if !open.isEmpty { open[open.count - 1].commas += 1 }
            case .close:
                guard let call = open.popLast(), let name = call.name else { continue }
                calls.insert(Call(name, arguments: call.isEmpty ? 0 : call.commas + 1))
            case .other:
                break
            }
        }
    }
}

/// A filter's text, cut into tokens as both dialects cut it; white space and comments are left out.
private struct FilterTokens {
    enum Token: Equatable {
        case word(String)
        case quoted(String)
        case literal(String)
        case open, comma, close, other
    }

    var rest: Substring

    mutating func next() -> Token? {
        while let character = rest.first {
            if rest.hasPrefix("--") {
                rest = rest[(rest.firstIndex(of: "\n") ?? rest.endIndex)...]
            } else if rest.hasPrefix("/*") {
                rest = Self.rest(of: rest.dropFirst(2), after: "*/")
            } else if character.isWhitespace || character == "[" || character == "]" {
                // SQLite quotes names in brackets, too.
                rest.removeFirst()
            } else {
                return token(character)
            }
        }
        return nil
    }

    private mutating func token(_ first: Character) -> Token {
        switch first {
        case "'": return .literal(takeQuoted(by: first))
        case "\"", "`": return .quoted(takeQuoted(by: first))
        case "$": return takeDollar()
        case _ where first.isLetter || first == "_":
            let word = takeWord().lowercased()
            // PostgreSQL's literals with escapes.
            return word == "e" && rest.first == "'"
                ? .literal(takeQuoted(by: "'", escapes: true)) : .word(word)
        case _ where first.isNumber:
            _ = takeWord()
            return .other
        default:
            rest.removeFirst()
            switch first {
            case "(": return .open
            case ",": return .comma
            case ")": return .close
            default: return .other
            }
        }
    }

    private mutating func takeWord() -> Substring {
        let end = rest.firstIndex { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "$") }
        defer { rest = rest[(end ?? rest.endIndex)...] }
        return rest[..<(end ?? rest.endIndex)]
    }

    private mutating func takeQuoted(by quote: Character, escapes: Bool = false) -> String {
        var text = ""
        rest.removeFirst()
        while let character = rest.popFirst() {
            if escapes, character == "\\" {
                if let escaped = rest.popFirst() { text.append(escaped) }
                continue
            }
            guard character == quote else {
                text.append(character)
                continue
            }
            guard rest.first == quote else { break }
            text.append(quote)
            rest.removeFirst()
        }
        return text
    }

    /// Takes a literal between PostgreSQL's dollar quotes, or just the sign.
    private mutating func takeDollar() -> Token {
        let start = rest
        rest.removeFirst()
        let tag = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        guard rest.dropFirst(tag.count).first == "$" else { return .other }
        let quote = start.prefix(tag.count + 2)
        let body = start.dropFirst(quote.count)
        rest = Self.rest(of: body, after: quote)
        return .literal(String(body[..<(body.firstRange(of: quote)?.lowerBound ?? body.endIndex)]))
    }

    private static func rest(of text: Substring, after end: Substring) -> Substring {
        text.firstRange(of: end).map { text[$0.upperBound...] } ?? text[text.endIndex...]
    }
}
