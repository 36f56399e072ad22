import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

@Suite("Containers that are left behind, on the command line", .timeLimit(.minutes(5)))
struct ReapTests {
    static var engine: String? {
        ProcessInfo.processInfo.environment["TRANCHE_TEST_CONTAINERS"].flatMap {
            $0.isEmpty ? nil : $0
        }
    }

    @Test("An address that is none, and a pipeline without containers, are refused")
    func refused() async throws {
        let bench = try await CommandLineBench()
        let address = await bench.run("reap", "--engine", "ssh://somewhere", "--dry-run")
        #expect(address.status == .usage)
        #expect(address.errors.contains("--engine 'ssh://somewhere'"), "\(address.errors)")
        try bench.write(
            """
            inputs: {nightly: {type: schedule, cron: '0 2 * * *'}}
            processes: {p: {type: program, command: [cat]}}
            links: [nightly -> p]
            """,
            to: "p.yaml"
        )
        let file = await bench.run("reap", "--pipeline", bench.path("p.yaml"))
        #expect(file.status == .usage)
        #expect(file.errors.contains("has no process of type container"), "\(file.errors)")
    }

    /// An engine with a container at work and one that failed, neither of which anybody holds.
    private func withLeftContainers(
        fromBatch first: Int = 90,
        _ body: (LocalHTTPServer, String) async throws -> Void
    ) async throws {
        let failedAt = Date(timeIntervalSinceNow: -3600).formatted(.iso8601)
        try await withHTTPServer({ request, _ in
            let path = request.target.prefix { $0 != "?" }
            if path.hasSuffix("/_ping") { return .init(200, headers: ["Api-Version": "1.44"]) }
            if path.hasSuffix("/containers/json") {
                let entries = ["busy", "failed"].enumerated().map { place, name in
                    let labels = #"{"tranche.batch": "\#(first + place)", "tranche.attempt": "1"}"#
                    return #"{"Id": "\#(name)", "Names": ["/\#(name)"], "Labels": \#(labels)}"#
                }
                return .init(200, text: "[\(entries.joined(separator: ", "))]")
            }
            guard request.method == "GET" else { return .init(204) }
            let state =
                path.hasSuffix("/busy/json")
                ? #"{"Status": "running", "ExitCode": 0}"#
                : #"{"Status": "exited", "ExitCode": 1, "FinishedAt": "\#(failedAt)"}"#
            return .init(200, text: #"{"Id": "c", "State": \#(state), "Config": {}}"#)
        }) { server in
            try await body(server, server.url.replacing("http://", with: "tcp://"))
        }
    }

    @Test("What would be removed, was removed, and is kept for its logs is said in these words")
    func actions() async throws {
        let bench = try await CommandLineBench()
        try await withLeftContainers { server, engine in
            let reap = ["reap", "--engine", engine]
            func line(_ name: String, _ text: String) -> String {
                text.split(separator: "\n").first { $0.contains(name) }.map(String.init) ?? ""
            }
            let kept = "kept 7 days for its logs, as it failed"
            let dry = await bench.run(reap + ["--dry-run"])
            #expect(dry.status == .done, "\(dry.errors)")
            #expect(line("busy", dry.output).contains("would remove"), "\(dry.output)")
            #expect(line("failed ", dry.output).contains(kept), "\(dry.output)")
            let asked = await bench.run(reap) { _ in "n" }
            #expect(asked.status == .failed)
            #expect(line("busy", asked.errors).contains("would remove"), "\(asked.errors)")
            #expect(!server.requests.contains { $0.method == "DELETE" })
            let removed = await bench.run(reap + ["--yes"])
            #expect(removed.status == .done, "\(removed.errors)")
            #expect(line("busy", removed.output).contains("removed"), "\(removed.output)")
            #expect(line("failed ", removed.output).contains(kept), "\(removed.output)")
            #expect(server.requests.filter { $0.method == "DELETE" }.count == 1)
        }
    }

    @Test("One at work whose lease alone has just ended is spared: its worker may go on")
    func spared() async throws {
        let bench = try await CommandLineBench()
        let acquired = await bench.run("acquire", "--job", "j", "--meta", "files", "--count", "1")
        try #require(acquired.status == .done, "\(acquired.errors)")
        try await withLeftContainers(fromBatch: 1) { server, engine in
            let reap = ["reap", "--engine", engine, "--json", "--yes"]
            func end(lease seconds: Double) throws {
                let end = Int64((Date().timeIntervalSince1970 - seconds) * 1000)
                try bench.execute("UPDATE inventory SET lease_expires_at = \(end)")
            }
            try end(lease: 0)
            let spared = await bench.run(reap)
            #expect(spared.status == .done, "\(spared.errors)")
            #expect(spared.output.contains(#""action":"spared""#), "\(spared.output)")
            #expect(!server.requests.contains { $0.method == "DELETE" })
            try end(lease: 600)
            let removed = await bench.run(reap)
            #expect(removed.output.contains(#""action":"removed""#), "\(removed.output)")
            #expect(server.requests.filter { $0.method == "DELETE" }.count == 1)
        }
    }

    @Test("Programs are told each action by a word")
    func words() {
        #expect(ReapAction(isDue: true, isRemoved: nil).rawValue == "would_remove")
        #expect(ReapAction(isDue: true, isRemoved: true).rawValue == "removed")
        #expect(ReapAction(isDue: true, isRemoved: false).rawValue == "not_removed")
        #expect(ReapAction(isDue: false, isRemoved: nil).rawValue == "kept")
        #expect(ReapAction(isDue: false, isRemoved: false).rawValue == "kept")
    }

    @Test("Where nothing is left behind, that is said", .enabled(if: ReapTests.engine != nil))
    func nothing() async throws {
        let bench = try await CommandLineBench()
        let engine = try #require(Self.engine)
        let found = await bench.run("reap", "--engine", engine)
        #expect(found.status == .done, "\(found.errors)")
        #expect(found.output == "")
        #expect(found.errors.contains("no container is left behind"), "\(found.errors)")
        let json = await bench.run("reap", "--engine", engine, "--json", "--yes")
        #expect(json.output == #"{"dry_run":false,"containers":[]}"# + "\n")
    }
}
