import Tranche

/// Text in the language of manual pages: roff with the macros of man(7).
struct Roff: Sendable {
    private(set) var text = ""

    /// Begins a page.
    ///
    /// - Parameters:
    ///   - title: Its title, such as `tranche-work`.
    ///   - date: The day of its making, such as `2026-11-28`.
    init(title: String, date: String) {
        text = ".TH \(Self.word(title.uppercased())) 1 \(Self.word(date)) "
        text += "\(Self.word("tranche \(TrancheVersion.text)")) \(Self.word("Tranche Manual"))\n"
        // Left-aligned and without hyphenation: options and names stay as they are.
        text += ".ad l\n.nh\n"
    }

    /// Adds a section.
    mutating func section(_ title: String) { text += ".SH \(Self.word(title.uppercased()))\n" }

    /// Adds a part of a section.
    mutating func part(_ title: String) { text += ".SS \(Self.word(title))\n" }

    /// Adds a paragraph of running text.
    mutating func paragraph(_ words: String) { text += ".PP\n" + Self.running(words) }

    /// Adds a term with its explanation.
    mutating func term(_ term: String, _ words: String) {
        text += ".TP\n\\fB\(Self.escaped(term))\\fR\n" + Self.running(words)
    }

    /// Adds lines as they are.
    mutating func lines(_ lines: [String]) {
        text += ".PP\n.RS 4\n.nf\n" + lines.map(Self.line).joined() + ".fi\n.RE\n"
    }

    /// Adds text as the notes of a help have it: paragraphs between empty lines, and lines that
    /// begin with spaces stay as they are.
    mutating func notes(_ notes: String) {
        for block in notes.split(separator: "\n\n") {
            let lines = block.split(separator: "\n").map(String.init)
            if lines.allSatisfy({ $0.hasPrefix("  ") }) {
                self.lines(lines.map { String($0.drop { $0 == " " }) })
            } else if lines.contains(where: { $0.hasPrefix("  ") }) {
                self.lines(lines)
            } else {
                paragraph(lines.joined(separator: "\n"))
            }
        }
    }

    /// Text of which roff reads no part as a command or a character of its own.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "'": result += "\\(aq"
            case "`": result += "\\(ga"
            case "^": result += "\\(ha"
            case "~": result += "\\(ti"
            default: result.append(character)
            }
        }
        return result
    }

    /// A line that does not begin a command, with its end.
    private static func line(_ line: String) -> String {
        let text = escaped(line)
        return (text.hasPrefix(".") ? "\\&" : "") + text + "\n"
    }

    private static func running(_ words: String) -> String {
        words.split(separator: "\n").map { line(String($0.drop { $0 == " " })) }.joined()
    }

    /// An argument of a command.
    private static func word(_ text: String) -> String {
        "\"\(escaped(text).replacing("\"", with: "\\(dq"))\""
    }
}
