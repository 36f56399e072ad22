import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

/// The metrics of a server, as a Prometheus takes them that asks for them.
@Suite("Prometheus asks a server for its metrics", .timeLimit(.minutes(5))) struct ScrapeTests {
    /// `prometheus`, where it is.
    private static let prometheus: String? = {
        let named = ProcessInfo.processInfo.environment["TRANCHE_TEST_PROMETHEUS"]
        let found = [named ?? "/usr/bin/prometheus"]
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        if found == nil {
            print("prometheus is not here (Debian package prometheus): nobody asks for metrics")
        }
        return found
    }()

    /// What Prometheus answers to a query.
    private struct Answer: Decodable {
        struct Outcome: Decodable {
            var result: [Sample]
        }

        struct Sample: Decodable {
            var metric: [String: String]
            var value: [Value]
        }

        /// A time, which is a number, or a value, which is a text.
        enum Value: Decodable {
            case time, text(String)

            init(from decoder: any Decoder) throws {
                let value = try decoder.singleValueContainer()
                self = (try? value.decode(String.self)).map { .text($0) } ?? .time
            }
        }

        var data: Outcome

        var values: [String] {
            data.result.compactMap { sample in
                if case .text(let text) = sample.value.last { text } else { nil }
            }
        }
    }

    /// Targets as Prometheus sees them.
    private struct Targets: Decodable {
        struct Active: Decodable {
            struct Target: Decodable {
                var scrapePool: String
                var health: String
                var lastError: String
            }

            var activeTargets: [Target]
        }

        var data: Active
    }

    /// A running Prometheus.
    private struct Asker {
        let url: String

        private func get<T: Decodable>(_ type: T.Type, _ arguments: [String]) async throws -> T? {
            let curl = Executable("/usr/bin/curl")
            // Until it is ready it answers 503, in words.
            let outcome = try await curl.run(["-sSf", "-m", "20", "-G"] + arguments)
            guard outcome.code == 0 else { return nil }
            return try JSONDecoder().decode(type, from: Data(outcome.output.utf8))
        }

        func values(_ query: String) async throws -> [String] {
            let arguments = ["\(url)/api/v1/query", "--data-urlencode", "query=\(query)"]
            return try await get(Answer.self, arguments)?.values ?? []
        }

        func target(_ pool: String) async throws -> Targets.Active.Target? {
            try await get(Targets.self, ["\(url)/api/v1/targets"])?.data.activeTargets
                .first { $0.scrapePool == pool }
        }
    }

    private func start(
        _ bench: CommandLineBench,
        asking server: UInt16
    ) async throws -> (RunningProgram, Asker) {
        let port = try LocalListener.freePort()
        try bench.write(
            """
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs:
              - job_name: tranche
                metrics_path: /tranche/metrics
                authorization: {credentials_file: "\(bench.path("token"))"}
                static_configs: [{targets: ["127.0.0.1:\(server)"]}]
              - job_name: stranger
                metrics_path: /tranche/metrics
                static_configs: [{targets: ["127.0.0.1:\(server)"]}]
            """,
            to: "prometheus.yml"
        )
        let running = try Executable(try #require(Self.prometheus)).start([
            "--config.file=\(bench.path("prometheus.yml"))",
            "--storage.tsdb.path=\(bench.path("prometheus"))",
            "--web.listen-address=127.0.0.1:\(port)", "--log.level=warn",
        ])
        try await LocalListener.waitForSomebody(on: port)
        return (running, Asker(url: "http://127.0.0.1:\(port)"))
    }

    private func serve(_ bench: CommandLineBench, on port: UInt16) async throws -> RunningProgram {
        let made = await bench.run("serve", "--new-token", "prometheus", "--role", "look")
        let token = try #require(made.errors.firstMatch(of: #/tranche_[0-9a-f]+/#)).output
        try bench.write(made.output, to: "tokens")
        try bench.write(String(token), to: "token")
        let running = try Executable(Executable.tranche.path).start(
            [
                "serve", "--listen", "127.0.0.1:\(port)", "--tokens", bench.path("tokens"),
                "--base", "/tranche",
            ],
            environment: bench.environment
        )
        try await LocalListener.waitForSomebody(on: port)
        return running
    }

    @Test(
        "Each sample arrives with its value, and what changes; without a token there is none",
        .enabled(if: prometheus != nil)
    )
    func scraping() async throws {
        let bench = try await CommandLineBench()
        let job = #"a "b" \c"#
        let acquire = ["acquire", "--job", job, "--meta", "files", "--count", "2"]
        for _ in 1...2 { #expect(await bench.run(acquire).status == .done) }
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        let served = try LocalListener.freePort()
        let server = try await serve(bench, on: served)
        defer { server.send(SIGKILL) }
        let (running, asker) = try await start(bench, asking: served)
        defer { running.send(SIGKILL) }

        let done = #"tranche_batches_succeeded_total{job_name="a \"b\" \\c"}"#
        #expect(try await eventually { try await asker.values(done) == ["1"] })
        #expect(try await asker.target("tranche")?.health == "up")
        #expect(try await asker.values(#"tranche_backlog_items{source="files"}"#) == ["6"])
        // It drops what it does not take without a word: a doubled series, an old sample.
        let printed = await bench.run("metrics").output.split(separator: "\n")
            .filter { !$0.hasPrefix("#") }.count
        let taken = try await asker.values(#"count({__name__=~"tranche_.+"})"#)
        #expect(taken == ["\(printed)"])

        #expect(await bench.run("succeed", "2", "--attempt", "1").status == .done)
        #expect(try await eventually { try await asker.values(done) == ["2"] })
        #expect(try await asker.target("tranche")?.lastError == "")
        let stranger = try await asker.target("stranger")
        #expect(stranger?.health == "down")
        #expect(stranger?.lastError.contains("401") == true)
    }
}
