import CLibMongoC
import Foundation
import Tranche

/// A client of a server, with its own thread.
actor MongoConnection {
    private nonisolated let executor: SerialQueueExecutor
    private let handle: MongoClientHandle
    private let location: MongoLocation

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
        var error = bson_error_t()
        var isDone = false
        let reply = MongoReply(
            tranche_mongo_command(
                handle.pointer,
                location.database,
                command.pointer,
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
    /// - Returns: The server's reply.
    /// - Throws: `RecordsRefused` for records that the server does not take; ``MongoError``.
    func write(_ records: [Record], _ writing: MongoWriting) throws -> MongoReply {
        try Task.checkCancellation()
        guard
            let collection = mongoc_client_get_collection(
                handle.pointer,
                location.database,
                location.collection
            )
        else { throw MongoError(code: 0, message: "there is no memory for a request") }
        defer { mongoc_collection_destroy(collection) }
        let options = try BSONDocument(json: writing.options)
        guard
            let bulk = mongoc_collection_create_bulk_operation_with_opts(
                collection,
                options.pointer
            )
        else { throw MongoError(code: 0, message: "there is no memory for a request") }
        defer { mongoc_bulk_operation_destroy(bulk) }
        for record in records { try writing.add(record, to: bulk) }
        var error = bson_error_t()
        var isDone = false
        let reply = MongoReply(tranche_mongo_execute(bulk, &isDone, &error))
        if isDone { return reply }
        return try writing.accept(reply, MongoError(error, labels: reply.errorLabels), records)
    }
}

/// What a server answered.
struct MongoReply: Sendable {
    private(set) var counters: [String: Int] = [:]
    private(set) var errorLabels: [String] = []
    /// What went wrong with single operations, by their place.
    private(set) var writeErrors: [(index: Int, code: Int, message: String)] = []
    private(set) var hasWriteConcernError = false
    /// Whether who answered takes writes.
    private(set) var isWritable = false
    /// The names of the fields of the collection's unique indexes.
    private(set) var uniqueKeys: [Set<String>] = []

    /// Takes a reply over, and frees it.
    init(_ json: UnsafeMutablePointer<CChar>?) {
        guard let json else { return }
        defer { bson_free(json) }
        let data = Data(bytes: json, count: strlen(json))
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            return
        }
        for (name, value) in object {
            if let number = value as? Int { counters[name] = number }
        }
        isWritable = object["isWritablePrimary"] as? Bool ?? false
        errorLabels = object["errorLabels"] as? [String] ?? []
        for error in object["writeErrors"] as? [[String: Any]] ?? [] {
            writeErrors.append(
                (
                    error["index"] as? Int ?? 0, error["code"] as? Int ?? 0,
                    error["errmsg"] as? String ?? ""
                )
            )
        }
        hasWriteConcernError = !(object["writeConcernErrors"] as? [Any] ?? []).isEmpty
        let cursor = object["cursor"] as? [String: Any]
        for index in cursor?["firstBatch"] as? [[String: Any]] ?? [] {
            let key = index["key"] as? [String: Any] ?? [:]
            let isUnique = index["unique"] as? Bool ?? false
            if isUnique || Set(key.keys) == ["_id"] { uniqueKeys.append(Set(key.keys)) }
        }
    }
}
