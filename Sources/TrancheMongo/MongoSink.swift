import Synchronization
public import Tranche

/// A MongoDB collection as a sink: each record becomes a document.
///
/// ```swift
/// chain.write(to: try MongoSink("mongodb://localhost/shop.customers", key: ["id"]))
/// ```
///
/// With a key, the document of that key is replaced, or made; a unique index must be on it. Without
/// one, each record is a document whose `_id` is made of the source's name and the record's id,
/// and, of several records made of one item, their places: written again, it is there already.
/// Either way writing a batch again changes nothing. Where a document of that `_id` has other
/// values, such as one that a load of another file left, the record is refused.
public final class MongoSink: RecordSink {
    private let location: MongoLocation
    private let key: [String]
    private let configuration: Configuration
    private let connections: MongoConnections
    private let origins = RunOrigins()
    /// The inventory whose batches are written, once it is known.
    private let store = Mutex<(any InventoryStore)?>(nil)

    /// How documents are written.
    public struct Configuration: Sendable {
        /// Whether a batch's documents are written in order, one after the other; false by default.
        public var isOrdered = false
        /// How many servers must have a document before it counts: a number, or `majority` (the
        /// default).
        public var writeConcern = "majority"
        /// Whether documents get `created_at` and `updated_at`; false by default, only with a key.
        public var hasTimes = false
        /// Whether a missing index of the key is made; false by default.
        public var createsIndex = false
        /// Whether a batch is written in a transaction, together with its identity in the
        /// collection `tranche_batch`: then it is written once, also without a key; false by
        /// default.
        ///
        /// It needs a replica set or a sharded cluster, and a batch that is written within a
        /// minute.
        public var isTransactional = false

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
        connections = MongoConnections(location, use: .sink)
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
    ///
    /// In transactions it is not written again.
    public func promise(beside store: any InventoryStore) async throws -> SinkPromise {
        var reason =
            "MongoDB takes no part in the inventory's transactions; documents are named, so that a batch "
            + "that is written again changes nothing"
        if configuration.isTransactional {
            let hello = try await connections.lend { try await $0.run("{\"hello\": 1}") }
            if hello.setName != nil || hello.isRouter { return SinkPromise(.transactional) }
            reason = "the server is in no replica set, and so has no transactions"
        }
        return SinkPromise(.idempotent, reason: reason)
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
        self.store.withLock { $0 = store }
        origins.forget()
        try await connections.lend { connection in
            _ = try await connection.run("{\"ping\": 1}")
            if !self.key.isEmpty { try await self.requireIndex(connection) }
        }
    }

    private func requireIndex(_ connection: MongoConnection) async throws {
        let keys = try await connection.uniqueKeys()
        if keys.contains(where: { $0.isSubset(of: key) && !$0.isEmpty }) || key == ["_id"] {
            return
        }
        let fields = key.map { "\(jsonText($0)): 1" }.joined(separator: ", ")
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
            {"createIndexes": \(jsonText(location.collection)), "indexes": [
                {"key": \(index), "name": \(jsonText(name)), "unique": true}
            ]}
            """
        )
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
            writeConcern: configuration.writeConcern,
            isTransactional: configuration.isTransactional
        )
        guard !writing.isTransactional else {
            return try await withTransaction(for: batch, writing, body)
        }
        return try await connections.lend { connection in
            try await body(MongoWriter(connection: connection, writing: writing))
        }
    }

    private func withTransaction<Result: Sendable>(
        for batch: BatchRecord,
        _ writing: MongoWriting,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        var origin: [String] = []
        if let store = store.withLock({ $0 }) {
            origin = try await origins.origin(of: batch.key, in: store)
        }
        let mark = MongoBatchMark(batch, origin: origin)
        return try await connections.lend { connection in
            // Transactions that make the same collection stand in each other's way.
            try await connection.makeCollections([self.location.collection, mark.collection])
            try await connection.begin()
            do {
                let known = try await mark.find(connection)
                return try await body(
                    MongoWriter(connection: connection, writing: writing, mark: mark, known: known)
                )
            } catch {
                // The connection is another's next, and must not bring a transaction along.
                await connection.abort()
                throw error
            }
        }
    }

    /// Documents with a key are written apart, but for a transaction, which has one writer.
    ///
    /// Without a key one writer must see all records: it counts those that are made of one item.
    public var lendsSeveralWriters: Bool { !configuration.isTransactional && !key.isEmpty }

    /// Closes the connections.
    public func close() async {
        connections.close()
    }
}
