import Tranche

/// Shows what the programs of a batch write, as it comes to be known.
struct LogFollower {
    private let context: Context
    /// What was shown of each attempt.
    private var shown: [Int: AttemptOutput] = [:]
    /// What the last line belongs to.
    private var place: String?

    init(_ context: Context) {
        self.context = context
    }

    /// Whether anything was shown.
    var isEmpty: Bool { shown.isEmpty }

    /// Shows what is new of an attempt.
    mutating func show(_ output: AttemptOutput, of holding: AttemptKey) throws {
        let old = shown[holding.attempt] ?? AttemptOutput()
        let news = AttemptOutput(
            standardError: Self.news(of: output.standardError, after: old.standardError),
            standardOutput: Self.news(of: output.standardOutput, after: old.standardOutput),
            note: output.note == old.note ? nil : output.note
        )
        guard news.ifAny != nil else { return }
        shown[holding.attempt] = output
        if context.isJSON {
            let document = OutputDocument(
                batch: holding.batch,
                attempt: holding.attempt,
                news
            )
            return try context.output.writeLine(document.documentText())
        }
        for (name, text) in news.streams {
            let title = "== attempt \(holding.attempt), \(name)\n"
            let lines = HumanText.programLines(text)
            let end = lines.hasSuffix("\n") ? "" : "\n"
            try context.output.write((title == place ? "" : title) + lines + end)
            place = title
        }
    }

    /// What has come to a text since; both are the ends of what was written.
    static func news(of text: String, after old: String) -> String {
        if text.hasPrefix(old) { return String(text.dropFirst(old.count)) }
        // What was shown has begun to be left out.
        if let end = text.ranges(of: old.suffix(500)).last {
            return String(text[end.upperBound...])
        }
        return "[some is left out]\n" + text
    }
}

extension AttemptOutput {
    /// What there is, each under its name.
    var streams: [(name: String, text: String)] {
        [
            ("standard error", standardError), ("standard output", standardOutput),
            ("note for the next attempt", note ?? ""),
        ]
        .filter { !$0.1.isEmpty }
    }
}
