import Tranche

/// A format of files that hold records one after the other, each ended by a line feed.
protocol FileFormat: Sendable {
    /// What marks the format in a source's name.
    var prefix: String { get }
    /// How the format is used: part of what identifies a source's records.
    var description: String { get }
    /// What parts fields, and what may enclose them, as far as that says where records end.
    var delimiter: UInt8 { get }
    var quote: UInt8? { get }

    /// Reads what stands before the first record.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - size: How long it is.
    /// - Returns: The fields, `nil` where each record says its own; and where the records begin.
    /// - Throws: `TrancheError` `.invalidSource` for a header that cannot be used.
    func head(of bytes: any ByteReader, size: Int64) async throws -> FileHead

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
    ///   - onFault: Told of what is no record; may throw to end the reading.
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
    func scanner(at offset: Int64) -> RecordScanner {
        RecordScanner(at: offset, delimiter: delimiter, quote: quote)
    }
}

/// The byte order mark of UTF-8.
let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
