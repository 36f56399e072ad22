import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Coming back later on the command line", .timeLimit(.minutes(10))) struct DeferralTests {
    private static let job = ["--job", "j", "--meta", "files"]

    private func acquire(_ bench: CommandLineBench) async -> CommandLineBench.Outcome {
        await bench.run(["acquire"] + Self.job + ["--count", "1"])
    }

    @Test("A program that exits with 75 and says when is tried again then, and has not failed")
    func program() async throws {
        let bench = try await CommandLineBench()
        _ = await acquire(bench)
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        _ = await bench.run("budget", "set", "api", "--batches", "4")
        #expect(await bench.run("set", "--job", "j", "--budget", "api").status == .done)
        let script = """
            [ "$TRANCHE_ATTEMPT" = 2 ] && exit 0
            echo 'too many' >&2; echo '{"retry_after": 0.5, "budget": "api"}'; exit 75
            """
        let work = await bench.run(
            ["work"] + Self.job + ["--count", "1000", "--max-attempts", "1", "--json"]
                + ["--", "sh", "-c", script]
        )
        #expect(work.status == .done, "\(work.errors)")
        #expect(work.output.contains(#""status":"deferred""#), "\(work.output)")
        #expect(work.errors.contains("batch 2 deferred"), "\(work.errors)")
        #expect(work.errors.contains("to be tried again in 1 s: too many"), "\(work.errors)")
        #expect(work.errors.contains("1 deferred"), "\(work.errors)")
        #expect(
            try bench.rows("SELECT status, failures, deferrals FROM inventory WHERE id = 2")
                == ["succeeded|0|1"]
        )
        let changes = await bench.run("changes", "--budget", "api").output
        #expect(changes.contains("parked") && changes.contains("too many"), "\(changes)")
        let history = await bench.run("history", "--meta", "files", "--id", "2").output
        #expect(history.contains("deferred"), "\(history)")
    }

    @Test("Without a budget of the run the batch alone is due later, and the line says so")
    func unknown() async throws {
        let bench = try await CommandLineBench()
        let script = """
            [ "$TRANCHE_ATTEMPT" = 2 ] && exit 0
            echo '{"retry_after": 1, "budget": "none"}'; exit 75
            """
        let work = await bench.run(["work"] + Self.job + ["--", "sh", "-c", script])
        #expect(work.status == .done, "\(work.errors)")
        #expect(work.errors.contains("does not refer to a budget 'none'"), "\(work.errors)")
    }

    @Test(
        "What a program says wrongly is told, and its batch fails as any",
        arguments: [
            #"{"retry_after": -1}"#, #"{"retry_after": "soon"}"#,
            #"{"retry_after": 1, "budget": 7}"#,
        ]
    )
    func wrong(line: String) async throws {
        let bench = try await CommandLineBench()
        let script = "echo '\(line)'; exit 75"
        let work = await bench.run(
            ["work"] + Self.job + ["--max-attempts", "1", "--", "sh", "-c", script]
        )
        #expect(work.status == .failed)
        #expect(work.errors.contains("is not a number of seconds above 0"), "\(work.errors)")
    }

    @Test("A batch is given back until later by hand")
    func release() async throws {
        let bench = try await CommandLineBench()
        _ = await acquire(bench)
        let later = await bench.run(
            "release",
            "1",
            "--attempt",
            "1",
            "--for",
            "10m",
            "--reason",
            "a quota",
            "--json"
        )
        #expect(later.status == .done, "\(later.errors)")
        #expect(
            later.output.contains(#""cause":"deferred","deferrals":1,"begun_at":null,"#),
            "\(later.output)"
        )
        let table = await bench.run("batches").output
        #expect(table.contains("put off 1 time, to be tried again in 600 s: a quota"), "\(table)")
        #expect(await bench.run("batches", "--status", "deferred").output.contains("released"))
        _ = await acquire(bench)
        let other = await bench.run(
            "release",
            "2",
            "--attempt",
            "1",
            "--for",
            "10m",
            "--park",
            "api"
        )
        #expect(other.status == .failed)
        #expect(other.errors.contains("does not refer to a budget 'api'"))
        #expect(try await bench.states() == ["released", "released"])
        let long = await bench.run("release", "2", "--attempt", "1", "--for", "16m")
        #expect(long.errors.contains("1 s to 15 min"))
        let alone = await bench.run("release", "2", "--attempt", "1", "--park", "api")
        #expect(alone.errors.contains("need --for"))
    }
}
