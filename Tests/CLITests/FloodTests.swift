import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

/// What nobody should send, and a server that stays what it was: `flood_server.py` sends it.
@Suite("A server under floods", .serialized, .timeLimit(.minutes(15))) struct FloodTests {
    /// What the script tells.
    private struct Outcome: Decodable {
        struct Held: Decodable {
            var files: Int
            var threads: Int
        }

        var counts: [String: Int]
        var steady: Int
        var cut: Int
        var before: Held
        var after: Held
        var errors: [String]
    }

    /// How many requests are made at random.
    private static let requests: Int = {
        let named = ProcessInfo.processInfo.environment["TRANCHE_TEST_FLOOD"]
        return named.flatMap { Int($0) } ?? 20_000
    }()

    private static let pipeline = """
        budgets: {api: {batches: 4}}
        jobs:
          thumbs: {source: files, count: 1, handler: rest, policy: {backoff: 0s, max_attempts: 2}}
          steady: {source: steady, count: 1, handler: rest, policy: {lease: 300s}}

        """

    /// Makes the lines of three callers, and a file of their tokens.
    private func makeTokens(_ bench: CommandLineBench) async throws {
        var (lines, tokens) = ("", "")
        let roles = ["--role", "look", "--role", "work", "--role", "operate"]
        for (name, jobs) in [
            ("limited", ["--job", "thumbs"]), ("all", []), ("steady", ["--job", "steady"]),
        ] {
            let made = await bench.run(["serve", "--new-token", name] + roles + jobs)
            lines += made.output
            tokens += try #require(made.errors.firstMatch(of: #/tranche_[0-9a-f]+/#)).output + "\n"
        }
        try bench.write(lines, to: "tokens")
        try bench.write(tokens, to: "secrets")
    }

    @Test("Floods of requests, halves, garbage and what never ends leave nothing behind")
    func floods() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE steady (uid INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT, weight REAL);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
            INSERT INTO steady SELECT i, 'x', 1 FROM n
            """
        )
        try await makeTokens(bench)
        try bench.write(Self.pipeline, to: "pipeline.yaml")
        let port = try LocalListener.freePort()
        let server = try Executable(Executable.tranche.path).start(
            [
                "serve", "--listen", "127.0.0.1:\(port)", "--tokens", bench.path("tokens"),
                "--pipeline", bench.path("pipeline.yaml"),
            ],
            environment: bench.environment
        )
        defer { server.send(SIGKILL) }
        try await LocalListener.waitForSomebody(on: port)
        let seed = UInt32.random(in: 0...UInt32.max)
        print("the seed of this flood is \(seed)")
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "flood_server.py").path
        let seen = try await Executable("/usr/bin/python3").run([
            script, "127.0.0.1:\(port)", "\(server.number)", bench.path("secrets"),
            "\(Self.requests)", "\(seed)",
        ])
        #expect(seen.code == 0, "seed \(seed): \(seen.errors)")
        let outcome = try JSONDecoder().decode(Outcome.self, from: Data(seen.output.utf8))
        #expect(outcome.errors == [], "seed \(seed)")
        #expect(outcome.counts["200", default: 0] > Self.requests / 10)
        #expect(outcome.counts["400", default: 0] > Self.requests / 50)
        #expect(outcome.counts["500"] == nil)
        #expect(outcome.cut > 400)
        #expect(outcome.steady > 20, "the worker beside has waited")
        // Each of its batches has ended as it said, once.
        let kept = try bench.rows(
            "SELECT status, count(*), max(attempt) FROM inventory WHERE job = 'steady' GROUP BY 1"
        )
        #expect(kept == ["succeeded|\(outcome.steady)|1"])
        server.send(SIGTERM)
        let end = await server.outcome()
        #expect(end.code == 0, "\(end.errors)")
        #expect(!end.errors.contains("Fatal"))
    }
}
