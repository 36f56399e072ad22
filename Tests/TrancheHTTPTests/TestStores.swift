import Foundation
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheSQLite

@testable import TrancheHTTP

/// The servers that `scripts/test` started.
enum TestServers {
    struct Missing: Error, CustomStringConvertible {
        let name: String

        var description: String { "\(name) names no server; scripts/test starts one" }
    }

    static func url(_ name: String) throws -> String {
        guard let url = ProcessInfo.processInfo.environment[name], !url.isEmpty else {
            throw Missing(name: name)
        }
        return url
    }
}

/// A bucket of a test's own, in Google's emulator or in moto.
struct TestBucket {
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case google, s3

        var testDescription: String { rawValue }
    }

    let kind: Kind
    let name: String
    let configuration: ObjectStoreConfiguration
    private let client = HTTPClient()

    init(_ kind: Kind) async throws {
        self.kind = kind
        name = "b" + UUID().uuidString.lowercased()
        switch kind {
        case .google:
            configuration = try ObjectStoreConfiguration(
                environment: ["STORAGE_EMULATOR_HOST": try TestServers.url("TRANCHE_TEST_GCS")]
            )
            try await send(
                .post,
                "\(configuration.google.endpoint)/storage/v1/b?project=p",
                Array("{\"name\": \"\(name)\"}".utf8),
                type: "application/json"
            )
        case .s3:
            configuration = try ObjectStoreConfiguration(environment: try Self.s3Environment())
            try await send(.put, configuration.s3.url(of: object("")), [])
        }
    }

    static func s3Environment() throws -> [String: String] {
        [
            "AWS_ENDPOINT_URL_S3": try TestServers.url("TRANCHE_TEST_S3"),
            "AWS_ACCESS_KEY_ID": try TestServers.url("TRANCHE_TEST_S3_KEY"),
            "AWS_SECRET_ACCESS_KEY": try TestServers.url("TRANCHE_TEST_S3_SECRET"),
        ]
    }

    func object(_ key: String) throws -> ObjectName {
        try ObjectName("\(kind == .google ? "gs" : "s3")://\(name)/").object(key)
    }

    func url(_ key: String) throws -> String { try object(key).url }

    func location(_ key: String) throws -> ByteLocation {
        try .object(url(key), configuration)
    }

    func put(_ content: [UInt8], as key: String) async throws {
        switch kind {
        case .google:
            let query = queryText(["uploadType": "media", "name": key])
            try await send(
                .post,
                "\(configuration.google.endpoint)/upload/storage/v1/b/\(name)/o?\(query)",
                content
            )
        case .s3: try await send(.put, configuration.s3.url(of: object(key)), content)
        }
    }

    private func send(
        _ method: HTTPRequest.Method,
        _ url: String,
        _ body: [UInt8],
        type: String = "application/octet-stream"
    ) async throws {
        var request = HTTPRequest(method: method, url: url, body: body)
        request.headers["Content-Type"] = type
        if kind == .s3 {
            request.signer = configuration.s3.signer
            request.headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD"
        }
        let response = try await client.send(request)
        guard response.isSuccess else { throw HTTPError(response, to: request) }
    }
}

/// An inventory of a test's own.
func withInventory<R>(_ body: (Inventory, TemporaryFolder) async throws -> R) async throws -> R {
    try await withTemporaryFolder { folder in
        let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
        let result = try await body(inventory, folder)
        await inventory.close()
        return result
    }
}

/// Rows `id,name`, some with line breaks in quotes.
func customers(_ count: Int) -> String {
    var text = "id,name\n"
    for row in 1...count {
        text += row % 7 == 0 ? "\(row),\"Zoé,\n\(row)\"\n" : "\(row),Zoé \(row)\n"
    }
    return text
}

func chainOptions(
    _ job: String = "load",
    weight: Double = 4000,
    workers: Int = 1
) -> ChainOptions {
    ChainOptions(
        request: BatchRequest(
            job: job,
            limit: BatchLimit(weight: weight),
            policy: RunPolicy(maxAttempts: 3, backoff: .zero)
        ),
        workers: workers
    )
}
