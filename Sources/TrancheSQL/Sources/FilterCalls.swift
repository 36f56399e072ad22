/// What a filter's text calls, as far as its words tell.
package struct FilterCalls: Sendable, Hashable {
    /// Names followed by a parenthesis, in lower case unless quoted; the part behind the last dot.
    package private(set) var functions: Set<String> = []
    /// All unquoted words, in lower case.
    package private(set) var words: Set<String> = []
    /// All string literals, in lower case, without quotes.
    package private(set) var literals: Set<String> = []

    package init(in filter: String) {
        var rest = Substring(filter)
        while let character = rest.first {
            if character == "'" {
                literals.insert(Self.takeQuoted(&rest, by: "'").lowercased())
            } else if character == "\"" {
                let name = Self.takeQuoted(&rest, by: "\"")
                if Self.opensParenthesis(rest) { functions.insert(name) }
            } else if rest.hasPrefix("--") {
                rest = rest[(rest.firstIndex(of: "\n") ?? rest.endIndex)...]
            } else if rest.hasPrefix("/*") {
                rest = rest.range(of: "*/").map { rest[$0.upperBound...] } ?? ""
            } else if character.isLetter || character == "_" {
                let end = rest.firstIndex {
                    !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "$")
                }
                let word = rest[..<(end ?? rest.endIndex)].lowercased()
                rest = rest[(end ?? rest.endIndex)...]
                words.insert(word)
                if Self.opensParenthesis(rest) { functions.insert(word) }
            } else {
                rest.removeFirst()
            }
        }
    }

    private static func takeQuoted(_ rest: inout Substring, by quote: Character) -> String {
        var text = ""
        rest.removeFirst()
        while let character = rest.popFirst() {
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

    private static func opensParenthesis(_ rest: Substring) -> Bool {
        rest.first { !$0.isWhitespace } == "("
    }
}

extension Substring {
    fileprivate func range(of text: String) -> Range<Index>? {
        ranges(of: text).first
    }
}
