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
            "how it is written; by its name by default. tsv: with \\t, \\n and \\\\ and no "
                + "quotes; mysql: as INTO OUTFILE writes it, and mariadb --batch with --null "
                + "NULL --header-lines 1; pgcopy: as PostgreSQL's COPY does",
            choices: FileConnector.formats,
            brief: "how it is written; by its name by default"
        ),
        .init(
            "delimiter",
            "TEXT",
            "what parts the fields of a CSV file, up to four bytes; by default a comma, unless the "
                + "first 64 KiB "
                + "are parted by ; or tab or |",
            brief: "what parts the fields; found by default"
        ),
        .init("quote", "C", "what encloses fields; \" by default, '' for nothing"),
        .init(
            "escape",
            "C",
            "what makes a quote text within quotes, such as \\; where nothing encloses fields, "
                + "what makes a "
                + "delimiter or line end text"
        ),
        .init(
            "null",
            "TEXT",
            "what is null where it stands without quotes, besides an empty field; several with "
                + "commas",
            isRepeatable: true
        ),
        .init("keep-empty", nil, "take an empty field for empty text, not for null"),
        .init("skip-lines", "N", "pass over so many lines at the beginning; 0 guesses none"),
        .init("comment", "TEXT", "pass over lines that begin with it, such as #"),
        .init(
            "header",
            "A,B,…",
            "the fields' names, where the file has none; with --skip-lines 1 in place of those "
                + "that it has"
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
        .init(
            "json-layout",
            layouts.joined(separator: "|"),
            "where records of JSON end: at line feeds, or as values of an array or one after the "
                + "other; by the "
                + "content's look by default",
            choices: layouts
        ),
        .init(
            "json-nan",
            nonFinite.joined(separator: "|"),
            "what becomes of NaN and Infinity in JSON; refused by default",
            choices: nonFinite
        ),
        .init(
            "encoding",
            "NAME",
            "its encoding, such as latin1, windows-1252 or shift_jis; UTF-8 by default, or what "
                + "its byte "
                + "order mark says"
        ),
    ]
}
