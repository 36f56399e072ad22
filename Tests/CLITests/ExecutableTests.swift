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
        // The first end is told once the second batch is there, which waits for the reader to go.
        let gone = bench.path("gone")
        try bench.write(
            """
            cat > /dev/null
            [ $TRANCHE_BATCH = 1 ] && exit 0
            while [ ! -e '\(gone)' ]; do sleep 0.02; done
            """,
            to: "script"
        )
        let line =
            "'\(Executable.tranche.path)' work --json --job j --meta files --count 1 "
            + "-- sh '\(bench.path("script"))' 2>/dev/null "
            + "| { head -1 > /dev/null; exec <&-; touch '\(gone)'; }; echo \"${PIPESTATUS[0]}\""
        let outcome = try await Executable("/bin/bash").run(
            ["-c", line],
            environment: bench.environment
        )
        #expect(outcome.output == "1\n")
        let states = try await bench.states()
        // One batch may be in hand by then, and one may wait for that.
        #expect(states.count <= 4, "\(states)")
        #expect(states.allSatisfy { ["succeeded", "released"].contains($0) })
    }

    /// A pipe that takes nothing more until somebody reads.
    private func fullPipe() throws -> Pipe {
        let pipe = Pipe()
        let number = pipe.fileHandleForWriting.fileDescriptor
        let flags = fcntl(number, F_GETFL)
        try #require(fcntl(number, F_SETFL, flags | O_NONBLOCK) == 0)
        let page = [UInt8](repeating: 0x0A, count: 4096)
        while write(number, page, page.count) > 0 {}
        try #require(errno == EAGAIN)
        try #require(fcntl(number, F_SETFL, flags) == 0)
        return pipe
    }

    /// Reads a pipe to its end.
    private func text(from reader: FileHandle) async -> String {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "tests.reader").async {
                let data = reader.readDataToEndOfFile()
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            }
        }
    }

    @Test("A reader of results that stops reading keeps no batch from its end")
    func stuckResults() async throws {
        let bench = try await CommandLineBench()
        let pipe = try fullPipe()
        let running = try RunningProgram(
            Executable.tranche.path,
            ["work", "--json", "--job", "j", "--meta", "files", "--count", "1", "--", "cat"],
            bench.environment,
            output: pipe.fileHandleForWriting
        )
        let all = [String](repeating: "succeeded", count: 10)
        #expect(await eventually { (try? await bench.states()) == all })
        // All results are there once somebody reads.
        try pipe.fileHandleForWriting.close()
        async let outcome = running.outcome()
        let lines = await text(from: pipe.fileHandleForReading).split(separator: "\n")
        #expect(await outcome.code == 0)
        #expect(lines.count == 10)
        for (place, line) in lines.enumerated() {
            #expect(line.contains("\"batch\":\(place + 1),"), "\(line)")
        }
    }

    @Test("A reader of standard error that stops reading keeps no batch from its end")
    func stuckReader() async throws {
        let bench = try await CommandLineBench()
        let pipe = try fullPipe()
        let running = try RunningProgram(
            Executable.tranche.path,
            ["work", "--job", "j", "--meta", "files", "--count", "5", "--", "cat"],
            bench.environment,
            errors: pipe.fileHandleForWriting
        )
        #expect(try await eventually { try await bench.states() == ["succeeded", "succeeded"] })
        // All that was said is there once somebody reads.
        try pipe.fileHandleForWriting.close()
        async let outcome = running.outcome()
        let text = await self.text(from: pipe.fileHandleForReading)
        #expect(await outcome.code == 0)
        #expect(text.contains("batch 1 succeeded"))
        #expect(text.contains("done: 2 batches"))
    }

    @Test("A program started with the ends of its children ignored learns of their exits")
    func ignoredChildren() async throws {
        let bench = try await CommandLineBench()
        let words = ["work", "--job", "j", "--meta", "files", "--max-attempts", "1", "--"]
        let outcome = try await Executable("/usr/bin/env").run(
            ["--ignore-signal=CHLD", Executable.tranche.path] + words
                + ["sh", "-c", "cat >/dev/null; exit 3"],
            environment: bench.environment
        )
        #expect(outcome.code == 1, "\(outcome)")
        #expect(outcome.errors.contains("exit code 3"), "\(outcome.errors)")
        #expect(try await bench.states() == ["failed"])
    }

    @Test("A result and an error may come on standard input, as long as no argument may be")
    func outside() async throws {
        let bench = try await CommandLineBench()
        for _ in 1...2 {
            let words = ["acquire", "--job", "j", "--meta", "files", "--count", "5"]
            let acquired = await bench.run(words)
            #expect(acquired.status == .done, "\(acquired.errors)")
        }
        let long = String(repeating: "x", count: 200_000)
        try bench.write("\"\(long)\"\n", to: "result")
        try bench.write("\(long)\n", to: "error")
        try bench.write(String(repeating: "x", count: 1 << 21), to: "more")
        func end(_ words: String, _ file: String) async throws -> Executable.Outcome {
            try await Executable("/bin/sh").run(
                ["-c", "exec '\(Executable.tranche.path)' \(words) <'\(bench.path(file))'"],
                environment: bench.environment
            )
        }
        #expect(try await end("succeed 1 --attempt 1 --result -", "result").code == 0)
        let refused = try await end("fail 2 --attempt 1 --error -", "more")
        #expect(refused.code == 64, "\(refused)")
        #expect(refused.errors.contains("--error has more than 1 MiB"), "\(refused)")
        let wrong = try await end("succeed 2 --attempt 1 --result -", "error")
        #expect(wrong.code == 64, "\(wrong)")
        #expect(try await end("fail 2 --attempt 1 --error -", "error").code == 0)
        let batches = try await bench.batches()
        #expect(batches.map { $0["status"] as? String } == ["failed", "succeeded"])
        let size = "SELECT length(job_result_item) FROM inventory WHERE status = 'succeeded'"
        #expect(try bench.rows(size) == ["200002"])
    }

    @Test("A program that asks on the terminal fails, and is not stopped for ever")
    func asking() async throws {
        let bench = try await CommandLineBench()
        let terminal = try PseudoTerminal()
        let place = "/proc/\(getpid())/fd/\(terminal.program.fileDescriptor)"
        let words = ["work", "--job", "j", "--meta", "files", "--max-attempts", "1", "--"]
        let outcome = try await Executable("/bin/sh").run(
            ["-c", "exec setsid --wait --ctty \"$@\" <'\(place)'", "sh", Executable.tranche.path]
                + words + ["sh", "-c", "read answer </dev/tty"],
            environment: bench.environment
        )
        #expect(outcome.code == 1, "\(outcome)")
        #expect(outcome.errors.contains("/dev/tty"), "\(outcome.errors)")
        #expect(try await bench.states() == ["failed"])
    }

    @Test("Standard output and error may be closed from the start")
    func closed() async throws {
        let bench = try await CommandLineBench()
        let words = "work --job j --meta files --count 5 -- cat"
        let outcome = try await Executable("/bin/sh").run(
            ["-c", "exec '\(Executable.tranche.path)' \(words) <&- >&- 2>&-"],
            environment: bench.environment
        )
        #expect(outcome.code == 0)
        #expect(try await bench.states() == ["succeeded", "succeeded"])
        // What is closed is no other file's meanwhile: each of the three is /dev/null.
        let names = try await Executable("/bin/sh").run(
            [
                "-c",
                "exec '\(Executable.tranche.path)' work --job names --meta files -- "
                    + "sh -c 'ls -l /proc/$PPID/fd >\(bench.path("names"))' <&- >&- 2>&-",
            ],
            environment: bench.environment
        )
        #expect(names.code == 0)
        let listed = try String(contentsOfFile: bench.path("names"), encoding: .utf8)
        for number in 0...2 { #expect(listed.contains(" \(number) -> /dev/null\n"), "\(listed)") }
    }

    /// Whether a process may be the first of a namespace of its own.
    private static var mayBeFirst: Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        process.arguments = ["-rpf", "--mount-proc", "true"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    @Test(
        "As the first process of a container, what programs leave behind is waited for",
        .enabled(if: mayBeFirst, "no namespaces may be made here")
    )
    func first() async throws {
        let bench = try await CommandLineBench()
        let script =
            "cat >/dev/null; sleep 1000 & "
            + "echo \"{\\\"left\\\": $(cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z')}\""
        let outcome = try await Executable("/usr/bin/unshare").run(
            ["-rpf", "--mount-proc", Executable.tranche.path]
                + ["work", "--job", "j", "--meta", "files", "--count", "1", "--json", "--"]
                + ["sh", "-c", script],
            environment: bench.environment
        )
        #expect(outcome.code == 0, "\(outcome)")
        let left = outcome.output.matches(of: #/"left": ?(\d+)/#).compactMap { Int($0.output.1) }
        #expect(left.count == 10, "\(outcome.output)")
        // What the last programs left may not have ended yet; it is waited for after the next.
        #expect(left.allSatisfy { $0 < 5 }, "\(left)")
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
