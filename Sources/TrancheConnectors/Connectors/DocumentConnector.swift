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

    /// Lists the documents that a connector keeps under a URL, ascending by name; those of folders
    /// below it are left out.
    ///
    /// - Parameters:
    ///   - url: What their URLs begin with, without the slash before their names.
    ///   - context: What else belongs to it.
    /// - Returns: All of them.
    /// - Throws: `SpecError`, `TrancheError` `.invalidArgument`, `.sourceUnavailable` (transient)
    ///   or `.invalidSource`.
    func documents(
        under url: String,
        _ context: ConnectorContext
    ) async throws -> [KeptDocument]

    /// Reads a document whole.
    ///
    /// - Parameters:
    ///   - url: Its URL.
    ///   - context: What else belongs to it.
    /// - Returns: Its bytes.
    /// - Throws: As ``documents(under:_:)``; `.redefined` for one that is replaced meanwhile.
    func document(at url: String, _ context: ConnectorContext) async throws -> [UInt8]
}

/// A document that is kept under a name of its own.
package struct KeptDocument: Sendable, Hashable {
    /// Its name, behind the URL that was listed.
    package let name: String
    /// Its size, in bytes.
    package let size: Int64

    /// Describes a document.
    package init(name: String, size: Int64) {
        self.name = name
        self.size = size
    }
}
