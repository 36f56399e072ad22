import Tranche

/// How the records of one CSV file are written: its format as bytes, with what its content told.
struct CSVDialect: Sendable, Hashable {
    var delimiter: [UInt8]
    var quote: UInt8?
    var escapes: CSVFormat.Escapes = .none
    /// The texts that mean null in fields without quotes.
    var nulls: [[UInt8]] = [[]]
    var comment: [UInt8] = []
    /// Whether lines end with a carriage return.
    var endsAtReturn = false
    /// Whether a carriage return before a line feed belongs to the record.
    var keepsReturn = false
    /// Whether an empty line is a record: one of a single field.
    var keepsEmptyLines = false
    /// Whether a delimiter stands behind each record's last field.
    var endsWithDelimiter = false
    /// Whether a field that begins with a quote is refused, since nothing told what it means.
    var isQuoteUnknown = false

    /// The byte that escapes another, and where it does.
    var escape: UInt8? {
        switch escapes {
        case .none: nil
        case .character(let character): character.asciiValue
        case .postgreSQL, .mariaDB, .tsv: UInt8(ascii: "\\")
        }
    }

    /// Whether escapes mean something in fields without quotes, too.
    var escapesOutsideQuotes: Bool {
        if case .character = escapes { return quote == nil }
        return escapes != .none
    }

    var hasEndMarker: Bool { escapes == .postgreSQL }

    /// Whether records can be read by the walk over 64 bytes at a time, which knows delimiters,
    /// quotes and line feeds alone.
    var isPlain: Bool {
        delimiter.count == 1 && escapes == .none && nulls == [[]] && comment.isEmpty
            && !endsAtReturn
            && !keepsReturn && !endsWithDelimiter && !isQuoteUnknown
    }
}

extension CSVDialect {
    /// Checks a format.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`.
    init(_ format: CSVFormat) throws {
        delimiter = Array(format.delimiter.utf8)
        guard (1...4).contains(delimiter.count),
            !delimiter.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D })
        else {
            throw TrancheError(
                .invalidArgument,
                "the delimiter is \(format.delimiter.debugDescription); give one to four bytes that end no "
                    + "line"
            )
        }
        quote = try format.quote.map { try Self.byte($0, "quote") }
        escapes = format.escapes
        if case .character(let character) = format.escapes {
            let escape = try Self.byte(character, "escape")
            // A quote is doubled anyway.
            if escape == quote { escapes = .none }
            guard delimiter.first != escape else {
                throw Self.clash(character, "delimiter and escape")
            }
        }
        if let quote, quote == delimiter.first {
            throw Self.clash(Character(UnicodeScalar(quote)), "delimiter and quote")
        }
        nulls = format.nulls.map { Array($0.utf8) }
        comment = Array((format.comment ?? "").utf8)
        let marks = [quote, escape, delimiter.first, 0x0A, 0x0D].compactMap { $0 }
        guard !comment.contains(where: marks.contains) else {
            throw TrancheError(
                .invalidArgument,
                "lines that are not records begin with "
                    + "\((format.comment ?? "").debugDescription), which holds "
                    + "a delimiter, quote, escape or line end; give a text without these"
            )
        }
        guard format.skippedLines >= 0, format.headerLines ?? 0 >= 0 else {
            throw TrancheError(.invalidArgument, "the lines to skip or join are fewer than 0")
        }
    }

    private static func byte(_ character: Character, _ what: String) throws -> UInt8 {
        guard let byte = character.asciiValue, byte != 0, byte != 0x0A, byte != 0x0D else {
            throw TrancheError(
                .invalidArgument,
                "the \(what) is \(character.debugDescription); give one ASCII character that ends no line"
            )
        }
        return byte
    }

    private static func clash(_ character: Character, _ what: String) -> TrancheError {
        TrancheError(.invalidArgument, "'\(character)' cannot be both \(what)")
    }

    /// The dialect as it identifies a source's records.
    ///
    /// What is as by default is not named, so that what was recorded before it could be said is the
    /// same.
    var description: String {
        let text = String(decoding: delimiter, as: UTF8.self)
        var parts = [
            "delimiter \(delimiter.count == 1 ? Character(text).debugDescription : text.debugDescription)"
        ]
        let quote = isQuoteUnknown ? UInt8(ascii: "\"") : quote
        parts.append(
            quote.map { "quote \(Character(UnicodeScalar($0)).debugDescription)" } ?? "no quotes"
        )
        if let escapeWords { parts.append("escape \(escapeWords)") }
        if nulls != [[]] {
            let texts = nulls.map { String(decoding: $0, as: UTF8.self).debugDescription }
            parts.append(texts.isEmpty ? "no nulls" : "null \(texts.joined(separator: " "))")
        }
        if !comment.isEmpty {
            parts.append("comments \(String(decoding: comment, as: UTF8.self).debugDescription)")
        }
        if endsAtReturn { parts.append("lines end with CR") }
        if keepsReturn { parts.append("CR is text") }
        if endsWithDelimiter { parts.append("records end with a delimiter") }
        return parts.joined(separator: ", ")
    }

    /// What escapes there are, in words.
    var escapeWords: String? {
        switch escapes {
        case .none: nil
        case .character(let character): character.debugDescription
        case .postgreSQL: "as PostgreSQL"
        case .mariaDB: "as MariaDB"
        case .tsv: "as TSV"
        }
    }
}
