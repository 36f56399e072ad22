import Foundation
public import Tranche

/// A graph database that speaks Cypher, as a sink: a statement is run with records as its parameter `batch`.
///
/// ```swift
/// let people = CypherSink(
///     "UNWIND $batch AS row MERGE (p:Person {id: row.id}) SET p.name = row.name",
///     in: try CypherLocation("http://localhost:7474/neo4j", environment: environment)
/// )
/// ```
///
/// Records go by Neo4j's Query API, some thousand at once, each request a transaction. What the server counts
/// (nodes and relationships created and deleted, properties set, and so on) is counted with the batch.
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
    ///   - statement: Cypher that takes records from the list `$batch`. One that merges can be run again; one
    ///     that creates makes the same again when a batch is tried again.
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

    /// Runs the statement without records, where it does nothing then, so that faults in it are found.
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
    fileprivate func run(_ records: [UInt8]) async throws -> Counters {
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
            throw TrancheError(
                error.category == .transient ? .sinkUnavailable : .sinkFailed,
                error.message,
                underlying: error
            )
        }
        return try CypherReply(response).counters(of: location)
    }
}

/// A statement, as far as its words tell.
struct CypherStatement: Sendable {
    let text: String
    /// Whether it creates what may be there already.
    let creates: Bool
    /// Whether it takes the parameter `batch`.
    let takesBatch: Bool
    /// Whether it does nothing without records.
    let isIdle: Bool

    init(_ text: String) {
        self.text = text
        let words = Self.words(of: text)
        // "ON CREATE SET" belongs to a MERGE.
        creates = words.indices.contains { index in
            words[index] == "CREATE" && (index == 0 || words[index - 1] != "ON")
        }
        takesBatch = words.contains("$BATCH")
        isIdle = words.starts(with: ["UNWIND", "$BATCH"])
    }

    /// The words in upper case, without comments, texts and quoted names.
    private static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var quote: Character?
        var rest = text[...]
        func isWordPart(_ character: Character) -> Bool {
            character.isLetter || character.isNumber || character == "_" || character == "$"
        }
        while let character = rest.popFirst() {
            if let open = quote {
                if character == "\\", open != "`" { rest = rest.dropFirst() }
                if character == open { quote = nil }
                continue
            }
            if isWordPart(character) {
                word.append(character)
                continue
            }
            if !word.isEmpty { words.append(word.uppercased()) }
            word = ""
            if character == "/", rest.first == "/" {
                rest = rest.drop { !$0.isNewline }
            } else if character == "/", rest.first == "*" {
                rest = rest.firstRange(of: "*/").map { rest[$0.upperBound...] } ?? ""
            } else if "'\"`".contains(character) {
                quote = character
            }
        }
        if !word.isEmpty { words.append(word.uppercased()) }
        return words
    }
}

/// What the server answered.
///
/// Source: Neo4j Query API, version 2.
private struct CypherReply {
    private let response: HTTPResponse
    private let content: Content?

    private struct Content: Decodable {
        struct Failure: Decodable {
            var code: String
            var message: String
        }

        struct Counts: Decodable {
            var nodesCreated: Int?
            var nodesDeleted: Int?
            var relationshipsCreated: Int?
            var relationshipsDeleted: Int?
            var propertiesSet: Int?
            var labelsAdded: Int?
            var labelsRemoved: Int?
            var indexesAdded: Int?
            var indexesRemoved: Int?
            var constraintsAdded: Int?
            var constraintsRemoved: Int?
        }

        var counters: Counts?
        var errors: [Failure]?
    }

    init(_ response: HTTPResponse) {
        self.response = response
        // An answer that is no JSON is told by its status.
        content = try? JSONDecoder().decode(Content.self, from: Data(response.body))
    }

    /// Whether the server says that trying again may succeed, as after a deadlock.
    var isPassing: Bool {
        content?.errors?.contains { $0.code.hasPrefix("Neo.TransientError.") } ?? false
    }

    /// What was counted.
    func counters(of location: CypherLocation) throws -> Counters {
        if let failure = content?.errors?.first {
            throw TrancheError(
                isPassing ? .sinkUnavailable : .sinkFailed,
                "\(location.name): \(failure.message) (\(failure.code))"
            )
        }
        guard response.isSuccess, let counts = content?.counters else {
            let isPassing = HTTPError.category(status: response.status) == .transient
            throw TrancheError(
                isPassing ? .sinkUnavailable : .sinkFailed,
                "\(location.name) answered \(response.status), which is no answer of Neo4j's Query API: "
                    + response.excerpt
            )
        }
        return Counters([
            "nodes_created": counts.nodesCreated ?? 0,
            "nodes_deleted": counts.nodesDeleted ?? 0,
            "relationships_created": counts.relationshipsCreated ?? 0,
            "relationships_deleted": counts.relationshipsDeleted ?? 0,
            "properties_set": counts.propertiesSet ?? 0,
            "labels_added": counts.labelsAdded ?? 0,
            "labels_removed": counts.labelsRemoved ?? 0,
            "indexes_added": counts.indexesAdded ?? 0,
            "indexes_removed": counts.indexesRemoved ?? 0,
            "constraints_added": counts.constraintsAdded ?? 0,
            "constraints_removed": counts.constraintsRemoved ?? 0,
        ])
    }
}

/// Sends the records of one batch.
private final class CypherWriter: RecordWriter {
    private let sink: CypherSink
    private let configuration: CypherSink.Configuration
    private var waiting: [UInt8] = []
    private var count = 0
    private var counters = Counters()

    init(_ sink: CypherSink, _ configuration: CypherSink.Configuration) {
        self.sink = sink
        self.configuration = configuration
    }

    func write(_ records: [Record]) async throws {
        for record in records {
            if count > 0 { waiting.append(UInt8(ascii: ",")) }
            record.appendJSON(to: &waiting)
            count += 1
            if count >= configuration.records || waiting.count >= configuration.bytes {
                try await flush()
            }
        }
    }

    private func flush() async throws {
        let records = waiting
        waiting = []
        count = 0
        counters.merge(try await sink.run(records))
    }

    /// Sends what is left; all is counted, also when there was no record.
    func finish() async throws -> Counters {
        if count > 0 || counters.values.isEmpty { try await flush() }
        return counters
    }

    /// Requests that were sent are sent again by the next attempt.
    func abandon() async {
        waiting = []
        count = 0
    }
}
