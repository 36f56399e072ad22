import Foundation
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheSQLite

@testable import TrancheMongo

@Suite("Records written to MongoDB", .serialized, .timeLimit(.minutes(10)))
struct MongoSinkTests {
    private static let schema = """
        {"properties": {"id": {"type": "integer"}, "at": {"type": "string", "format": "date-time"}}}
        """

    /// An inventory and a file of `rows` records.
    private func withWorld(
        rows: Int = 500,
        _ body: (Inventory, String) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
            var text = "id,name,at\n"
            for row in 1...rows { text += "\(row),Zoé \(row),2024-02-29T08:00:00Z\n" }
            let path = folder.path("customers.csv")
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            try await body(inventory, path)
            await inventory.close()
        }
    }

    private func load(
        _ path: String,
        to sink: MongoSink,
        _ inventory: Inventory,
        job: String = "load",
        failingFirst: Bool = false
    ) async throws -> ChainReport {
        let tries = FirstTry()
        let request = BatchRequest(
            job: job,
            limit: BatchLimit(weight: 4000),
            policy: RunPolicy(maxAttempts: 3, backoff: .zero)
        )
        return try await Chain(reading: CSVSource(path))
            .validate(try RecordSchema(json: Self.schema))
            .batchMap { records in
                // After some records of a batch were written, the rest is not.
                if failingFirst, records.first?.id != 11, tries.isFirst() {
                    throw FirstTry.Failed()
                }
                return records
            }
            .write(to: sink)
            .run(through: inventory, ChainOptions(request: request, workers: 2))
    }

    private func count(_ location: MongoLocation) async throws -> Int {
        let command = "{\"count\": \"\(location.collection)\"}"
        return try await MongoConnection(location).run(command).counters["n"] ?? 0
    }

    private func sink(
        _ location: MongoLocation,
        key: [String] = [],
        createsIndex: Bool = true
    ) -> MongoSink {
        var configuration = MongoSink.Configuration()
        configuration.createsIndex = createsIndex
        return MongoSink(location, key: key, configuration: configuration)
    }

    @Test(
        "Every record is a document once, however often batches are written",
        arguments: [["id"], []]
    )
    func loads(key: [String]) async throws {
        let location = try await MongoTestServer.location()
        try await withWorld { inventory, path in
            let report = try await load(
                path,
                to: sink(location, key: key),
                inventory,
                failingFirst: true
            )
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            #expect(report.failed == 1)
            #expect(try await count(location) == 500)
            // Under another name the same is written again, and changes nothing.
            let again = try await load(
                path,
                to: sink(location, key: key),
                inventory,
                job: "again"
            )
            #expect(again.isSuccess, "\(again.lastError ?? "")")
            #expect(try await count(location) == 500)
        }
    }

    @Test("Fields keep their types")
    func types() async throws {
        let location = try await MongoTestServer.location()
        try await withWorld(rows: 1) { inventory, path in
            _ = try await load(path, to: sink(location, key: ["id"]), inventory)
            let found = try await MongoConnection(location).run(
                """
                {"count": "\(location.collection)", "query": {"id": 1, "name": "Zoé 1",
                 "at": {"$date": "2024-02-29T08:00:00Z"}}}
                """
            )
            #expect(found.counters["n"] == 1)
        }
    }

    @Test(
        "A long number is a decimal of 128 bits, or its record is refused",
        arguments: [
            ("18446744073709551615", "18446744073709551615"), ("1e400", "1E+400"),
            ("12345678901234567890.123456789", "12345678901234567890.123456789"),
            ("[18446744073709551615]", "18446744073709551615"),
            ("12345678901234567890123456789012345", nil), ("1e7000", nil),
            ("[12345678901234567890123456789012345]", nil),
        ] as [(String, String?)]
    )
    func longNumbers(_ json: String, _ decimal: String?) async throws {
        let location = try await MongoTestServer.location()
        try await withTemporaryFolder { folder in
            let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
            let path = folder.path("x.jsonl")
            try Data("{\"id\": 1, \"v\": \(json)}\n".utf8).write(to: URL(fileURLWithPath: path))
            let request = BatchRequest(
                job: "load",
                limit: BatchLimit(weight: 4000),
                policy: RunPolicy(maxAttempts: 1)
            )
            let report = try await Chain(reading: JSONLinesSource(path))
                .write(to: sink(location, key: ["id"]))
                .run(through: inventory, ChainOptions(request: request, workers: 1))
            let found = try await MongoConnection(location).run(
                """
                {"count": "\(location.collection)",
                 "query": {"v": {"$numberDecimal": "\(decimal ?? "0")"}}}
                """
            )
            #expect(found.counters["n"] == (decimal == nil ? 0 : 1))
            #expect(report.run?.totals[.quarantined]?.items ?? 0 == (decimal == nil ? 1 : 0))
            await inventory.close()
        }
    }

    @Test("Without an index of the key nothing is handed out, and the index to make is named")
    func noIndex() async throws {
        let location = try await MongoTestServer.location()
        try await withWorld { inventory, path in
            let error = await #expect(throws: TrancheError.self) {
                try await load(
                    path,
                    to: sink(location, key: ["id"], createsIndex: false),
                    inventory
                )
            }
            #expect(error?.message.contains("createIndex({\"id\": 1}, {unique: true})") == true)
            let runs = try await inventory.summaries()
            #expect(runs.isEmpty)
        }
    }

    @Test("A key that the records lack is refused at the start")
    func noKeyField() async throws {
        let location = try await MongoTestServer.location()
        try await withWorld { inventory, path in
            let error = await #expect(throws: TrancheError.self) {
                try await Chain(reading: CSVSource(path)).write(to: sink(location, key: ["uid"]))
                    .run(through: inventory, job: "load", weight: 4000)
            }
            #expect(error?.message.contains("no field 'uid'") == true)
            // Behind a step that may give any records it shows with the first.
            let report = try await load(path, to: sink(location, key: ["uid"]), inventory)
            #expect(report.lastError?.contains("no field 'uid'") == true)
            #expect(report.run?.totals[.quarantined] == nil)
        }
    }

    @Test("A document that the server refuses is quarantined, and all others are written")
    func refused() async throws {
        let location = try await MongoTestServer.location()
        _ = try await MongoConnection(location).run(
            "{\"create\": \"\(location.collection)\", \"validator\": {\"id\": {\"$ne\": 250}}}"
        )
        try await withWorld { inventory, path in
            let report = try await load(path, to: sink(location), inventory)
            #expect(report.run?.totals[.quarantined]?.items == 1)
            #expect(try await count(location) == 499)
        }
    }

    @Test("A server that is not there is transient, and its password is told to nobody")
    func unreachable() async throws {
        let location = try MongoLocation(
            "mongodb://u:secret@127.0.0.1:1/a.b?serverSelectionTimeoutMS=200"
        )
        try await withWorld { inventory, path in
            let error = await #expect(throws: TrancheError.self) {
                try await load(path, to: MongoSink(location, key: ["id"]), inventory)
            }
            #expect(error?.code == .sinkUnavailable)
            #expect(error?.message.contains("secret") == false)
            #expect(location.name == "mongodb://127.0.0.1:1/a.b")
        }
    }

    @Test("The environment names a collection, as a URL does")
    func environment() throws {
        let location = try MongoLocation(environment: [
            "MONGO_HOSTNAME": "db:27017", "MONGO_DBNAME": "shop", "MONGO_COLLECTION": "customers",
            "MONGO_CONN_PARAMS": "?directConnection=true", "MONGO_USERNAME": "u",
            "MONGO_PASSWORD": "p@ss",
        ])
        #expect(location.url == "mongodb://db:27017/shop?directConnection=true")
        #expect(location.name == "mongodb://db:27017/shop.customers")
        #expect(location.credentials?.password == "p@ss")
        for url in ["http://a/b.c", "mongodb://a", "mongodb://a/b", "mongodb://a/b."] {
            #expect(throws: TrancheError.self) { _ = try MongoLocation(url) }
        }
        #expect(throws: TrancheError.self) { _ = try MongoLocation(environment: [:]) }
    }

    @Test(
        "A code says whether to try again",
        arguments: [
            (10107, ErrorCategory.transient), (11600, .transient), (91, .transient),
            (50, .transient),
            (64, .transient), (14031, .transient), (11000, .conflict), (121, .permanent),
            (13, .permanent), (18, .permanent),
        ]
    )
    func categories(code: Int, category: ErrorCategory) {
        #expect(MongoError(code: code, message: "").category == category)
        let labelled = MongoError(code: code, message: "", labels: ["RetryableWriteError"])
        #expect(labelled.category == .transient)
    }
}
