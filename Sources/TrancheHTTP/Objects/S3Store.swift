import Tranche

/// The signer of requests as Amazon's services want it; the secret is in no message.
struct AWSSigner: Sendable, Hashable {
    var accessKey: String
    var secretKey: String
    var sessionToken: String?
    var region: String
    var service = "s3"
}

/// Buckets of Amazon S3, or of a store that speaks as it does.
struct S3Store: ObjectStore {
    /// The SHA-256 of nothing: requests without a body have it in their signature.
    private static let emptyDigest =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    private let client: HTTPClient
    private let configuration: ObjectStoreConfiguration.S3

    init(_ configuration: ObjectStoreConfiguration.S3, _ client: HTTPClient) {
        self.configuration = configuration
        self.client = client
    }

    func state(of object: ObjectName) async throws -> ObjectState {
        // A part is asked for instead of the head alone: answers to HEAD have no words when they
        // are errors.
        var request = request(object, [:])
        request.headers["Range"] = "bytes=0-0"
        let response = try await send(request)
        if response.status == 416 {
            // There is no first byte.
            return try state(of: object, response, size: 0)
        }
        guard response.isSuccess else { throw failure(response, object, request.name) }
        if response.status == 200 {
            return try state(of: object, response, size: Int64(response.body.count))
        }
        guard let size = ContentRange(response.headers["content-range"] ?? "")?.size else {
            throw TrancheError(.invalidSource, "'\(object.url)' does not say how large it is")
        }
        return try state(of: object, response, size: size)
    }

    private func state(
        of object: ObjectName,
        _ response: HTTPResponse,
        size: Int64
    ) throws -> ObjectState {
        guard let tag = response.headers["etag"] ?? (size == 0 ? "" : nil) else {
            throw TrancheError(
                .invalidSource,
                "'\(object.url)' has no entity tag, by which a change would show"
            )
        }
        return ObjectState(
            size: size,
            tag: tag,
            tagName: "etag"
        )
    }

    func fetch(
        _ range: Range<Int64>,
        of object: ObjectName,
        in state: ObjectState
    ) async throws -> HTTPResponse {
        var request = request(object, [:])
        request.headers["Range"] = "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
        request.headers["If-Match"] = state.tag
        request.maxResponseBytes = Int(range.upperBound - range.lowerBound) + (1 << 16)
        var response = try await send(request)
        // Not every store that speaks as Amazon's does heeds the condition.
        if let tag = response.headers["etag"], response.isSuccess, tag != state.tag {
            response.status = 412
        }
        return response
    }

    func list(_ prefix: ObjectName, after token: String?) async throws -> ObjectPage {
        var parameters = ["list-type": "2", "prefix": prefix.key]
        parameters["continuation-token"] = token
        let request = request(prefix.object(""), parameters)
        let response = try await send(request)
        guard response.isSuccess else {
            throw failure(response, prefix.object(""), request.name)
        }
        return try S3Listing(response.body).page(of: prefix)
    }

    func put(_ bytes: [UInt8], as object: ObjectName) async throws {
        var request = request(object, [:])
        request.method = .put
        request.body = bytes
        request.headers["Content-Type"] = "application/octet-stream"
        if request.signer != nil {
            request.headers["x-amz-content-sha256"] = try sha256(bytes).hexadecimal
        }
        let asked = request
        try await write(object) { try await client.send(asked) }
    }

    func request(_ object: ObjectName, _ parameters: [String: String]) -> HTTPRequest {
        var url = configuration.url(of: object)
        if !parameters.isEmpty { url += "?" + queryText(parameters) }
        var request = HTTPRequest(url: url)
        if let signer = configuration.signer {
            request.signer = signer
            request.headers["x-amz-content-sha256"] = Self.emptyDigest
            request.headers["x-amz-security-token"] = signer.sessionToken
        }
        return request
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        do {
            return try await client.send(request)
        } catch let error as HTTPError {
            throw error.asSourceError
        }
    }

    func failure(_ response: HTTPResponse, _ object: ObjectName, _ url: String) -> TrancheError {
        let error = S3ErrorReply(response.body)
        if error.code == "NoSuchBucket" {
            return sourceError(response, object.object(""), words: error.code)
        }
        if response.status == 301 || response.status == 307 {
            let region = response.headers["x-amz-bucket-region"].map { " '\($0)'" } ?? ""
            return TrancheError(
                .invalidSource,
                "bucket '\(object.bucket)' is in another region\(region); set AWS_REGION"
            )
        }
        return sourceError(response, object, words: error.words)
    }
}
