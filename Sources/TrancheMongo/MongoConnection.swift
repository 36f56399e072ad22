import CLibMongoC
import FoundationEssentials
import Tranche

/// A client of a server, with its own thread.
actor MongoConnection {
    private nonisolated let executor: SerialQueueExecutor
    private let handle: MongoClientHandle
    private let location: MongoLocation
    /// The transaction that is open.
    private var transaction: MongoSessionHandle?
    /// The collections that are known to be there.
    private var made: Set<String> = []

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    init(_ location: MongoLocation) throws {
        executor = SerialQueueExecutor(label: "tranche.mongo")
        handle = try MongoClientHandle(location)
        self.location = location
    }

    /// Runs a command on the location's database.
    ///
    /// - Parameter json: The command.
    /// - Returns: The server's reply.
    /// - Throws: ``MongoError``.
    func run(_ json: String) throws -> MongoReply {
        let command = try BSONDocument(json: json)
        let options = try options()
        var error = bson_error_t()
        var isDone = false
        let reply = MongoReply(
            tranche_mongo_command(
                handle.pointer,
                location.database,
                command.pointer,
                options.pointer,
                &isDone,
                &error
            )
        )
        guard isDone else { throw MongoError(error, labels: reply.errorLabels) }
        return reply
    }

    /// Writes records.
    ///
    /// - Parameters:
    ///   - records: The records.
    ///   - writing: How.
    /// - Returns: What the server counted, and the records that were not taken while all others
    ///   were.
    /// - Throws: `RecordsRefused` where the others were not written either; ``MongoError``.
    func write(
        _ records: [PlacedRecord],
        _ writing: MongoWriting
    ) throws -> (counters: [String: Int], refused: [RefusedRecord]) {
        try Task.checkCancellation()
        guard writing.isTransactional, writing.key.isEmpty else {
            return try send(records, writing)
        }
        // A transaction ends with the first id that has a document already.
        let there = try sortOut(records, writing, expected: 0)
        if !there.refused.isEmpty || there.missing.isEmpty { return ([:], there.refused) }
        return try send(there.missing, writing)
    }

    /// Sends records, and looks at those whose id has a document.
    private func send(
        _ records: [PlacedRecord],
        _ writing: MongoWriting
    ) throws -> (counters: [String: Int], refused: [RefusedRecord]) {
        try withCollection { collection in
            let options = try options(writing.options(isInTransaction: transaction != nil))
            guard
                let bulk = mongoc_collection_create_bulk_operation_with_opts(
                    collection,
                    options.pointer
                )
            else { throw MongoError(code: 0, message: "there is no memory for a request") }
            defer { mongoc_bulk_operation_destroy(bulk) }
            let upsert = try BSONDocument(json: "{\"upsert\": true}")
            var refused: [RefusedRecord] = []
            var added: [PlacedRecord] = []
            for record in records {
                do {
                    try writing.add(record, to: bulk, upsert)
                    added.append(record)
                } catch let error as RecordsRefused {
                    refused += error.failures
                }
            }
            if added.isEmpty { return ([:], refused) }
            var error = bson_error_t()
            var isDone = false
            let reply = MongoReply(tranche_mongo_execute(bulk, &isDone, &error))
            if isDone { return (reply.counters, refused) }
            let failure = MongoError(error, labels: reply.errorLabels)
            let answer = try writing.accept(reply, failure, added.map(\.record))
            refused += answer.refused
            guard let first = answer.taken.first else { return (reply.counters, refused) }
            if writing.isOrdered {
                let later = try writeRest(Array(added[first...]), writing)
                let counters = reply.counters.merging(later.counters) { $0 + $1 }
                return (counters, refused + later.refused)
            }
            let taken = answer.taken.map { added[$0] }
            refused += try sortOut(taken, writing, expected: taken.count).refused
            return (reply.counters, refused)
        }
    }

    /// Writes, in order, what is not there of records at the first of which the server has stopped.
    private func writeRest(
        _ records: [PlacedRecord],
        _ writing: MongoWriting
    ) throws -> (counters: [String: Int], refused: [RefusedRecord]) {
        let rest = try sortOut(records, writing, expected: 1)
        if !rest.refused.isEmpty { throw RecordsRefused(rest.refused) }
        return rest.missing.isEmpty ? ([:], []) : try send(rest.missing, writing)
    }

    /// Tells what was written already from what is another's.
    ///
    /// - Parameters:
    ///   - records: Records in order.
    ///   - writing: How they become documents.
    ///   - expected: How many of them, from the first, have a document under their id.
    /// - Returns: Those whose id has another document, and those whose id has none.
    /// - Throws: ``MongoError``, a transient one where a document that is expected is gone or not
    ///   to be seen yet; `RecordsRefused`.
    private func sortOut(
        _ records: [PlacedRecord],
        _ writing: MongoWriting,
        expected: Int
    ) throws -> (refused: [RefusedRecord], missing: [PlacedRecord]) {
        let found = try values(named: records.map(writing.id(of:)))
        var refused: [RefusedRecord] = []
        var missing: [PlacedRecord] = []
        for (place, record) in records.enumerated() {
            guard let value = found[ExactText(writing.id(of: record))] else {
                guard place >= expected else {
                    throw MongoError.passing("a document is there and is not found")
                }
                missing.append(record)
                continue
            }
            let own = try writing.document(of: record).value
            if let own, own.isPart(of: value) { continue }
            let words = MongoWriting.otherDocument
            refused.append(RefusedRecord(record.record, field: "_id", words))
        }
        return (refused, missing)
    }

    /// The documents of ids that are texts.
    private func values(named ids: [String]) throws -> [ExactText: MongoValue] {
        let list = ids.map(jsonText).joined(separator: ", ")
        var values: [ExactText: MongoValue] = [:]
        try eachDocument("{\"_id\": {\"$in\": [\(list)]}}", "{\"maxTimeMS\": 60000}") {
            guard let value = MongoValue(copying: $0) else { return }
            if let id = value["_id"]?.text { values[ExactText(id)] = value }
        }
        return values
    }

    /// Options of a request, within the transaction that is open.
    private func options(_ json: String = "{}") throws -> BSONDocument {
        let options = try BSONDocument(json: json)
        var error = bson_error_t()
        if let session = transaction?.pointer {
            guard mongoc_client_session_append(session, options.pointer, &error) else {
                throw MongoError(error)
            }
        }
        return options
    }

    // MARK: - Transactions

    /// Makes collections that are not there; once for each connection.
    func makeCollections(_ names: [String]) throws {
        for name in names where !made.contains(name) {
            do {
                _ = try run("{\"create\": \(jsonText(name))}")
            } catch let error as MongoError where error.code == 48 {
                // It was there.
            }
            made.insert(name)
        }
    }

    /// Opens a transaction; what follows is part of it.
    func begin() throws {
        transaction = nil
        transaction = try MongoSessionHandle(handle)
    }

    /// Commits the open transaction.
    ///
    /// - Throws: ``MongoError``; whether it was committed may then be unknown.
    func commit() throws {
        guard let session = transaction?.pointer else { return }
        defer { transaction = nil }
        // Committing again is of no harm, and says what became of it.
        // Source: MongoDB's driver specifications, "Transactions",
        // "UnknownTransactionCommitResult".
        for isLast in [false, true] {
            var error = bson_error_t()
            var isDone = false
            let reply = MongoReply(tranche_mongo_commit(session, &isDone, &error))
            if isDone { return }
            let isUnknown = reply.errorLabels.contains("UnknownTransactionCommitResult")
            if !isUnknown || isLast { throw MongoError(error, labels: reply.errorLabels) }
        }
    }

    /// Gives up the open transaction, if there is one.
    func abort() {
        // The server ends it, too, when the session ends.
        transaction = nil
    }

    /// Lends the location's collection, as the library knows it.
    func withCollection<R>(_ body: (OpaquePointer) throws -> R) throws -> R {
        guard
            let collection = mongoc_client_get_collection(
                handle.pointer,
                location.database,
                location.collection
            )
        else { throw MongoError(code: 0, message: "there is no memory for a request") }
        defer { mongoc_collection_destroy(collection) }
        return try body(collection)
    }

    /// The number that the server gave the collection when it was made; `nil` where there is no
    /// such collection, or it has none, as a view.
    func collectionID() throws -> String? {
        try run(
            "{\"listCollections\": 1, \"filter\": {\"name\": \(jsonText(location.collection))}}"
        ).collectionID
    }

    /// The names of the fields of the collection's unique indexes; none where there is no
    /// collection.
    func uniqueKeys() throws -> [Set<String>] {
        do {
            return try run("{\"listIndexes\": \(jsonText(location.collection))}").uniqueKeys
        } catch let error as MongoError where error.code == 26 {
            return []
        }
    }
}
