import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheConnectors
import TrancheOrchestrator
import TrancheSQL
import TrancheServer

/// A pipeline of a file, with a webhook, that runs for as long as a test's body.
private struct WebhookBench: Sendable {
    let database: TestDatabase
    let port: UInt16
    /// What stands behind the webhook's type.
    var settings = "signature: none"
    var environment: [String: String] = [:]
    /// Told of each event that is worked on.
    var onEvent: @Sendable (Event) async throws -> Void = { _ in }

    init(_ database: TestDatabase) throws {
        self.database = database
        port = try LocalListener.freePort()
    }

    var text: String {
        """
        inputs:
          hook: {type: webhook, listen: "127.0.0.1:\(port)", \(settings)}
        processes: {p: {type: own}}
        links: [hook -> p]
        """
    }

    /// Runs the pipeline, until the body is over.
    func run(_ body: @escaping @Sendable (Orchestrator) async throws -> Void) async throws {
        var types = PipelineTypes.standard(Connectors([InventoryConnector()]))
        types.addWebhook(environment: environment)
        types.processes["own"] = { settings in ClosureProcess(settings.name, onEvent) }
        let pipeline = try Pipeline(text: text, file: "p.yaml", types: types)
        var configuration = Inventory.Configuration(store: database.configuration())
        configuration.pollInterval = .milliseconds(50)
        try await Inventory.with(database.location, configuration: configuration) { inventory in
            let stop = StopSource()
            let orchestrator = try pipeline.orchestrator(on: inventory, stop: stop) {
                $0.cleaning = .milliseconds(50)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await orchestrator.run() }
                defer { stop.advance(to: .stopping) }
                try await LocalListener.waitForSomebody(on: port)
                try await body(orchestrator)
                stop.advance(to: .stopping)
                try await group.waitForAll()
            }
        }
    }

    func post(
        _ body: String,
        key: String? = nil,
        headers: [String] = [],
        path: String = "/hook"
    ) async throws -> RawClient.Reply {
        var headers = headers + ["Content-Type: application/json; charset=utf-8"]
        if let key { headers.append("Idempotency-Key: \(key)") }
        return try await RawClient.request(port, "POST", path, headers: headers, body: body)
    }
}

@Suite("Webhooks as inputs", .timeLimit(.minutes(5)))
struct WebhookInputTests {
    private func withBench(
        _ backend: TestDatabase.Backend,
        _ body: (WebhookBench) async throws -> Void
    ) async throws {
        try await withTestDatabase(backend, isMigrated: true) { database in
            try await body(try WebhookBench(database))
        }
    }

    @Test(
        "A delivery is an event once, its repetition is known, and another body is a conflict",
        arguments: TestDatabase.Backend.available
    )
    func deliveries(_ backend: TestDatabase.Backend) async throws {
        try await withBench(backend) { bench in
            var bench = bench
            let (events, seen) = AsyncStream<Event>.makeStream()
            bench.onEvent = { seen.yield($0) }
            try await bench.run { [bench] orchestrator in
                let first = try await bench.post(#"{"a": 1}"#, key: "k1")
                #expect(first.status == 202, "\(first.text)")
                #expect(first.body == #"{"event":1,"duplicate":false}"# + "\n")
                let again = try await bench.post(#"{"a": 1}"#, key: "k1")
                #expect(again.status == 200)
                #expect(again.body == #"{"event":1,"duplicate":true}"# + "\n")
                let other = try await bench.post(#"{"a": 2}"#, key: "k1")
                #expect(other.status == 409, "\(other.text)")
                // Without a key each request is an event.
                #expect(try await bench.post("[\n1\n]").status == 202)
                let third = try await bench.post("[\n1\n]")
                #expect(third.body.contains(#""event":3"#), "\(third.status): \(third.text)")
                var received: [Event] = []
                for await event in events {
                    received.append(event)
                    if received.count == 3 { break }
                }
                #expect(received.map(\.id)[0] == "k1")
                #expect(received[0].location == "/hook")
                #expect(received[0].operation == .create)
                #expect(received[0].trigger == "hook")
                #expect(received[0].payload == #"{"a": 1}"#)
                #expect(received[1].payload == "[ 1 ]")
                // Also when the event is worked on, and gone from the log.
                let inventory = orchestrator.inventory
                while try await inventory.inputLogs().first?.floor ?? 0 < 2 {
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect(try await bench.post(#"{"a": 1}"#, key: "k1").status == 200)
                #expect(try await bench.post(#"{"a": 2}"#, key: "k1").status == 409)
            }
            // And by another process.
            try await bench.run { [bench] _ in
                let known = try await bench.post(#"{"a": 1}"#, key: "k1")
                #expect(known.status == 200)
                let new = try await bench.post(#"{"a": 1}"#, key: "k2")
                #expect(new.body.contains(#""event":4"#))
            }
        }
    }

    @Test(
        "Sixteen at once with the same key are one event, and are all told which",
        arguments: TestDatabase.Backend.available
    )
    func sameKeyAtOnce(_ backend: TestDatabase.Backend) async throws {
        try await withBench(backend) { bench in
            let count = Mutex(0)
            var bench = bench
            bench.onEvent = { _ in count.withLock { $0 += 1 } }
            try await bench.run { [bench] _ in
                for round in 1...5 {
                    let replies = try await withThrowingTaskGroup(of: RawClient.Reply.self) {
                        group in
                        for _ in 0..<16 {
                            group.addTask { try await bench.post("{}", key: "k\(round)") }
                        }
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                    #expect(replies.filter { $0.status == 202 }.count == 1)
                    #expect(replies.filter { $0.status == 200 }.count == 15)
                    #expect(replies.allSatisfy { $0.body.contains("\"event\":\(round),") })
                }
            }
            #expect(count.withLock { $0 } <= 5)
        }
    }

    @Test("What is wrong with a request is told, and is no event")
    func refusals() async throws {
        try await withBench(.sqlite) { bench in
            var bench = bench
            bench.settings = "signature: none, secret: {env: TOKEN}, max_body: 100"
            bench.environment = ["TOKEN": "opensesame"]
            let token = "Authorization: Bearer opensesame"
            try await bench.run { [bench] orchestrator in
                let unsigned = try await bench.post("{}")
                #expect(unsigned.status == 401)
                #expect(unsigned.text.contains("WWW-Authenticate: Bearer"))
                #expect(!unsigned.text.contains("opensesame"))
                #expect(unsigned.text.contains("the secret that the pipeline names"))
                let elsewhere = try await bench.post("{}", headers: [token], path: "/other")
                #expect(elsewhere.status == 404)
                #expect(elsewhere.text.contains("the path that the input"), "\(elsewhere.text)")
                let get = try await RawClient.request(bench.port, "GET", "/hook")
                #expect(get.status == 405)
                #expect(get.text.contains("Allow: POST\r\n"))
                let form = try await RawClient.request(
                    bench.port,
                    "POST",
                    "/hook",
                    headers: [token, "Content-Type: application/x-www-form-urlencoded"],
                    body: "{}"
                )
                #expect(form.status == 415)
                #expect(form.text.contains("application/json"))
                let packed = ["Content-Encoding: gzip", token]
                #expect(try await bench.post("{}", headers: packed).status == 415)
                for bad in ["", "{", "{}x", #"{"a":"\u0000"}"#] {
                    let refused = try await bench.post(bad, headers: [token])
                    #expect(refused.status == 400, "\(bad)")
                    #expect(refused.text.contains(#""remedy":"send JSON""#), "\(refused.text)")
                }
                let long = "\"" + String(repeating: "x", count: 99) + "\""
                #expect(try await bench.post(long, headers: [token]).status == 413)
                #expect(try await bench.post(long, headers: []).status == 413)
                let longKey = String(repeating: "k", count: 256)
                #expect(try await bench.post("{}", key: longKey, headers: [token]).status == 400)
                #expect(try await orchestrator.inventory.inputLogs().allSatisfy { $0.last == 0 })
                let just = "\"" + String(repeating: "x", count: 98) + "\""
                #expect(try await bench.post(just, headers: [token]).status == 202)
            }
        }
    }

    @Test("Header fields that are asked for are in the payload; GitHub's delivery is its key")
    func github() async throws {
        try await withBench(.sqlite) { bench in
            var bench = bench
            bench.settings =
                "path: /gh, signature: github, secret: {env: S}, headers: [X-GitHub-Event]"
            bench.environment = ["S": "It's a Secret to Everybody"]
            let (events, seen) = AsyncStream<Event>.makeStream()
            bench.onEvent = { seen.yield($0) }
            try await bench.run { [bench] _ in
                let body = #"{"zen":"x"}"#
                let digest = try await Program.run(
                    "openssl",
                    ["dgst", "-sha256", "-hmac", "It's a Secret to Everybody", "-hex"],
                    input: Array(body.utf8)
                ).split(separator: " ").last?.trimmingCharacters(in: .newlines)
                let headers = [
                    "X-Hub-Signature-256: sha256=\(try #require(digest))", "X-GitHub-Event: ping",
                    "X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958",
                ]
                for status in [202, 200] {
                    let reply = try await bench.post(body, headers: headers, path: "/gh")
                    #expect(reply.status == status, "\(reply.text)")
                }
                #expect(
                    try await bench.post(body + " ", headers: headers, path: "/gh").status == 401
                )
                for await event in events {
                    #expect(event.id == "72d3162e-cc78-11e3-81ab-4c9367dc0958")
                    #expect(
                        event.payload == #"{"headers":{"x-github-event":"ping"},"body":\#(body)}"#
                    )
                    break
                }
            }
        }
    }

    @Test("While the inventory cannot be written the sender is told to come again")
    func busy() async throws {
        try await withBench(.sqlite) { bench in
            try await bench.run { [bench] _ in
                #expect(try await bench.post("{}", key: "a").status == 202)
                let statuses = try await bench.database.withTransactionHeld {
                    try await bench.post("{}", key: "b")
                }
                #expect(statuses.status == 503, "\(statuses.text)")
                #expect(statuses.text.contains("Retry-After: 5\r\n"))
                let later = try await bench.post("{}", key: "b")
                #expect([200, 202].contains(later.status), "\(later.text)")
            }
        }
    }

    @Test("Webhooks of one address share a listener, and one goes on without another")
    func shared() async throws {
        try await withBench(.sqlite) { bench in
            let listeners = WebhookListeners()
            let address = try ListenAddress("127.0.0.1:\(bench.port)")
            func input(_ name: String) throws -> WebhookInput {
                try WebhookInput(
                    name,
                    .init(.init(address), path: "/\(name)", scheme: .none),
                    listeners: listeners
                )
            }
            let (first, second) = (try input("first"), try input("second"))
            try await Inventory.with(
                bench.database.location,
                configuration: .init(store: bench.database.configuration())
            ) { inventory in
                for name in ["first", "second"] { _ = try await inventory.store.beginLog(name) }
                func post(_ path: String) async throws -> Int {
                    try await bench.post("{}", path: path).status
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let leader = Task { try await first.run(InputLog(of: "first", in: inventory)) }
                    try await LocalListener.waitForSomebody(on: bench.port)
                    group.addTask { try await second.run(InputLog(of: "second", in: inventory)) }
                    while try await post("/second") == 404 { await Task.yield() }
                    #expect(try await post("/first") == 202)
                    leader.cancel()
                    await #expect(throws: CancellationError.self) { try await leader.value }
                    // The first one's listener may still be closing, and the other's not be there.
                    while (try? await post("/second")) != 202 { await Task.yield() }
                    #expect(try await post("/first") == 404)
                    group.cancelAll()
                    await #expect(throws: CancellationError.self) { try await group.waitForAll() }
                }
            }
        }
    }

    @Test("Where another program has the port, the input says so, and goes on when it has gone")
    func portInUse() async throws {
        try await withBench(.sqlite) { bench in
            let other = Mutex<LocalListener?>(try LocalListener())
            let port = try #require(other.withLock { $0?.port })
            var bench = bench
            bench.settings = "signature: none, path: /hook"
            let text = bench.text.replacingOccurrences(of: ":\(bench.port)", with: ":\(port)")
            var types = PipelineTypes.standard(Connectors([InventoryConnector()]))
            types.addWebhook()
            types.processes["own"] = { ClosureProcess($0.name) { _ in } }
            let pipeline = try Pipeline(text: text, file: "p.yaml", types: types)
            try await Inventory.with(
                bench.database.location,
                configuration: .init(store: bench.database.configuration())
            ) { inventory in
                let stop = StopSource()
                let orchestrator = try pipeline.orchestrator(on: inventory, stop: stop)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await orchestrator.run() }
                    defer { stop.advance(to: .stopping) }
                    for await error in orchestrator.errors where error.part == "hook" {
                        #expect(error.message.contains("127.0.0.1:\(port) is in use"))
                        break
                    }
                    other.withLock { $0?.stop() }
                    try await LocalListener.waitForSomebody(on: port)
                    let headers = ["Content-Type: application/json"]
                    let reply = try await RawClient.request(
                        port,
                        "POST",
                        "/hook",
                        headers: headers,
                        body: "{}"
                    )
                    #expect(reply.status == 202)
                    stop.advance(to: .stopping)
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("What is wrong in a file is told, with its line and column, and no secret is shown")
    func faults() {
        func faults(_ inputs: String) -> [String] {
            var types = PipelineTypes.standard(Connectors([InventoryConnector()]))
            types.addWebhook(environment: [:])
            types.processes["own"] = { ClosureProcess($0.name) { _ in } }
            let text = "inputs:\n\(inputs)\nprocesses: {p: {type: own}}\nlinks: [a -> p]\n"
            do {
                _ = try Pipeline(text: text, file: "p.yaml", types: types)
                return []
            } catch let error as YAMLFaults {
                return error.faults.map { "\($0)" }
            } catch {
                return ["\(error)"]
            }
        }
        #expect(faults("  a: {type: webhook, signature: none}") == [])
        for (settings, words) in [
            ("path: /a", "'signature' is missing"),
            ("signature: github", "give {file: PATH} or {env: NAME}"),
            ("signature: github, secret: hunter2", "a secret does not stand here"),
            ("signature: github, secret: {value: hunter2}", "a secret does not stand here"),
            ("signature: hmac-sha256, secret: {env: S}", "X-Signature"),
            ("signature: stripe, secret: {env: S}, signature_header: X", "goes with hmac-sha256"),
            ("signature: none, listen: '8080'", "is not an address to listen on"),
            ("signature: none, listen: '0.0.0.0:8080'", "insecure: true"),
            ("signature: none, tls: {certificate: x}", "both as PEM"),
            ("signature: none, path: a", "begins with '/'"),
            ("signature: none, max_body: 1GiB", "64MiB or less"),
            ("signature: none, tolerance: 0s", "1s to 1d"),
            ("signature: none, idempotency_key: 'a b'", "header field"),
            ("signature: none, patth: /x", "did you mean 'path'?"),
        ] {
            let found = faults("  a: {type: webhook, \(settings)}")
            #expect(found.contains { $0.contains(words) }, "\(settings): \(found)")
            #expect(found.allSatisfy { $0.hasPrefix("p.yaml:2:") }, "\(found)")
            #expect(!found.contains { $0.contains("hunter2") }, "\(found)")
        }
        let same = faults(
            "  a: {type: webhook, signature: none, path: /x}\n"
                + "  b: {type: webhook, signature: none, path: /x}"
        )
        #expect(same.contains { $0.hasPrefix("p.yaml:3:") && $0.contains("'a' has the path /x") })
        let tls = faults(
            "  a: {type: webhook, signature: none}\n"
                + "  b: {type: webhook, signature: none, tls: {certificate: c, key: k}}"
        )
        #expect(tls.contains { $0.contains("another certificate") }, "\(tls)")
    }
}

extension TestDatabase {
    /// Does something while another transaction writes.
    fileprivate func withTransactionHeld<R: Sendable>(
        _ body: @Sendable () async throws -> R
    ) async throws -> R {
        try await database.withTransaction([]) { connection, _ in
            let result = try await body()
            _ = try await connection.commit([])
            return result
        }
    }
}
