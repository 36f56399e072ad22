package import Tranche

/// The words of files for what errors name as options of a command.
///
/// Sources, steps and sinks serve a command line and files alike, and their errors say what to do
/// by the options of `tranche load` and `tranche work`. Who describes work in a file has fields of
/// the same names in their place, as `drop_unknown` for `--drop-unknown`.
package enum FieldWords {
    /// A text with fields in the place of options.
    ///
    /// A command in quotes stays as it is, with what the same sentence says of it, such as
    /// `'tranche redefine' with --where`. So does all up to the end of what else stands in quotes:
    /// a file, a field or a condition may hold anything.
    ///
    /// - Parameter words: The text.
    /// - Returns: The text; as it is where it names no option that is a field.
    package static func text(_ words: String) -> String {
        guard words.contains("--") else { return words }
        var wording = FieldWording(words)
        return wording.text()
    }

    /// An error with fields in the place of options; one of another type is as it was.
    ///
    /// What a step says of records is left as it is: it shows values, and names no option.
    package static func error(_ error: any Error) -> any Error {
        switch error {
        case let error as TrancheError: return named(error)
        case var error as RecordsRefused:
            for index in error.failures.indices where error.failures[index].origin != .step {
                error.failures[index].message = text(error.failures[index].message)
            }
            return error
        default: return error
        }
    }

    /// An error with fields in the place of options.
    package static func named(_ error: TrancheError) -> TrancheError {
        let words = text(error.message)
        if words == error.message { return error }
        return TrancheError(
            error.code,
            words,
            field: error.field,
            underlying: error.underlying,
            file: error.file,
            line: error.line
        )
    }

    /// A fault with fields in the place of options.
    package static func fault(_ fault: RecordFault) -> RecordFault {
        var fault = fault
        for index in fault.errors.indices {
            fault.errors[index].message = text(fault.errors[index].message)
        }
        return fault
    }

    /// Does something on behalf of a file.
    ///
    /// - Parameter body: What is done.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, with fields in the place of options.
    package static func inErrors<Result>(
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch {
            throw Self.error(error)
        }
    }
}

/// Writes a text with the names of fields.
private struct FieldWording {
    private var rest: Substring
    private var words = ""
    /// Whether the sentence names a command, whose options are meant.
    private var isOfCommand = false

    /// What is said otherwise as a whole.
    private static let phrases = [
        ("'tranche load --follow --replaced'", "'replaced: true' of the source"),
        ("--create-table", "'tranche load --create-table'"), ("--map", "the step 'map'"),
    ]

    private static let ofSinks: Set<String> = [
        "key", "each", "drop-unknown", "add-columns", "overwrite", "file-per-batch",
        "create-index",
    ]

    /// Those of sources, of how files are read, and of policies and limits.
    private static let others: Set<String> = [
        "format", "delimiter", "quote", "escape", "null", "keep-empty", "skip-lines", "comment",
        "header", "header-lines", "fit-ragged", "replace-invalid", "json-layout", "json-nan",
        "encoding", "replaced", "uid", "item", "weight-column", "where", "volatile-filter",
        "settle-column", "time-column", "time-as", "by", "zone", "settle-wait", "settle-lag",
        "watch", "weight", "count",
    ]

    /// Words that are values where they stand behind an option.
    private static let values: Set<String> = [
        "accept", "null", "lines", "values", "jsonl", "latin1", "_id",
    ]

    init(_ text: String) {
        let start = Self.adviceStart(in: text)
        words = String(text[..<start])
        rest = text[start...]
        let sentence = words.split(separator: ";").last ?? ""
        isOfCommand = start > text.startIndex && sentence.contains("'tranche ")
    }

    /// Where the advice begins: behind the last quoted part that is no option and no command.
    private static func adviceStart(in text: String) -> String.Index {
        var end = text.endIndex
        while let close = text[..<end].lastIndex(where: { $0 == "'" || $0 == "\"" }) {
            let behind = text.index(after: close)
            guard let open = text[..<close].lastIndex(of: text[close]) else { return behind }
            let quoted = text[text.index(after: open)..<close]
            let before = text[..<open]
            let isValue =
                before.last == " "
                && (before.dropLast().split(separator: " ").last?.hasPrefix("--") ?? false)
            guard isValue || quoted.hasPrefix("tranche ") || isOption(quoted) else {
                return behind
            }
            end = open
        }
        return text.startIndex
    }

    /// Whether a quoted text is one option, with its value at most.
    private static func isOption(_ quoted: Substring) -> Bool {
        let words = quoted.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count <= 2, let option = words.first, option.hasPrefix("--"),
            ofSinks.union(others).contains(String(option.dropFirst(2)))
        else { return false }
        guard words.count == 2, let value = words.last else { return true }
        return value.first?.isNumber ?? false || values.contains(String(value))
    }

    mutating func text() -> String {
        while let character = rest.first {
            if takePhrase() || takeCommand() || takeOption() { continue }
            if character == ";" || rest.hasPrefix(". ") { isOfCommand = false }
            words.append(character)
            rest.removeFirst()
        }
        return words
    }

    private mutating func takePhrase() -> Bool {
        guard let phrase = Self.phrases.first(where: { rest.hasPrefix($0.0) }),
            phrase.0.hasPrefix("'") || beginsOption
        else { return false }
        words += phrase.1
        rest = rest.dropFirst(phrase.0.count)
        return true
    }

    /// Takes a command in quotes as it is, whatever it has in quotes itself.
    private mutating func takeCommand() -> Bool {
        guard rest.hasPrefix("'tranche ") else { return false }
        var end = rest.index(after: rest.startIndex)
        while let quote = rest[end...].firstIndex(of: "'") {
            end = rest.index(after: quote)
            let opens = rest[..<quote].last.map { $0 == " " || $0 == "=" } ?? false
            let behind = rest[end...]
            if !opens, !behind.hasPrefix(" --"), !behind.hasPrefix("'") { break }
        }
        words += rest[..<end]
        rest = rest[end...]
        isOfCommand = true
        return true
    }

    /// Whether what stands before may stand before an option.
    private var beginsOption: Bool {
        guard !isOfCommand else { return false }
        guard let last = words.last else { return true }
        return [" ", "(", "'", "\n"].contains(last)
    }

    private mutating func takeOption() -> Bool {
        guard rest.hasPrefix("--"), beginsOption else { return false }
        let option = String(rest.dropFirst(2).prefix { $0.isASCII && $0.isLowercase || $0 == "-" })
        let isOfSink = Self.ofSinks.contains(option)
        guard isOfSink || Self.others.contains(option) else { return false }
        rest = rest.dropFirst(2 + option.count)
        let field = option.replacing("-", with: "_")
        let value = takeValue()
        let setting = value.map { "\(field): \($0)" } ?? field
        if words.last == "'" || value?.hasPrefix("'") == true {
            words += setting
        } else {
            words += "'\(setting)'" + (isOfSink ? " of the sink" : "")
        }
        return true
    }

    /// What the option is to be, where it stands behind it.
    private mutating func takeValue() -> Substring? {
        guard rest.first == " " else { return nil }
        let behind = rest.dropFirst()
        if behind.first == "'" {
            guard let end = behind.dropFirst().firstIndex(of: "'") else { return nil }
            rest = behind[behind.index(after: end)...]
            return behind[...end]
        }
        let value = behind.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        guard let first = value.first, first.isNumber || Self.values.contains(String(value)) else {
            return nil
        }
        rest = rest[value.endIndex...]
        return value
    }
}
