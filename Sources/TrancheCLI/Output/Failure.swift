import Tranche
import TrancheConnectors

/// An error that ends the program, as users see it.
struct Failure {
    /// What went wrong and what to do about it, on one line and without passwords.
    let words: String
    /// How the program ends.
    let status: ProgramStatus
    private let code: String
    /// The option of the field that the error names; `nil` where it names none.
    private let option: String?

    /// Takes an error apart.
    ///
    /// - Parameters:
    ///   - error: The error.
    ///   - command: The command that it ended; `nil` (the default) where none was found.
    init(_ error: any Error, of command: CommandDescription? = nil) {
        let message = error is CancellationError ? "interrupted" : "\(error)"
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        words = HumanText.programLines(line)
        status = ProgramStatus(error)
        code = Self.code(of: error)
        let field = (error as? TrancheError)?.field
        option = field.map { SpecOptions.source.option(of: $0) }.flatMap { option in
            // What reads sources that others described has no such option.
            command?.options.contains { "--\($0.name)" == option } == true ? option : nil
        }
    }

    /// The failure for programs.
    var document: FailureDocument {
        var document = FailureDocument(code: code, words: words, exit: Int(status.rawValue))
        document.field = option
        if document.field == nil, status == .usage {
            document.field = Self.option(in: document.message)
        }
        return document
    }

    private static func code(of error: any Error) -> String {
        switch error {
        case is CancellationError: "interrupted"
        case is UsageError: "usage"
        case is SupersededError: "superseded"
        case let error as TrancheError: "\(error.code)"
        case let error as SpecError: "\(error.code)"
        default: "failed"
        }
    }

    /// The option or operand that a message begins with, or the first option that it names.
    private static func option(in words: String) -> String? {
        if let option = words.firstMatch(of: #/--[a-z][a-z0-9-]*/#) { return String(option.output) }
        return words.firstMatch(of: #/^[A-Z][A-Z-]+(?= )/#).map { String($0.output) }
    }
}
