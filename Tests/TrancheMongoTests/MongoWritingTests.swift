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

    @Test(
        "A batch of another load that has the same records is written already",
        arguments: [false, true]
    )
    func sameAgain(isOrdered: Bool) async throws {
        let location = try await MongoTestServer.location()
        let sink = sink(location, isOrdered: isOrdered)
        _ = try await write(["a", "b"], batch(1), sink)
        let written = try await write(["a", "b"], batch(2), sink)
        #expect(written.inserted == 0)
        #expect(written.refused.isEmpty)
        #expect(try await count(location) == 2)
    }

    @Test(
        "Where all records are others', the batch fails and says what to do",
        arguments: [false, true]
    )
    func allTaken(isOrdered: Bool) async throws {
        let location = try await MongoTestServer.location()
        let sink = sink(location, isOrdered: isOrdered)
        _ = try await write(["a", "b"], batch(1), sink)
        let error = try await #require(throws: TrancheError.self) {
            _ = try await write(["c", "d"], batch(2), sink)
        }
        #expect(error.code == .sinkFailed)
        #expect(error.message.contains("another collection"))
    }

    @Test("What has the record's values is taken as written, and no other", arguments: 0...3)
    func takenAsWritten(_ way: Int) async throws {
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
            case 2: batch(2, kind: .redrive)
            default: batch(2)
            }
        let written = try await write(["a", "c", "d"], later, sink(location))
        #expect(written.inserted == 1)
        #expect(written.refused.map(\.id) == [2])
        #expect(written.refused.first?.message == MongoWriting.otherDocument)
        #expect(try await count(location) == 3)
        #expect(try await count(location, "{\"v\": \"b\"}") == 1)
    }

    @Test("Each of several records of one item is a document", arguments: [false, true])
    func severalOfOne(isOrdered: Bool) async throws {
        let location = try await MongoTestServer.location()
        let sink = sink(location, isOrdered: isOrdered)
        var builder = RecordBlockBuilder(try RecordFields(["v"]))
        for (id, text) in [(1, "a"), (1, "b"), (2, "c"), (2, "c"), (3, "d")] as [(Int64, String)] {
            builder.add(id, [.text(text)])
        }
        let records = builder.build().records
        // The first attempt ends half way, the second writes all.
        await #expect(throws: FirstTry.Failed.self) {
            _ = try await sink.withWriter(for: batch(1)) { writer -> Int in
                try await writer.write(Array(records[..<2]))
                _ = try await writer.finish()
                throw FirstTry.Failed()
            }
        }
        for (attempt, inserted) in [(2, 3), (3, 0)] {
            let written = try await sink.withWriter(for: batch(1, attempt: attempt)) { writer in
                for record in records { try await writer.write([record]) }
                let counters = try await writer.finish()
                return (counters["documents_inserted"], writer.takeRefused().map(\.id))
            }
            #expect(written.0 == inserted)
            #expect(written.1 == [])
        }
        #expect(try await count(location) == 5)
        #expect(try await count(location, "{\"_id\": \"events.jsonl#1.1\", \"v\": \"b\"}") == 1)
    }

    @Test("Several records of one item are documents in whatever order they come")
    func severalOfOneApart() async throws {
        let location = try await MongoTestServer.location()
        let sink = sink(location)
        var builder = RecordBlockBuilder(try RecordFields(["v"]))
        for id in [1, 3, 1, 2, 3, 3, 2, 1] as [Int64] { builder.add(id, [.text("same")]) }
        let records = builder.build().records
        for (attempt, inserted) in [(1, 8), (2, 0)] {
            let written = try await sink.withWriter(for: batch(1, attempt: attempt)) { writer in
                try await writer.write(records)
                let counters = try await writer.finish()
                return (counters["documents_inserted"], writer.takeRefused().map(\.id))
            }
            #expect(written.0 == inserted)
            #expect(written.1 == [])
        }
        #expect(try await count(location) == 8)
    }

    @Test("A record has the place that it has among those of its item")
    func places() {
        var places = RecordPlaces()
        let ids: [Int64] = [5, 5, 9, 5, 7, 9, 7, 12, 12, 3, 3]
        #expect(ids.map { places.next(of: $0) } == [0, 1, 0, 2, 0, 1, 1, 0, 1, 0, 1])
    }

    @Test("Documents without a key are for one writer, which knows all records of an item")
    func oneWriter() throws {
        let url = "mongodb://localhost/test.documents"
        #expect(try !MongoSink(url).lendsSeveralWriters)
        #expect(try MongoSink(url, key: ["v"]).lendsSeveralWriters)
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
            _ = try await write(["a", "x"], batch(2), sink)
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

    private func writing(isOrdered: Bool = false, isTransactional: Bool = false) -> MongoWriting {
        MongoWriting(
            key: [],
            idPrefix: "events.jsonl#",
            isOrdered: isOrdered,
            hasTimes: false,
            writeConcern: "majority",
            isTransactional: isTransactional
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

    @Test("An id that has a document may be the record's own, but not in a transaction")
    func takenIDs() throws {
        let records = try Self.records(["a", "b"])
        let taken = reply(1, 0, "E11000 duplicate key error index: _id_ dup key")
        let answer = try writing().accept(taken, Self.failure, records)
        #expect(answer.taken == [0] && answer.refused.isEmpty)
        // There they are looked for before.
        let error = try #require(throws: TrancheError.self) {
            _ = try writing(isTransactional: true).accept(taken, Self.failure, records)
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
