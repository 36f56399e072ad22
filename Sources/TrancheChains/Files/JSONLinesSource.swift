public import Tranche

/// The records of a file of JSON objects, as a source: JSON Lines, an array, objects that span
/// lines, or a sequence of RFC 7464.
///
/// Ids are offsets and weights are bytes, as for ``CSVSource``. Each record says its fields itself;
/// a field that holds an array or object keeps it as JSON.
public struct JSONLinesSource: MetaSourceDescription {
    /// Where the file is.
    public var location: ByteLocation
    /// How it is written.
    public var format: JSONFormat
    /// Whether the file may grow; as for ``CSVSource/grows``.
    ///
    /// An array, and objects that span lines, cannot be followed.
    public var grows: Bool

    /// Describes the source.
    public init(_ location: ByteLocation, format: JSONFormat = JSONFormat(), grows: Bool = false) {
        self.location = location
        self.format = format
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

    /// Opens the file, and looks how it is laid out.
    public func open(beside store: any InventoryStore) async throws -> any MetaSource {
        try await KnownFile(location, beside: store).open(
            JSONFileFormat(format),
            grows: grows
        )
    }
}
