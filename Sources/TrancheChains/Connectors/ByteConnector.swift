package import Tranche
public import TrancheConnectors

/// A connector of places that hold files, such as object stores: the file connector asks it for
/// bytes.
public protocol ByteConnector: Connector {
    /// The scheme of its URLs, before `://`.
    var byteSchemes: [String] { get }

    /// Describes where bytes are.
    ///
    /// - Parameters:
    ///   - url: The URL.
    ///   - encoding: The encoding of the text; `nil` when the bytes are to say.
    ///   - context: What else belongs to it.
    /// - Returns: The location; nothing is opened yet.
    /// - Throws: `SpecError`, or `TrancheError` `.invalidArgument`.
    func bytes(
        at url: String,
        encoding: TextEncoding?,
        _ context: ConnectorContext
    ) throws -> ByteLocation
}

/// A connector of sources whose content may be taken for what it was, however it has changed.
package protocol RedefiningConnector: SourceConnector {
    /// The definition of a job once what is there now is taken for what it was.
    func redefined(
        _ known: SourceDefinition,
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) async throws -> SourceDefinition

    /// The definition of a job once its records are read so that more of them can be, where that
    /// changes neither where they begin and end nor their ids.
    func relaxed(
        _ known: SourceDefinition,
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) async throws -> SourceDefinition
}
