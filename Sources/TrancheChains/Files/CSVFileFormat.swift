import Tranche

/// The CSV format of one source.
struct CSVFileFormat: FileFormat {
    /// The header may not be longer than this.
    static let longestHeader: Int64 = 1 << 26

    let format: CSVFormat
    let dialect: CSVDialect
    /// What the file's beginning told, as far as it says which records there are.
    let found: [String]
    /// How many lines stand before the header that were found and not said, and how many records
    /// the header has; `nil` before these were looked for.
    let before: (titles: Int, header: Int)?
    /// What stands before the first record; `nil` before it was looked for.
    let head: FileHead?
    let notes: [String]
    /// The delimiter that parts all first records alike, where its own leaves each a single field;
    /// `nil` for none.
    let rival: UInt8?

    let prefix = "csv:"

    var lineEnd: UInt8 {
        dialect.endsAtReturn ? RecordScanner.carriageReturn : RecordScanner.newline
    }

    /// Checks a format.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`.
    init(_ format: CSVFormat) throws {
        self.init(format, try CSVDialect(format))
        if let header = format.header {
            guard !header.isEmpty else {
                throw TrancheError(.invalidArgument, "the header given has no fields; name them")
            }
            _ = try RecordFields(header)
        }
    }

    /// Makes a format that knows its file's content.
    init(
        _ format: CSVFormat,
        _ dialect: CSVDialect,
        found: [String] = [],
        before: (titles: Int, header: Int)? = nil,
        head: FileHead? = nil,
        notes: [String] = [],
        rival: UInt8? = nil
    ) {
        self.format = format
        self.dialect = dialect
        self.found = found
        self.before = before
        self.head = head
        self.notes = notes
        self.rival = rival
    }

    /// The format of another file that is written like this one: nothing is guessed of its content
    /// anew, of which there may be little yet.
    var settled: CSVFileFormat {
        var format = format
        format.guesses = []
        if let before {
            format.skippedLines += before.titles
            if format.header == nil { format.headerLines = before.header }
        }
        return CSVFileFormat(format, dialect)
    }

    var description: String {
        var parts = ["csv", dialect.description]
        parts += found
        if let header = format.header { parts.append("header \(header.joined(separator: ","))") }
        if format.raggedRecords == .fit { parts.append("ragged records fit") }
        if format.invalidText == .replace { parts.append("invalid text replaced") }
        return parts.joined(separator: ", ")
    }

    func reading(_ encoding: TextEncoding?) -> FileReading {
        FileReading(csv: format, encoding: encoding)
    }

    var layout: [(name: String, words: String)] {
        let delimiter = String(decoding: dialect.delimiter, as: UTF8.self)
        let quote = dialect.quote.map { String(UnicodeScalar($0)) }
        let nulls = dialect.nulls.map { String(decoding: $0, as: UTF8.self).debugDescription }
        var parts = [
            ("format", "csv"), ("delimiter", delimiter),
            ("quote", dialect.isQuoteUnknown ? "unknown" : quote ?? "none"),
            ("null", nulls.isEmpty ? "none" : nulls.joined(separator: ", ")),
            ("escapes", dialect.escapeWords ?? "none"),
            ("line_ends", dialect.endsAtReturn ? "CR" : "LF or CRLF"),
        ]
        if !dialect.comment.isEmpty {
            let comment = String(decoding: dialect.comment, as: UTF8.self)
            parts.append(("comment", comment))
        }
        parts.append(("header", format.header == nil ? headerWords : "given"))
        if !found.isEmpty { parts.append(("found", found.joined(separator: ", "))) }
        if dialect.endsWithDelimiter { parts.append(("last_delimiter", "ends each record")) }
        return parts
    }

    private var headerWords: String {
        if format.headerLines == 0 { return "none" }
        return found.first { $0.hasPrefix("header of ") } ?? "one line"
    }

    func recognized(
        in bytes: any ByteReader,
        size: Int64,
        grows: Bool
    ) async throws -> any FileFormat {
        try await recognizedCSV(in: bytes, size: size, grows: grows)
    }

    private func recognizedCSV(
        in bytes: any ByteReader,
        size: Int64,
        grows: Bool
    ) async throws -> CSVFileFormat {
        var length: Int64 = 1 << 16
        while true {
            let start = size > 0 ? try await bytes.read(0..<min(size, length)) : []
            var head = CSVHead(
                format,
                dialect,
                start,
                // A size that is unknown shows by the end.
                isWhole: Int64(start.count) >= size || Int64(start.count) < length,
                grows: grows,
                name: bytes.name
            )
            if let found = try head.find() { return found }
            guard length < Self.longestHeader else {
                throw TrancheError(
                    .invalidSource,
                    "'\(bytes.name)' has no header that ends within \(length >> 20) MiB; is it text, and is "
                        + "no quote left open?"
                )
            }
            length *= 4
        }
    }

    func head(of bytes: any ByteReader, size: Int64) async throws -> FileHead {
        if let head { return head }
        guard let head = try await recognizedCSV(in: bytes, size: size, grows: false).head else {
            throw TrancheError(.invalidSource, "'\(bytes.name)' has no header")
        }
        return head
    }

    func scanner(at offset: Int64) -> any RecordScanning { RecordScanner(at: offset, dialect) }

    func parser(fields: RecordFields?) -> any RecordParser {
        // The head says the fields, but of a blank file, which has no records.
        CSVParser(fields: fields ?? .none, dialect: dialect, format: format)
    }
}
