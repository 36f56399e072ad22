import Synchronization
public import Tranche

/// A MongoDB collection as a sink: each record becomes a document.
///
/// ```swift
/// chain.write(to: try MongoSink("mongodb://localhost/shop.customers", key: ["id"]))
/// ```
///
/// With a key, the document of that key is replaced, or made; a unique index must be on it. Without one, each
/// record is a document whose `_id` is made of the source's name and the record's id: written again, it is
/// there already. Either way writing a batch again changes nothing.
public final class MongoSink: RecordSink {
    private let location: MongoLocation
    private let key: [String]
    private let configuration: Configuration
    private let connections = Mutex<[MongoConnection]>([])

    /// How documents are written.
    public struct Configuration: Sendable {
        /// Whether a batch's documents are written in order, one after the other; false by default.
        public var isOrdered = false
        /// How many servers must have a document before it counts: a number, or `majority` (the default).
        public var writeConcern = "majority"
        /// Whether documents get `created_at` and `updated_at`; false by default, only with a key.
        public var hasTimes = false
        /// Whether a missing index of the key is made; false by default.
        public var createsIndex = false

        /// Makes a configuration.
        public init() {}
    }

    /// Describes a sink.
    ///
    /// - Parameters:
    ///   - location: The collection.
    ///   - key: The fields that name a document; none to add documents only.
    ///   - configuration: How documents are written.
    public init(
        _ location: MongoLocation,
        key: [String] = [],
        configuration: Configuration = Configuration()
    ) {
        self.location = location
        self.key = key
        self.configuration = configuration
    }

    /// Describes a sink.
    ///
    /// - Parameters:
    ///   - url: Such as `mongodb://host/database.collection`.
    ///   - key: The fields that name a document; none to add documents only.
    /// - Throws: `TrancheError` `.invalidArgument`.
    public convenience init(_ url: String, key: [String] = []) throws {
        self.init(try MongoLocation(url), key: key)
    }

    /// Host, database and collection.
    public var name: String { location.name }

    /// Documents are named by their key or id: a batch that is written again changes nothing.
    public func promise(beside store: any InventoryStore) async throws -> SinkPromise {
        SinkPromise(
            .idempotent,
            reason:
                "MongoDB takes no part in the inventory's transactions; documents are named, so that a "
                + "batch that is written again changes nothing"
        )
    }

    /// Connects, and checks that there is an index for the key.
    public func prepare(
        for fields: RecordFields?,
        beside store: any InventoryStore
    ) async throws {
        if let fields, let missing = key.first(where: { fields.place(of: $0) == nil }) {
            throw TrancheError(
                .invalidArgument,
                "the records have no field '\(missing)', which is the key of \(name); they have "
                    + fields.names.joined(separator: ", ")
            )
        }
        try await withConnection { connection in
            _ = try await connection.run("{\"ping\": 1}")
            if !self.key.isEmpty { try await self.requireIndex(connection) }
        }
    }

    private func requireIndex(_ connection: MongoConnection) async throws {
        let keys = try await uniqueKeys(connection)
        if keys.contains(where: { $0.isSubset(of: key) && !$0.isEmpty }) || key == ["_id"] {
            return
        }
        let fields = key.map { "\(Self.quoted($0)): 1" }.joined(separator: ", ")
        let index = "{\(fields)}"
        guard configuration.createsIndex else {
            throw TrancheError(
                .invalidArgument,
                "no unique index of \(name) is on \(key.joined(separator: ", ")): each record would be "
                    + "looked for in the whole collection. Make one: "
                    + "db.\(location.collection).createIndex(\(index), {unique: true})"
            )
        }
        let name = key.joined(separator: "_") + "_key"
        _ = try await connection.run(
            """
            {"createIndexes": \(Self.quoted(location.collection)), "indexes": [
                {"key": \(index), "name": \(Self.quoted(name)), "unique": true}
            ]}
            """
        )
    }

    private func uniqueKeys(_ connection: MongoConnection) async throws -> [Set<String>] {
        do {
            return try await connection.run(
                "{\"listIndexes\": \(Self.quoted(location.collection))}"
            ).uniqueKeys
        } catch let error as MongoError where error.code == 26 {
            // There is no such collection yet.
            return []
        }
    }

    private static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONBytes.append(text.utf8, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Lends a writer over a connection of its own.
    public func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        let writing = MongoWriting(
            key: key,
            idPrefix: batch.key.metaTable + "#",
            isOrdered: configuration.isOrdered,
            hasTimes: configuration.hasTimes,
            writeConcern: configuration.writeConcern
        )
        return try await withConnection { connection in
            try await body(MongoWriter(connection: connection, writing: writing))
        }
    }

    private func withConnection<Result: Sendable>(
        _ body: @Sendable (MongoConnection) async throws -> Result
    ) async throws -> Result {
        do {
            let connection = try connections.withLock { $0.popLast() } ?? MongoConnection(location)
            // The library connects again by itself where a connection was lost.
            defer { connections.withLock { $0.append(connection) } }
            return try await body(connection)
        } catch let error as MongoError {
            throw TrancheError(
                error.category == .transient ? .sinkUnavailable : .sinkFailed,
                "\(name): \(error.message)",
                underlying: error
            )
        }
    }

    /// Closes the connections.
    public func close() async {
        connections.withLock { $0 = [] }
    }
}

/// Writes the records of one batch.
private final class MongoWriter: RecordWriter {
    /// How many documents are sent at once; the library cuts what is too large for the server.
    private static let size = 1000

    private let connection: MongoConnection
    private let writing: MongoWriting
    private var waiting: [Record] = []
    private var counters = Counters(["documents_inserted": 0, "documents_replaced": 0])

    init(connection: MongoConnection, writing: MongoWriting) {
        self.connection = connection
        self.writing = writing
    }

    func write(_ records: [Record]) async throws {
        waiting += records
        if waiting.count >= Self.size { try await flush() }
    }

    private func flush() async throws {
        if waiting.isEmpty { return }
        let records = waiting
        waiting = []
        let reply = try await connection.write(records, writing).counters
        let inserted = (reply["nInserted"] ?? 0) + (reply["nUpserted"] ?? 0)
        counters.add(inserted, to: "documents_inserted")
        counters.add(reply["nMatched"] ?? 0, to: "documents_replaced")
    }

    func finish() async throws -> Counters {
        try await flush()
        return counters
    }

    /// Documents that were written are written again by the next attempt, with the same names.
    func abandon() async { waiting = [] }
}
