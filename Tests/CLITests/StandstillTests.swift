import Foundation
import Testing

@testable import TrancheCLI

@Suite("What work and its preview tell of a run that stands still", .timeLimit(.minutes(5)))
struct StandstillTests {
    private static let job = ["--job", "j", "--meta", "files"]

    private func work(
        _ bench: CommandLineBench,
        _ options: String...
    ) async -> CommandLineBench.Outcome {
        await bench.run(["work"] + Self.job + options + ["--", "true"])
    }

    /// A run of which a batch is held, and all else is done.
    private func held(_ more: String...) async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        let acquired = await bench.run(["acquire"] + Self.job + more)
        #expect(acquired.status == .done, "\(acquired.errors)")
        return bench
    }

    @Test(
        "A cancelled run is told as work tells it, with its exit status",
        arguments: [[], ["--json"]]
    )
    func cancelled(json: [String]) async throws {
        let bench = try await held("--count", "2")
        let cancel = ["cancel", "--job", "j", "--reason", "wrong file"]
        #expect(await bench.run(cancel).status == .done)
        let worked = await work(bench)
        #expect(worked.status == .cancelled)
        for outcome in [
            await bench.run(["work", "--dry-run"] + json + Self.job + ["--", "true"]),
            await bench.run(["plan"] + json + Self.job),
        ] {
            #expect(outcome.status == .cancelled, "\(outcome.errors)")
            let words = "nothing would be handed out: cancelled"
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
            #expect(outcome.errors.contains("wrong file"), "\(outcome.errors)")
            #expect(outcome.errors.contains("'tranche resume' lets the run go on"))
        }
    }

    @Test("A pause and a parallelism of 0 are told of a run whose batches are held")
    func stopped() async throws {
        for (command, words) in [
            (["pause", "--job", "j", "--reason", "lunch"], "paused (lunch); 'tranche resume'"),
            (["set", "--job", "j", "--parallelism", "0"], "held: the parallelism is 0"),
        ] {
            let bench = try await held()
            #expect(await bench.run(command).status == .done)
            let shown = await work(bench, "--dry-run")
            #expect(shown.status == .tryAgain, "\(shown.errors)")
            #expect(
                shown.errors.contains("nothing would be handed out: \(words)"),
                "\(shown.errors)"
            )
        }
    }

    @Test("A parallelism of 0 ends work as a pause does, with who set it and the way out")
    func parallelism() async throws {
        let bench = try await held("--count", "2")
        let set = ["set", "--job", "j", "--parallelism", "0", "--reason", "the night"]
        #expect(await bench.run(set).status == .done)
        let worked = await work(bench)
        #expect(worked.status == .tryAgain, "\(worked.errors)")
        for part in [
            "held: the parallelism is 0 (set by ", ": the night)",
            "'tranche set --job j --meta files --parallelism N'",
            "'tranche restore --job j --meta files' lets it go on",
        ] {
            #expect(worked.errors.contains(part), "\(worked.errors)")
        }
        let acquired = await bench.run(["acquire"] + Self.job)
        #expect(acquired.status == .nothingNow)
        #expect(acquired.errors.contains("held: the parallelism is 0"), "\(acquired.errors)")
        #expect(await bench.run("restore", "--job", "j").status == .done)
        #expect(await bench.run("release", "1", "--attempt", "1").status == .done)
        #expect(await work(bench).status == .done)
    }

    @Test("A run that begins with a parallelism of 0 ends work at once, too")
    func beginning() async throws {
        let bench = try await CommandLineBench()
        let worked = await work(bench, "--parallelism", "0")
        #expect(worked.status == .tryAgain, "\(worked.errors)")
        #expect(worked.errors.contains("held: the parallelism is 0"), "\(worked.errors)")
        #expect(try await bench.states() == [])
    }

    @Test("A budget that allows nothing ends work, and says how it goes on")
    func budget() async throws {
        let bench = try await CommandLineBench()
        let set = ["budget", "set", "api", "--batches", "0", "--reason", "the night"]
        #expect(await bench.run(set).status == .done)
        let worked = await work(bench, "--budget", "api")
        #expect(worked.status == .tryAgain, "\(worked.errors)")
        for part in [
            "held: budget 'api' allows 0 batches (set by ", ": the night)",
            "'tranche budget set api --batches N' lets it go on",
        ] {
            #expect(worked.errors.contains(part), "\(worked.errors)")
        }
    }

    @Test("With --follow a parallelism of 0 is told, and waited for")
    func follow() async throws {
        let bench = try await held("--count", "2")
        #expect(await bench.run("set", "--job", "j", "--parallelism", "0").status == .done)
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        let errors = TextWriter()
        async let outcome = bench.run(
            ["work", "--follow"] + Self.job + ["--", "true"],
            errors: errors,
            signals: signals
        )
        #expect(await eventually { errors.text.contains("held: the parallelism is 0") })
        #expect(!errors.text.contains("as many batches are held as it allows"), "\(errors.text)")
        sender.yield(SIGINT)
        _ = await outcome
    }

    @Test("A budget that there is not is refused by the preview as by work")
    func unknownBudget() async throws {
        let bench = try await CommandLineBench()
        let worked = await work(bench, "--budget", "zz")
        let shown = await work(bench, "--dry-run", "--budget", "zz")
        #expect(shown.status == worked.status)
        #expect(shown.status == .failed)
        for outcome in [worked, shown] {
            #expect(outcome.errors.contains("there is no budget 'zz'"), "\(outcome.errors)")
        }
        #expect(shown.output == "")
        // A run that has begun keeps its limits.
        #expect(await bench.run(["acquire"] + Self.job + ["--count", "1"]).status == .done)
        #expect(await work(bench, "--dry-run", "--budget", "zz").status == .done)
    }

    @Test("Of what waits behind a pause or a limit of 0 it is noted that none is handed out now")
    func noted() async throws {
        for (command, words) in [
            (["pause", "--job", "j", "--reason", "lunch"], "paused (lunch); 'tranche resume'"),
            (["set", "--job", "j", "--parallelism", "0"], "held: the parallelism is 0"),
        ] {
            let bench = try await held("--count", "2")
            #expect(await bench.run(command).status == .done)
            for shown in [
                await work(bench, "--dry-run"), await bench.run(["plan"] + Self.job),
            ] {
                #expect(shown.status == .done, "\(shown.errors)")
                #expect(!shown.output.isEmpty)
                #expect(shown.errors.contains("handed out now: \(words)"), "\(shown.errors)")
            }
        }
    }
}
