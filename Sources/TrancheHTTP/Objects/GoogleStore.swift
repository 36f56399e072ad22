import FoundationEssentials
import Tranche

/// Buckets of Google Cloud Storage.
///
/// Source: Cloud Storage JSON API v1.
struct GoogleStore: ObjectStore {
    private let client: HTTPClient
    private let endpoint: String
    private let tokens: GoogleTokens

    init(_ configuration: ObjectStoreConfiguration.Google, _ client: HTTPClient) {
        self.client = client
        endpoint = configuration.endpoint
        tokens = GoogleTokens(configuration.credentials, client)
    }

    func state(of object: ObjectName) async throws -> ObjectState {
        let response = try await send(url(object, ["fields": "size,generation"]))
        guard response.isSuccess else { throw failure(response, object, "") }
        let found: Metadata
        do {
            found = try JSONDecoder().decode(Metadata.self, from: Data(response.body))
        } catch {
            throw TrancheError(
                .sourceFailed,
                "what is said of '\(object.url)' cannot be read: \(error)",
                underlying: error
            )
        }
        guard let size = Int64(found.size) else {
            throw TrancheError(.sourceFailed, "the size of '\(object.url)' is not a number")
        }
        return ObjectState(
            size: size,
            tag: found.generation,
            tagName: "generation"
        )
    }

    private struct Metadata: Decodable {
        var size: String
        var generation: String
    }

    func fetch(
        _ range: Range<Int64>,
        of object: ObjectName,
        in state: ObjectState
    ) async throws -> HTTPResponse {
        let url = url(object, ["alt": "media", "ifGenerationMatch": state.tag])
        let headers = [
            "Range": "bytes=\(range.lowerBound)-\(range.upperBound - 1)",
            // Otherwise what is stored compressed is decompressed on the way, as a whole.
            "Accept-Encoding": "gzip",
        ]
        let most = Int(range.upperBound - range.lowerBound) + (1 << 16)
        let response = try await send(url, headers, most: most)
        if let tag = response.headers["x-goog-generation"], response.isSuccess, tag != state.tag {
            var changed = response
            changed.status = 412
            return changed
        }
        return response
    }

    func list(_ prefix: ObjectName, after token: String?) async throws -> ObjectPage {
        var parameters = [
            "prefix": prefix.key, "fields": "items(name,size,generation),nextPageToken",
        ]
        parameters["pageToken"] = token
        let url =
            "\(endpoint)/storage/v1/b/\(prefix.bucket.percentEncoded())/o?\(queryText(parameters))"
        let response = try await send(url)
        guard response.isSuccess else { throw failure(response, prefix.object(""), "") }
        let page: Listing
        do {
            page = try JSONDecoder().decode(Listing.self, from: Data(response.body))
        } catch {
            throw TrancheError(
                .sourceFailed,
                "the listing of '\(prefix.url)' cannot be read: \(error)",
                underlying: error
            )
        }
        let entries = (page.items ?? []).map { item in
            ObjectPage.Entry(key: item.name, size: Int64(item.size) ?? 0, tag: item.generation)
        }
        return ObjectPage(entries: entries, next: page.nextPageToken)
    }

    func put(_ bytes: [UInt8], as object: ObjectName) async throws {
        let query = queryText(["uploadType": "media", "name": object.key])
        let bucket = object.bucket.percentEncoded()
        var request = HTTPRequest(
            method: .post,
            url: "\(endpoint)/upload/storage/v1/b/\(bucket)/o?\(query)",
            body: bytes
        )
        request.headers["Content-Type"] = "application/octet-stream"
        let asked = request
        try await write(object) { try await authorized(asked) }
    }

    private struct Listing: Decodable {
        struct Item: Decodable {
            var name: String
            var size: String
            var generation: String
        }

        var items: [Item]?
        var nextPageToken: String?
    }

    private func url(_ object: ObjectName, _ parameters: [String: String]) -> String {
        let bucket = object.bucket.percentEncoded()
        return "\(endpoint)/storage/v1/b/\(bucket)/o/\(object.key.percentEncoded())?"
            + queryText(parameters)
    }

    private func send(
        _ url: String,
        _ headers: [String: String] = [:],
        most: Int = 1 << 26
    ) async throws -> HTTPResponse {
        do {
            return try await authorized(
                HTTPRequest(url: url, headers: headers, maxResponseBytes: most)
            )
        } catch let error as HTTPError {
            throw error.asSourceError
        }
    }

    /// Sends a request with a token, where there is one.
    private func authorized(_ request: HTTPRequest) async throws -> HTTPResponse {
        var request = request
        let token = try await tokens.token()
        request.headers["Authorization"] = token.map { "Bearer \($0)" }
        let response = try await client.send(request)
        guard response.status == 401, let token else { return response }
        // It may have been withdrawn before its time.
        guard let newer = try await tokens.token(other: token) else { return response }
        request.headers["Authorization"] = "Bearer \(newer)"
        return try await client.send(request)
    }

    func failure(_ response: HTTPResponse, _ object: ObjectName, _ url: String) -> TrancheError {
        // An answer without words is an error by its status alone.
        let reply = try? JSONDecoder().decode(ErrorReply.self, from: Data(response.body))
        return sourceError(response, object, words: reply?.error.message ?? response.excerpt)
    }

    private struct ErrorReply: Decodable {
        struct Reason: Decodable {
            var message: String
        }

        var error: Reason
    }
}
