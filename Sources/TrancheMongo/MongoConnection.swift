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
        _ records: [Record],
        _ writing: MongoWriting
    ) throws -> (counters: [String: Int], refused: [RefusedRecord]) {
        try Task.checkCancellation()
        return try withCollection { collection in
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
            var added: [Record] = []
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
            if !isDone {
                let failure = MongoError(error, labels: reply.errorLabels)
                refused += try writing.accept(reply, failure, added)
            }
            return (reply.counters, refused)
        }
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
        for name in names where made.insert(name).inserted {
            do {
                _ = try run("{\"create\": \(jsonText(name))}")
            } catch let error as MongoError where error.code == 48 {
                // It was there.
            }
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
