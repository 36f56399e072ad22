/// What a shell offers for a value: words, files, or nothing.
struct CompletionValue: Sendable, Hashable {
    /// The words it may be; empty for any.
    let words: [String]
    /// Whether it may be a file.
    let isFile: Bool

    /// What a value is offered that is shown as `placeholder`.
    ///
    /// - Parameters:
    ///   - placeholder: What the help shows for it, such as `csv|jsonl`, `TIME|none` or `FILE`.
    ///   - choices: The values that its description gives; those of the placeholder where there
    ///     are none.
    init(_ placeholder: String, choices: [String]) {
        let parts = placeholder.split(separator: "|").map(String.init)
        let literal = parts.filter { part in
            part.allSatisfy { $0.isLowercase || $0 == "-" }
        }
        words = choices.isEmpty && parts.count > 1 ? literal : choices
        let files: Set = ["FILE", "PATH", "PLACE", "DIR", "FOLDER"]
        isFile = choices.isEmpty && parts.contains { files.contains($0) }
    }
}

extension CommandDescription.Option {
    /// What is offered for its value; `nil` for an option without one.
    var completion: CompletionValue? {
        placeholder.map { CompletionValue($0, choices: choices) }
    }
}

extension CommandDescription.Operand {
    /// What is offered for it.
    var completion: CompletionValue { CompletionValue(name, choices: choices) }
}
