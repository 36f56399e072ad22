/// A failure of a command or a request.
package struct FailureDocument: Codable, Sendable, Hashable {
    package let code: String
    package let message: String
    /// The option or operand that is to blame.
    package var field: String?
    package let remedy: String?
    package let exit: Int

    /// Makes the document of a failure.
    ///
    /// - Parameters:
    ///   - code: What kind of failure it is: one of ``TrancheError/Code``, or a word of the
    ///     program's own.
    ///   - words: What went wrong and, behind the first semicolon, what to do about it.
    ///   - exit: The exit status.
    package init(code: String, words: String, exit: Int) {
        self.code = code
        (message, remedy) = Self.parts(of: words)
        self.exit = exit
    }

    /// What went wrong, and what to do about it: what stands behind the first semicolon that is not
    /// in parentheses.
    private static func parts(of words: String) -> (String, String?) {
        var depth = 0
        for place in words.indices {
            switch words[place] {
            case "(": depth += 1
            case ")": depth = max(0, depth - 1)
            case ";" where depth == 0:
                let rest = words[words.index(after: place)...]
                guard rest.first == " ", rest.count > 1 else { continue }
                return (String(words[..<place]), String(rest.dropFirst()))
            default: break
            }
        }
        return (words, nil)
    }
}
