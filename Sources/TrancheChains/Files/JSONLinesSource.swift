public import Tranche

/// The records of a JSON Lines file, as a source: an object a line.
///
/// Ids are offsets and weights are bytes, as for ``CSVSource``. Each record says its fields itself; a field
/// that holds an array or object keeps it as JSON.
public struct JSONLinesSource: MetaSourceDescription {
    /// Where the file is.
    public var location: ByteLocation
    /// Whether the file may grow; as for ``CSVSource/grows``.
    public var grows: Bool

    /// Describes the source.
    public init(_ location: ByteLocation, grows: Bool = false) {
        self.location = location
        self.grows = grows
    }

    /// Describes a file on disk.
    ///
    /// - Parameters:
    ///   - path: The file's path.
    ///   - grows: Whether the file may grow.
    public init(_ path: String, grows: Bool = false) {
        self.init(.file(path), grows: grows)
    }

    /// Opens the file.
    public func open(beside store: any InventoryStore) async throws -> any MetaSource {
        try await KnownFile(location, beside: store).open(
            JSONLinesFileFormat(),
            grows: grows
        )
    }
}

/// The format of JSON Lines.
struct JSONLinesFileFormat: FileFormat {
    var prefix: String { "jsonl:" }
    var description: String { "json lines" }

    func head(of bytes: any ByteReader, size: Int64) async throws -> FileHead {
        let start = size > 0 ? try await bytes.read(0..<min(size, 3)) : []
        return FileHead(dataStart: start == byteOrderMark ? 3 : 0)
    }

    /// A line feed always ends a record: JSON writes it as an escape within texts.
    func scanner(at offset: Int64) -> any RecordScanning {
        RecordScanner(at: offset, delimiter: UInt8(ascii: ","), quote: nil)
    }

    func parser(fields: RecordFields?) -> any RecordParser { JSONLinesParser() }
}
