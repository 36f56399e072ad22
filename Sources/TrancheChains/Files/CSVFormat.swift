/// How a CSV file is written.
///
/// The rules are those of RFC 4180: fields may be enclosed in quotes, in which a quote is doubled
/// and line breaks and delimiters are part of the field. Lines end with LF or CRLF, or all with CR;
/// the last one may have no end. A byte order mark and the line `sep=;` of Excel are left out, and
/// empty lines are passed over, unless there is one field: then an empty line is a record with a
/// null.
public struct CSVFormat: Sendable, Hashable {
    /// The field delimiter: one to four bytes that end no line; a comma by default.
    public var delimiter: String
    /// The quote character: one ASCII character, `"` by default, or `nil` for none.
    public var quote: Character?
    /// The meaning of a backslash, or another escape; none by default.
    public var escapes: Escapes
    /// The texts that mean null, in fields without quotes, as they stand in the file; empty fields
    /// by default.
    public var nulls: [String]
    /// The names of the fields; `nil` (the default) when the file has them.
    public var header: [String]?
    /// How many records the header has, whose names are joined with blanks.
    ///
    /// `nil` (the default) for one, or none where ``header`` says the names. Where it does, so many
    /// records are passed over.
    public var headerLines: Int?
    /// How many lines stand before all else, and are passed over; 0 by default.
    public var skippedLines: Int
    /// The prefix of a comment line; `nil` (the default) for none.
    public var comment: String?
    /// The action on a record with more or fewer fields than the header; refused by default.
    public var raggedRecords: RaggedRecords
    /// The action on invalid UTF-8; refused by default.
    public var invalidText: InvalidText
    /// The properties to guess from the first 64 KiB, if they are clear; none by default.
    public var guesses: Guesses

    /// Makes a format.
    public init(
        delimiter: String = ",",
        quote: Character? = "\"",
        escapes: Escapes = .none,
        nulls: [String] = [""],
        header: [String]? = nil,
        headerLines: Int? = nil,
        skippedLines: Int = 0,
        comment: String? = nil,
        raggedRecords: RaggedRecords = .refuse,
        invalidText: InvalidText = .refuse,
        guesses: Guesses = []
    ) {
        self.delimiter = delimiter
        self.quote = quote
        self.escapes = escapes
        self.nulls = nulls
        self.header = header
        self.headerLines = headerLines
        self.skippedLines = skippedLines
        self.comment = comment
        self.raggedRecords = raggedRecords
        self.invalidText = invalidText
        self.guesses = guesses
    }

    /// An action on a record with more or fewer fields than the header.
    public enum RaggedRecords: String, Sendable, Hashable, Codable, CaseIterable {
        /// The record is not valid.
        case refuse
        /// Fields that are missing are null; those beyond the header are left out.
        case fit
    }

    /// An action on invalid UTF-8.
    public enum InvalidText: String, Sendable, Hashable, Codable, CaseIterable {
        /// The record is not valid.
        case refuse
        /// Each bad sequence becomes U+FFFD.
        case replace
    }

    /// The properties to guess from a file's content.
    public struct Guesses: OptionSet, Sendable, Hashable {
        /// The bits.
        public let rawValue: Int

        /// Makes a set of its bits.
        public init(rawValue: Int) {
            self.rawValue = rawValue
        }

        /// The delimiter: `;`, a tab or `|` where the header has no comma, and records have as many
        /// of it.
        ///
        /// Or where it parts all records alike, into as many fields as names are given, and a comma
        /// does not. Where both do, reading is refused.
        public static let delimiter = Guesses(rawValue: 1)
        /// Whether fields are enclosed in quotes.
        public static let quote = Guesses(rawValue: 2)
        /// Lines before the header, a header of several records, and a delimiter at the end of each
        /// record.
        public static let header = Guesses(rawValue: 4)
    }
}
