/// How a CSV file is written.
///
/// The rules are those of RFC 4180: fields may be enclosed in quotes, in which a quote is doubled and line
/// breaks and delimiters are part of the field. Lines end with LF or CRLF, the last one may have no end,
/// a byte order mark is left out, and empty lines are passed over.
public struct CSVFormat: Sendable, Hashable {
    /// What parts the fields of a record: one ASCII character, a comma by default.
    public var delimiter: Character
    /// What may enclose a field: one ASCII character, `"` by default, or `nil` when nothing does.
    public var quote: Character?
    /// The names of the fields; `nil` (the default) when the first record has them.
    public var header: [String]?
    /// What becomes of a record with more or fewer fields than the header; refused by default.
    public var raggedRecords: RaggedRecords
    /// What becomes of bytes that are no UTF-8; refused by default.
    public var invalidText: InvalidText

    /// Makes a format.
    public init(
        delimiter: Character = ",",
        quote: Character? = "\"",
        header: [String]? = nil,
        raggedRecords: RaggedRecords = .refuse,
        invalidText: InvalidText = .refuse
    ) {
        self.delimiter = delimiter
        self.quote = quote
        self.header = header
        self.raggedRecords = raggedRecords
        self.invalidText = invalidText
    }

    /// What becomes of a record with more or fewer fields than the header.
    public enum RaggedRecords: String, Sendable, Hashable, Codable, CaseIterable {
        /// The record is not valid.
        case refuse
        /// Fields that are missing are null; those beyond the header are left out.
        case fit
    }

    /// What becomes of bytes that are no UTF-8.
    public enum InvalidText: String, Sendable, Hashable, Codable, CaseIterable {
        /// The record is not valid.
        case refuse
        /// Each bad sequence becomes U+FFFD.
        case replace
    }
}
