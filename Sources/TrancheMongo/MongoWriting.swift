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

    /// The most bytes of a document.
    ///
    /// Source: MongoDB's manual, "MongoDB Limits and Thresholds", "BSON Document Size".
    static let maxSize = 16 << 20

    /// The most bytes of a key and a document together, which are one request.
    ///
    /// Source: MongoDB's server, `BSONObjMaxInternalSize`: 16 KiB more, of which some are for the
    /// names within the request.
    private static let maxRequestSize = maxSize + 15_872

    /// What is said of a record whose id another record's document has.
    static let otherDocument =
        "the collection has another document of the _id that is made of the source's name and the "
        + "record's place, such as one of an earlier load: write to another collection, give a key "
        + "(--key), or remove the documents that are not needed"

    /// How a request is carried out; a transaction has a write concern of its own.
    func options(isInTransaction: Bool) -> String {
        if isInTransaction { return "{\"ordered\": \(isOrdered)}" }
        let concern = Int(writeConcern).map { "\($0)" } ?? "\"\(writeConcern)\""
        return "{\"ordered\": \(isOrdered), \"writeConcern\": {\"w\": \(concern)}}"
    }

    /// Adds the operation for a record.
    ///
    /// - Parameters:
    ///   - placed: The record.
    ///   - bulk: Where to add it.
    ///   - upsert: The option that a document which is not there is made; the same for all.
    /// - Throws: `RecordsRefused`.
    func add(
        _ placed: PlacedRecord,
        to bulk: OpaquePointer,
        _ upsert: borrowing BSONDocument
    ) throws {
        let record = placed.record
        let document = try document(of: placed)
        var error = bson_error_t()
        guard !key.isEmpty else {
            guard mongoc_bulk_operation_insert_with_opts(bulk, document.pointer, nil, &error) else {
                throw refused(record, error)
            }
            return
        }
        let selector = try BSONDocument()
        try selector.append(record, places: try keyPlaces(of: record))
        try requireSize(of: record, selector.size + document.size, Self.maxRequestSize)
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

    /// The id of a record's document where there is no key; several may be made of one item.
    func id(of placed: PlacedRecord) -> String {
        let id = idPrefix + String(placed.record.id)
        return placed.place == 0 ? id : "\(id).\(placed.place)"
    }

    /// The document that a record becomes.
    ///
    /// - Throws: `RecordsRefused`.
    func document(of placed: PlacedRecord) throws -> BSONDocument {
        let record = placed.record
        let document = try BSONDocument()
        if key.isEmpty {
            guard record.fields.place(of: "_id") == nil else {
                let words =
                    "field '_id' names the document: give it as the key (--key _id), or rename it"
                throw RecordsRefused([RefusedRecord(record, field: "_id", words)])
            }
            document.append(id(of: placed), as: "_id")
        }
        try document.append(record, places: 0..<record.fields.count)
        try requireSize(of: record, document.size, Self.maxSize)
        return document
    }

    /// The library would refuse all documents of a request for one that is too large.
    private func requireSize(of record: Record, _ size: Int, _ most: Int) throws {
        guard size > most else { return }
        let words = "the record is a document of \(size) bytes; MongoDB takes at most \(most)"
        throw RecordsRefused([RefusedRecord(record, words)])
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
    /// - Returns: The documents that the server does not take, where it has taken all others; and
    ///   the places of those whose id has a document already, which may be theirs. Where documents
    ///   are written in order, nothing behind the first of these is written.
    /// - Throws: `RecordsRefused` where others were not written for it; `.sinkFailed` where an id
    ///   has got a document since it was looked for in a transaction; ``MongoError``.
    func accept(
        _ reply: MongoReply,
        _ error: MongoError,
        _ records: [Record]
    ) throws -> (refused: [RefusedRecord], taken: [Int]) {
        if reply.hasWriteConcernError || reply.writeErrors.isEmpty { throw error }
        guard reply.writeErrors.allSatisfy({ records.indices.contains($0.index) }) else {
            throw error
        }
        let failures = reply.writeErrors.filter { !isOfID($0.code, $0.message) }
            .map { failure in
                MongoError(code: failure.code, message: failure.message, labels: reply.errorLabels)
            }
        if let passing = failures.first(where: { $0.category == .transient }) { throw passing }
        try requireWhole(reply, records)
        var refused: [RefusedRecord] = []
        var taken: [Int] = []
        for failure in reply.writeErrors {
            let record = records[failure.index]
            if !isOfID(failure.code, failure.message) {
                let words = "\(failure.message) (code \(failure.code))"
                refused.append(RefusedRecord(record, words))
            } else if isTransactional {
                throw TrancheError(.sinkFailed, Self.otherDocument)
            } else {
                taken.append(failure.index)
            }
        }
        if isOrdered || isTransactional, !refused.isEmpty { throw RecordsRefused(refused) }
        return (refused, taken.sorted())
    }

    /// Whether an id that is made of a record's has a document already.
    private func isOfID(_ code: Int, _ message: String) -> Bool {
        key.isEmpty && code == 11000 && message.contains("index: _id_")
    }

    /// Checks that the server has answered for all documents, as the way to it may be lost.
    ///
    /// A transaction, which ends with the first error, is given up anyway.
    private func requireWhole(_ reply: MongoReply, _ records: [Record]) throws {
        if isTransactional { return }
        let first = reply.writeErrors.map(\.index).min() ?? 0
        let sent = isOrdered ? first + 1 : records.count
        let answered = reply.taken + reply.writeErrors.count
        guard answered != sent else { return }
        throw MongoError.passing("the server answered for \(answered) documents of \(sent)")
    }
}
