/// A source whose items are records, read in chunks.
public protocol RecordMetaSource: MetaSource {
    /// The fields of all records; `nil` where each record says its own.
    var fields: RecordFields? { get }

    /// Reads the records of a batch, ascending by id.
    ///
    /// Each attempt of a batch reads the same items. One that vanished from the source is left out.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - onFault: Called with items that are not records, which are then left out; may throw to
    ///     end the reading.
    /// - Returns: The records, in chunks of some thousand.
    /// - Throws: ``TrancheError`` `.sourceUnavailable` (transient), `.redefined` (permanent) when
    ///   the content is another than the run began with; what `onFault` throws.
    func records(
        of batch: BatchRecord,
        onFault: @escaping (RecordFault) throws -> Void
    ) async throws -> ChunkReader<Record>

    /// The fields whose texts are JSON, as the source knows them; none by default.
    var jsonFields: Set<String> { get }

    /// The same source, of whose records only some fields are needed.
    ///
    /// - Parameter names: The fields, all of which are among ``fields``.
    /// - Returns: A source that reads no more than it must; by default this one.
    func limited(to names: [String]) -> any RecordMetaSource
}

extension RecordMetaSource {
    /// None.
    public var jsonFields: Set<String> { [] }

    /// Reads all fields.
    public func limited(to names: [String]) -> any RecordMetaSource { self }
}
