import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Probes on the command line", .timeLimit(.minutes(10))) struct ProbeCommandTests {
    private static let job = ["--job", "j", "--meta", "files"]

    private func acquire(_ bench: CommandLineBench) async -> CommandLineBench.Outcome {
        await bench.run(["acquire"] + Self.job + ["--count", "1"])
    }

    @Test("A query of the inventory's own database holds a run back until it says so")
    func query() async throws {
        let bench = try await CommandLineBench()
        #expect(await acquire(bench).status == .done)
        try bench.execute("CREATE TABLE lag (seconds REAL); INSERT INTO lag VALUES (90)")
        let sql = "SELECT seconds < 30, 'lag of ' || seconds || ' s' FROM lag"
        let set = await bench.run("probe", "set", "lag", "--sql", sql, "--job", "j")
        #expect(set.status == .done, "\(set.errors)")
        #expect(set.output.contains("not asked yet: holds back"))
        let held = await acquire(bench)
        #expect(held.status == .nothingNow)
        #expect(held.errors.contains("held: probe 'lag' holds back: lag of 90.0 s; until"))
        #expect(await bench.run("probe", "show", "lag").output.contains("holds back: lag of 90.0"))
        try bench.execute("UPDATE lag SET seconds = 3")
        let asked = await bench.run("probe", "ask", "lag")
        #expect(asked.status == .done)
        #expect(asked.output == "go on: lag of 3.0 s\n")
        // Asked anew since it is another question.
        _ = await bench.run("probe", "set", "lag", "--sql", sql, "--job", "j", "--every", "1m")
        #expect(await acquire(bench).status == .done)
        #expect(await bench.run("probe", "remove", "lag").output == "probe 'lag' is removed\n")
        #expect(await bench.run("probe", "list").errors.contains("there is no probe yet"))
        let changes = await bench.run("changes", "--job", "j").output
        #expect(changes.contains("probe lag"), "\(changes)")
    }

    @Test("A probe that is not there is none, as a budget that is not there")
    func unknown() async throws {
        let bench = try await CommandLineBench()
        for action in ["show", "ask", "remove"] {
            let outcome = await bench.run("probe", action, "nope")
            #expect(outcome.status == .failed, "\(action)")
            #expect(outcome.errors.contains("'tranche probe list' lists"), "\(outcome.errors)")
        }
    }

    @Test("A window's zone may be one without a region")
    func plainZone() async throws {
        let bench = try await CommandLineBench()
        _ = await bench.run("budget", "set", "b", "--batches", "8")
        let set = ["probe", "set", "w", "--budget", "b", "--window", "08:00-09:00", "--zone"]
        for zone in ["CET", "EST5EDT", "GB-Eire", "Japan"] {
            let outcome = await bench.run(set + [zone])
            #expect(outcome.status == .done, "\(zone): \(outcome.errors)")
        }
        for zone in ["GMT+3", "GMT-0", "IST", "cet", "Factory"] {
            let outcome = await bench.run(set + [zone])
            #expect(outcome.errors.contains("is not a time zone"), "\(zone): \(outcome.errors)")
        }
    }

    @Test("A probe's query cannot write, and what is wrong with it is told")
    func reading() async throws {
        let bench = try await CommandLineBench()
        _ = await bench.run("budget", "set", "b", "--batches", "8")
        let wrong = [
            ("DELETE FROM files", "readonly"), ("SELECT missing FROM files", "no such column"),
            ("SELECT 'perhaps'", "the query says 'perhaps'"),
        ]
        for (sql, words) in wrong {
            _ = await bench.run("probe", "set", "p", "--sql", sql, "--budget", "b")
            let asked = await bench.run("probe", "ask", "p")
            #expect(asked.errors.contains(words), "\(asked)")
            #expect(asked.status == .tryAgain, "\(asked)")
        }
        #expect(await acquire(bench).status == .done)
    }

    @Test("An address holds back a budget by its status, and says when to ask again")
    func address() async throws {
        try await withHTTPServer { request, _ in
            request.target == "/ok"
                ? LocalHTTPServer.Reply(204)
                : LocalHTTPServer.Reply(503, text: "busy", headers: ["Retry-After": "120"])
        } _: { server in
            let bench = try await CommandLineBench()
            _ = await bench.run("budget", "set", "api", "--batches", "8")
            _ = await acquire(bench)
            _ = await bench.run("set", "--job", "j", "--budget", "api")
            let url = server.url
            _ = await bench.run("probe", "set", "api", "--http", "\(url)/busy", "--budget", "api")
            let held = await acquire(bench)
            #expect(held.status == .nothingNow)
            #expect(held.errors.contains("busy answered 503"), "\(held)")
            _ = await bench.run("probe", "set", "api", "--http", "\(url)/ok", "--budget", "api")
            #expect(await acquire(bench).status == .done)
            let document = await bench.run("probe", "list", "--json").output
            #expect(document.contains(#""open":true,"reason":"\#(url)/ok answered 204""#))
        }
    }

    @Test(
        "What cannot be is refused with what to do",
        arguments: [
            (["set", "p", "--budget", "b"], "give --sql, --http or --window"),
            (["set", "p", "--sql", "SELECT 1"], "give --budget, or the run"),
            (["set", "p", "--sql", "SELECT 1", "--http", "http://h", "--budget", "b"], "give one"),
            (["set", "p", "--window", "22:00-06:00", "--budget", "b"], "--zone is missing"),
            (
                ["set", "p", "--zone", "UTC", "--http", "http://h", "--budget", "b"],
                "with --window"
            ),
            (["set", "p", "--database", "x", "--http", "http://h", "--budget", "b"], "with --sql"),
            (["set", "p", "--http", "ftp://h", "--budget", "b"], "give http://… or https://…"),
            (["set", "p", "--http", "http://u:geheim@h", "--budget", "b"], "give no password"),
            (["set", "p", "--http", "http://h", "--budget", "none"], "there is no budget 'none'"),
            (["set", "p", "--http", "http://h", "--job", "none"], "there is no"),
            (["set", "p", "--http", "http://h", "--budget", "b", "--every", "0s"], "1 s to 24 h"),
            (["list", "p"], "lists all"), (["show"], "NAME"), (["ask", "p"], "no probe 'p'"),
            (["remove", "p"], "no probe 'p'"), (["ask", "p", "--budget", "b"], "with 'probe set'"),
        ]
    )
    func refused(_ arguments: [String], _ words: String) async throws {
        let bench = try await CommandLineBench()
        _ = await bench.run("budget", "set", "b", "--batches", "8")
        let outcome = await bench.run(["probe"] + arguments)
        #expect(outcome.status != .done)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(!outcome.errors.contains("geheim"), "\(outcome.errors)")
    }
}
