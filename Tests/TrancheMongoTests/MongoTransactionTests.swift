import Foundation
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheSQLite

@testable import TrancheMongo

@Suite("Batches written to MongoDB in transactions", .serialized, .timeLimit(.minutes(10)))
struct MongoTransactionTests {
    /// Loads 300 numbers without a key: a batch that were written twice would show.
    private func load(
        _ location: MongoLocation,
        validator: Bool = false,
        _ step: @escaping @Sendable ([Record]) throws -> [Record] = { $0 }
    ) async throws -> ChainReport {
        var configuration = MongoSink.Configuration()
        configuration.isTransactional = true
        let sink = MongoSink(location, configuration: configuration)
        return try await withTemporaryFolder { folder in
            let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
            let path = folder.path("numbers.csv")
            let text = "id\n" + (1...300).map { "\($0)\n" }.joined()
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            var options = ChainOptions(
                request: BatchRequest(
                    job: "load",
                    limit: BatchLimit(weight: 300),
                    policy: RunPolicy(maxAttempts: 3, backoff: .zero)
                ),
                workers: 2,
                promise: .transactional
            )
            options.end = .whenComplete
            let report = try await Chain(reading: CSVSource(path))
                .batchMap { records in try step(records) }
                .write(to: sink)
                .run(through: inventory, options)
            await inventory.close()
            return report
        }
    }

    private func count(_ location: MongoLocation, _ query: String = "{}") async throws -> Int {
        let command = "{\"count\": \"\(location.collection)\", \"query\": \(query)}"
        return try await MongoConnection(location).run(command).counters["n"] ?? 0
    }

    @Test("A batch that fails half-way leaves nothing, and is written whole by the next attempt")
    func allOrNothing() async throws {
        let location = try await MongoTestServer.location()
        let tries = FirstTry()
        let report = try await load(location) { records in
            if records.contains(where: { $0.text("id") == "150" }), tries.isFirst() {
                throw FirstTry.Failed()
            }
            return records
        }
        #expect(report.isSuccess, "\(report.lastError ?? "")")
        #expect(report.failed == 1)
        #expect(report.counters["documents_inserted"] == 300)
        #expect(try await count(location) == 300)
    }

    @Test("A batch that was written, but not recorded as done, is not written again")
    func writtenOnce() async throws {
        let location = try await MongoTestServer.location()
        var configuration = MongoSink.Configuration()
        configuration.isTransactional = true
        let sink = MongoSink(location, configuration: configuration)
        try await withTemporaryFolder { folder in
            let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
            let path = folder.path("numbers.csv")
            try Data("id\n1\n2\n".utf8).write(to: URL(fileURLWithPath: path))
            let source = CSVSource(path)
            let batch = try #require(
                try await inventory.acquireBatch(from: source, job: "load", limit: .weight(100))
            )
            let fields = try RecordFields(["id"])
            var counted: [Counters] = []
            for _ in 1...2 {
                counted.append(
                    try await sink.withWriter(for: batch.record) { writer in
                        var builder = RecordBlockBuilder(fields)
                        builder.add(3, [.text("1")])
                        builder.add(5, [.text("2")])
                        try await writer.write(builder.build().records)
                        return try await writer.finish()
                    }
                )
            }
            #expect(counted[0] == counted[1])
            #expect(counted[0]["documents_inserted"] == 2)
            #expect(try await count(location) == 2)
            await inventory.close()
        }
    }

    @Test("A document that the server refuses takes its batch along, and the rest is written")
    func refused() async throws {
        let location = try await MongoTestServer.location()
        _ = try await MongoConnection(location).run(
            "{\"create\": \"\(location.collection)\", \"validator\": {\"id\": {\"$ne\": \"250\"}}}"
        )
        let report = try await load(location)
        #expect(report.run?.totals[.quarantined]?.items == 1)
        #expect(try await count(location) == 299)
    }

    @Test("Another inventory's batch of the same names and number is written", arguments: [0, 1])
    func otherInventory(_ way: Int) async throws {
        let location = try await MongoTestServer.location()
        var configuration = MongoSink.Configuration()
        configuration.isTransactional = true
        configuration.createsIndex = true
        try await withTemporaryFolder { folder in
            let path = folder.path("numbers.csv")
            for (round, text) in ["id\n1\n2\n", "id\n7\n8\n"].enumerated() {
                // At another place, or made anew at the same place.
                let name = way == 0 ? "inventory\(round).db" : "inventory.db"
                for end in ["", "-wal", "-shm"] {
                    let file = folder.path(name + end)
                    guard FileManager.default.fileExists(atPath: file) else { continue }
                    try FileManager.default.removeItem(atPath: file)
                }
                let inventory = try await Inventory.open(.sqlite(folder.path(name)))
                try Data(text.utf8).write(to: URL(fileURLWithPath: path))
                let request = BatchRequest(job: "load", limit: BatchLimit(weight: 100))
                let report = try await Chain(reading: CSVSource(path))
                    .write(to: MongoSink(location, key: ["id"], configuration: configuration))
                    .run(through: inventory, ChainOptions(request: request, workers: 1))
                #expect(report.isSuccess, "\(report.lastError ?? "")")
                #expect(report.counters["documents_inserted"] == 2)
                await inventory.close()
            }
            #expect(try await count(location) == 4)
        }
    }

    /// A first attempt of a batch.
    private func batch(_ id: Int64, of table: String) -> BatchRecord {
        BatchRecord(
            id: id,
            key: RunKey(metaTable: table, job: "load"),
            kind: .incremental,
            status: .running,
            attempt: 1,
            failures: 0,
            idStart: 1,
            idEnd: 2,
            coverStart: nil,
            itemIDs: nil,
            count: 2,
            weight: 2,
            startedAt: Date(timeIntervalSince1970: 0)
        )
    }

    @Test("What has the record's values is taken as written, and no other")
    func takenAsWritten() async throws {
        let location = try await MongoTestServer.location()
        var configuration = MongoSink.Configuration()
        configuration.isTransactional = true
        let sink = MongoSink(location, configuration: configuration)
        let table = UUID().uuidString
        let fields = try RecordFields(["v"])
        func write(_ texts: [String], _ id: Int64) async throws -> Int {
            var builder = RecordBlockBuilder(fields)
            for (place, text) in texts.enumerated() { builder.add(Int64(place) + 1, [.text(text)]) }
            let records = builder.build().records
            return try await sink.withWriter(for: batch(id, of: table)) { writer in
                try await writer.write(records)
                return try await writer.finish()["documents_inserted"]
            }
        }
        #expect(try await write(["a", "b"], 1) == 2)
        #expect(try await write(["a", "b"], 2) == 0)
        #expect(try await write(["a", "b", "c"], 3) == 1)
        let refused = try await #require(throws: RecordsRefused.self) {
            _ = try await write(["a", "x"], 4)
        }
        #expect(refused.failures.map(\.id) == [2])
        let error = try await #require(throws: TrancheError.self) {
            _ = try await write(["x", "y"], 5)
        }
        #expect(error.message == MongoWriting.otherDocument)
        #expect(try await count(location) == 3)
    }

    @Test("A mark with the former name counts where an earlier attempt can have left it")
    func formerMark() async throws {
        let connection = try MongoConnection(try await MongoTestServer.location())
        var batch = batch(1, of: UUID().uuidString)
        let counters = Counters(["documents_inserted": 2])
        try await MongoBatchMark(batch).set(counters, connection)
        let origin = ["sqlite:/inventory.db", "1700000000000"]
        #expect(try await MongoBatchMark(batch, origin: origin).find(connection) == nil)
        batch.attempt = 2
        #expect(try await MongoBatchMark(batch, origin: origin).find(connection) == counters)
        // A mark that names its inventory is no other's, whatever the attempt.
        batch.id = 2
        try await MongoBatchMark(batch, origin: origin).set(counters, connection)
        batch.attempt = 3
        #expect(try await MongoBatchMark(batch, origin: origin).find(connection) == counters)
        #expect(try await MongoBatchMark(batch, origin: ["other"]).find(connection) == nil)
    }
}
