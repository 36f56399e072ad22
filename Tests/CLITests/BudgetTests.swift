import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Budgets on the command line", .timeLimit(.minutes(10))) struct BudgetTests {
    private static let job = ["--job", "j", "--meta", "files"]

    private func acquire(_ bench: CommandLineBench) async -> CommandLineBench.Outcome {
        await bench.run(["acquire"] + Self.job + ["--count", "1"])
    }

    @Test("A parallelism holds for who acquires next, is shown, and is put back")
    func parallelism() async throws {
        let bench = try await CommandLineBench()
        _ = await acquire(bench)
        let set = await bench.run(
            "set",
            "--job",
            "j",
            "--parallelism",
            "1",
            "--reason",
            "the night"
        )
        #expect(set.status == .done, "\(set.errors)")
        #expect(set.output == "job 'j' on 'files': at most 1 batch\n")
        let limited = await acquire(bench)
        #expect(limited.status == .nothingNow)
        #expect(limited.errors.contains("limited by parallelism"))
        let restored = await bench.run("restore", "--job", "j", "--json")
        let document =
            #"{"job":"j","meta":"files","run":"","parallelism":null,"budgets":[],"#
            + #""share":1,"priority":0,"key":null,"per_key":null}"#
        #expect(restored.output == document + "\n")
        #expect(await acquire(bench).status == .done)
        let changes = await bench.run("changes", "--job", "j")
        let lines = changes.output.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.last?.contains("worker-1") == true)
        #expect(lines.last?.hasSuffix("parallelism  -     1   the night") == true, "\(lines)")
    }

    @Test("A budget is made, told, lowered, parked, paused and removed")
    func budget() async throws {
        let bench = try await CommandLineBench()
        #expect(await bench.run("budget", "list").errors.contains("there is no budget yet"))
        _ = await acquire(bench)
        _ = await acquire(bench)
        let made = await bench.run(
            "budget",
            "set",
            "warehouse",
            "--batches",
            "8",
            "--weight",
            "1KiB"
        )
        #expect(made.status == .done, "\(made.errors)")
        let set = await bench.run("set", "--job", "j", "--budget", "warehouse")
        #expect(set.output == "job 'j' on 'files': under warehouse\n")
        // What is left out stays.
        #expect(await bench.run("budget", "set", "warehouse", "--batches", "1").status == .done)
        #expect(await bench.run("budget", "show", "warehouse").output.contains("1024"))
        let free = await bench.run("budget", "set", "warehouse", "--weight", "none")
        #expect(free.status == .done, "\(free.errors)")
        let shown = await bench.run("budget", "show", "warehouse")
        #expect(shown.output.contains("more is held than it allows"), "\(shown.output)")
        let json = await bench.run("budget", "list", "--json")
        #expect(
            json.output.hasPrefix(
                #"{"budgets":[{"name":"warehouse","job":null,"meta":null,"run":null,"batches":1,"#
                    + #""weight":null,"held_batches":2,"held_weight":30,"exceeded":true,"#
                    + #""excess":{"until":"2"#
            ),
            "\(json.output)"
        )
        #expect(
            json.output.hasSuffix(
                #""reason":null,"old":"batches 1 weight 1024","new":"batches 1"},"paused":null,"#
                    + #""parked_until":null,"park_reason":null,"rate_per_s":null,"burst":null,"#
                    + #""claims":[{"job":"j","meta":"files","run":"","share":1,"priority":0,"#
                    + #""held_batches":2,"held_weight":30,"waiting_since":null,"#
                    + #""waiting_weight":null}]}]}"# + "\n"
            ),
            "\(json.output)"
        )
        #expect(await acquire(bench).errors.contains("limited by warehouse"))
        let parked = await bench.run(
            "budget",
            "park",
            "warehouse",
            "--for",
            "10m",
            "--reason",
            "429"
        )
        #expect(parked.output.contains("parked, let in in 10 min (429)"), "\(parked.output)")
        #expect(await bench.run("budget", "unpark", "warehouse").status == .done)
        #expect(await bench.run("budget", "pause", "warehouse").output.contains("paused"))
        #expect(await bench.run("budget", "resume", "warehouse").status == .done)
        let refused = await bench.run("budget", "remove", "warehouse")
        #expect(refused.status == .usage)
        #expect(
            refused.errors.contains("tranche set --job j --meta files' with"),
            "\(refused.errors)"
        )
        #expect(await bench.run("set", "--job", "j", "--no-budget").status == .done)
        let removed = await bench.run("budget", "remove", "warehouse")
        #expect(removed.output == "budget 'warehouse' is removed\n")
    }

    @Test("What is set already is said to be so, and its reason to be nowhere")
    func setAgain() async throws {
        let bench = try await CommandLineBench()
        _ = await acquire(bench)
        let most = ["set", "--job", "j", "--parallelism", "2", "--priority"]
        let set = most + ["1"]
        let words = "job 'j' on 'files': at most 2 batches, priority 1"
        #expect(await bench.run(set).output == words + "\n")
        let again = words + "; it was so already, and nothing is changed"
        #expect(await bench.run(set).output == again + "\n")
        let reasoned = await bench.run(set + ["--reason", "the night"])
        #expect(reasoned.output == again + "; the reason is not recorded\n")
        // Where one of them changes, its reason is recorded.
        let part = await bench.run(most + ["2", "--reason", "the night"])
        #expect(part.output == "job 'j' on 'files': at most 2 batches, priority 2\n")
    }

    @Test("Of what is held beyond a budget is told who lowered it, why, and until when it is out")
    func excess() async throws {
        let bench = try await CommandLineBench()
        _ = await acquire(bench)
        _ = await acquire(bench)
        _ = await bench.run("budget", "set", "warehouse", "--batches", "8")
        _ = await bench.run("set", "--job", "j", "--budget", "warehouse")
        let before = await bench.run("budget", "show", "warehouse", "--json")
        #expect(before.output.contains(#""exceeded":false,"excess":null"#), "\(before.output)")
        let lower = ["budget", "set", "warehouse", "--batches", "1", "--reason", "the night"]
        #expect(await bench.run(lower).status == .done)
        let shown = await bench.run("budget", "show", "warehouse").output
        #expect(shown.contains("set the limits from 'batches 8' to 'batches 1'"), "\(shown)")
        #expect(shown.contains(" (the night); what is held beyond ends by itself"), "\(shown)")
        #expect(shown.contains("with its lease: the last of it in "), "\(shown)")
        let json = await bench.run("budget", "show", "warehouse", "--json").output
        // Once the first lease has ended, the other batch is allowed.
        let lease = try bench.rows(
            "SELECT min(lease_expires_at) FROM inventory WHERE status = 'running'"
        )
        let milliseconds = try #require(lease.first.flatMap { Int64($0) })
        let text = try #require(json.split(separator: #""excess":{"until":""#).last?.prefix(24))
        let until = try Date(
            String(text),
            strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        )
        #expect(abs(until.timeIntervalSince1970 * 1000 - Double(milliseconds)) < 2, "\(json)")
        #expect(json.contains(#""reason":"the night","old":"batches 8","new":"batches 1""#))
    }

    @Test("A budget is parked until a time")
    func parkedUntil() async throws {
        let bench = try await CommandLineBench()
        _ = await bench.run("budget", "set", "w", "--batches", "3")
        let park = { (seconds: Double) in
            let time = Date(timeIntervalSinceNow: seconds).formatted(.iso8601)
            return await bench.run("budget", "park", "w", "--until", time)
        }
        let parked = await park(605)
        #expect(parked.status == .done, "\(parked.errors)")
        #expect(parked.output.contains("parked, let in in 10 min"), "\(parked.output)")
        #expect(await park(-5).errors.contains("that time has passed"))
        #expect(await park(1000).errors.contains("--until is too late; give a time at most 15m"))
    }

    @Test("Who waits for a budget is shown with its share, and so is who holds it")
    func shares() async throws {
        let bench = try await CommandLineBench()
        _ = await acquire(bench)
        _ = await bench.run("budget", "set", "warehouse", "--batches", "1")
        let set = await bench.run(
            "set",
            "--job",
            "j",
            "--budget",
            "warehouse",
            "--share",
            "3",
            "--priority",
            "2"
        )
        #expect(set.output == "job 'j' on 'files': under warehouse, share 3, priority 2\n")
        #expect(await acquire(bench).errors.contains("limited by warehouse"))
        let shown = await bench.run("budget", "show", "warehouse")
        let line = shown.output.split(separator: "\n").last ?? ""
        let words = "job 'j' on 'files' holds 1 batch of weight 10, share 3, priority 2; has waited"
        #expect(line.hasPrefix(words), "\(line)")
        #expect(line.hasSuffix("to hand out a batch of weight 20"), "\(line)")
        #expect(await bench.run("budget", "list").output.contains("1 run waits"))
        let status = await bench.run("status")
        #expect(status.output.contains("'tranche budget show warehouse' tells who holds it"))
        let json = await bench.run("status", "--json")
        #expect(json.output.contains(#""waiting_for":[{"budget":"warehouse","since":""#))
        let changes = await bench.run("changes", "--job", "j").output
        #expect(changes.contains("share") && changes.contains("priority"), "\(changes)")
    }

    @Test("A rate is set with its burst, and shows what is left of it")
    func rates() async throws {
        let bench = try await CommandLineBench()
        _ = await acquire(bench)
        let made = await bench.run("budget", "set", "api", "--rate", "10/h", "--burst", "15")
        #expect(made.status == .done, "\(made.errors)")
        _ = await bench.run("set", "--job", "j", "--budget", "api")
        #expect(await bench.run("budget", "show", "api").output.contains("burst 15: 15 is left"))
        #expect(await acquire(bench).status == .done)
        #expect(await bench.run("budget", "show", "api").output.contains("is owed"))
        let limited = await acquire(bench)
        #expect(limited.errors.contains("limited by api until"), "\(limited.errors)")
        _ = await bench.run("budget", "set", "api", "--rate", "none")
        #expect(await acquire(bench).status == .done)
        let alone = await bench.run("budget", "set", "api", "--burst", "5")
        #expect(alone.errors.contains("no rate that a burst could go with"))
    }

    @Test("A rate that is set alone leaves the burst as it is, and both are shown")
    func keptBurst() async throws {
        let bench = try await CommandLineBench()
        let made = await bench.run("budget", "set", "x", "--rate", "5/s", "--burst", "50")
        #expect(made.output.contains("RATE"), "\(made.output)")
        #expect(made.output.contains("5/s, burst 50"), "\(made.output)")
        let other = await bench.run("budget", "set", "x", "--rate", "10/s")
        #expect(other.output.contains("10/s, burst 50"), "\(other.output)")
        _ = await bench.run("budget", "set", "y", "--batches", "3")
        let list = await bench.run("budget", "list")
        #expect(list.output.contains("10/s, burst 50"), "\(list.output)")
        // Once it has ended, another begins with a burst of its own.
        _ = await bench.run("budget", "set", "x", "--rate", "none")
        let without = await bench.run("budget", "list")
        #expect(!without.output.contains("RATE"), "\(without.output)")
        let anew = await bench.run("budget", "set", "x", "--rate", "20/s")
        #expect(anew.output.contains("20/s, burst 20"), "\(anew.output)")
    }

    @Test(
        "A rate is shown as somebody would write it",
        arguments: [
            ("500/min", "500/min"), ("1/h", "1/h"), ("1000/d", "1000/d"), ("90/min", "1.5/s"),
            ("1MiB/s", "1048576/s"), ("10/3s", "200/min"), ("0.5/s", "0.5/s"),
        ]
    )
    func rateWords(_ rate: String, _ shown: String) async throws {
        let bench = try await CommandLineBench()
        let made = await bench.run("budget", "set", "x", "--rate", rate, "--burst", "50")
        #expect(made.output.contains("  \(shown), burst 50"), "\(made.output)")
        let show = await bench.run("budget", "show", "x")
        #expect(show.output.contains("rate \(shown) burst 50: 50 is left"), "\(show.output)")
    }

    @Test("A parking that is made shorter by hand says what was before")
    func shorterParking() async throws {
        let bench = try await CommandLineBench()
        _ = await bench.run("budget", "set", "w", "--batches", "3")
        let park = ["budget", "park", "w", "--for"]
        let first = await bench.run(park + ["10m", "--reason", "429"])
        #expect(!first.errors.contains("later"), "\(first.errors)")
        let shorter = await bench.run(park + ["1s"])
        #expect(shorter.status == .done)
        #expect(
            shorter.errors.contains("budget 'w' was to be let in later, in 10 min (429)"),
            "\(shorter.errors)"
        )
    }

    @Test("The hint at a budget can be pasted, whatever its name")
    func hint() async throws {
        let bench = try await CommandLineBench()
        _ = await bench.run("budget", "set", "*", "--batches", "1")
        _ = await acquire(bench)
        #expect(await acquire(bench).errors.contains("limited by *"))
        let status = await bench.run("status")
        #expect(
            status.output.contains("who holds it tells: tranche budget show '*'"),
            "\(status.output)"
        )
    }

    @Test("A run is limited from its beginning; one that has begun says what it keeps")
    func beginning() async throws {
        let bench = try await CommandLineBench()
        _ = await bench.run("budget", "set", "api", "--batches", "5")
        let limits = ["--parallelism", "1", "--budget", "api", "--share", "2"]
        let first = await bench.run(["acquire"] + Self.job + ["--count", "1"] + limits)
        #expect(first.status == .done, "\(first.errors)")
        #expect(!first.errors.contains("has begun"))
        let changes = await bench.run("changes", "--job", "j").output.split(separator: "\n")
        let share = changes.first { $0.contains("share") } ?? ""
        #expect(share.contains("2") && share.contains("the run began"), "\(changes)")
        let again = await bench.run(
            ["acquire"] + Self.job + ["--count", "1", "--parallelism", "4"]
        )
        #expect(again.status == .nothingNow)
        #expect(
            again.errors.contains(
                "keeps its limits: job 'j' on 'files': at most 1 batch, under api"
            ),
            "\(again.errors)"
        )
        let same = await bench.run(["acquire"] + Self.job + ["--count", "1"] + limits)
        #expect(!same.errors.contains("keeps its limits"), "\(same.errors)")
        let unknown = await bench.run(
            "acquire",
            "--job",
            "k",
            "--meta",
            "files",
            "--count",
            "1",
            "--budget",
            "none"
        )
        #expect(unknown.errors.contains("there is no budget 'none'"), "\(unknown.errors)")
    }

    @Test("A worker waits for room, and goes on when there is some")
    func waiting() async throws {
        let bench = try await CommandLineBench()
        _ = await acquire(bench)
        _ = await bench.run("set", "--job", "j", "--parallelism", "1")
        async let work = bench.run(
            ["work"] + Self.job + ["--count", "1", "--drain", "--", "true"]
        )
        _ = await bench.run("release", "1", "--attempt", "1")
        #expect(await work.status == .done)
        #expect(
            try bench.rows("SELECT count(*) FROM inventory WHERE status = 'succeeded'") == ["10"]
        )
    }

    @Test(
        "Wrong input is refused with what to give",
        arguments: [
            ("set --job j", "give --parallelism, --per-key, --no-per-key, --budget"),
            ("set --job j --share 0", "--share"),
            ("set --job j --priority high", "--priority"),
            ("set --job j --priority 5000", "give -1000 to 1000"),
            ("budget set x --rate 5", "such as 1GiB/min or 500/s"),
            ("budget set x --rate 5/0s", "above 0"),
            ("budget set x --rate none --burst 5", "--burst goes with a rate"),
            ("set --job j --parallelism -1", "--parallelism"),
            ("set --job j --budget a --no-budget", "contradict each other"),
            ("set --job none --parallelism 1", "there is no"),
            ("set --job j --budget none", "there is no budget 'none'"),
            ("restore --job j", "was never changed"),
            ("budget", "give one of set, list"),
            ("budget make x", "is not one of set, list"),
            ("budget set", "NAME is missing"),
            ("budget show none", "there is no budget 'none'"),
            ("budget pause none", "'tranche budget list' lists what there is"),
            ("budget set x", "give --batches, --weight or --rate"),
            ("changes --run r", "--job is missing"),
            ("budget list x", "'budget show NAME' shows one"),
            ("budget list --batches 3", "go with 'budget set'"),
            ("budget park x", "--for is missing"),
            ("budget park x --for 1h", "at most 15m"),
            ("budget park x --for 0s", "--for '0s' parks nothing"),
            ("budget park x --until 10m", "10m and the like are --for"),
            ("budget park x --for 5m --until 2026-11-28", "--for and --until contradict"),
            ("budget show x --until 2026-11-28", "--until goes with 'budget park'"),
            ("budget set a'b --batches 1", "a budget's name is a word"),
            ("changes --job j --budget b", "give one of them"),
        ]
    )
    func badInput(line: String, message: String) async throws {
        let bench = try await CommandLineBench()
        _ = await acquire(bench)
        let outcome = await bench.run(line.split(separator: " ").map(String.init))
        #expect([.usage, .failed].contains(outcome.status))
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }
}
