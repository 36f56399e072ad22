/// How a file of JSON objects is written.
///
/// The rules are those of RFC 8259, each name once within a record. A byte order mark is left out.
public struct JSONFormat: Sendable, Hashable {
    /// Where records end; by the look of the content unless told.
    public var layout: Layout
    /// The action on `NaN`, `Infinity` and `-Infinity`, which are not JSON but are written by
    /// Python, DuckDB and others; refused by default.
    public var nonFiniteNumbers: NonFiniteNumbers
    /// The action on invalid UTF-8, and on escapes that are half a character (`\ud800`); refused by
    /// default.
    public var invalidText: CSVFormat.InvalidText

    /// Makes a format.
    public init(
        layout: Layout = .recognized,
        nonFiniteNumbers: NonFiniteNumbers = .refuse,
        invalidText: CSVFormat.InvalidText = .refuse
    ) {
        self.layout = layout
        self.nonFiniteNumbers = nonFiniteNumbers
        self.invalidText = invalidText
    }

    /// Where records end.
    public enum Layout: String, Sendable, Hashable, Codable, CaseIterable {
        /// As the content's beginning shows: an array, objects that span lines, a sequence of RFC
        /// 7464, else lines.
        case recognized = "auto"
        /// JSON Lines: at each line feed, whatever the content begins with.
        case lines
        /// At an object's closing brace: the elements of an array, or objects one after the other.
        case values
    }

    /// An action on numbers that are not numbers.
    public enum NonFiniteNumbers: String, Sendable, Hashable, Codable, CaseIterable {
        /// The record is not valid.
        case refuse
        /// They are numbers; within arrays and objects, which stay JSON, texts such as `"NaN"`.
        case accept
        /// They are null.
        case null
    }
}
