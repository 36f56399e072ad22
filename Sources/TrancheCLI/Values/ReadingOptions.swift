import Tranche
import TrancheChains

/// The options that say how a file is written whose records are items, for help texts.
enum ReadingOptions {
    private static let layouts = JSONFormat.Layout.allCases.map(\.rawValue)
    private static let nonFinite = JSONFormat.NonFiniteNumbers.allCases.map(\.rawValue)

    /// The options under a title.
    static func group(_ title: String) -> CommandDescription.OptionGroup {
        .init(title: title, options: options)
    }

    private static let options: [CommandDescription.Option] = [
        .init(
            "format",
            FileConnector.formats.joined(separator: "|"),
            "file format (default: by its name). tsv: with \\t, \\n and \\\\ and "
                + "without quotes; mysql: as INTO OUTFILE writes it, and mariadb "
                + "--batch with --null NULL --header-lines 1; pgcopy: as "
                + "PostgreSQL's COPY writes it",
            choices: FileConnector.formats,
            brief: "file format (default: by its name)"
        ),
        .init(
            "delimiter",
            "TEXT",
            "field delimiter of a CSV file, up to four bytes (default: comma; or ; "
                + "tab or | if the first 64 KiB use it)",
            brief: "field delimiter (default: guessed)"
        ),
        .init("quote", "C", "quote character (default: \"); '' for none"),
        .init(
            "escape",
            "C",
            "escape character for quotes within quotes, such as \\; without quotes, "
                + "for delimiters and line ends"
        ),
        .init(
            "null",
            "TEXT",
            "unquoted text that means null, besides an empty field; separate several by commas",
            isRepeatable: true
        ),
        .init("keep-empty", nil, "read an empty field as empty text, not as null"),
        .init("skip-lines", "N", "number of lines to skip at the beginning; 0 turns guessing off"),
        .init("comment", "TEXT", "skip lines that begin with TEXT, such as #"),
        .init(
            "header",
            "A,B,…",
            "field names, if the file has none; with --skip-lines 1 they replace the "
                + "names in the file"
        ),
        .init(
            "header-lines",
            "N",
            "number of header records, whose names are joined; 0 for none"
        ),
        .init("fit-ragged", nil, "accept records with more or fewer fields than the header"),
        .init(
            "replace-invalid",
            nil,
            "replace invalid UTF-8 instead of rejecting the record"
        ),
        .init(
            "json-layout",
            layouts.joined(separator: "|"),
            "where JSON records end: at line feeds, or after each value of an array "
                + "or of a sequence (default: guessed)",
            choices: layouts
        ),
        .init(
            "json-nan",
            nonFinite.joined(separator: "|"),
            "how to treat NaN and Infinity in JSON (default: refuse)",
            choices: nonFinite
        ),
        .init(
            "encoding",
            "NAME",
            "character encoding, such as latin1, windows-1252 or shift_jis (default: "
                + "by the byte order mark, otherwise UTF-8)"
        ),
    ]
}
