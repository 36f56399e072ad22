import Tranche

/// A format of files that hold records one after the other.
protocol FileFormat: Sendable {
    /// The prefix that marks the format in a source's name.
    var prefix: String { get }
    /// How the format is used: part of what identifies a source's records.
    var description: String { get }
    /// The properties guessed from the content, in words for people; empty by default.
    var notes: [String] { get }
    /// How the content is written, as names and words; empty by default.
    var layout: [(name: String, words: String)] { get }
    /// The byte that ends a line, for people: a line feed by default.
    var lineEnd: UInt8 { get }

    /// How the format was asked for, so that it can be asked for again.
    ///
    /// - Parameter encoding: The encoding of the file's text, where one was named.
    /// - Returns: The format as it was before any content was looked at.
    func reading(_ encoding: TextEncoding?) -> FileReading

    /// Looks at the content for what the format leaves open.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - size: How long it is.
    ///   - grows: Whether it may grow.
    /// - Returns: The format with all that is needed to read the content.
    /// - Throws: `TrancheError` `.invalidSource` for content that cannot be read so.
    func recognized(
        in bytes: any ByteReader,
        size: Int64,
        grows: Bool
    ) async throws -> any FileFormat

    /// Reads what stands before the first record.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - size: How long it is.
    /// - Returns: The fields, `nil` where each record says its own; and where the records begin.
    /// - Throws: `TrancheError` `.invalidSource` for a header that cannot be used.
    func head(of bytes: any ByteReader, size: Int64) async throws -> FileHead

    /// Makes a scanner.
    ///
    /// - Parameter offset: Where it begins: the start of a record, or behind one.
    /// - Returns: The scanner.
    func scanner(at offset: Int64) -> any RecordScanning

    /// Makes a parser.
    func parser(fields: RecordFields?) -> any RecordParser
}

/// What stands before the first record of a file.
struct FileHead: Sendable {
    var fields: RecordFields?
    /// Where the records begin.
    var dataStart: Int64
}

/// Turns bytes into records.
protocol RecordParser {
    /// Reads the records of some bytes that begin with a record.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - offset: The offset of the first.
    ///   - isLast: Whether the last record ends with the bytes, with or without a line feed.
    ///   - onFault: Called with content that is not a record; may throw to end the reading.
    /// - Returns: The records, and how many bytes they and the empty lines between them took; what
    ///   follows is a record that has not ended.
    /// - Throws: What `onFault` throws.
    mutating func parse(
        _ bytes: consuming [UInt8],
        at offset: Int64,
        isLast: Bool,
        onFault: (RecordFault) throws -> Void
    ) throws -> (blocks: [RecordBlock], used: Int)
}

extension FileFormat {
    var notes: [String] { [] }
    var layout: [(name: String, words: String)] { [] }
    var lineEnd: UInt8 { RecordScanner.newline }

    func recognized(
        in bytes: any ByteReader,
        size: Int64,
        grows: Bool
    ) async throws -> any FileFormat {
        self
    }
}

/// The byte order mark of UTF-8.
let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
