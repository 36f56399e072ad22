import Foundation
import TestSupport
import Testing
import Tranche
import TrancheConnectors
import TrancheHTTP
import TrancheOrchestrator
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite

@testable import TrancheServer

/// A server over an inventory of a test's own, asked by libcurl.
struct ServerBench: Sendable {
    let database: TestDatabase
    let inventory: Inventory
    let address: ListenAddress
    let base: String
    private let client = HTTPClient(.init(retryLimit: .zero, patience: .zero))

    static let connectors = Connectors([
        InventoryConnector(), SQLiteConnector(), PostgreSQLConnector(), TableConnector(),
    ])

    /// The jobs that callers may work on: `thumbs`, over ten photos, of three items a batch.
    static func jobs(
        _ database: TestDatabase,
        _ lease: String,
        count: Int = 3
    ) throws -> ServedJobs {
        let text = """
            budgets: {api: {batches: 4}}
            jobs:
              thumbs: {source: "\(database.prefix)photo", count: \(count), handler: rest,
                       policy: {max_attempts: 2, lease: \(lease), backoff: 0s}}
            """
        var types = PipelineTypes.standard(connectors)
        types.processes = [:]
        let pipeline = try Pipeline(text: text, file: "p.yaml", types: types)
        return try ServedJobs(pipeline, connectors: connectors, context: ConnectorContext())
    }

    /// Serves until the body is over.
    static func serve(
        _ backend: TestDatabase.Backend,
        lease: String = "60s",
        observers: [any InventoryObserver] = [],
        _ change: @escaping @Sendable (inout InventoryServer.Configuration) -> Void = { _ in },
        _ body: @escaping @Sendable (ServerBench) async throws -> Void
    ) async throws {
        try await withTestDatabase(backend, isMigrated: true) { database in
            let prefix = database.prefix
            try await database.run(
                "CREATE TABLE \(prefix)photo (uid bigint PRIMARY KEY, item text, weight float)"
            )
            for id in 1...10 {
                try await database.run(
                    "INSERT INTO \(prefix)photo VALUES (\(id), 'p\(id).jpg', \(id * 10))"
                )
            }
            var options = Inventory.Configuration(
                store: database.configuration(),
                worker: "worker"
            )
            options.auditsWhileWorking = false
            options.observers = observers
            let inventory = try await Inventory.open(database.location, configuration: options)
            var configuration = InventoryServer.Configuration(try ListenAddress("127.0.0.1:0"))
            configuration.openRoles = [.look, .work, .operate]
            change(&configuration)
            let server = InventoryServer(
                inventory,
                configuration: configuration,
                jobs: try jobs(database, lease)
            ) {
                { run, inventory in
                    try await connectors.source(of: run, in: inventory, ConnectorContext())
                }
            }
            try await run(server, database, inventory, body)
            await inventory.close()
        }
    }

    private static func run(
        _ server: InventoryServer,
        _ database: TestDatabase,
        _ inventory: Inventory,
        _ body: @escaping @Sendable (ServerBench) async throws -> Void
    ) async throws {
        let (places, continuation) = AsyncStream<ListenAddress>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await server.run { continuation.yield($0) }
                } catch is CancellationError {
                    // It was stopped.
                }
                continuation.finish()
            }
            group.addTask {
                for await address in places {
                    try await body(
                        ServerBench(
                            database: database,
                            inventory: inventory,
                            address: address,
                            base: server.configuration.base
                        )
                    )
                    return
                }
            }
            // The server's end before is its error.
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private init(
        database: TestDatabase,
        inventory: Inventory,
        address: ListenAddress,
        base: String
    ) {
        self.database = database
        self.inventory = inventory
        self.address = address
        self.base = base
    }

    /// The same server, asked below another base.
    static func at(_ bench: ServerBench, base: String) -> ServerBench {
        ServerBench(
            database: bench.database,
            inventory: bench.inventory,
            address: bench.address,
            base: base
        )
    }

    // MARK: - Asking

    func get(_ path: String, headers: [String: String] = [:]) async throws -> HTTPResponse {
        try await client.send(
            HTTPRequest(url: "http://\(address)\(base)\(path)", headers: headers),
            waitsAsAsked: false
        )
    }

    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: String = "{}",
        headers: [String: String] = [:]
    ) async throws -> HTTPResponse {
        var headers = headers
        if headers["Content-Type"] == nil { headers["Content-Type"] = "application/json" }
        return try await client.send(
            HTTPRequest(
                method: method,
                url: "http://\(address)\(base)\(path)",
                headers: headers,
                body: Array(body.utf8)
            ),
            waitsAsAsked: false
        )
    }

    func post(
        _ path: String,
        _ body: String = "{}",
        headers: [String: String] = [:]
    ) async throws -> HTTPResponse {
        try await send(.post, path, body, headers: headers)
    }

    /// Acquires a batch.
    func acquire(_ body: String = "{}", headers: [String: String] = [:]) async throws -> [String:
        Any]
    {
        let answer = try await post("/v1/jobs/thumbs/acquire", body, headers: headers)
        try #require(answer.status == 200, "\(answer.status) \(answer.excerpt)")
        return try answer.object()
    }
}

extension HTTPResponse {
    /// The body, as an object of JSON.
    func object() throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
    }

    /// The body, as a document.
    func document<Document: Decodable>(_ type: Document.Type) throws -> Document {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            try Date(
                try decoder.singleValueContainer().decode(String.self),
                strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            )
        }
        return try decoder.decode(type, from: Data(body))
    }

    var text: String { String(decoding: body, as: UTF8.self) }
}
