import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("What is said while nothing is handed out", .timeLimit(.minutes(10)))
struct WaitingTests {
    private static let job = ["--job", "j", "--meta", "files"]

    @Test("Who holds what is left is told after 2 s, where nobody looks at a terminal too")
    func holder() async throws {
        let bench = try await CommandLineBench()
        let acquired = await bench.run(["acquire", "--worker", "night"] + Self.job)
        #expect(acquired.status == .done)
        let errors = TextWriter()
        async let working = bench.run(["work"] + Self.job + ["--", "true"], errors: errors)
        #expect(await eventually { errors.text.contains("held by night") })
        let line = try #require(errors.text.split(separator: "\n").first { $0.contains("night") })
        let held = "job 'j' on 'files': batch 1 is held by night, heard of "
        #expect(line.hasPrefix(held), "\(line)")
        #expect(line.contains("; offered again at "))
        #expect(line.hasSuffix(" UTC without a heartbeat"))
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        #expect(await working.status == .done)
    }

    @Test("A held batch that has begun and may run only once is not said to be offered again")
    func begun() async throws {
        let bench = try await CommandLineBench()
        let job = Self.job + ["--execution", "at-most-once"]
        let acquired = await bench.run(["acquire", "--worker", "night"] + job)
        #expect(acquired.status == .done, "\(acquired.errors)")
        let errors = TextWriter()
        async let working = bench.run(["work"] + job + ["--", "true"], errors: errors)
        let words = " UTC without a heartbeat, as it may have been executed\n"
        #expect(await eventually { errors.text.contains(words) }, "\(errors.text)")
        #expect(errors.text.contains("; recorded as failed at "))
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        #expect(await working.status == .done)
    }

    @Test("Of many holders three are named, and the others counted", arguments: [4, 5])
    func holders(_ count: Int) async throws {
        let bench = try await CommandLineBench()
        for number in 1...count {
            let acquire = ["acquire", "--count", number == count ? "10" : "1"] + Self.job
            let acquired = await bench.run(acquire + ["--worker", "night-\(number)"])
            #expect(acquired.status == .done, "\(acquired.errors)")
        }
        let errors = TextWriter()
        let (signals, signal) = AsyncStream.makeStream(of: Int32.self)
        async let working = bench.run(
            ["work"] + Self.job + ["--", "true"],
            errors: errors,
            signals: signals
        )
        let words =
            count == 4 ? "; 1 more worker holds others\n" : "; 2 more workers hold others\n"
        #expect(await eventually { errors.text.contains(words) }, "\(errors.text)")
        signal.yield(SIGTERM)
        _ = await working
    }

    @Test("A batch that is tried again later is told, with the try it will be")
    func retry() async throws {
        let bench = try await CommandLineBench()
        let errors = TextWriter()
        let options = ["--backoff", "50s", "--max-attempts", "2", "--", "false"]
        let (signals, signal) = AsyncStream.makeStream(of: Int32.self)
        async let working = bench.run(
            ["work"] + Self.job + options,
            errors: errors,
            signals: signals
        )
        let words = #/batch 1 failed, and is tried again in \d+ s, try 2 of 2\n/#
        #expect(await eventually { errors.text.contains(words) }, "\(errors.text)")
        signal.yield(SIGTERM)
        let outcome = await working
        #expect(outcome.errors.contains("exit code 1; tried again in 50 s\n"))
        #expect(outcome.errors.contains(", 1 attempt failed\n"), "\(outcome.errors)")
    }

    @Test("What a killed worker of this host held is taken over at once")
    func killed() async throws {
        let bench = try await CommandLineBench()
        var environment = bench.environment
        environment["TRANCHE_WORKER"] = nil
        let script = "touch \(bench.path("begun")); exec sleep 1000"
        let options = ["--lease", "1h", "--count", "5", "--", "sh", "-c", script]
        let first = try Executable.tranche.start(
            ["work"] + Self.job + options,
            environment: environment
        )
        let begun = bench.path("begun")
        #expect(await eventually { FileManager.default.fileExists(atPath: begun) })
        first.send(SIGKILL)
        #expect(await first.outcome().code == -SIGKILL)
        #expect(try await bench.states() == ["running"])
        let second = await bench.run(["work", "--lease", "1h"] + Self.job + ["--", "true"])
        #expect(second.status == .done)
        let words = "batch 1 is offered again: "
        #expect(second.errors.contains(words), "\(second.errors)")
        #expect(second.errors.contains("is a process of this host that has ended"))
        #expect(try await bench.states() == ["succeeded", "succeeded"])
        #expect(try await bench.batches().last?["failures"] as? Double == 1)
    }

    @Test("A follower says once that it waits for new items")
    func follower() async throws {
        let bench = try await CommandLineBench()
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        let errors = TextWriter()
        async let working = bench.run(
            ["work", "--follow"] + Self.job + ["--", "true"],
            errors: errors,
            signals: signals
        )
        #expect(await eventually { errors.text.contains("all is done; waits for new items\n") })
        sender.yield(SIGTERM)
        #expect(await working.status == .done)
    }

    @Test("Writers are named by process, client, user, state and statement")
    func writerWords() {
        let now = Date(milliseconds: 1_800_000_000_000)
        var writer = SourceWriter("3/1123")
        #expect(writer.words(at: now) == "transaction 3/1123")
        writer.process = 4711
        writer.application = "psql"
        writer.user = "etl"
        writer.client = "10.0.0.5"
        writer.state = "idle in transaction"
        writer.stateSince = now.addingTimeInterval(-60)
        writer.since = now.addingTimeInterval(-2 * 86_400)
        writer.query = " INSERT INTO a\n VALUES ('postgresql://u:secret@h/d') "
        let words = writer.words(at: now)
        let state = "idle in transaction since 07:59:00 UTC"
        #expect(words.hasPrefix("pid 4711 (psql, etl@10.0.0.5, \(state)"), "\(words)")
        #expect(words.contains("begun 2027-01-13 08:00:00 UTC"))
        #expect(words.contains(#""INSERT INTO a\n VALUES ("#))
        #expect(!words.contains("secret"))
        writer.query = String(repeating: "x", count: 500)
        #expect(writer.words(at: now).hasSuffix("x…\")"))
        writer.prepared = "gid-1"
        #expect(writer.words(at: now).hasPrefix("the prepared transaction 'gid-1' ("))
    }
}
