import Foundation
import Testing

@testable import TrancheCLI

@Suite(.timeLimit(.minutes(10))) struct ExecutableTests {
    private func work(_ bench: CommandLineBench, _ script: String, _ options: [String] = []) throws
        -> RunningProgram
    {
        try Executable.tranche.start(
            ["work", "--job", "j", "--meta", "files"] + options + ["--", "sh", "-c", script],
            environment: bench.environment
        )
    }

    /// The process whose number a program wrote into a file.
    private func number(in file: String) async throws -> pid_t {
        var number: pid_t?
        #expect(
            await eventually {
                let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
                number = text.hasSuffix("\n") ? pid_t(text.dropLast()) : nil
                return number != nil
            }
        )
        return try #require(number)
    }

    /// Whether a process has ended, reaped or not.
    private func hasEnded(_ number: pid_t) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8) else {
            return true
        }
        return text.split(separator: ")").last?.hasPrefix(" Z") ?? true
    }

    @Test("Where the system gives no arguments, that is said, rather than help printed")
    func noArguments() async throws {
        let (output, errors) = (TextWriter(), TextWriter())
        let program = Program(
            environment: [:],
            output: output,
            errors: errors,
            signals: { AsyncStream { _ in } },
            ask: { _ in nil }
        )
        #expect(await program.run(words: []) == .usage)
        #expect(output.text.isEmpty)
        #expect(errors.text.contains("/proc"))
    }

    @Test("The program answers with its exit status")
    func status() async throws {
        let bench = try await CommandLineBench()
        let version = try await Executable.tranche.run(["--version"])
        #expect(version.code == 0)
        #expect(version.output == "tranche \(Program.version)\n")
        let bad = try await Executable.tranche.run(["acquire"], environment: bench.environment)
        #expect(bad.code == 64)
        #expect(bad.output == "")
        let status = try await Executable.tranche.run(
            ["status", "--json"],
            environment: bench.environment
        )
        #expect(status.output.hasSuffix("\"runs\":[]}\n"))
    }

    @Test("Ctrl-C twice releases what cannot be finished, and fails nothing")
    func interrupt() async throws {
        let bench = try await CommandLineBench()
        let running = try work(bench, "echo $$ > \(bench.path("pid")); exec sleep 1000")
        let child = try await number(in: bench.path("pid"))
        running.send(SIGINT)
        #expect(await eventually { running.errors.contains("SIGINT: finishing") })
        // Within a second it is the same stop.
        #expect(
            await eventually {
                if running.errors.contains("SIGINT: stopping now") { return true }
                running.send(SIGINT)
                return false
            }
        )
        #expect(await running.outcome().code == 130)
        #expect(hasEnded(child))
        #expect(try await bench.states() == ["released"])
    }

    @Test(
        "A signal ends the wait for a server that is away when a command begins",
        arguments: [
            ["work", "--job", "j", "--", "true"], ["load", "x.csv", "--to", "none"],
            ["serve", "--listen", "127.0.0.1:0"], ["acquire", "--job", "j"],
            ["register", ".", "--table", "files", "--watch"],
        ]
    )
    func away(_ words: [String]) async throws {
        var environment = try await CommandLineBench().environment
        // Nothing listens there.
        environment["TRANCHE_INVENTORY"] = "postgresql://127.0.0.1:1/none"
        environment["TRANCHE_RETRY_LIMIT"] = "600s"
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let running = try Executable.tranche.start(words, environment: environment)
            #expect(await eventually { running.errors.contains("trying again for up to") })
            running.send(signal)
            let outcome = await running.outcome()
            #expect(outcome.code == 130, "\(words): \(outcome)")
            #expect(outcome.errors.hasSuffix("tranche: interrupted\n"), "\(outcome.errors)")
        }
    }

    @Test("SIGTERM lets a program finish, and exits with 0")
    func terminate() async throws {
        let bench = try await CommandLineBench()
        let running = try work(bench, "echo $$ > \(bench.path("pid")); \(bench.waiting)")
        _ = try await number(in: bench.path("pid"))
        running.send(SIGTERM)
        #expect(await eventually { running.errors.contains("SIGTERM: finishing") })
        try bench.letPrograms()
        #expect(await running.outcome().code == 0)
        #expect(try await bench.states() == ["succeeded"])
    }

    @Test("A program that ignores SIGTERM is killed, and its batch released")
    func stubborn() async throws {
        let bench = try await CommandLineBench()
        let script = "trap '' TERM; echo $$ > \(bench.path("pid")); while :; do sleep 0.1; done"
        let running = try work(bench, script, ["--grace", "0"])
        let child = try await number(in: bench.path("pid"))
        running.send(SIGTERM)
        #expect(await running.outcome().code == 130)
        #expect(hasEnded(child))
        #expect(try await bench.states() == ["released"])
    }

    @Test(
        "A signal to all of a worker's processes releases its batches, heeded or not",
        arguments: [true, false]
    )
    func all(isHeeded: Bool) async throws {
        let bench = try await CommandLineBench()
        let script =
            (isHeeded ? "" : "trap '' TERM; ") + "echo $$ > \(bench.path("pid")); sleep 1000"
        let running = try work(bench, script, ["--grace", "100ms", "--on-exhausted", "split"])
        let child = try await number(in: bench.path("pid"))
        for process in descendants(of: running.number) { kill(process, SIGTERM) }
        let outcome = await running.outcome()
        #expect(outcome.code == 130)
        #expect(outcome.errors.contains("1 released"))
        #expect(hasEnded(child))
        #expect(try await bench.states() == ["released"])
        #expect(try await bench.batches()[0]["failures"] as? Double == 0)
        // The guard was signalled as well, and has ended because its worker has.
        #expect(await eventually { descendants(of: running.number).allSatisfy(hasEnded) })
    }

    /// A process behind all that descend from it: programs hear of a signal before their worker.
    private func descendants(of process: pid_t) -> [pid_t] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let children = all.compactMap { pid_t($0) }.filter { number in
            let text = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)
            let words = text?.split(separator: ")").last?.split(separator: " ") ?? []
            return words.count > 1 && pid_t(words[1]) == process
        }
        return children.flatMap { descendants(of: $0) } + [process]
    }

    @Test("Programs do not fail because nobody reads standard error any more")
    func unread() async throws {
        let bench = try await CommandLineBench()
        // The reader goes with the first line; later programs write without end if they are let.
        let script = "cat; for i in 1 2 3 4 5 6 7 8 9; do echo line $i >&2; done"
        let line =
            "'\(Executable.tranche.path)' work --job j --meta files --count 1 -- sh -c '\(script)' "
            + "2>&1 | head -1; echo \"${PIPESTATUS[0]}\""
        let outcome = try await Executable("/bin/bash").run(
            ["-c", line],
            environment: bench.environment
        )
        #expect(outcome.output.hasSuffix("\n0\n"))
        #expect(try await bench.states() == [String](repeating: "succeeded", count: 10))
        #expect(try await bench.batches().allSatisfy { $0["failures"] as? Double == 0 })
    }

    @Test("Whoever stops reading results ends the work, and keeps no batch from others")
    func unreadResults() async throws {
        let bench = try await CommandLineBench()
        let line =
            "'\(Executable.tranche.path)' work --json --job j --meta files --count 1 -- true "
            + "2>/dev/null | head -1 > /dev/null; echo \"${PIPESTATUS[0]}\""
        let outcome = try await Executable("/bin/bash").run(
            ["-c", line],
            environment: bench.environment
        )
        #expect(["0\n", "1\n"].contains(outcome.output))
        #expect(try await bench.states().allSatisfy { ["succeeded", "released"].contains($0) })
    }

    @Test("A worker killed at once takes its programs along")
    func killed() async throws {
        let bench = try await CommandLineBench()
        let script =
            "sleep 1000 & echo $! > \(bench.path("grandchild")); echo $$ > \(bench.path("pid")); wait"
        let running = try work(bench, script)
        let child = try await number(in: bench.path("pid"))
        let grandchild = try await number(in: bench.path("grandchild"))
        running.send(SIGKILL)
        #expect(await running.outcome().code == -SIGKILL)
        #expect(await eventually { hasEnded(child) && hasEnded(grandchild) })
        #expect(try await bench.states() == ["running"])
    }
}
