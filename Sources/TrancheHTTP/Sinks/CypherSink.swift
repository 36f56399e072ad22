import FoundationEssentials
public import Tranche

/// A graph database that speaks Cypher, as a sink: a statement is run with records as its parameter
/// `batch`.
///
/// ```swift
/// let people = CypherSink(
///     "UNWIND $batch AS row MERGE (p:Person {id: row.id}) SET p.name = row.name",
///     in: try CypherLocation("http://localhost:7474/neo4j", environment: environment)
/// )
/// ```
///
/// Records go by Neo4j's Query API, some thousand at once, each request a transaction. What the
/// server counts (nodes and relationships created and deleted, properties set, and so on) is
/// counted with the batch.
public final class CypherSink: RecordSink {
    private let statement: CypherStatement
    private let location: CypherLocation
    private let configuration: Configuration
    private let client: HTTPClient

    /// How records are sent.
    public struct Configuration: Sendable {
        /// Most records of a request; 5000 by default.
        public var records = 5000
        /// Most bytes of records of a request, but at least one record; 4 MiB by default.
        public var bytes = 1 << 22
        /// Further parameters of the statement.
        public var parameters: [String: String] = [:]
        /// Waits.
        public var clock: any Clock<Duration> = ContinuousClock()

        /// Makes a configuration.
        public init() {}
    }

    /// Describes a sink.
    ///
    /// - Parameters:
    ///   - statement: Cypher that takes records from the list `$batch`. One that merges can be run
    ///     again; one that creates makes the same again when a batch is tried again.
    ///   - location: The database.
    ///   - configuration: How records are sent.
    public init(
        _ statement: String,
        in location: CypherLocation,
        _ configuration: Configuration = Configuration()
    ) {
        self.statement = CypherStatement(statement)
        self.location = location
        self.configuration = configuration
        var settings = HTTPClient.Configuration()
        settings.clock = configuration.clock
        client = HTTPClient(settings)
    }

    /// The server and the database.
    public var name: String { location.name }

    /// Whether running the statement again changes nothing shows from its words.
    public func promise(beside store: any InventoryStore) async throws -> SinkPromise {
        if statement.creates {
            return SinkPromise(
                .atLeastOnce,
                reason:
                    "the statement creates, and would create again when a batch is tried again; use MERGE"
            )
        }
        return SinkPromise(
            .idempotent,
            reason:
                "a graph server takes no part in the inventory's transactions; the statement merges, so "
                + "that a batch that is written again changes nothing"
        )
    }

    /// Runs the statement without records, where it does nothing then, so that faults in it are
    /// found.
    public func prepare(
        for fields: RecordFields?,
        beside store: any InventoryStore
    ) async throws {
        guard statement.takesBatch else {
            throw TrancheError(
                .invalidArgument,
                "the statement for \(name) takes no records; begin with 'UNWIND $batch AS row'"
            )
        }
        guard configuration.records > 0, configuration.bytes > 0 else {
            throw TrancheError(.invalidArgument, "the bounds of a request must be above 0")
        }
        _ = try await run(statement.isIdle ? statement.text : "RETURN 1", [])
    }

    /// Lends a writer.
    public func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        try await body(CypherWriter(self, configuration))
    }

    /// Each request is a transaction of its own.
    public var lendsSeveralWriters: Bool { true }

    /// Closes the connections.
    public func close() async { client.close() }

    /// Runs the statement.
    ///
    /// - Parameter records: The records as JSON, with commas between.
    /// - Returns: What the server counted.
    /// - Throws: `TrancheError` `.sinkUnavailable`, `.sinkFailed`.
    func run(_ records: [UInt8]) async throws -> Counters {
        try await run(statement.text, records)
    }

    private func run(_ text: String, _ records: [UInt8]) async throws -> Counters {
        var body: [UInt8] = Array("{\"statement\":".utf8)
        JSONBytes.append(text.utf8, to: &body)
        body += ",\"includeCounters\":true,\"parameters\":{".utf8
        for (name, value) in configuration.parameters.sorted(by: { $0.key < $1.key }) {
            JSONBytes.append(name.utf8, to: &body)
            body.append(UInt8(ascii: ":"))
            JSONBytes.append(value.utf8, to: &body)
            body.append(UInt8(ascii: ","))
        }
        body += "\"batch\":[".utf8
        body += records
        body += "]}}".utf8
        var request = HTTPRequest(method: .post, url: location.queryURL, body: body)
        request.headers = ["Content-Type": "application/json", "Accept": "application/json"]
        request.headers["Authorization"] = location.authorization
        let response: HTTPResponse
        do {
            response = try await client.send(request) { CypherReply($0).isPassing }
        } catch let error as HTTPError {
            throw error.asSinkError
        }
        return try CypherReply(response).counters(of: location)
    }
}
