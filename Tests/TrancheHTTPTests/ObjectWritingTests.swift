import Foundation
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheConnectors

@testable import TrancheHTTP

@Suite("Documents in object stores", .timeLimit(.minutes(10)))
struct ObjectWritingTests {
    private func context(_ environment: [String: String]) -> ConnectorContext {
        ConnectorContext(credentials: Credentials(environment))
    }

    private func context(_ bucket: TestBucket) throws -> ConnectorContext {
        switch bucket.kind {
        case .s3: context(try TestBucket.s3Environment())
        case .google: context(["STORAGE_EMULATOR_HOST": bucket.configuration.google.endpoint])
        }
    }

    private func content(_ bucket: TestBucket, _ key: String) async throws -> String {
        let bytes = try await bucket.location(key).open()
        let size = try await bytes.state().size
        let text = try await bytes.read(0..<size)
        return String(decoding: text, as: UTF8.self)
    }

    @Test("A document is kept, and replaced", arguments: TestBucket.Kind.allCases)
    func keeps(_ kind: TestBucket.Kind) async throws {
        let bucket = try await TestBucket(kind)
        // moto refuses the signature of other names, also when Amazon's own library has made it.
        let key = kind == .s3 ? "a b/1 2.jsonl" : "a b/ü,1?&%+.jsonl"
        let connector = ObjectConnector()
        for text in ["{\"a\": \"Zoé\"}\n", "{}\n"] {
            try await connector.keep(Array(text.utf8), at: bucket.url(key), context(bucket))
            #expect(try await content(bucket, key) == text)
        }
        await #expect(throws: TrancheError.self) {
            try await connector.keep([65], at: bucket.url("a/"), context(bucket))
        }
    }

    @Test("A bucket that is not there is a fault of the sink", arguments: TestBucket.Kind.allCases)
    func missing(_ kind: TestBucket.Kind) async throws {
        let bucket = try await TestBucket(kind)
        let url = try bucket.url("x").replacing(bucket.name, with: "missing-\(bucket.name)")
        let error = await #expect(throws: TrancheError.self) {
            try await ObjectConnector().keep([65], at: url, context(bucket))
        }
        // Google's emulator answers as if that could pass.
        #expect([.sinkFailed, .sinkUnavailable].contains(error?.code))
        #expect(error?.message.contains(url) == true)
        #expect(error?.message.contains("cannot be written") == true)
    }

    @Test("A first try that fails and a second that succeeds leave one whole document")
    func again() async throws {
        try await withHTTPServer({ _, before in
            .init(before == 0 ? 503 : 200, text: before == 0 ? "slow down" : "")
        }) { server in
            let environment = ["AWS_ENDPOINT_URL_S3": server.url]
            let bytes = Array("whole\n".utf8)
            try await ObjectConnector().keep(bytes, at: "s3://b/x.jsonl", context(environment))
            let requests = server.requests
            #expect(requests.map(\.method) == ["PUT", "PUT"])
            #expect(requests.map(\.target) == ["/b/x.jsonl", "/b/x.jsonl"])
            #expect(requests.allSatisfy { $0.body == bytes })
        }
    }

    /// The signature that a server makes of a request by its own reading of version 4.
    ///
    /// Source: "Create a signed AWS API request" of the IAM user guide; for S3 the path is encoded
    /// once.
    private func signature(
        of request: LocalHTTPServer.Request,
        path: String,
        secret: String
    ) throws -> String {
        let authorization = try #require(request.headers["authorization"])
        func part(_ name: String) throws -> String {
            let start = try #require(authorization.firstRange(of: "\(name)=")).upperBound
            return String(authorization[start...].prefix { $0 != "," && $0 != " " })
        }
        let names = try part("SignedHeaders").split(separator: ";").map(String.init)
        #expect(names.contains("x-amz-content-sha256"))
        let headers = names.map { "\($0):\(request.headers[$0] ?? "")\n" }.joined()
        let digest = try sha256(request.body).hexadecimal
        #expect(request.headers["x-amz-content-sha256"] == digest)
        let canonical =
            "\(request.method)\n\(path)\n\n\(headers)\n\(names.joined(separator: ";"))\n\(digest)"
        let scope = try part("Credential").split(separator: "/").dropFirst().map(String.init)
        let time = request.headers["x-amz-date"] ?? ""
        let text =
            "AWS4-HMAC-SHA256\n\(time)\n\(scope.joined(separator: "/"))\n"
            + (try sha256(Array(canonical.utf8)).hexadecimal)
        var key = Array("AWS4\(secret)".utf8)
        for word in scope + [text] { key = try hmacSHA256(Array(word.utf8), secret: key) }
        #expect(try part("Signature") == key.hexadecimal)
        return key.hexadecimal
    }

    @Test(
        "Names with blanks, accents and signs are signed as S3 reads them",
        arguments: [
            ("plain.jsonl", "/b/plain.jsonl"), ("a b/ü.jsonl", "/b/a%20b/%C3%BC.jsonl"),
            ("1+1=2,?&%~*'().jsonl", "/b/1%2B1%3D2%2C%3F%26%25~%2A%27%28%29.jsonl"),
        ]
    )
    func signs(_ key: String, _ path: String) async throws {
        try await withHTTPServer({ _, _ in .init(200) }) { server in
            let environment = [
                "AWS_ENDPOINT_URL_S3": server.url, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
                "AWS_SECRET_ACCESS_KEY": "example/secret",
            ]
            let bytes = Array("{\"a\": \"ü\"}\n".utf8)
            try await ObjectConnector().keep(bytes, at: "s3://b/\(key)", context(environment))
            let request = try #require(server.requests.first)
            #expect(request.target == path)
            #expect(request.body == bytes)
            _ = try signature(of: request, path: path, secret: "example/secret")
        }
    }
}
