import Foundation
import TrancheChains

/// The options of `tranche load` that say how a CSV file is written.
struct DialectOptions: Sendable {
    /// What `--format` may name besides formats: dialects of CSV.
    enum Preset: String, CaseIterable {
        case tsv, mysql, pgcopy

        var format: CSVFormat {
            switch self {
            case .tsv: .tsv
            case .mysql: .mariaDBOutfile
            case .pgcopy: .postgreSQLCopy
            }
        }
    }

    static let options: [CommandDescription.Option] = [
        .init(
            "delimiter",
            "TEXT",
            "what parts the fields of a CSV file, up to four bytes; by default a comma, unless the first 64 KiB "
                + "are parted by ; or tab or |"
        ),
        .init("quote", "C", "what encloses fields; \" by default, '' for nothing"),
        .init(
            "escape",
            "C",
            "what makes a quote text within quotes, such as \\; where nothing encloses fields, what makes a "
                + "delimiter or line end text"
        ),
        .init(
            "null",
            "TEXT",
            "what is null where it stands without quotes, besides an empty field; several with commas",
            isRepeatable: true
        ),
        .init("keep-empty", nil, "take an empty field for empty text, not for null"),
        .init("skip-lines", "N", "pass over so many lines at the beginning; 0 guesses none"),
        .init("comment", "TEXT", "pass over lines that begin with it, such as #"),
        .init(
            "header",
            "A,B,…",
            "the fields' names, where the file has none; with --skip-lines 1 in place of those that it has"
        ),
        .init(
            "header-lines",
            "N",
            "how many records the header has, whose names are joined; 0 for none"
        ),
        .init("fit-ragged", nil, "let records have more or fewer fields than the header"),
        .init(
            "replace-invalid",
            nil,
            "replace bytes that are no UTF-8, rather than refuse records"
        ),
    ]

    /// How the file is written.
    let format: CSVFormat

    /// Reads the options.
    ///
    /// - Parameters:
    ///   - arguments: The command line.
    ///   - path: The file's path, whose ending may say TSV.
    /// - Throws: ``UsageError``.
    init(_ arguments: Arguments, path: String) throws {
        let preset = arguments.text("format").flatMap { Preset(rawValue: $0) }
        var format = preset?.format ?? Self.guessed(path)
        // That it is CSV is said, so quotes are those of CSV.
        if arguments.has("format") { format.guesses.remove(.quote) }
        if let delimiter = arguments.text("delimiter") {
            format.delimiter = try Self.delimiter(delimiter)
            format.guesses.remove(.delimiter)
        }
        if let quote = arguments.text("quote") {
            format.quote = quote.isEmpty ? nil : try Self.character(quote, "quote")
            format.guesses.remove(.quote)
        }
        if let escape = arguments.text("escape") {
            guard preset == nil else {
                throw UsageError("--escape does not go with --format \(preset?.rawValue ?? "")")
            }
            format.escapes =
                escape.isEmpty ? .none : .character(try Self.character(escape, "escape"))
        }
        format.nulls = try Self.nulls(arguments, format.nulls)
        if arguments.has("header") { format.header = Self.names(arguments.text("header")) }
        format.headerLines =
            try arguments.value("header-lines") { try parseCount($0, from: 0) }
            ?? format.headerLines
        if let skipped = try arguments.value("skip-lines", { try parseCount($0, from: 0) }) {
            format.skippedLines = skipped
            // What stands before the header is said.
            if skipped == 0, format.headerLines == nil, format.header == nil {
                format.headerLines = 1
            }
        }
        format.comment = arguments.text("comment")
        if format.comment == "" { throw UsageError("--comment '': give what comments begin with") }
        if arguments.has("fit-ragged") { format.raggedRecords = .fit }
        if arguments.has("replace-invalid") { format.invalidText = .replace }
        self.format = format
    }

    /// How a file is written of which nothing is said: what its name and content tell.
    static func guessed(_ path: String) -> CSVFormat {
        path.lowercased().contains(".tsv")
            ? CSVFormat(delimiter: "\t", guesses: [.quote, .header])
            : CSVFormat(guesses: [.delimiter, .header])
    }

    private static func delimiter(_ text: String) throws -> String {
        let known = text == "\\t" || text == "tab" ? "\t" : text
        guard (1...4).contains(known.utf8.count) else {
            throw UsageError("--delimiter '\(text)': give one to four bytes, or tab")
        }
        return known
    }

    private static func character(_ text: String, _ option: String) throws -> Character {
        guard text.count == 1, let character = text.first else {
            throw UsageError("--\(option) '\(text)': give one character")
        }
        return character
    }

    /// What stands for null: what is given, beside empty fields where these did before.
    private static func nulls(_ arguments: Arguments, _ before: [String]) throws -> [String] {
        var nulls = before
        if arguments.has("null") {
            let given = arguments.texts("null").flatMap { $0.components(separatedBy: ",") }
            nulls = (before.contains("") ? [""] : []) + given
        }
        guard arguments.has("keep-empty") else { return unique(nulls) }
        guard !arguments.texts("null").contains("") else {
            throw UsageError(
                "--keep-empty does not go with --null '', which makes empty fields null"
            )
        }
        return unique(nulls.filter { !$0.isEmpty })
    }

    private static func unique(_ texts: [String]) -> [String] {
        texts.enumerated().filter { !texts[..<$0.offset].contains($0.element) }.map(\.element)
    }

    private static func names(_ text: String?) -> [String] {
        guard let text, !text.isEmpty else { return [] }
        return text.components(separatedBy: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }
}
