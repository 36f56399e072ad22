import Foundation
import Synchronization
import Testing
import Tranche
import TrancheSQL
import TrancheTestKit

@testable import TrancheCLI

/// Stops by signals that reach a worker, its programs, or both.
@Suite(.timeLimit(.minutes(10))) struct StopTests {
    static let job = ["--job", "j", "--meta", "files"]

    /// Runs `work` with a script that tells its number, and lets `body` send signals to it.
    ///
    /// - Parameters:
    ///   - script: The script.
    ///   - options: Options of `work`.
    ///   - signal: The signal that the worker has got before.
    ///   - body: Sends signals.
    /// - Returns: The bench, and how the command ended.
    /// - Throws: What the bench throws.
    private func work(
        _ script: String,
        _ options: [String] = [],
        stoppedBy signal: Int32? = nil,
        _ body: (pid_t) -> Void
    ) async throws -> (CommandLineBench, CommandLineBench.Outcome) {
        let bench = try await CommandLineBench()
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        let file = bench.path("pid")
        let command = ["sh", "-c", "echo $$ > \(file); \(script)"]
        let line = ["work"] + Self.job + ["--count", "10"] + options + ["--"] + command
        let errors = TextWriter()
        async let working = bench.run(line, errors: errors, signals: signals)
        let child = try #require(await number(in: file))
        if let signal {
            sender.yield(signal)
            #expect(await eventually { errors.text.contains(": finishing what runs") })
        }
        body(child)
        return (bench, await working)
    }

    /// The process whose number a program wrote into a file.
    private func number(in file: String) async -> pid_t? {
        var number: pid_t?
        _ = await eventually {
            let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            number = text.hasSuffix("\n") ? pid_t(text.dropLast()) : nil
            return number != nil
        }
        return number
    }

    private func expectRelease(
        _ bench: CommandLineBench,
        _ outcome: CommandLineBench.Outcome
    ) async throws {
        #expect(outcome.status == .interrupted)
        #expect(try await bench.states() == ["released"])
        #expect(try await bench.batches()[0]["failures"] as? Double == 0)
        #expect(outcome.errors.contains("1 released"))
        #expect(!outcome.errors.contains("failed"))
    }

    @Test(
        "A program that dies of the signal that its worker has got is not a failure",
        arguments: [SIGTERM, SIGINT, SIGHUP]
    )
    func both(signal: Int32) async throws {
        let (bench, outcome) = try await work("exec sleep 1000", stoppedBy: signal) { child in
            kill(child, signal)
        }
        try await expectRelease(bench, outcome)
    }

    @Test(
        "Whoever dies of a signal first is judged when its worker has had a moment for its own",
        arguments: [("kill -TERM $$", true), ("kill -INT $$", true), ("exit 143", false)]
    )
    func programFirst(script: String, isStopped: Bool) async throws {
        let bench = try await CommandLineBench()
        let location = try bench.inventoryLocation
        let inventory = try await Inventory.open(location)
        let batch = try #require(
            try await inventory.acquireBatch(from: SQLSource("files"), job: "j", limit: .count(1))
        )
        let clock = ManualClock()
        let stop = StopSource()
        let program = BatchProgram(
            path: "/bin/sh",
            arguments: ["sh", "-c", script],
            environment: ["PATH": "/usr/bin:/bin"],
            guardian: try ProcessGuard(),
            stop: stop,
            grace: .default,
            clock: clock,
            copy: { _, _, _ in }
        )
        async let end = program.run(batch, BatchProgress())
        try await clock.waitForSleepers(1)
        clock.advance(by: .milliseconds(999))
        if isStopped { stop.advance(to: .stopping) }
        clock.advance(by: .milliseconds(1))
        #expect(try await end.isCutShort == isStopped)
        try await batch.release()
        await inventory.close()
    }

    @Test("While its output waits for who reads it, the time of a program does not pass")
    func unread() async throws {
        let bench = try await CommandLineBench()
        let clock = ManualClock()
        let inventory = try await Inventory.open(
            bench.inventoryLocation,
            configuration: .init(clock: clock)
        )
        let (waits, wait) = AsyncStream.makeStream(of: Void.self)
        let reader = DispatchSemaphore(value: 0)
        let errors = TextWriter()
        let progress = Progress(
            errors,
            style: Style(errors, environment: [:]),
            weighsBytes: false,
            hasWeights: false
        )
        let program = BatchProgram(
            path: "/bin/sh",
            arguments: ["sh", "-c", "cat >/dev/null; echo one; \(bench.waiting)"],
            environment: ["PATH": "/usr/bin:/bin"],
            guardian: try ProcessGuard(),
            stop: StopSource(),
            grace: .default,
            clock: clock,
            copy: { _, _, _ in },
            room: {
                wait.finish()
                reader.wait()
                reader.signal()
            }
        )
        let group = WorkerGroup(
            inventory,
            BatchRequest(job: "j", limit: .count(1)),
            from: SQLSource("files"),
            configuration: .init(limit: 1, timeout: .fixed(.seconds(50))),
            handler: ProgramHandler(program: program, progress: progress, report: { _ in })
        )
        async let report = group.run()
        for await _ in waits {}
        for _ in 0..<20 {
            // Its heartbeats, and what it has written, which is kept now and then.
            try await clock.waitForSleepers(2)
            clock.advance(by: .seconds(10))
        }
        reader.signal()
        try bench.letPrograms()
        #expect(try await report.succeeded == 1, "\(errors.text)")
        await inventory.close()
    }

    @Test(
        "Nor is a shell's exit status for a command that died of it, nor 75",
        arguments: [143, 130, 129, 75]
    )
    func exitCode(code: Int) async throws {
        let script = "trap 'kill $!; exit \(code)' TERM; sleep 1000 & wait"
        let (bench, outcome) = try await work(script, stoppedBy: SIGTERM) { child in
            kill(child, SIGTERM)
        }
        try await expectRelease(bench, outcome)
    }

    @Test(
        "A program that somebody kills alone has failed",
        arguments: [(SIGTERM, "killed by signal 15"), (SIGKILL, "killed by signal 9")]
    )
    func alone(signal: Int32, words: String) async throws {
        let options = ["--max-attempts", "1"]
        let (bench, outcome) = try await work("exec sleep 1000", options) { child in
            kill(child, signal)
        }
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains(words))
        #expect(try await bench.states() == ["failed"])
    }

    @Test("What a program does wrong by itself after a signal is a failure, and the end is not 0")
    func failsWhileStopping() async throws {
        let script = "trap 'kill $!; exit 3' TERM; sleep 1000 & wait"
        let (bench, outcome) = try await work(script, stoppedBy: SIGTERM) { child in
            kill(child, SIGTERM)
        }
        #expect(outcome.status == .interrupted)
        #expect(try await bench.states() == ["failed"])
    }

    @Test("Signals within a second are one stop, later ones are another")
    func oneStop() {
        var stops = Stops()
        let times: [Duration] = [0, 0, 400, 999, 1000, 1100, 1999, 2000].map { .milliseconds($0) }
        let answers = times.map { stops.isNew(at: $0) }
        #expect(answers == [true, false, false, false, true, false, false, true])
    }

    @Test("A second stop ends what runs, where the signals are of different kinds, too")
    func secondStop() async throws {
        let clock = ManualClock()
        let stop = StopSource()
        let errors = TextWriter()
        let progress = Progress(
            errors,
            style: Style(errors, environment: [:]),
            weighsBytes: false,
            hasWeights: false
        )
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        async let ending: Void = stop.end(after: .seconds(600), clock: clock)
        async let watching: Void = stop.watch(
            signals,
            grace: .seconds(600),
            clock: clock,
            progress
        )
        sender.yield(SIGTERM)
        try await clock.waitForSleepers(1)
        clock.advance(by: .seconds(1))
        #expect(stop.stage == .stopping)
        sender.yield(SIGHUP)
        await stop.reached(.ending)
        sender.finish()
        await watching
        clock.advance(by: .seconds(600))
        await ending
        #expect(
            errors.text == "SIGTERM: finishing what runs for up to 10 min; again to stop now\n"
                + "SIGHUP: stopping now\n"
        )
    }

    @Test("The time to end a program follows the grace, from half a second to two")
    func patience() {
        let asked: [Duration] = [.zero, .seconds(1), .seconds(2), .seconds(5), .seconds(25)]
        let given: [Duration] = [
            .milliseconds(500), .milliseconds(500), .milliseconds(800), .seconds(2), .seconds(2),
        ]
        #expect(asked.map { Grace(length: $0).patience } == given)
        #expect(Grace.default.length + Grace.default.patience < .seconds(9))
    }

    @Test("Whoever waits for a signal waits no longer than a moment")
    func moment() async throws {
        let clock = ManualClock()
        let stop = StopSource()
        async let answer = stop.isAsked(within: .seconds(1), clock: clock)
        try await clock.waitForSleepers(1)
        clock.advance(by: .seconds(1))
        #expect(await answer == false)
        async let second = stop.isAsked(within: .seconds(1), clock: clock)
        try await clock.waitForSleepers(1)
        stop.advance(to: .stopping)
        #expect(await second)
    }

    @Test("Nothing to do has an exit status of its own where one is asked for")
    func idle() async throws {
        let bench = try await CommandLineBench()
        let skip = ["--exit-when-idle", "99"]
        let work = ["work"] + Self.job + skip + ["--", "true"]
        #expect(await bench.run(work).status == .done)
        #expect(await bench.run(work).status == ProgramStatus(rawValue: 99))
        let acquire = ["acquire"] + Self.job
        #expect(await bench.run(acquire).status == .nothingNow)
        #expect(await bench.run(acquire + skip).status == ProgramStatus(rawValue: 99))
        try bench.write("id\n1\n", to: "f.csv")
        let load = ["load", bench.path("f.csv"), "--to", "none"] + skip
        #expect(await bench.run(load).status == .done)
        #expect(await bench.run(load).status == ProgramStatus(rawValue: 99))
        let bad = await bench.run(acquire + ["--exit-when-idle", "256"])
        #expect(bad.status == .usage)
        #expect(bad.errors.contains("'256' is not an exit status; give 0 to 255"))
    }

    @Test("A result that cannot be written stops the work, and no other is waited for")
    func unwritten() async throws {
        let bench = try await CommandLineBench()
        let line = ["work"] + Self.job + ["--count", "5", "--follow", "--json", "--", "true"]
        // There are two batches: a third, which would be told next, may never come.
        let outcome = await bench.run(line, output: FirstLineWriter())
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("no space left on device"), "\(outcome.errors)")
        #expect(try await bench.states() == ["succeeded", "succeeded"])
    }
}

/// A disk with room for a line.
private final class FirstLineWriter: Writer, CustomStringConvertible {
    let isTerminal = false
    let width = 79
    let description = ""
    private let isFull = Mutex(false)

    func write(_ bytes: [UInt8]) throws {
        let wasFull = isFull.withLock { isFull in
            defer { isFull = true }
            return isFull
        }
        if wasFull {
            throw WriteError(description: "cannot write the output: no space left on device")
        }
    }
}
