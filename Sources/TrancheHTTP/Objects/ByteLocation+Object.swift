import Tranche
public import TrancheChains

extension ByteLocation {
    /// An object in Google Cloud Storage or Amazon S3.
    ///
    /// ```swift
    /// let customers = CSVSource(try .object("gs://shop/customers.csv"))
    /// ```
    ///
    /// Only the bytes of a batch and of its edges are fetched, each request up to 1 MiB. What is
    /// compressed, as its first bytes say, is decompressed as it is read.
    ///
    /// - Parameters:
    ///   - url: `gs://bucket/name` or `s3://bucket/name`.
    ///   - configuration: How the store is reached; as the environment says by default.
    ///   - encoding: The encoding of its text; by default UTF-8, or what its byte order mark says.
    /// - Returns: The location.
    /// - Throws: `TrancheError` `.invalidArgument` for a URL that names no object, or for variables
    ///   that do not fit together.
    public static func object(
        _ url: String,
        _ configuration: ObjectStoreConfiguration? = nil,
        encoding: TextEncoding? = nil
    ) throws -> ByteLocation {
        let name = try ObjectName(url)
        guard !name.key.isEmpty, !name.key.hasSuffix("/") else {
            throw TrancheError(
                .invalidArgument,
                "'\(url)' names no object; give \(name.store.rawValue)://bucket/name"
            )
        }
        let configuration = try configuration ?? .current
        let words = encoding.map { " as \($0.name)" } ?? ""
        return ByteLocation(name: name.url, key: name.url + words, encoding: encoding) {
            try await recognising(
                ObjectReader(name, in: configuration.store(of: name)),
                key: name.url,
                encoding: encoding
            )
        }
    }
}

extension ObjectStoreConfiguration {
    /// What sends requests to stores.
    var client: HTTPClient {
        var settings = HTTPClient.Configuration()
        settings.certificateAuthorities = certificateAuthorities
        return HTTPClient(settings)
    }

    /// The store of an object.
    func store(of object: ObjectName) -> any ObjectStore {
        let client = client
        return switch object.store {
        case .amazon: S3Store(s3, client)
        case .google: GoogleStore(google, client)
        }
    }
}
