import Foundation
import FoundationXML
import Tranche

/// Who signs requests as Amazon's services want it; the secret is in no message.
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
        // A part is asked for instead of the head alone: answers to HEAD have no words when they are errors.
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
            tagName: "etag",
            isCompressed: response.headers["content-encoding"]?.lowercased() == "gzip"
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
        return try await send(request)
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

    private func request(_ object: ObjectName, _ parameters: [String: String]) -> HTTPRequest {
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

    private func send(_ request: HTTPRequest) async throws -> HTTPResponse {
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

extension HTTPError {
    /// The error as that of a source.
    var asSourceError: TrancheError {
        let code: TrancheError.Code = category == .transient ? .sourceUnavailable : .invalidSource
        return TrancheError(code, message, underlying: self)
    }
}

/// Collects the texts of an answer's elements.
private final class ElementTexts: NSObject, XMLParserDelegate {
    /// The names from the root to the element, and its text.
    private(set) var texts: [(path: [String], text: String)] = []
    private var path: [String] = []
    private var text = ""

    init(_ body: [UInt8]) throws {
        super.init()
        let parser = XMLParser(data: Data(body))
        parser.shouldResolveExternalEntities = false
        parser.delegate = self
        guard parser.parse() else {
            throw TrancheError(.sourceFailed, "an answer is no sound XML")
        }
    }

    func parser(
        _ parser: XMLParser,
        didStartElement name: String,
        namespaceURI: String?,
        qualifiedName: String?,
        attributes: [String: String] = [:]
    ) {
        path.append(name)
        text = ""
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        text += string
    }

    func parser(
        _ parser: XMLParser,
        didEndElement name: String,
        namespaceURI: String?,
        qualifiedName: String?
    ) {
        texts.append((path, text))
        text = ""
        path.removeLast()
    }
}

/// A page of a listing.
///
/// Source: Amazon S3 API reference, ListObjectsV2.
private struct S3Listing {
    private let texts: [(path: [String], text: String)]

    init(_ body: [UInt8]) throws {
        texts = try ElementTexts(body).texts
    }

    func page(of prefix: ObjectName) throws -> ObjectPage {
        var page = ObjectPage(entries: [])
        var fields: [String: String] = [:]
        for (path, text) in texts {
            switch path.dropFirst().joined(separator: "/") {
            case "NextContinuationToken": page.next = text
            case "Contents":
                guard let key = fields["Key"], let size = fields["Size"].flatMap(Int64.init) else {
                    throw TrancheError(
                        .sourceFailed,
                        "the listing of '\(prefix.url)' has an entry without name or size"
                    )
                }
                page.entries.append(.init(key: key, size: size, tag: fields["ETag"] ?? ""))
                fields = [:]
            case let name where name.hasPrefix("Contents/"):
                fields[String(name.dropFirst("Contents/".count))] = text
            default: break
            }
        }
        return page
    }
}

/// What an answer says of an error.
///
/// Source: Amazon S3 API reference, "Error responses".
private struct S3ErrorReply {
    let code: String
    let words: String

    init(_ body: [UInt8]) {
        // An answer without words is an error by its status alone.
        let texts = (try? ElementTexts(body).texts) ?? []
        func text(_ name: String) -> String {
            texts.first { $0.path.suffix(2) == ["Error", name] }?.text ?? ""
        }
        code = text("Code")
        words = [code, text("Message")].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}
