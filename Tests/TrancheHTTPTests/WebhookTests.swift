import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheSQLite

@testable import TrancheHTTP

@Suite("Records sent to webhooks", .timeLimit(.minutes(10)))
struct WebhookTests {
    private func configuration(
        _ unit: WebhookSink.Configuration.Unit = .batch,
        clock: SkippingClock = SkippingClock(),
        secret: String? = nil
    ) -> WebhookSink.Configuration {
        var configuration = WebhookSink.Configuration()
        configuration.unit = unit
        configuration.clock = clock
        configuration.secret = secret
        return configuration
    }

    private func load(
        rows: Int = 200,
        to sink: WebhookSink,
        maxAttempts: Int = 3,
        weight: Double = 1000
    ) async throws -> ChainReport {
        try await withInventory { inventory, folder in
            let path = folder.path("customers.csv")
            try Data(customers(rows).utf8).write(to: URL(filePath: path))
            var options = chainOptions(weight: weight)
            options.request.policy.maxAttempts = maxAttempts
            return try await Chain(reading: CSVSource(path)).write(to: sink)
                .run(through: inventory, options)
        }
    }

    private struct Delivery: Decodable {
        var job: String
        var run: String
        var batch: Int
        var id_start: Int
        var id_end: Int
        var records: [[String: String]]
    }

    @Test("Numbers are sent with the digits that were read")
    func digits() async throws {
        let line = "{\"a\":1.50,\"b\":18446744073709551615,\"c\":[1e400],\"d\":true}"
        try await withHTTPServer { _, _ in
            .init(204)
        } _: { server in
            try await withInventory { inventory, folder in
                let path = folder.path("numbers.jsonl")
                try Data(line.utf8).write(to: URL(filePath: path))
                let report = try await Chain(reading: JSONLinesSource(path))
                    .write(to: try WebhookSink(server.url, configuration(.record)))
                    .run(through: inventory, chainOptions())
                #expect(report.isSuccess)
            }
            #expect(server.requests.map(\.text) == [line])
        }
    }

    @Test("A batch is a request, with its records in order")
    func sendsBatches() async throws {
        try await withHTTPServer { _, _ in
            .init(204)
        } _: { server in
            let report = try await load(to: try WebhookSink(server.url, configuration()))
            #expect(report.isSuccess)
            let deliveries = try server.requests.map {
                try JSONDecoder().decode(Delivery.self, from: Data($0.body))
            }
            #expect(deliveries.count == report.succeeded)
            #expect(deliveries.count > 1)
            let ids = deliveries.flatMap(\.records).map { $0["id"] ?? "" }
            #expect(ids == (1...200).map(String.init))
            #expect(deliveries.allSatisfy { $0.job == "load" && $0.id_start <= $0.id_end })
            #expect(report.counters["requests_sent"] == deliveries.count)
            let keys = Set(server.requests.compactMap { $0.headers["idempotency-key"] })
            #expect(keys.count == deliveries.count)
        }
    }

    @Test("An attempt after a failure has the same key and the same body")
    func keysStay() async throws {
        // The receiver takes the batch, but its answer is lost, more often than is tried at once.
        let taken = Mutex<Set<String>>([])
        try await withHTTPServer { request, before in
            let key = request.headers["idempotency-key"] ?? ""
            taken.withLock { _ = $0.insert(key) }
            return .init(before < 20 ? 500 : 200)
        } _: { server in
            let report = try await load(rows: 20, to: try WebhookSink(server.url, configuration()))
            #expect(report.isSuccess)
            #expect(report.failed > 0)
            #expect(taken.withLock { $0.count } == report.succeeded)
            for key in taken.withLock({ $0 }) {
                let bodies = server.requests.filter { $0.headers["idempotency-key"] == key }
                #expect(Set(bodies.map(\.body)).count == 1)
            }
            #expect(Set(server.requests.compactMap { $0.headers["tranche-attempt"] }).count > 1)
        }
    }

    @Test("Another inventory has other keys for the same source, job and run, at its place too")
    func keysOfInventories() async throws {
        try await withHTTPServer { _, _ in
            .init(200)
        } _: { server in
            try await withTemporaryFolder { folder in
                let path = folder.path("customers.csv")
                try Data(customers(3).utf8).write(to: URL(filePath: path))
                for place in ["one", "two", "two"] {
                    for ending in ["", "-wal", "-shm"] {
                        let file = folder.path(place + ending)
                        if FileManager.default.fileExists(atPath: file) {
                            try FileManager.default.removeItem(atPath: file)
                        }
                    }
                    let inventory = try await Inventory.open(.sqlite(folder.path(place)))
                    let report = try await Chain(reading: CSVSource(path))
                        .write(to: try WebhookSink(server.url, configuration()))
                        .run(through: inventory, chainOptions(weight: 10_000))
                    #expect(report.isSuccess)
                    await inventory.close()
                }
            }
            let keys = server.requests.compactMap { $0.headers["idempotency-key"] }
            #expect(keys.count == 3)
            #expect(Set(keys).count == 3)
        }
    }

    @Test("Records made of one item have keys of their own, in whatever order they come")
    func keysOfOneItem() async throws {
        try await withHTTPServer { _, _ in
            .init(200)
        } _: { server in
            try await withTemporaryFolder { folder in
                let path = folder.path("customers.csv")
                try Data(customers(3).utf8).write(to: URL(filePath: path))
                let inventory = try await Inventory.open(.sqlite(folder.path("inventory")))
                let report = try await Chain(reading: CSVSource(path))
                    .batchMap { (records: [Record]) -> [Record] in records + records }
                    .write(to: try WebhookSink(server.url, configuration(.record)))
                    .run(through: inventory, chainOptions(weight: 10_000))
                #expect(report.isSuccess)
                await inventory.close()
            }
            let keys = server.requests.compactMap { $0.headers["idempotency-key"] }
            #expect(keys.count == 6)
            #expect(Set(keys).count == 6)
        }
    }

    @Test("That a request is sent again is told with the reason, once for an attempt")
    func tellsRetries() async throws {
        let told = Mutex<[String]>([])
        try await withHTTPServer { _, before in
            before < 3 ? .init(503, text: "out of order") : .init(200)
        } _: { server in
            let sink = try WebhookSink("\(server.url)/hook?token=hidden", configuration())
            try await withInventory { inventory, folder in
                let path = folder.path("customers.csv")
                try Data(customers(3).utf8).write(to: URL(filePath: path))
                var options = chainOptions(weight: 10_000)
                options.onNotice = { words in told.withLock { $0.append(words) } }
                let report = try await Chain(reading: CSVSource(path)).write(to: sink)
                    .run(through: inventory, options)
                #expect(report.isSuccess)
                #expect(report.failed == 0)
            }
            #expect(server.requests.count == 4)
        }
        let lines = told.withLock { $0 }.filter { $0.contains("again") }
        try #require(lines.count == 1, "\(lines)")
        let words = "/hook answered 503: out of order; the request is sent again in "
        #expect(lines[0].contains(words), "\(lines)")
        #expect(!lines[0].contains("hidden"), "\(lines)")
    }

    @Test("A receiver that is busy is waited for, at no attempt's cost")
    func waits() async throws {
        try await withHTTPServer { _, before in
            before < 5 ? .init(429, headers: ["Retry-After": "120"]) : .init(200)
        } _: { server in
            let clock = SkippingClock()
            let sink = try WebhookSink(server.url, configuration(clock: clock))
            let report = try await load(rows: 20, to: sink, maxAttempts: 1)
            #expect(report.isSuccess)
            #expect(report.failed == 0)
            #expect(clock.waits == Array(repeating: .seconds(120), count: 5))
            #expect(Set(server.requests.compactMap { $0.headers["tranche-attempt"] }) == ["1"])
        }
    }

    @Test(
        "A receiver that asks to come back later parks the named budget, and waits in no hand"
    )
    func parks() async throws {
        try await withHTTPServer { _, before in
            before < 1 ? .init(429, headers: ["Retry-After": "1"]) : .init(200)
        } _: { server in
            try await withInventory { inventory, folder in
                let path = folder.path("customers.csv")
                try Data(customers(20).utf8).write(to: URL(filePath: path))
                let clock = SkippingClock()
                var configuration = configuration(clock: clock)
                try await inventory.setBudget(Budget.ofAll, BudgetLimits(batches: 4))
                configuration.budget = Budget.ofAll
                var options = chainOptions(weight: 100_000)
                options.request.policy.maxAttempts = 1
                let report = try await Chain(reading: CSVSource(path))
                    .write(to: try WebhookSink(server.url, configuration))
                    .run(through: inventory, options)
                #expect(report.isSuccess)
                #expect(report.failed == 0 && report.deferred == 1)
                #expect(clock.waits == [])
                let parked = try await inventory.changes(.of(.name(Budget.ofAll)))
                #expect(parked.first?.what == "parked")
                #expect(parked.first?.note.reason?.contains("answered 429") == true)
            }
        }
    }

    @Test("Each record is a request, and those that are refused are quarantined")
    func sendsRecords() async throws {
        try await withHTTPServer { request, _ in
            request.text.contains("\"id\":\"13\"") ? .init(422, text: "no thirteen") : .init(200)
        } _: { server in
            let sink = try WebhookSink(server.url, configuration(.record))
            let report = try await load(rows: 40, to: sink)
            #expect(!report.isSuccess)
            #expect(report.lastError?.contains("no thirteen") == true)
            let quarantined = report.run?.totals[.quarantined]?.items
            #expect(quarantined == 1)
            let ids = Set(server.requests.map(\.text))
            #expect(ids.count == 40)
            // A record that is sent again has the same key.
            let keys = Set(server.requests.compactMap { $0.headers["idempotency-key"] })
            #expect(keys.count == 40)
        }
    }

    @Test("Requests are signed, and OpenSSL makes the same signature")
    func signs() async throws {
        try await withHTTPServer { _, _ in
            .init(200)
        } _: { server in
            var settings = configuration(
                secret: "whsec_" + Data("secret".utf8).base64EncodedString()
            )
            settings.now = { Date(timeIntervalSince1970: 1_800_000_000) }
            settings.headers = ["Authorization": "Bearer me"]
            _ = try await load(rows: 3, to: try WebhookSink(server.url, settings))
            let request = try #require(server.requests.first)
            #expect(request.headers["authorization"] == "Bearer me")
            let id = try #require(request.headers["webhook-id"])
            #expect(id == request.headers["idempotency-key"])
            #expect(request.headers["webhook-timestamp"] == "1800000000")
            try await withTemporaryFolder { folder in
                let path = folder.path("signed")
                let signed = Array("\(id).1800000000.".utf8) + request.body
                try Data(signed).write(to: URL(filePath: path))
                let text = try OpenSSL.run(["dgst", "-sha256", "-hmac", "secret", "-r", path])
                let digits = Array(text.prefix(64))
                let bytes = stride(from: 0, to: 64, by: 2).compactMap {
                    UInt8(String(digits[$0...$0 + 1]), radix: 16)
                }
                let expected = "v1," + Data(bytes).base64EncodedString()
                #expect(request.headers["webhook-signature"] == expected)
            }
        }
    }

    @Test("A receiver that does not know who asks fails the batch for good")
    func unauthorised() async throws {
        try await withHTTPServer { _, _ in
            .init(401, text: "who?")
        } _: { server in
            let sink = try WebhookSink("\(server.url)/hook?token=hidden", configuration())
            let report = try await load(rows: 3, to: sink)
            #expect(!report.isSuccess)
            let error = try #require(report.lastError)
            #expect(error.contains("401") && error.contains("who?"))
            #expect(!error.contains("hidden"))
        }
    }

    @Test(
        "What the receiver refuses for good is not tried again, and says what to do",
        arguments: [
            (301, "points to https://new.example/hook;"), (307, "points to"), (308, "not followed"),
            (404, "404"), (410, "410"), (413, "--each"),
        ]
    )
    func refusesForGood(status: Int, words: String) async throws {
        try await withHTTPServer { _, _ in
            .init(status, headers: ["Location": "https://me:pass@new.example/hook?token=hidden"])
        } _: { server in
            let sink = try WebhookSink(server.url, configuration())
            let report = try await load(rows: 3, to: sink)
            #expect(!report.isSuccess)
            #expect(server.requests.count == 1)
            let error = try #require(report.lastError)
            #expect(error.contains(words), "\(error)")
            #expect(!error.contains("hidden") && !error.contains("pass"))
        }
    }

    @Test(
        "Of records that are sent each, those that are refused go to the file of rejects",
        arguments: [400, 413, 451]
    )
    func rejectsRecords(status: Int) async throws {
        try await withHTTPServer { request, _ in
            request.text.contains("\"id\":\"13\"") ? .init(status, text: "no thirteen") : .init(200)
        } _: { server in
            let sink = try WebhookSink(server.url, configuration(.record))
            try await withInventory { inventory, folder in
                let path = folder.path("customers.csv")
                let rejects = folder.path("rejects.jsonl")
                try Data(customers(40).utf8).write(to: URL(filePath: path))
                let report = try await Chain(reading: CSVSource(path))
                    .rejecting(to: .jsonLines(rejects)).write(to: sink)
                    .run(through: inventory, chainOptions())
                #expect(report.isSuccess)
                #expect(report.counters[CounterName.written] == 39)
                #expect(server.requests.count == 40)
                let text = try String(contentsOfFile: rejects, encoding: .utf8)
                #expect(text.split(separator: "\n").count == 1)
                #expect(text.contains("no thirteen") && text.contains("\"id\":\"13\""))
            }
        }
    }

    @Test("A batch that is too large for a request says what to do")
    func tooLarge() async throws {
        try await withHTTPServer { _, _ in
            .init(200)
        } _: { server in
            var settings = configuration()
            settings.maxBytes = 300
            let sink = try WebhookSink(server.url, settings)
            let report = try await load(rows: 100, to: sink, weight: 10_000)
            #expect(report.lastError?.contains("less weight") == true)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("A record that is too large for a request is refused alone, and is not sent")
    func tooLargeRecord() async throws {
        try await withHTTPServer { _, _ in
            .init(200)
        } _: { server in
            var settings = configuration(.record)
            settings.maxBytes = 300
            let sink = try WebhookSink("\(server.url)/hook?token=hidden", settings)
            try await withInventory { inventory, folder in
                let path = folder.path("long.csv")
                let rejects = folder.path("rejects.jsonl")
                let long = String(repeating: "x", count: 300)
                try Data("id,name\n1,a\n2,\(long)\n3,c\n".utf8).write(to: URL(filePath: path))
                let report = try await Chain(reading: CSVSource(path))
                    .rejecting(to: .jsonLines(rejects)).write(to: sink)
                    .run(through: inventory, chainOptions(weight: 10_000))
                #expect(report.isSuccess)
                #expect(report.counters[CounterName.written] == 2)
                #expect(report.counters["requests_sent"] == 2)
                let text = try String(contentsOfFile: rejects, encoding: .utf8)
                #expect(text.split(separator: "\n").count == 1)
                #expect(text.contains("has 300 at most") && text.contains(long), "\(text)")
                #expect(!text.contains("hidden"))
            }
            #expect(server.requests.count == 2)
            #expect(server.requests.allSatisfy { $0.body.count <= 300 })
        }
    }

    @Test("What is no URL or no secret is refused", arguments: ["ftp://a/b", "here", "http://"])
    func badConfiguration(url: String) async throws {
        #expect(throws: TrancheError.self) { _ = try WebhookSink(url) }
        let error = try await #require(throws: TrancheError.self) {
            _ = try await load(
                to: try WebhookSink("http://127.0.0.1:9/", configuration(secret: "whsec_!!hidden"))
            )
        }
        #expect(error.code == .invalidArgument)
        #expect(!error.message.contains("hidden"))
    }
}
