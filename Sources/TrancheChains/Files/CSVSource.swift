public import Tranche

/// The records of a CSV file, as a source.
///
/// ```swift
/// let customers = CSVSource("customers.csv", delimiter: ";")
/// ```
///
/// The id of a record is the offset of its first byte, its weight the bytes to the next record. The
/// file is planned and read by offsets: its batches can be worked on by several processes at once.
/// What is compressed is decompressed, and text in UTF-16 or in an encoding that is named turned
/// into UTF-8: offsets are those of the text that comes of it.
public struct CSVSource: MetaSourceDescription {
    /// Where the file is.
    public var location: ByteLocation
    /// How it is written.
    public var format: CSVFormat
    /// Whether the file may grow: then what is new is handed out, and the last record waits for its
    /// end.
    ///
    /// Otherwise a file that has changed is refused. False by default.
    public var grows: Bool

    /// Describes the source.
    ///
    /// - Parameters:
    ///   - location: Where the file is.
    ///   - format: How it is written.
    ///   - grows: Whether the file may grow.
    public init(_ location: ByteLocation, format: CSVFormat = CSVFormat(), grows: Bool = false) {
        self.location = location
        self.format = format
        self.grows = grows
    }

    /// Describes a file on disk.
    ///
    /// - Parameters:
    ///   - path: The file's path.
    ///   - delimiter: What parts the fields of a record.
    ///   - header: The names of the fields; `nil` when the first record has them.
    ///   - grows: Whether the file may grow.
    public init(
        _ path: String,
        delimiter: String = ",",
        header: [String]? = nil,
        grows: Bool = false
    ) {
        self.init(
            .file(path),
            format: CSVFormat(delimiter: delimiter, header: header),
            grows: grows
        )
    }

    /// Opens the file, and reads its header.
    public func open(beside store: any InventoryStore) async throws -> any MetaSource {
        try await KnownFile(location, beside: store).open(
            CSVFileFormat(format),
            grows: grows
        )
    }
}
