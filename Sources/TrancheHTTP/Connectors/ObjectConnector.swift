public import Tranche
public import TrancheChains
public import TrancheConnectors

/// Objects of Google Cloud Storage and Amazon S3: `gs://BUCKET/NAME` and `s3://BUCKET/NAME`.
///
/// As a source an object's name tells its format, or `csv:` or `jsonl:` before it; its fields are
/// those of the file connector. Credentials are looked up as ``ObjectStoreConfiguration`` says.
public struct ObjectConnector: SourceConnector, ByteConnector {
    /// Makes the connector.
    public init() {}

    /// The prefix of URLs of objects.
    public var byteSchemes: [String] { ObjectName.Store.allCases.map(\.rawValue) }

    /// Sources of both stores.
    public var schemes: [ConnectorScheme] {
        let files = FileConnector().schemes.filter { $0.kind == .source }
        let fields = files.reduce(into: Set<String>()) { $0.formUnion($1.fields) }
        return byteSchemes.map { name in
            ConnectorScheme(
                .source,
                name,
                form: "\(name)://BUCKET/NAME",
                noun: "an object",
                fields: fields
            )
        }
    }

    /// The object's records.
    public func source(
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) throws -> any MetaSourceDescription {
        try context.connectors.source(try file(spec), context)
    }

    /// The URL with the format.
    public func recordedNames(of spec: SourceSpec) throws -> [String] {
        [try file(spec).location]
    }

    /// The object's bytes.
    public func bytes(
        at url: String,
        encoding: TextEncoding?,
        _ context: ConnectorContext
    ) throws -> ByteLocation {
        let configuration = try ObjectStoreConfiguration(environment: context.credentials)
        return try .object(url, configuration, encoding: encoding)
    }

    /// The object as a file, whose format its name tells.
    private func file(_ spec: SourceSpec) throws -> SourceSpec {
        try FileConnector.spec(ofFile: spec.location, spec.fields)
    }
}

extension ObjectConnector: DocumentConnector {
    /// What URLs of objects begin with.
    package var documentSchemes: [String] { byteSchemes }

    /// Keeps a document as an object.
    package func keep(
        _ bytes: [UInt8],
        at url: String,
        _ context: ConnectorContext
    ) async throws {
        let configuration = try ObjectStoreConfiguration(environment: context.credentials)
        let object = try ObjectName(url)
        guard !object.key.isEmpty, !object.key.hasSuffix("/") else {
            throw TrancheError(.invalidArgument, "'\(object.url)' names no object")
        }
        try await configuration.store(of: object).put(bytes, as: object)
    }

    /// Lists the objects of a prefix.
    package func documents(
        under url: String,
        _ context: ConnectorContext
    ) async throws -> [KeptDocument] {
        let configuration = try ObjectStoreConfiguration(environment: context.credentials)
        let bare = try ObjectName(url)
        let prefix = bare.key.isEmpty ? bare : bare.object(bare.key + "/")
        let store = configuration.store(of: prefix)
        var found: [KeptDocument] = []
        var token: String?
        repeat {
            try Task.checkCancellation()
            let page = try await store.list(prefix, after: token)
            found += page.entries.compactMap { entry in
                let name = String(entry.key.dropFirst(prefix.key.count))
                guard !name.isEmpty, !name.contains("/") else { return nil }
                return KeptDocument(name: name, size: entry.size)
            }
            token = page.next
        } while token != nil
        return found
    }

    /// Reads an object.
    package func document(at url: String, _ context: ConnectorContext) async throws -> [UInt8] {
        let configuration = try ObjectStoreConfiguration(environment: context.credentials)
        let object = try ObjectName(url)
        let store = configuration.store(of: object)
        let state = try await store.state(of: object)
        return state.size == 0 ? [] : try await store.read(0..<state.size, of: object, in: state)
    }
}

extension ObjectStoreConfiguration {
    /// Reads credentials; see ``init(environment:)``.
    package init(environment credentials: Credentials) throws {
        try self.init(
            environment: try credentials.environment(
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN",
                "GOOGLE_OAUTH_ACCESS_TOKEN"
            )
        )
    }
}
