import Tranche

/// Writes the records of one attempt of a batch.
final class MongoWriter: RecordWriter {
    /// How many documents are sent at once; the library cuts what is too large for the server.
    private static let size = 500

    private let connection: MongoConnection
    private let writing: MongoWriting
    /// The batch's mark, where it is written in a transaction.
    private let mark: MongoBatchMark?
    /// What an earlier attempt counted that wrote the batch.
    private let known: Counters?
    private var waiting: [PlacedRecord] = []
    private var places = RecordPlaces()
    private var refused: [RefusedRecord] = []
    private var counters = Counters(["documents_inserted": 0, "documents_replaced": 0])

    init(
        connection: MongoConnection,
        writing: MongoWriting,
        mark: MongoBatchMark? = nil,
        known: Counters? = nil
    ) {
        self.connection = connection
        self.writing = writing
        self.mark = mark
        self.known = known
    }

    func write(_ records: [Record]) async throws {
        if known != nil { return }
        for record in records {
            // A key names documents by itself.
            let place = writing.key.isEmpty ? places.next(of: record.id) : 0
            waiting.append(PlacedRecord(record: record, place: place))
        }
        if waiting.count >= Self.size { try await flush() }
    }

    private func flush() async throws {
        if waiting.isEmpty { return }
        let records = waiting
        waiting = []
        let reply: [String: Int]
        let refused: [RefusedRecord]
        do {
            (reply, refused) = try await connection.write(records, writing)
        } catch let error as RecordsRefused {
            try requireFit(error.failures, of: records)
            throw again(error.failures)
        }
        try requireFit(refused, of: records)
        // A transaction is given up, and written again without them.
        if writing.isTransactional, !refused.isEmpty { throw again(refused) }
        self.refused += refused
        let inserted = (reply["nInserted"] ?? 0) + (reply["nUpserted"] ?? 0)
        counters.add(inserted, to: "documents_inserted")
        counters.add(reply["nMatched"] ?? 0, to: "documents_replaced")
    }

    /// What says that a batch is written again without some records.
    ///
    /// Without a key these are all records of an item: an id tells a record's place among them,
    /// which would be another one's where a single one is left out.
    private func again(_ refused: [RefusedRecord]) -> RecordsRefused {
        guard writing.key.isEmpty else { return RecordsRefused(refused) }
        return RecordsRefused(
            refused.map { refusal in
                var refusal = refusal
                refusal.record = nil
                return refusal
            }
        )
    }

    /// Checks that not all records lack the same, which is no single one's fault.
    private func requireFit(_ refused: [RefusedRecord], of records: [PlacedRecord]) throws {
        guard refused.count == records.count, refused.count > 1,
            counters.values.allSatisfy({ $0.value == 0 }),
            Set(refused.map(\.message)).count == 1
        else { return }
        throw TrancheError(.sinkFailed, refused[0].message)
    }

    func takeRefused() -> [RefusedRecord] {
        defer { refused = [] }
        return refused
    }

    func finish() async throws -> Counters {
        if let known {
            await connection.abort()
            return known
        }
        try await flush()
        if let mark {
            try await mark.set(counters, connection)
            try await connection.commit()
        }
        return counters
    }

    /// Outside a transaction, documents that were written are written again by the next attempt,
    /// with the same names.
    func abandon() async {
        waiting = []
        if mark != nil { await connection.abort() }
    }
}

/// A record, and its place among those that were made of one item, from 0.
struct PlacedRecord: Sendable {
    let record: Record
    let place: Int
}

/// A batch's identity, stored together with its documents.
struct MongoBatchMark: Sendable {
    let collection = "tranche_batch"
    /// The parts of the name as one text, in JSON: an array cannot be an id.
    private let name: String
    /// The name as it was before it said which inventory the batch is of.
    private let formerName: String
    private let attempt: Int

    /// Names a batch.
    ///
    /// - Parameters:
    ///   - batch: The batch, with its attempt.
    ///   - origin: What tells its run from others of its names; empty where that is not known.
    init(_ batch: BatchRecord, origin: [String] = []) {
        let key = batch.key
        let parts = [key.metaTable, key.job, key.run, String(batch.id)]
        name = Self.name(origin + parts)
        formerName = Self.name(parts)
        attempt = batch.attempt
    }

    private static func name(_ parts: [String]) -> String {
        jsonText("[\(parts.map(jsonText).joined(separator: ", "))]")
    }

    /// What was counted by the attempt that wrote the batch; `nil` when none did.
    ///
    /// A mark with the former name may be of another inventory: only one of an earlier attempt can
    /// be the batch's own.
    func find(_ connection: MongoConnection) async throws -> Counters? {
        try await connection.run(
            """
            {"find": "\(collection)", "limit": 1, "singleBatch": true, "filter": {"$or": [
                {"_id": \(name)}, {"_id": \(formerName), "attempt": {"$lt": \(attempt)}}
            ]}}
            """
        ).firstCounters
    }

    /// Notes that the batch is written; the second fails.
    func set(_ counters: Counters, _ connection: MongoConnection) async throws {
        let counts = counters.values.map { "\(jsonText($0.key)): \($0.value)" }
        let reply = try await connection.run(
            """
            {"insert": "\(collection)", "documents": [
                {"_id": \(name), "attempt": \(attempt), "counters": {\(counts.joined(separator: ", "))}}
            ]}
            """
        )
        if let error = reply.writeErrors.first {
            throw MongoError(code: error.code, message: error.message)
        }
    }
}
