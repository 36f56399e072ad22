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
    mutating func show(_ output: AttemptOutput, of holding: AttemptKey) async throws {
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
            return try await context.output.put(document.documentText() + "\n")
        }
        for (name, text) in news.streams {
            let title = "== attempt \(holding.attempt), \(name)\n"
            let lines = HumanText.programLines(text)
            let end = lines.hasSuffix("\n") ? "" : "\n"
            try await context.output.put((title == place ? "" : title) + lines + end)
            place = title
        }
    }

    /// What has come to a text since; both are the ends of what was written.
    static func news(of text: String, after old: String) -> String {
        let (bytes, known) = (Array(text.utf8), Array(old.utf8))
        if bytes.starts(with: known) {
            return String(decoding: bytes.dropFirst(known.count), as: UTF8.self)
        }
        // What was shown has begun to be left out.
        let now = KeptEnd(bytes)
        if let end = now.end(of: KeptEnd(known)) {
            return String(decoding: now.rest.dropFirst(end), as: UTF8.self)
        }
        return "[some is left out]\n" + text
    }
}

/// The end of what a program wrote, and where it stands in the whole.
private struct KeptEnd {
    /// How many bytes were written before it and left out, as its mark says.
    let missing: Int
    /// What is kept, without the mark.
    let rest: [UInt8]

    init(_ bytes: [UInt8]) {
        let line = bytes.prefix(64).prefix { $0 != UInt8(ascii: "\n") }
        let words = String(decoding: line, as: UTF8.self)
        let mark = words.wholeMatch(of: /\[([0-9]{1,15}) bytes left out\]/)
        missing = mark.flatMap { Int($0.output.1) } ?? 0
        rest = mark == nil ? bytes : Array(bytes.dropFirst(line.count + 1))
    }

    /// Where in it an earlier end of the same writing ends; `nil` where all of that is left out.
    ///
    /// A program may write the same again and again: the place is known by the bytes that were left
    /// out. What was masked in these may be longer or shorter than it was written, so that the
    /// place is looked at, and where another text stands there, the nearest one is taken.
    func end(of earlier: KeptEnd) -> Int? {
        let place = earlier.missing + earlier.rest.count - missing
        guard place >= 0 else { return nil }
        let shown = earlier.rest.suffix(500)
        if place <= rest.count, rest.prefix(place).suffix(500).elementsEqual(shown.suffix(place)) {
            return place
        }
        guard !shown.isEmpty else { return nil }
        let near = min(place, rest.count)
        for distance in 0...rest.count {
            for end in [near - distance, near + distance]
            where end >= shown.count && end <= rest.count {
                if rest[(end - shown.count)..<end].elementsEqual(shown) { return end }
            }
        }
        return nil
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
