import Foundation

/// How a program that worked on a batch ended, on this machine or in a container.
package struct ProgramEnd: Sendable {
    /// How it exited.
    package var exit: Exit
    /// The last line of its output.
    package var lastLine: LineCollector.Line? {
        didSet { result = lastLine.flatMap { KeptResult($0) } }
    }
    /// The result: the last line, when it begins as a JSON object does.
    package private(set) var result: KeptResult?
    /// The end of its output.
    package var output = OutputTail()
    /// The end of what it wrote to standard error.
    package var errors = OutputTail()
    /// Why what follows its page could not be named; `nil` where nothing was in the way.
    package var namingFault: String?
    /// Whether it was cut short, whatever it says about itself: the batch is given back.
    package var isCutShort: Bool
    /// How an exit code is told.
    package var codeWords: @Sendable (Int32) -> String = { "exit code \($0)" }

    /// How a program exits.
    package enum Exit: Sendable, Hashable {
        case code(Int32)
        case signal(Int32)
    }

    /// What is wrong with what a program says.
    struct Fault: Error {
        let message: String
    }

    /// The exit status `EX_TEMPFAIL` of `sysexits.h`.
    private static let temporaryFailure: Int32 = 75

    /// Describes an end.
    package init(
        exit: Exit,
        lastLine: LineCollector.Line? = nil,
        output: OutputTail = OutputTail(),
        errors: OutputTail = OutputTail(),
        isCutShort: Bool
    ) {
        self.exit = exit
        self.lastLine = lastLine
        self.output = output
        self.errors = errors
        self.isCutShort = isCutShort
        result = lastLine.flatMap { KeptResult($0) }
    }

    /// Whether trying the same again may succeed, as the program says.
    package var isTransient: Bool { exit == .code(Self.temporaryFailure) }

    /// The items to blame, as the result of a program that failed names them.
    ///
    /// - Throws: ``Fault`` when it names something else.
    func badItems() throws(Fault) -> Set<Int64> {
        guard let result, result.note == nil else { return [] }
        do {
            return Set(try JSONText.decode(BadItems.self, from: result.json).badIDs ?? [])
        } catch {
            throw Fault(message: "its \"bad_ids\" are no list of ids")
        }
    }

    /// The part of a result that blames items.
    private struct BadItems: Decodable {
        var badIDs: [Int64]?

        enum CodingKeys: String, CodingKey {
            case badIDs = "bad_ids"
        }
    }

    /// What is kept as the error of a failure: how it exited, and its last words.
    package var failure: String? {
        let words: String
        switch exit {
        case .code(0): return namingFault
        case .code(let code): words = codeWords(code)
        case .signal(let number): words = "killed by signal \(number)"
        }
        guard let line = lastWords else { return words }
        // No database keeps a NUL in a text. A password that is cut in two is not known as one.
        return "\(words): \(redacted(line).prefix(500).replacing("\0", with: "\u{FFFD}"))"
    }

    /// The line that says what went wrong: a result that names an error, else the last line of
    /// standard error, else that of the output.
    private var lastWords: String? {
        let line = lastLine?.text.trimmingCharacters(in: .whitespaces)
        return namesError ? line : errors.lastLine ?? line
    }

    /// Whether the result is about the failure.
    private var namesError: Bool {
        struct Blame: Decodable {
            var error: String?
        }
        guard let result, result.note == nil else { return false }
        // A result without an error that is a text is about something else.
        return (try? JSONText.decode(Blame.self, from: result.json))?.error != nil
    }

    /// What is kept of what it wrote; `nil` where it wrote nothing.
    package var written: AttemptOutput? {
        AttemptOutput(standardError: errors.text, standardOutput: output.text).ifAny
    }
}
