import FoundationEssentials
import Tranche

/// Source: Amazon S3 API reference, CopyObject, DeleteObject, GetObjectTagging, PutObjectTagging.
extension S3Store {
    /// The tag of an object's content; `nil` where there is no such object.
    func tagOfContent(of object: ObjectName) async throws -> String? {
        var request = request(object, [:])
        request.headers["Range"] = "bytes=0-0"
        let response = try await send(request)
        if response.status == 404, S3ErrorReply(response.body).code != "NoSuchBucket" { return nil }
        guard response.isSuccess || response.status == 416 else {
            throw failure(response, object, request.name)
        }
        return response.headers["etag"] ?? ""
    }

    /// Copies an object to another name.
    ///
    /// Which content is meant is not said: libcurl signs a field whose name goes on from that of
    /// another, as `x-amz-copy-source-if-match` does, in the wrong order.
    ///
    /// - Throws: `TrancheError` `.sinkUnavailable` (transient) or `.sinkFailed`.
    func copy(_ object: ObjectName, to target: ObjectName) async throws {
        var request = request(target, [:])
        request.method = .put
        request.body = []
        let path = object.key.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.percentEncoded() }.joined(separator: "/")
        request.headers["x-amz-copy-source"] = "/\(object.bucket)/\(path)"
        let asked = request
        try await write(target) {
            let response = try await send(asked)
            // A copy that fails half way is answered 200 with an error.
            let reply = S3ErrorReply(response.body)
            guard response.isSuccess, !reply.code.isEmpty else { return response }
            throw TrancheError(.sinkUnavailable, reply.words)
        }
    }

    /// Removes an object; one that is not there is none.
    func remove(_ object: ObjectName) async throws {
        var request = request(object, [:])
        request.method = .delete
        let asked = request
        try await write(object) { try await send(asked) }
    }

    /// Gives an object a tag, beside those that it has.
    func tag(_ object: ObjectName, _ name: String, _ value: String) async throws {
        let asked = request(object, ["tagging": ""])
        let response = try await send(asked)
        guard response.isSuccess else { throw failure(response, object, asked.name) }
        var tags = try S3Tags(response.body).tags
        if tags.contains(where: { $0 == (name, value) }) { return }
        tags.removeAll { $0.name == name }
        tags.append((name, value))
        let entries = tags.map { tag in
            "<Tag><Key>\(tag.name.xmlText)</Key><Value>\(tag.value.xmlText)</Value></Tag>"
        }
        let body = Array("<Tagging><TagSet>\(entries.joined())</TagSet></Tagging>".utf8)
        var request = request(object, ["tagging": ""])
        request.method = .put
        request.body = body
        request.headers["Content-Type"] = "application/xml"
        if request.signer != nil {
            request.headers["x-amz-content-sha256"] = try sha256(body).hexadecimal
        }
        let put = request
        try await write(object) { try await send(put) }
    }
}

extension String {
    /// The text as XML has it between tags.
    fileprivate var xmlText: String {
        replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
