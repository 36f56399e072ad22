import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

@Suite("Objects, webhooks and graphs on the command line", .timeLimit(.minutes(10)))
struct ObjectTests {
    /// A server that answers as Google's store does, with one object.
    private func withObject(
        _ content: String,
        _ body: (LocalHTTPServer) async throws -> Void
    ) async throws {
        let bytes = Array(content.utf8)
        try await withHTTPServer { request, _ in
            if request.target.hasPrefix("/storage/v1/b/shop/o?") {
                return .init(
                    200,
                    text:
                        "{\"items\": [{\"name\": \"in/c.csv\", \"size\": \"90\", \"generation\": \"1\"}]}"
                )
            }
            guard request.target.hasPrefix("/storage/v1/b/shop/o/in%2Fc.csv?") else {
                return .init(404, text: "{\"error\": {\"message\": \"Not Found\"}}")
            }
            guard let range = request.headers["range"] else {
                return .init(200, text: "{\"size\": \"\(bytes.count)\", \"generation\": \"1\"}")
            }
            let ends = range.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
            let last = min(ends[1], bytes.count - 1)
            return .init(
                206,
                Array(bytes[ends[0]...last]),
                headers: ["Content-Range": "bytes \(ends[0])-\(last)/\(bytes.count)"]
            )
        } _: { server in
            try await body(server)
        }
    }

    private func run(
        _ bench: CommandLineBench,
        _ words: [String],
        _ more: [String: String]
    ) async -> CommandLineBench.Outcome {
        await bench.run(words, environment: more)
    }

    @Test("An object is loaded as a file is, and worked on as a table is")
    func loadsObjects() async throws {
        let bench = try await CommandLineBench()
        try await withObject("id,name\n1,a\n2,b\n3,c\n") { server in
            let store = ["STORAGE_EMULATOR_HOST": server.url]
            let url = "gs://shop/in/c.csv"
            let out = bench.path("out.jsonl")
            let trial = await run(bench, ["load", url, "--to", "none", "--dry-run"], store)
            #expect(trial.output.contains("would load 3 records of \(url)"))
            let load = await run(bench, ["load", url, "--to", "jsonl:\(out)"], store)
            #expect(load.status == .done, "\(load.errors)")
            let written = try String(contentsOfFile: out, encoding: .utf8)
            #expect(written.split(separator: "\n").count == 3)
            let acquire = ["acquire", "--job", "j", "--meta", url, "--count", "2", "--json"]
            let batch = await run(bench, acquire, store)
            #expect(batch.output.contains("\"count\":2"), "\(batch.errors)")
            let missing = await run(bench, ["load", "gs://shop/none.csv", "--to", "none"], store)
            #expect(missing.status == .failed)
            #expect(missing.errors.contains("there is no object 'gs://shop/none.csv'"))
        }
    }

    @Test("A listing is registered once")
    func registers() async throws {
        let bench = try await CommandLineBench()
        try await withObject("") { server in
            let store = ["STORAGE_EMULATOR_HOST": server.url]
            let words = ["register", "gs://shop/in/", "--table", "incoming"]
            let trial = await run(bench, words + ["--dry-run"], store)
            #expect(trial.output == "would register 1 new object of 1 in incoming\n")
            let first = await run(bench, words, store)
            #expect(first.output == "registered 1 new object of 1 in incoming\n", "\(first.errors)")
            let second = await run(bench, words + ["--json"], store)
            let expected =
                "{\"prefix\":\"gs://shop/in/\",\"table\":\"incoming\",\"found\":1,\"new\":0,\"changed\":0}\n"
            #expect(second.output == expected)
            let rows = try bench.rows("SELECT uid, item, weight FROM incoming")
            #expect(rows == ["1|gs://shop/in/c.csv|90"])
        }
    }

    @Test("Records go to a webhook, signed, each apart or by batches")
    func webhooks() async throws {
        let bench = try await CommandLineBench()
        try "id\n1\n2\n".write(toFile: bench.path("c.csv"), atomically: true, encoding: .utf8)
        try await withHTTPServer { _, _ in
            .init(200)
        } _: { server in
            let words = ["load", bench.path("c.csv"), "--to", "webhook:\(server.url)/hook"]
            let secrets = [
                "TRANCHE_WEBHOOK_SECRET": "secret", "TRANCHE_WEBHOOK_AUTHORIZATION": "Bearer me",
            ]
            let batches = await run(bench, words, secrets)
            #expect(batches.status == .done, "\(batches.errors)")
            let each = await run(bench, words + ["--job", "each", "--each"], [:])
            #expect(each.status == .done, "\(each.errors)")
            let requests = server.requests
            #expect(requests.count == 3)
            #expect(requests.first?.headers["webhook-signature"]?.hasPrefix("v1,") == true)
            #expect(requests.first?.headers["authorization"] == "Bearer me")
            #expect(Set(requests.dropFirst().map(\.text)) == ["{\"id\":\"1\"}", "{\"id\":\"2\"}"])
        }
    }

    @Test("Records go to a graph by a statement in a file")
    func graphs() async throws {
        let bench = try await CommandLineBench()
        try "id\n1\n".write(toFile: bench.path("c.csv"), atomically: true, encoding: .utf8)
        let statement = "UNWIND $batch AS row MERGE (n:N {id: row.id})"
        let file = bench.path("c.cypher")
        try statement.write(toFile: file, atomically: true, encoding: .utf8)
        try await withHTTPServer { _, _ in
            .init(202, text: "{\"counters\": {\"nodesCreated\": 1}}")
        } _: { server in
            let words = ["load", bench.path("c.csv"), "--to", "cypher:\(server.url)/g"]
            let without = await run(bench, words, [:])
            #expect(without.errors.contains("give --cypher FILE"))
            let load = await run(
                bench,
                words + ["--cypher", file],
                ["NEO4J_USERNAME": "neo4j", "NEO4J_PASSWORD": "hidden"]
            )
            #expect(load.status == .done, "\(load.errors)")
            #expect(load.output.contains(#/nodes_created +1/#))
            #expect(server.requests.last?.target == "/db/g/query/v2")
            #expect(server.requests.last?.text.contains("hidden") == false)
        }
    }

    @Test(
        "What does not fit together says what to do",
        arguments: [
            ("load gs://shop/in/ --to none", "tranche register gs://shop/in/"),
            ("load gs://shop/data --to none", "give csv:gs://shop/data or jsonl:gs://shop/data"),
            ("load c.csv --to webhook:here", "give https://"),
            ("load c.csv --to none --each", "--each goes with webhook:"),
            ("load c.csv --to none --cypher c.cypher", "the file cannot be read"),
            ("load c.csv --to cypher:bolt://h", "give http://host:7474/database"),
            ("load c.csv --to webhook:https://u:secret@h/", "put the URL into TRANCHE_SINK"),
            ("register http://shop/ --table t", "give gs://bucket/name"),
            ("register gs://shop/in/", "--table"),
        ]
    )
    func badInput(line: String, message: String) async throws {
        let bench = try await CommandLineBench()
        let outcome = await bench.run(line.split(separator: " ").map(String.init))
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }
}
