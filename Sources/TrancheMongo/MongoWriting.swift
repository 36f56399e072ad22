import CLibMongoC
import Tranche

/// How the records of a batch become documents.
struct MongoWriting: Sendable {
    /// The fields that name a document; empty where each record is a document of its own.
    var key: [String]
    /// What the ids of such documents begin with.
    var idPrefix: String
    var isOrdered: Bool
    /// Whether documents say when they were made and last written.
    var hasTimes: Bool
    var writeConcern: String
    /// Whether a batch is written in a transaction.
    var isTransactional: Bool

    /// How a request is carried out; a transaction has a write concern of its own.
    func options(isInTransaction: Bool) -> String {
        if isInTransaction { return "{\"ordered\": \(isOrdered)}" }
        let concern = Int(writeConcern).map { "\($0)" } ?? "\"\(writeConcern)\""
        return "{\"ordered\": \(isOrdered), \"writeConcern\": {\"w\": \(concern)}}"
    }

    /// Adds the operation for a record.
    ///
    /// - Parameters:
    ///   - record: The record.
    ///   - bulk: Where to add it.
    ///   - upsert: The option that a document which is not there is made; the same for all.
    /// - Throws: `RecordsRefused`.
    func add(
        _ record: Record,
        to bulk: OpaquePointer,
        _ upsert: borrowing BSONDocument
    ) throws {
        let document = try BSONDocument()
        var error = bson_error_t()
        guard !key.isEmpty else {
            guard record.fields.place(of: "_id") == nil else {
                let words =
                    "field '_id' names the document: give it as the key (--key _id), or rename it"
                throw RecordsRefused([RefusedRecord(record, field: "_id", words)])
            }
            document.append(idPrefix + String(record.id), as: "_id")
            try document.append(record, places: 0..<record.fields.count)
            guard mongoc_bulk_operation_insert_with_opts(bulk, document.pointer, nil, &error) else {
                throw refused(record, error)
            }
            return
        }
        let selector = try BSONDocument()
        try selector.append(record, places: try keyPlaces(of: record))
        try document.append(record, places: 0..<record.fields.count)
        let isAdded: Bool
        if hasTimes {
            let update = try BSONDocument(json: "{\"$currentDate\": {\"updated_at\": true}}")
            let made = try BSONDocument()
            bson_append_now_utc(made.pointer, "created_at", -1)
            update.append(document, as: "$set")
            update.append(made, as: "$setOnInsert")
            isAdded = mongoc_bulk_operation_update_one_with_opts(
                bulk,
                selector.pointer,
                update.pointer,
                upsert.pointer,
                &error
            )
        } else {
            isAdded = mongoc_bulk_operation_replace_one_with_opts(
                bulk,
                selector.pointer,
                document.pointer,
                upsert.pointer,
                &error
            )
        }
        guard isAdded else { throw refused(record, error) }
    }

    private func keyPlaces(of record: Record) throws -> [Int] {
        try key.map { name in
            guard let place = record.fields.place(of: name) else {
                let words =
                    "the record has no field '\(name)', which is part of the key; it has "
                    + record.fields.names.joined(separator: ", ")
                throw RecordsRefused([RefusedRecord(record, field: name, words)])
            }
            guard record.cell(place).kind != .null else {
                let words = "field '\(name)' is part of the key and has no value"
                throw RecordsRefused([RefusedRecord(record, field: name, words)])
            }
            return place
        }
    }

    private func refused(_ record: Record, _ error: bson_error_t) -> RecordsRefused {
        RecordsRefused([RefusedRecord(record, MongoError(error).message)])
    }

    /// Finds out what an answer with errors comes to.
    ///
    /// - Returns: The documents that the server does not take, where it has taken all others and
    ///   they were not there already.
    /// - Throws: `RecordsRefused` where others were not written for it; ``MongoError``.
    func accept(
        _ reply: MongoReply,
        _ error: MongoError,
        _ records: [Record]
    ) throws -> [RefusedRecord] {
        // A document whose id is made of the record's was written by an earlier attempt.
        // In a transaction there was none, and the error has ended it.
        let isKnown = { (code: Int, message: String) in
            key.isEmpty && !isTransactional && code == 11000 && message.contains("index: _id_")
        }
        let errors = reply.writeErrors.filter { !isKnown($0.code, $0.message) }
        if reply.hasWriteConcernError || reply.writeErrors.isEmpty { throw error }
        if errors.isEmpty, !isOrdered { return [] }
        let failures = errors.map { failure in
            MongoError(code: failure.code, message: failure.message, labels: reply.errorLabels)
        }
        if let passing = failures.first(where: { $0.category == .transient }) { throw passing }
        let refused = errors.compactMap { failure -> RefusedRecord? in
            guard records.indices.contains(failure.index) else { return nil }
            return RefusedRecord(
                records[failure.index],
                "\(failure.message) (code \(failure.code))"
            )
        }
        guard !isOrdered, !isTransactional else { throw RecordsRefused(refused) }
        return refused
    }
}
