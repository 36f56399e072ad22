import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Keys on the command line", .timeLimit(.minutes(10))) struct KeyTests {
    private static let job = ["--job", "j", "--meta", "files", "--key", "customer"]

    /// A bench whose ten items are of three customers and of none.
    private func makeBench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            ALTER TABLE files ADD COLUMN customer TEXT;
            UPDATE files SET customer = CASE
                WHEN uid <= 4 THEN 'anna' WHEN uid <= 6 THEN NULL WHEN uid <= 9 THEN 'ben' ELSE 'c'
            END;
            """
        )
        return bench
    }

    private func acquire(
        _ bench: CommandLineBench,
        _ more: String...
    ) async -> CommandLineBench.Outcome {
        await bench.run(["acquire"] + Self.job + more)
    }

    @Test("Batches are cut at the borders of a key, which is shown with them")
    func borders() async throws {
        let bench = try await makeBench()
        let first = await acquire(bench)
        #expect(first.status == .done, "\(first.errors)")
        #expect(first.output.contains("ids 1...4, 4 items"), "\(first.output)")
        #expect(first.output.contains("weight 100, key anna, held for"), "\(first.output)")
        let second = await acquire(bench, "--json")
        #expect(second.output.contains(#""count":2,"weight":110,"key":null,"from":null"#))
        let third = await acquire(bench, "--json")
        #expect(third.output.contains(#""key":"ben","from":null,"#), "\(third.output)")
        #expect(!third.output.contains(#""item":"/data/7","weight":70,"key""#))
        let batches = await bench.run("batches")
        for words in ["key anna, held by", "key NULL, held by", "key ben, held by"] {
            #expect(batches.output.contains(words), "\(batches.output)")
        }
        let json = await bench.run("batches", "--json")
        #expect(json.output.contains(#""key":"anna","from":null,"to":null}"#), "\(json.output)")
        let status = await bench.run("status")
        #expect(
            status.output.contains("job 'j' on 'files' is cut by the key customer\n"),
            "\(status.output)"
        )
    }

    @Test("So many batches of a key are held, which is changed, shown and kept")
    func limits() async throws {
        let bench = try await makeBench()
        let begin = ["--count", "1", "--per-key", "1"]
        let first = await bench.run(["acquire"] + Self.job + begin)
        #expect(first.status == .done, "\(first.errors)")
        let full = await acquire(bench, "--count", "1")
        #expect(full.status == .nothingNow)
        #expect(
            full.errors.contains(
                "limited by key 'anna': as many batches of it are held as may be of a key"
            ),
            "\(full.errors)"
        )
        let set = await bench.run("set", "--job", "j", "--per-key", "2", "--reason", "the night")
        #expect(set.output == "job 'j' on 'files': at most 2 batches per customer\n")
        #expect(await acquire(bench, "--count", "1").status == .done)
        #expect(await acquire(bench, "--count", "1").status == .nothingNow)
        let status = await bench.run("status")
        let words = "is cut by the key customer, at most 2 batches of one at once"
        #expect(status.output.contains(words), "\(status.output)")
        let json = await bench.run("status", "--json")
        #expect(json.output.contains(#""key":"customer","per_key":2"#), "\(json.output)")
        let ended = await bench.run("set", "--job", "j", "--no-per-key", "--json")
        #expect(ended.output.hasSuffix(#""key":"customer","per_key":null}"# + "\n"))
        #expect(await acquire(bench, "--count", "1").status == .done)
        let changes = await bench.run("changes", "--job", "j")
        let lines = changes.output.split(separator: "\n")
        #expect(lines.count == 4, "\(lines)")
        #expect(lines[2].contains("per key") && lines[2].hasSuffix("the night"), "\(lines)")
        let again = await bench.run(["acquire"] + Self.job + begin)
        #expect(again.errors.contains("keeps its limits"), "\(again.errors)")
    }

    @Test(
        "Limits of which one is refused change nothing",
        arguments: [["--per-key", "2"], ["--priority", "1001"], ["--budget", "none"]]
    )
    func refused(option: [String]) async throws {
        let bench = try await CommandLineBench()
        let first = await bench.run("acquire", "--job", "j", "--meta", "files", "--count", "1")
        #expect(first.status == .done, "\(first.errors)")
        let set = await bench.run(["set", "--job", "j", "--parallelism", "1"] + option)
        #expect(set.status != .done)
        let changes = await bench.run("changes", "--job", "j", "--json")
        #expect(changes.output == "{\"changes\":[]}\n", "\(changes)")
        #expect(try bench.rows("SELECT count(*) FROM inventory_budget") == ["0"])
    }

    @Test("A run refuses another key than it was begun with, and names both")
    func anotherKey() async throws {
        let bench = try await makeBench()
        #expect(await acquire(bench).status == .done)
        for (more, words) in [
            (["--key", "item"], "key column item instead of customer"),
            (
                ["--run", "r", "--from", "1", "--key", "item"],
                "key column item instead of customer"
            ),
        ] {
            let other = await bench.run(["acquire", "--job", "j", "--meta", "files"] + more)
            #expect(other.status != .done)
            #expect(other.errors.contains(words), "\(other.errors)")
            #expect(other.errors.contains("or another job name"), "\(other.errors)")
        }
        // What has to read the source finds the key by itself.
        let redefined = await bench.run("redefine", "--job", "j", "--where", "uid < 9")
        #expect(redefined.status == .done, "\(redefined.errors)")
        let next = await bench.run(["acquire"] + Self.job + ["--where", "uid < 9"])
        #expect(next.output.contains("key NULL"), "\(next.errors)")
        #expect(await bench.run("audit", "--job", "j").status == .done)
    }

    @Test("Programs work on the batches of a key one by one, and on all of them")
    func work() async throws {
        let bench = try await makeBench()
        let worked = await bench.run(
            ["work"] + Self.job
                + ["--per-key", "1", "--count", "1", "--workers", "3", "--drain", "--", "true"]
        )
        #expect(worked.status == .done, "\(worked.errors)")
        let done = "SELECT count(*) FROM inventory WHERE status = 'succeeded'"
        #expect(try bench.rows(done) == ["10"])
        let keys = "SELECT coalesce(item_key, '-'), count(*) FROM inventory GROUP BY 1 ORDER BY 1"
        #expect(try bench.rows(keys) == ["-|2", "anna|4", "ben|3", "c|1"])
    }

    @Test("A workflow names its key, and how many of one are held")
    func workflow() async throws {
        let bench = try await makeBench()
        try bench.write(
            """
            {"job": "w", "source": {"at": "files", "key": "customer"}, "program": ["true"],
             "count": 1, "per_key": 1}
            """,
            to: "w.json"
        )
        let started = await bench.run("workflow", "start", bench.path("w.json"))
        #expect(started.status == .done, "\(started.errors)")
        let status = await bench.run("status", "--json")
        #expect(status.output.contains(#""key":"customer","per_key":1"#), "\(status.output)")
        try bench.write(
            #"{"job": "w", "source": "files", "program": ["true"], "count": 1, "per_key": 1}"#,
            to: "x.json"
        )
        let refused = await bench.run("workflow", "start", bench.path("x.json"))
        #expect(refused.errors.contains("per_key needs the column"), "\(refused.errors)")
    }

    @Test("A key that is too long is refused once it comes, with what to do")
    func longKey() async throws {
        let bench = try await makeBench()
        try bench.execute("UPDATE files SET customer = printf('%.*c', 1025, 'x') WHERE uid = 3")
        #expect(await acquire(bench).output.contains("ids 1...2"))
        let refused = await acquire(bench)
        #expect(refused.status == .failed)
        let words = "id 3 of 'files' has a key of 1025 bytes; keys have at most 1024. Mend it"
        #expect(refused.errors.contains(words), "\(refused.errors)")
    }

    @Test("A plan is cut by the key, too")
    func plan() async throws {
        let bench = try await makeBench()
        let plan = await bench.run(["plan"] + Self.job)
        #expect(plan.output.contains("4 batches"), "\(plan.output)")
    }

    @Test(
        "Wrong input is refused with what to give",
        arguments: [
            ("acquire --job k --meta files --key none", "has no column 'none' for the key"),
            ("acquire --job k --meta files --per-key 1", "name the column, or limit all batches"),
            ("acquire --job k --meta files --key customer --per-key 0", "--per-key"),
            ("acquire --job k --meta csv:x.csv --key customer", "goes with a table, not with"),
            ("acquire --job k --meta inventory:j --key customer", "goes with a table, not with"),
            (
                "acquire --job k --meta mongodb://h/d.c --key customer",
                "goes with a table, not with"
            ),
            ("set --job j --per-key 2 --no-per-key", "contradict each other"),
            ("set --job j", "--per-key, --no-per-key"),
            ("set --job plain --per-key 2", "was begun without a key column"),
        ]
    )
    func badInput(line: String, message: String) async throws {
        let bench = try await makeBench()
        _ = await acquire(bench)
        _ = await bench.run("acquire", "--job", "plain", "--meta", "files")
        let outcome = await bench.run(line.split(separator: " ").map(String.init))
        #expect([.usage, .failed].contains(outcome.status))
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }
}
