/// A connector of places that keep whole documents under names of their own, such as object stores.
package protocol DocumentConnector: Connector {
    /// The scheme of its URLs, before `://`.
    var documentSchemes: [String] { get }

    /// Keeps a document, whole or not at all; one that is there under the name is replaced.
    ///
    /// - Parameters:
    ///   - bytes: The document.
    ///   - url: Its URL.
    ///   - context: What else belongs to it.
    /// - Throws: `SpecError`, `TrancheError` `.invalidArgument`, `.sinkUnavailable` (transient; it
    ///   may have been kept) or `.sinkFailed`.
    func keep(_ bytes: [UInt8], at url: String, _ context: ConnectorContext) async throws
}
