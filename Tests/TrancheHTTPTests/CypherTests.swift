import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheChains

@testable import TrancheHTTP

@Suite("Records written by Cypher", .timeLimit(.minutes(10)))
struct CypherTests {
    private static let merge = """
        UNWIND $batch AS row
        MERGE (c:Customer {id: row.id})
        SET c.name = row.name
        """

    private static let environment = ["NEO4J_USERNAME": "neo4j", "NEO4J_PASSWORD": "secret"]

    private func location(
        _ graph: String = "g" + UUID().uuidString,
        _ environment: [String: String] = environment
    ) throws -> CypherLocation {
        let server = try TestServers.url("TRANCHE_TEST_GRAPH")
        return try CypherLocation("\(server)/\(graph)", environment: environment)
    }

    private func load(
        _ statement: String,
        _ location: CypherLocation,
        rows: Int = 300,
        records: Int = 100,
        promise: DeliveryPromise = .idempotent
    ) async throws -> ChainReport {
        var configuration = CypherSink.Configuration()
        configuration.records = records
        configuration.clock = SkippingClock()
        let sink = CypherSink(statement, in: location, configuration)
        return try await withInventory { inventory, folder in
            let path = folder.path("customers.csv")
            try Data(customers(rows).utf8).write(to: URL(filePath: path))
            var options = chainOptions()
            options.promise = promise
            return try await Chain(reading: CSVSource(path)).write(to: sink)
                .run(through: inventory, options)
        }
    }

    @Test("Records become nodes, once, and the server's counts are the batch's")
    func merges() async throws {
        let location = try location()
        let first = try await load(Self.merge, location)
        #expect(first.isSuccess)
        #expect(first.counters["nodes_created"] == 300)
        #expect(first.counters["labels_added"] == 1)
        #expect(first.counters["properties_set"] >= 300)
        let names = [
            "nodes_created", "nodes_deleted", "relationships_created", "relationships_deleted",
            "properties_set", "labels_added", "labels_removed", "indexes_added", "indexes_removed",
            "constraints_added", "constraints_removed",
        ]
        #expect(names.allSatisfy { first.counters.values.keys.contains($0) })
        let again = try await load(Self.merge, location)
        #expect(again.isSuccess)
        #expect(again.counters["nodes_created"] == 0)
    }

    @Test("Texts with quotes, line breaks and other scripts arrive as they are")
    func keepsTexts() async throws {
        let location = try location()
        _ = try await load(Self.merge, location, rows: 7)
        let found = try await load(
            "UNWIND $batch AS row MATCH (c:Customer {name: row.name}) DELETE c",
            location,
            rows: 7
        )
        #expect(found.counters["nodes_deleted"] == 7)
    }

    @Test("A number that neither 64 bits nor a double hold is the text of its digits")
    func longNumbers() async throws {
        let location = try location()
        let line = "{\"id\": 1, \"v\": 18446744073709551615, \"w\": [0.5, 1e400]}\n"
        let statements = [
            "UNWIND $batch AS row MERGE (c:Number {id: row.id}) SET c.v = row.v, c.w = row.w[1]",
            """
            UNWIND $batch AS row
            MATCH (c:Number {v: '18446744073709551615', w: '1e400'}) DELETE c
            """,
        ]
        try await withInventory { inventory, folder in
            let path = folder.path("numbers.jsonl")
            try Data(line.utf8).write(to: URL(filePath: path))
            var report: ChainReport?
            for (job, statement) in statements.enumerated() {
                report = try await Chain(reading: JSONLinesSource(path))
                    .write(to: CypherSink(statement, in: location))
                    .run(through: inventory, chainOptions("job \(job)"))
            }
            #expect(report?.counters["nodes_deleted"] == 1)
        }
    }

    @Test("Relationships are written by a grid, at once, and each once")
    func writesByGrid() async throws {
        let location = try location()
        let statement = """
            UNWIND $batch AS row
            MERGE (a:Person {id: row.a})
            MERGE (b:Person {id: row.b})
            MERGE (a)-[:KNOWS]->(b)
            """
        try await withInventory { inventory, folder in
            let path = folder.path("edges.csv")
            let edges = (0..<600).map { "\($0 % 100),\(($0 * 7 + $0 / 100) % 100)\n" }
            try Data(("a,b\n" + edges.joined()).utf8).write(to: URL(filePath: path))
            var grid = GridSink.Configuration(from: "a", to: "b")
            grid.isOneKind = true
            grid.records = 30
            for job in ["one", "two"] {
                let sink = GridSink(CypherSink(statement, in: location), grid)
                let report = try await Chain(reading: CSVSource(path)).write(to: sink)
                    .run(through: inventory, chainOptions(job))
                #expect(report.isSuccess, "\(report.lastError ?? "")")
                let isFirst = job == "one"
                #expect(report.counters["nodes_created"] == (isFirst ? 100 : 0))
                let relationships = isFirst ? Set(edges).count : 0
                #expect(report.counters["relationships_created"] == relationships)
            }
        }
    }

    @Test("A statement that creates promises less")
    func creates() async throws {
        let create = "UNWIND $batch AS row CREATE (c:Customer {id: row.id})"
        let error = try await #require(throws: TrancheError.self) {
            _ = try await load(create, try location())
        }
        #expect(error.code == .promiseNotKept)
        #expect(error.message.contains("MERGE"))
        let report = try await load(create, try location(), promise: .atLeastOnce)
        #expect(report.counters["nodes_created"] == 300)
    }

    @Test("Faults are found before anything is acquired")
    func refuses() async throws {
        func message(_ statement: String, _ location: CypherLocation) async throws -> String {
            try await #require(throws: TrancheError.self) {
                _ = try await load(statement, location)
            }.message
        }
        let broken = try await message("UNWIND $batch AS row MERGE (c:Customer", try location())
        #expect(broken.contains("SyntaxError"))
        let without = try await message("MERGE (c:Customer)", try location())
        #expect(without.contains("UNWIND $batch AS row"))
        let missing = try await message(Self.merge, try location("missing"))
        #expect(missing.contains("DatabaseNotFound"))
        let wrong = ["NEO4J_USERNAME": "neo4j", "NEO4J_PASSWORD": "hidden"]
        let unauthorised = try await message(Self.merge, try location("g", wrong))
        #expect(unauthorised.contains("Unauthorized"))
        #expect(!unauthorised.contains("hidden"))
    }

    @Test("A deadlock is tried again at once")
    func triesAgain() async throws {
        let failure = """
            {"errors": [{"code": "Neo.TransientError.Transaction.DeadlockDetected", "message": "wait"}]}
            """
        try await withHTTPServer { _, before in
            before == 1
                ? .init(400, text: failure)
                : .init(202, text: "{\"data\": {}, \"counters\": {\"nodesCreated\": 1}}")
        } _: { server in
            let report = try await load(Self.merge, try CypherLocation(server.url), rows: 5)
            #expect(report.isSuccess)
            #expect(report.failed == 0)
            #expect(server.requests.count == 3)
            #expect(server.requests[1].body == server.requests[2].body)
            #expect(server.requests[0].target == "/db/neo4j/query/v2")
        }
    }

    @Test("A record that the server refuses is found, and all others are taken")
    func findsRecord() async throws {
        let taken = Mutex<[String]>([])
        try await withHTTPServer { request, _ in
            let text = request.text
            if text.contains("\"id\":\"13\"") {
                let code = "Neo.ClientError.Schema.ConstraintValidationFailed"
                let error = "{\"code\":\"\(code)\",\"message\":\"no thirteen\"}"
                return .init(400, text: "{\"errors\":[\(error)]}")
            }
            taken.withLock { list in
                list += text.matches(of: /"id":"([0-9]+)"/).map { String($0.1) }
            }
            return .init(202, text: "{\"data\":{},\"counters\":{\"nodesCreated\":1}}")
        } _: { server in
            let location = try CypherLocation("\(server.url)/g", environment: Self.environment)
            let report = try await load(Self.merge, location, rows: 40)
            #expect(report.lastError?.contains("no thirteen") == true)
            #expect(report.run?.totals[.quarantined]?.items == 1)
            let ids = Set((1...40).map(String.init)).subtracting(["13"])
            #expect(Set(taken.withLock { $0 }) == ids)
        }
    }

    @Test(
        "Whether a statement creates shows from its words alone",
        arguments: [
            ("UNWIND $batch AS r MERGE (n) ON CREATE SET n.a = 1", false),
            ("UNWIND $batch AS r create (n)", true),
            ("UNWIND $batch AS r MERGE (n {a: 'CREATE'}) // CREATE", false),
            ("UNWIND $batch AS r MERGE (n:`CREATE`) /* CREATE */ SET n.b = \"\\\"CREATE\"", false),
            ("CREATE (n)", true),
            ("UNWIND $batch AS r INSERT (n:Customer {id: r.id})", true),
            ("UNWIND $batch AS r MATCH (a {id: r.a}) insert (a)-[:KNOWS]->(:Person)", true),
            ("UNWIND $batch AS r MERGE (n:Insert {id: r.id}) SET n.insert = r . insert", false),
            ("UNWIND $batch AS r MERGE (n:A) SET n.a = 'INSERT' // INSERT", false),
            ("UNWIND $batch AS r MERGE (a)-[:A]->(b:`B`) CREATE (n)", true),
            ("UNWIND $batch AS r MERGE (n) SET n.created = 1", false),
            ("UNWIND $batch AS r CALL apoc.create.node(['P'], r) YIELD node RETURN 1", true),
            ("UNWIND $batch AS r CALL apoc . create.relationship(a, 'K', {}, b)", true),
            ("UNWIND $batch AS r CALL `apoc`.create.nodes(['P'], [r]) YIELD node RETURN 1", true),
            ("UNWIND $batch AS r CALL apoc.create.setProperty(r.id, 'k', 1) YIELD node", false),
            ("UNWIND $batch AS r CALL apoc.create.setRelProperty(r.id, 'k', 1)", false),
            ("UNWIND $batch AS r CALL apoc . create . addLabels(r.id, ['P'])", false),
            ("UNWIND $batch AS r CALL apoc.create.removeProperties(r.id, ['k'])", false),
            ("UNWIND $batch AS r CALL apoc.create.uuids(1) YIELD uuid MERGE (n)", false),
            ("UNWIND $batch AS r CALL apoc.create.uuids(1) YIELD uuid CREATE (n)", true),
            ("UNWIND $batch AS r CALL db.create.setNodeVectorProperty(n, 'v', r.v)", false),
            ("UNWIND $batch AS r call apoc.merge.node(['P'], {id: r.id}, {at: r.create})", false),
            ("UNWIND $batch AS r CALL (r) { MERGE (n) SET n.at = r.create }", false),
            ("UNWIND $batch AS r MERGE (n {id: r.id}) SET n.create = r.create", false),
            ("UNWIND $batch AS r MERGE (call {id: r.id}) SET call.at = r.create", false),
        ]
    )
    func statements(text: String, creates: Bool) {
        #expect(CypherStatement(text).creates == creates)
    }

    @Test("A statement that inserts is not said to merge")
    func inserts() async throws {
        let location = try CypherLocation("http://h:7474/x", environment: Self.environment)
        try await withInventory { inventory, _ in
            let sink = CypherSink("UNWIND $batch AS r INSERT (n {id: r.id})", in: location)
            let promise = try await sink.promise(beside: inventory.store)
            #expect(promise.delivery == .atLeastOnce)
            #expect(!promise.reason.contains("merges"))
        }
    }

    @Test("The parameter is found as the value of a map, too")
    func takesBatch() {
        let statement = CypherStatement("WITH {rows:$batch} AS m UNWIND m.rows AS r MERGE (n)")
        #expect(statement.takesBatch)
        #expect(!CypherStatement("MERGE (n)").takesBatch)
    }

    @Test(
        "What is no URL of a graph server is refused",
        arguments: ["bolt://a", "a:7474", "http://a/b/c"]
    )
    func badURLs(url: String) {
        #expect(throws: TrancheError.self) { _ = try CypherLocation(url) }
    }

    @Test("A user in the URL comes before that of the environment")
    func users() throws {
        let location = try CypherLocation(
            "http://a%40b:c%3Ad@h:7474/x",
            environment: Self.environment
        )
        #expect(location.authorization == "Basic " + Data("a@b:c:d".utf8).base64EncodedString())
        #expect(location.name == "http://h:7474/x")
    }
}
