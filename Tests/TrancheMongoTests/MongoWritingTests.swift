import Foundation
import Testing
import Tranche

@testable import TrancheMongo

@Suite("Documents that are there, too large, or not answered for", .timeLimit(.minutes(10)))
struct MongoWritingTests {
    private static func records(_ texts: [String], from first: Int64 = 1) throws -> [Record] {
        var builder = RecordBlockBuilder(try RecordFields(["v"]))
        for (place, text) in texts.enumerated() { builder.add(first + Int64(place), [.text(text)]) }
        return builder.build().records
    }

    private func batch(
        _ id: Int64,
        attempt: Int = 1,
        kind: BatchKind = .incremental,
        parent: Int64? = nil
    ) -> BatchRecord {
        BatchRecord(
            id: id,
            key: RunKey(metaTable: "events.jsonl", job: "load"),
            kind: kind,
            status: .running,
            attempt: attempt,
            failures: 0,
            idStart: 1,
            idEnd: 9,
            coverStart: nil,
            itemIDs: nil,
            count: 9,
            weight: 9,
            startedAt: Date(timeIntervalSince1970: 0),
            parent: parent
        )
    }

    /// Writes the records 1, 2, … as a batch.
    private func write(
        _ texts: [String],
        _ batch: BatchRecord,
        _ sink: MongoSink
    ) async throws -> (inserted: Int, refused: [RefusedRecord]) {
        let records = try Self.records(texts)
        return try await sink.withWriter(for: batch) { writer in
            try await writer.write(records)
            let counters = try await writer.finish()
            return (counters["documents_inserted"], writer.takeRefused())
        }
    }

    private func count(_ location: MongoLocation, _ query: String = "{}") async throws -> Int {
        let command = "{\"count\": \"\(location.collection)\", \"query\": \(query)}"
        return try await MongoConnection(location).run(command).counters["n"] ?? 0
    }

    private func sink(_ location: MongoLocation, isOrdered: Bool = false) -> MongoSink {
        var configuration = MongoSink.Configuration()
        configuration.isOrdered = isOrdered
        return MongoSink(location, configuration: configuration)
    }

    // MARK: - Ids that are taken

    @Test("A first attempt takes no document that is there for its own, not even an equal one")
    func otherLoad() async throws {
        let location = try await MongoTestServer.location()
        _ = try await write(["a", "b"], batch(1), sink(location))
        let written = try await write(["a", "c", "d"], batch(2), sink(location))
        #expect(written.inserted == 1)
        #expect(written.refused.map(\.id).sorted() == [1, 2])
        #expect(written.refused.allSatisfy { $0.message == MongoWriting.otherDocument })
        #expect(try await count(location, "{\"v\": \"b\"}") == 1)
    }

    @Test("Where all records are others', the batch fails and says what to do")
    func allTaken() async throws {
        let location = try await MongoTestServer.location()
        _ = try await write(["a", "b"], batch(1), sink(location))
        let error = try await #require(throws: TrancheError.self) {
            _ = try await write(["c", "d"], batch(2), sink(location))
        }
        #expect(error.code == .sinkFailed)
        #expect(error.message.contains("another collection"))
    }

    @Test("A later attempt takes what has its record's values, and no other", arguments: 0...2)
    func laterAttempt(_ way: Int) async throws {
        let location = try await MongoTestServer.location()
        _ = try await write(["a", "b"], batch(1), sink(location))
        // Others may add fields.
        _ = try await MongoConnection(location).run(
            """
            {"update": "\(location.collection)", "updates": [
                {"q": {"v": "a"}, "u": {"$set": {"seen": true}}}
            ]}
            """
        )
        let later =
            switch way {
            case 0: batch(1, attempt: 2)
            case 1: batch(2, kind: .split, parent: 1)
            default: batch(2, kind: .redrive)
            }
        let written = try await write(["a", "c", "d"], later, sink(location))
        #expect(written.inserted == 1)
        #expect(written.refused.map(\.id) == [2])
        #expect(try await count(location) == 3)
    }

    @Test("In order, what is there is passed over and the rest is written")
    func ordered() async throws {
        let location = try await MongoTestServer.location()
        let sink = sink(location, isOrdered: true)
        _ = try await write(["a", "b"], batch(1), sink)
        let written = try await write(["a", "b", "c", "d"], batch(1, attempt: 2), sink)
        #expect(written.inserted == 2)
        #expect(written.refused.isEmpty)
        #expect(try await count(location) == 4)
        let refused = try await #require(throws: RecordsRefused.self) {
            _ = try await write(["a", "x"], batch(1, attempt: 3), sink)
        }
        #expect(refused.failures.map(\.id) == [2])
    }

    @Test("A batch that is written once more within its first attempt knows its own documents")
    func nextPass() async throws {
        let location = try await MongoTestServer.location()
        let sink = sink(location)
        let records = try Self.records(["a", "b"])
        await #expect(throws: FirstTry.Failed.self) {
            _ = try await sink.withWriter(for: batch(1)) { writer -> Int in
                try await writer.write(records)
                _ = try await writer.finish()
                throw FirstTry.Failed()
            }
        }
        let written = try await write(["a", "b"], batch(1), sink)
        #expect(written.refused.isEmpty)
        #expect(try await count(location) == 2)
    }

    // MARK: - Answers

    private func writing(isOrdered: Bool = false, mayBeKnown: Bool = true) -> MongoWriting {
        MongoWriting(
            key: [],
            idPrefix: "events.jsonl#",
            isOrdered: isOrdered,
            hasTimes: false,
            writeConcern: "majority",
            isTransactional: false,
            mayBeKnown: mayBeKnown
        )
    }

    private func reply(_ inserted: Int, _ index: Int, _ message: String) -> MongoReply {
        let code = message.hasPrefix("E11000") ? 11000 : 121
        let json = """
            {"nInserted": \(inserted), "nMatched": 0, "nUpserted": 0, "writeErrors": [
                {"index": \(index), "code": \(code), "errmsg": "\(message)"}
            ]}
            """
        return MongoReply(json: Array(json.utf8))
    }

    private static let failure = MongoError(code: 121, message: "some were not written")

    @Test("A bulk of which the server has not answered for all is not written: it is tried again")
    func halfSent() throws {
        let records = try Self.records(["a", "b", "c", "d"])
        for message in ["E11000 index: _id_ dup key", "Document failed validation"] {
            let error = try #require(throws: MongoError.self) {
                _ = try writing().accept(reply(1, 1, message), Self.failure, records)
            }
            #expect(error.category == .transient)
        }
        let whole = try writing().accept(reply(3, 1, "not valid"), Self.failure, records)
        #expect(whole.refused.map(\.id) == [2])
        // In order, nothing behind the first error is sent.
        let message = "E11000 index: _id_ dup key"
        let answer = try writing(isOrdered: true)
            .accept(reply(1, 1, message), Self.failure, records)
        #expect(answer.taken == [1])
        #expect(throws: MongoError.self) {
            _ = try writing(isOrdered: true).accept(reply(0, 1, message), Self.failure, records)
        }
    }

    @Test("An id that has a document is another's where no earlier attempt was")
    func takenIDs() throws {
        let records = try Self.records(["a", "b"])
        let taken = reply(1, 0, "E11000 duplicate key error index: _id_ dup key")
        let later = try writing().accept(taken, Self.failure, records)
        #expect(later.taken == [0] && later.refused.isEmpty)
        let first = try writing(mayBeKnown: false).accept(taken, Self.failure, records)
        #expect(first.taken.isEmpty && first.refused.map(\.id) == [1])
        // Where the server stops at the first, the rest may be taken, too.
        let error = try #require(throws: TrancheError.self) {
            let ordered = writing(isOrdered: true, mayBeKnown: false)
            _ = try ordered.accept(reply(0, 0, "E11000 index: _id_"), Self.failure, records)
        }
        #expect(error.message == MongoWriting.otherDocument)
    }

    // MARK: - Sizes and times

    @Test("A document above 16 MiB is refused by itself", arguments: [["v"], []])
    func tooLarge(key: [String]) async throws {
        let location = try await MongoTestServer.location()
        let large = String(repeating: "x", count: 17 << 20)
        let written = try await write(["a", large, "b"], batch(1), MongoSink(location, key: key))
        #expect(written.inserted == 2)
        #expect(written.refused.map(\.id) == [2])
        #expect(written.refused.first?.message.contains("at most") == true)
        #expect(try await count(location) == 2)
    }

    @Test("Times are whole milliseconds that have begun, to the ends of what 64 bits hold")
    func milliseconds() {
        let pairs: [(Int64, Int64)] = [
            (0, 0), (999, 0), (1000, 1), (-1, -1), (-1000, -1), (-1001, -2),
            (.min, -9_223_372_036_854_776), (.max, 9_223_372_036_854_775),
        ]
        for (microseconds, milliseconds) in pairs {
            #expect(BSONDocument.milliseconds(ofMicroseconds: microseconds) == milliseconds)
        }
        #expect(BSONDocument.milliseconds(ofDays: -1) == -86_400_000)
        #expect(BSONDocument.milliseconds(ofDays: .min) == nil)
        #expect(BSONDocument.milliseconds(ofDays: .max) == nil)
    }

    @Test("A collection that could not be made is tried again")
    func makesAgain() async throws {
        let connection = try MongoConnection(try await MongoTestServer.location())
        for _ in 1...2 {
            await #expect(throws: MongoError.self) {
                try await connection.makeCollections([".none"])
            }
        }
    }
}
