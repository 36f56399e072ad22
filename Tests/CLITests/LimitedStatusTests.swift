import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("What status tells of runs that get nothing", .timeLimit(.minutes(10)))
struct LimitedStatusTests {
    private static let acquire = ["acquire", "--job", "j", "--meta", "files"]

    /// Commands that close a budget or a run, what the document has of it then, and the words.
    private static let closings: [([[String]], String, String)] = [
        (
            [["budget", "pause", "api", "--reason", "do not touch"]],
            #"{"budget":"api","since":null,"reason":"paused: do not touch","until":null}"#,
            "gets nothing under budget 'api': paused: do not touch"
        ),
        (
            [["budget", "park", "api", "--for", "5m", "--reason", "429"]],
            #"{"budget":"api","since":null,"reason":"parked: 429","until":"2"#,
            "gets nothing under budget 'api': parked: 429; tried again in "
        ),
        (
            [["budget", "set", "api", "--batches", "0"]],
            #"{"budget":"api","since":null,"reason":"0 batches are allowed","until":null}"#,
            "gets nothing under budget 'api': 0 batches are allowed"
        ),
        (
            [["set", "--job", "j", "--parallelism", "0"]],
            #"{"budget":null,"since":null,"reason":"a parallelism of 0","until":null}"#,
            "gets nothing: a parallelism of 0"
        ),
        (
            [
                ["probe", "set", "p", "--budget", "api", "--sql", "SELECT 0, 'shut'"],
                acquire,
            ],
            #"{"budget":"api","since":null,"reason":"probe 'p' holds back: shut","until":"2"#,
            "gets nothing under budget 'api': probe 'p' holds back: shut; tried again in "
        ),
        (
            [["probe", "set", "p", "--job", "j", "--sql", "SELECT 0, 'shut'"], acquire],
            #"{"budget":null,"since":null,"reason":"probe 'p' holds back: shut","until":"2"#,
            "gets nothing: probe 'p' holds back: shut; tried again in "
        ),
    ]

    /// A run that has done six of ten items, and whose others wait.
    private func begun() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        #expect(await bench.run("budget", "set", "api", "--batches", "2").status == .done)
        let first = Self.acquire + ["--count", "6", "--budget", "api"]
        #expect(await bench.run(first).status == .done)
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        let json = await bench.run("status", "--json").output
        #expect(json.contains(#""state":"ready""#), "\(json)")
        #expect(json.contains(#""waiting_for":[]"#), "\(json)")
        #expect(json.contains(#""drains_in":{"shortest_s":"#), "\(json)")
        let check = await bench.run("status", "--check")
        #expect(check.output.hasPrefix("all is well: 1 run, 4 items"), "\(check.output)")
        return bench
    }

    @Test(
        "A run under a budget that lets nothing in is limited, and does not drain",
        arguments: closings
    )
    func closed(commands: [[String]], json: String, words: String) async throws {
        let bench = try await begun()
        for command in commands { _ = await bench.run(command) }
        let document = await bench.run("status", "--json").output
        #expect(document.contains(#""state":"limited""#), "\(document)")
        #expect(document.contains(#""waiting_for":["# + json), "\(document)")
        #expect(document.contains(#""drains_in":null"#), "\(document)")
        let status = await bench.run("status").output
        #expect(status.contains("job 'j' on 'files' \(words)"), "\(status)")
        let check = await bench.run("status", "--check")
        #expect(check.status == .done)
        #expect(check.output.hasPrefix("nothing is wrong, but not all goes on: 1 run, 4 items"))
        #expect(check.output.contains("\njob 'j' on 'files' \(words)"), "\(check.output)")
        #expect(await bench.run("status", "--check", "--max-backlog", "1").status == .failed)
    }

    @Test("A workflow under such a budget is limited, as status says it", arguments: closings)
    func workflow(commands: [[String]], json: String, words: String) async throws {
        let bench = try await CommandLineBench()
        #expect(await bench.run("budget", "set", "api", "--batches", "2").status == .done)
        let text = #"{"job":"j","source":"files","count":3,"program":["true"],"budgets":["api"]}"#
        try bench.write(text, to: "w.json")
        let begun = await bench.run("workflow", "start", bench.path("w.json"))
        #expect(begun.status == .done, "\(begun.errors)")
        let show = ["workflow", "show", "--job", "j"]
        let idle = await bench.run(show).output
        #expect(idle.contains(", generation 1: idle\n"), "\(idle)")
        for command in commands { _ = await bench.run(command) }
        let phrase = words.prefix { $0 != ";" }
        let limited = await bench.run(show).output
        #expect(limited.contains(", generation 1: limited (\(phrase))\n"), "\(limited)")
        let document = await bench.run(show + ["--json"]).output
        #expect(document.contains(#""state":"limited","reason":"\#(phrase)""#), "\(document)")
        let status = await bench.run("status", "--json").output
        #expect(status.contains(#""state":"limited""#), "\(status)")
    }

    @Test("A paused run does not drain, and is named where all else is well")
    func paused() async throws {
        let bench = try await begun()
        #expect(await bench.run("pause", "--job", "j", "--reason", "lunch").status == .done)
        let json = await bench.run("status", "--json").output
        #expect(json.contains(#""state":"paused""#), "\(json)")
        #expect(json.contains(#""drains_in":null"#), "\(json)")
        let check = await bench.run("status", "--check")
        #expect(check.status == .done)
        let words = "\njob 'j' on 'files' is paused: lunch\n"
        #expect(check.output.hasSuffix(words), "\(check.output)")
    }

    @Test("A budget that others fill has no room, also while nobody asks")
    func full() async throws {
        let bench = try await begun()
        let other = ["acquire", "--job", "k", "--meta", "files", "--count", "1", "--budget", "api"]
        for _ in 0..<2 { #expect(await bench.run(other).status == .done) }
        let json = await bench.run("status", "--job", "j", "--json").output
        #expect(json.contains(#""state":"limited""#), "\(json)")
        let entry = #"[{"budget":"api","since":null,"reason":"no room","until":null}]"#
        #expect(json.contains(#""waiting_for":"# + entry), "\(json)")
        let status = await bench.run("status").output
        let words = "gets nothing under budget 'api': no room; 'tranche budget show api' tells who"
        #expect(status.contains("job 'j' on 'files' \(words)"), "\(status)")
        // The other holds what it may have.
        #expect(!status.contains("job 'k' on 'files' gets"), "\(status)")
        let holder = await bench.run("status", "--job", "k", "--json").output
        #expect(holder.contains(#""state":"running""#), "\(holder)")
    }

    @Test("Why a probe cannot be asked is told by the first answer, and is a finding")
    func unreached() async throws {
        let bench = try await begun()
        let set = ["probe", "set", "p", "--job", "j", "--sql", "SELECT missing"]
        #expect(await bench.run(set).status == .done)
        let held = await bench.run(Self.acquire)
        #expect(held.status == .nothingNow)
        #expect(held.errors.contains("probe 'p' holds back: cannot be asked: "), "\(held.errors)")
        #expect(held.errors.contains("no such column"), "\(held.errors)")
        let check = await bench.run("status", "--check")
        #expect(check.status == .failed)
        #expect(check.output.contains("cannot be asked: "), "\(check.output)")
    }

    @Test("A worker that drains waits until a probe lets go on")
    func waiting() async throws {
        let bench = try await begun()
        try bench.execute("CREATE TABLE lag (seconds REAL); INSERT INTO lag VALUES (90)")
        let sql = "SELECT seconds < 30, 'lag' FROM lag"
        let set = ["probe", "set", "lag", "--job", "j", "--sql", sql, "--every", "1s"]
        #expect(await bench.run(set).status == .done)
        let command = ["work", "--job", "j", "--meta", "files", "--count", "2", "--", "true"]
        async let work = bench.run(command)
        var isAsked = false
        for _ in 0..<1000 where !isAsked {
            try await Task.sleep(for: .milliseconds(20))
            isAsked = await bench.run("probe", "list", "--json").output.contains(#""open":false"#)
        }
        #expect(isAsked)
        try bench.execute("UPDATE lag SET seconds = 3")
        let outcome = await work
        #expect(outcome.status == .done, "\(outcome.errors)")
        let rows = "FROM inventory WHERE status = 'succeeded'"
        #expect(try bench.rows("SELECT sum(batch_count) \(rows)") == ["10"])
    }
}
