import Tranche
import TrancheConnectors

/// The fields of a source that is a file: how it is written, as far as that is said.
struct FileFields: Decodable {
    var format: String?
    var delimiter: String?
    var quote: String?
    var escape: String?
    var null: [String]?
    var keepEmpty: Bool?
    var skipLines: Int?
    var comment: String?
    var header: [String]?
    var headerLines: Int?
    var fitRagged: Bool?
    var replaceInvalid: Bool?
    var jsonLayout: String?
    var jsonNan: String?
    var encoding: String?
    var follow: Bool?
    var replaced: Bool?
    var reading: FileReading?

    /// What a format is called, and the dialects of CSV with names of their own.
    static let formats = NamedFile.Format.allCases.map(\.rawValue) + dialects.map(\.name)

    private static let dialects: [(name: String, format: CSVFormat)] = [
        ("tsv", .tsv), ("mysql", .mariaDBOutfile), ("pgcopy", .postgreSQLCopy),
    ]

    /// The fields that a format has.
    static func names(of format: NamedFile.Format) -> Set<String> {
        let common: Set<String> = [
            "format", "encoding", "replace_invalid", "follow", "replaced", "reading",
        ]
        return switch format {
        case .csv:
            common.union([
                "delimiter", "quote", "escape", "null", "keep_empty", "skip_lines", "comment",
                "header", "header_lines", "fit_ragged",
            ])
        case .jsonl: common.union(["json_layout", "json_nan"])
        }
    }

    /// The format of files that a name of a format means; `nil` for a name that is not known.
    static func fileFormat(_ name: String) -> NamedFile.Format? {
        dialects.contains { $0.name == name } ? .csv : NamedFile.Format(rawValue: name)
    }

    /// How the file is read: as an inventory keeps it, with what is said besides in its place.
    ///
    /// - Parameter file: The file, whose ending may say TSV.
    /// - Returns: The reading.
    /// - Throws: `SpecError`.
    func reading(of file: NamedFile) throws(SpecError) -> FileReading {
        try requireFitting(file)
        let encoding = try textEncoding ?? reading?.encoding
        return switch file.format {
        case .csv: FileReading(csv: try csv(file.path), encoding: encoding)
        case .jsonl: FileReading(json: try json, encoding: encoding)
        }
    }

    private func requireFitting(_ file: NamedFile) throws(SpecError) {
        guard let format else { return }
        guard let known = Self.fileFormat(format) else {
            let list = Self.formats.joined(separator: ", ")
            throw fault("format", format, "is not known: give one of \(list)")
        }
        guard known == file.format else {
            throw fault("format", format, "does not go with '\(redacted(file.spelt))'")
        }
    }

    private var textEncoding: TextEncoding? {
        get throws(SpecError) {
            guard let encoding else { return nil }
            do {
                return try TextEncoding(encoding)
            } catch {
                throw SpecError(
                    .unusable,
                    field: ["encoding"],
                    value: encoding,
                    (error as? TrancheError)?.message ?? "\(error)"
                )
            }
        }
    }

    // MARK: - JSON

    private var json: JSONFormat {
        get throws(SpecError) {
            var format = reading?.json ?? JSONFormat()
            format.layout = try choice(jsonLayout, "json_layout") ?? format.layout
            format.nonFiniteNumbers =
                try choice(jsonNan, "json_nan") ?? format.nonFiniteNumbers
            if replaceInvalid ?? false { format.invalidText = .replace }
            return format
        }
    }

    private func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ text: String?,
        _ field: String
    ) throws(SpecError) -> Choice? {
        guard let text else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw fault(field, text, "is not known: give one of \(known)")
    }

    // MARK: - CSV

    /// How a CSV file is written of which nothing is said: what its name and content tell.
    static func guessed(_ path: String) -> CSVFormat {
        path.lowercased().contains(".tsv")
            ? CSVFormat(delimiter: "\t", guesses: [.quote, .header])
            : CSVFormat(guesses: [.delimiter, .header])
    }

    private func csv(_ path: String) throws(SpecError) -> CSVFormat {
        let dialect = Self.dialects.first { $0.name == format }?.format
        var csv = dialect ?? reading?.csv ?? Self.guessed(path)
        // That it is CSV is said, so quotes are those of CSV.
        if format != nil { csv.guesses.remove(.quote) }
        if let delimiter {
            csv.delimiter = try Self.delimiter(delimiter)
            csv.guesses.remove(.delimiter)
        }
        if let quote {
            csv.quote = quote.isEmpty ? nil : try character(quote, "quote")
            csv.guesses.remove(.quote)
        }
        if let escape {
            guard dialect == nil else {
                let words = "does not go with a format that has its own, \(format ?? "")"
                throw SpecError(.invalidValue, field: ["escape"], words)
            }
            csv.escapes = escape.isEmpty ? .none : .character(try character(escape, "escape"))
        }
        csv.nulls = try nulls(besides: csv.nulls)
        try readLayout(into: &csv)
        if fitRagged ?? false { csv.raggedRecords = .fit }
        if replaceInvalid ?? false { csv.invalidText = .replace }
        return csv
    }

    private func readLayout(into csv: inout CSVFormat) throws(SpecError) {
        if let header { csv.header = header }
        csv.headerLines = try count(headerLines, "header_lines") ?? csv.headerLines
        if let skipped = try count(skipLines, "skip_lines") {
            csv.skippedLines = skipped
            // What stands before the header is said.
            if skipped == 0, csv.headerLines == nil, csv.header == nil { csv.headerLines = 1 }
        }
        csv.comment = comment ?? csv.comment
        if comment == "" { throw fault("comment", "", "is empty: give what comments begin with") }
    }

    private static func delimiter(_ text: String) throws(SpecError) -> String {
        let known = text == "\\t" || text == "tab" ? "\t" : text
        guard (1...4).contains(known.utf8.count) else {
            throw SpecError(
                .invalidValue,
                field: ["delimiter"],
                value: text,
                "cannot part fields: give one to four bytes, or tab"
            )
        }
        return known
    }

    private func character(_ text: String, _ field: String) throws(SpecError) -> Character {
        guard text.count == 1, let character = text.first else {
            throw fault(field, text, "is too long: give one character")
        }
        return character
    }

    private func count(_ count: Int?, _ field: String) throws(SpecError) -> Int? {
        guard let count, count < 0 else { return count }
        throw fault(field, "\(count)", "is below 0: give a whole number, 0 or more")
    }

    /// What stands for null: what is given, beside empty fields where these did before.
    private func nulls(besides before: [String]) throws(SpecError) -> [String] {
        var known = before
        if let null { known = (before.contains("") ? [""] : []) + null }
        if keepEmpty ?? false {
            guard null?.contains("") != true else {
                let words = "does not go with a null that is empty, which makes empty fields null"
                throw SpecError(.invalidValue, field: ["keep_empty"], words)
            }
            known = known.filter { !$0.isEmpty }
        }
        return known.enumerated().filter { !known[..<$0.offset].contains($0.element) }
            .map(\.element)
    }

    private func fault(_ field: String, _ value: String, _ reason: String) -> SpecError {
        SpecError(.invalidValue, field: [field], value: value, reason)
    }
}
