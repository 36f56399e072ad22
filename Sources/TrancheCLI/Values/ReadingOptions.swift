import Tranche
import TrancheChains

/// The options that say how a file is written whose records are items.
struct ReadingOptions: Sendable {
    /// The file.
    let file: FileName
    /// How it is written, as far as that is said.
    let reading: FileReading

    private static let formats =
        FileName.Format.allCases.map(\.rawValue) + DialectOptions.Preset.allCases.map(\.rawValue)

    private static let options: [CommandDescription.Option] =
        [
            .init(
                "format",
                formats.joined(separator: "|"),
                "how it is written; by its name by default. tsv: with \\t, \\n and \\\\ and no "
                    + "quotes; mysql: as INTO OUTFILE writes it, and mariadb --batch with --null "
                    + "NULL --header-lines 1; pgcopy: as PostgreSQL's COPY does",
                choices: formats
            )
        ] + DialectOptions.options + JSONOptions.options + [EncodingOption.option]

    /// Their names.
    static let names = options.map(\.name)

    /// The options under a title.
    static func group(_ title: String) -> CommandDescription.OptionGroup {
        .init(title: title, options: options)
    }

    /// Reads the options.
    ///
    /// - Parameters:
    ///   - arguments: The command line.
    ///   - text: The file as it was given: a path, or as ``FileName/init(_:)`` takes it.
    /// - Throws: ``UsageError``.
    init(_ arguments: Arguments, file text: String) throws {
        file = try Self.file(text, arguments)
        let encoding = try EncodingOption.encoding(arguments)
        switch file.format {
        case .csv:
            let csv = try DialectOptions(arguments, path: file.path).format
            reading = FileReading(csv: csv, encoding: encoding)
        case .jsonl:
            reading = FileReading(json: try JSONOptions.format(arguments), encoding: encoding)
        }
    }

    /// Refuses options that mean nothing for the files there are.
    ///
    /// - Parameters:
    ///   - arguments: The command line.
    ///   - formats: How the files are written.
    /// - Throws: ``UsageError``.
    static func requireUse(_ arguments: Arguments, by formats: Set<FileName.Format>) throws {
        // Bytes that are no UTF-8 are in files of either.
        let ofCSV = DialectOptions.options.map(\.name).filter { $0 != "replace-invalid" }
        let unused = [
            (ofCSV, FileName.Format.csv, "CSV"), (JSONOptions.options.map(\.name), .jsonl, "JSON"),
        ]
        for (options, format, name) in unused where !formats.contains(format) {
            guard let extra = options.first(where: arguments.has) else { continue }
            throw UsageError(
                "--\(extra) goes with a file of \(name); --format says how a file is written"
            )
        }
    }

    private static func file(_ text: String, _ arguments: Arguments) throws -> FileName {
        guard let format = arguments.text("format") else {
            if let file = try FileName(text) { return file }
            if let format = FileName.Format(ending: text) {
                return FileName(format: format, path: text)
            }
            throw UsageError(
                "'\(redacted(text))' does not say how it is written; give --format csv or --format "
                    + "jsonl"
            )
        }
        let preset = DialectOptions.Preset(rawValue: format)
        guard let known = preset.map({ _ in .csv }) ?? FileName.Format(rawValue: format) else {
            throw UsageError("--format '\(format)': give one of \(formats.joined(separator: ", "))")
        }
        guard let given = FileName.Format(prefixOf: text) else {
            return FileName(format: known, path: text)
        }
        guard given == known, let file = try FileName(text) else {
            throw UsageError("--format \(format) does not go with '\(redacted(text))'")
        }
        return file
    }
}
