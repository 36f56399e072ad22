import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

@Suite("The command serve", .timeLimit(.minutes(5))) struct ServeTests {
    /// Asks with curl.
    private func ask(_ arguments: String...) async throws -> String {
        let outcome = try await Executable("/usr/bin/curl").run(["-sS", "-m", "60"] + arguments)
        #expect(outcome.code == 0, "\(outcome.errors)")
        return outcome.output
    }

    @Test("The program serves what the inventory has until a signal, and ends well")
    func serving() async throws {
        let bench = try await CommandLineBench()
        let port = try LocalListener.freePort()
        try bench.write(
            "jobs: {thumbs: {source: files, count: 4, handler: rest}}\n",
            to: "pipeline.yaml"
        )
        let running = try Executable(Executable.tranche.path).start(
            [
                "serve", "--listen", "127.0.0.1:\(port)", "--pipeline", bench.path("pipeline.yaml"),
                "--work", "--base", "/tranche", "--name", "Photos", "--json",
            ],
            environment: bench.environment
        )
        defer { running.send(SIGKILL) }
        try await LocalListener.waitForSomebody(on: port)
        let url = "http://127.0.0.1:\(port)/tranche"
        #expect(try await ask("\(url)/readyz") == "ok\n")
        let acquired = try await ask(
            "-X",
            "POST",
            "\(url)/v1/jobs/thumbs/acquire",
            "-H",
            "Content-Type: application/json",
            "-d",
            #"{"worker": "curl"}"#
        )
        #expect(acquired.contains(#""id_end":4"#), "\(acquired)")
        let batches = await bench.run("batches", "--json")
        #expect(batches.output.contains(#""worker":"curl@"#))
        let metrics = await bench.run("metrics").output.split(separator: "\n")
        let served = try await ask("\(url)/metrics").split(separator: "\n")
        #expect(
            served.filter { $0.hasPrefix("tranche_in_flight") }
                == metrics.filter { $0.hasPrefix("tranche_in_flight") }
        )
        #expect(try await ask("\(url)/v1/overview").contains(#""name":"Photos""#))
        // Nobody may operate unless it was said.
        let paused = try await ask(
            "-X",
            "POST",
            "\(url)/v1/runs/thumbs/-/pause",
            "-w",
            "%{http_code}",
            "-o",
            "/dev/null"
        )
        #expect(paused == "403")
        running.send(SIGTERM)
        let outcome = await running.outcome()
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output == "{\"url\":\"\(url)/\"}\n")
    }

    @Test("A new token is shown once, and its line lets it in")
    func tokens() async throws {
        let bench = try await CommandLineBench()
        let made = await bench.run("serve", "--new-token", "anna", "--role", "operate")
        #expect(made.status == .done)
        #expect(made.output.hasPrefix("anna operate "))
        let token = try #require(made.errors.firstMatch(of: #/tranche_[0-9a-f]+/#)).output
        #expect(!made.output.contains(token))
        try bench.write(made.output, to: "tokens")
        let port = try LocalListener.freePort()
        let running = try Executable(Executable.tranche.path).start(
            ["serve", "--listen", "127.0.0.1:\(port)", "--tokens", bench.path("tokens")],
            environment: bench.environment
        )
        defer { running.send(SIGKILL) }
        try await LocalListener.waitForSomebody(on: port)
        let url = "http://127.0.0.1:\(port)/v1/overview"
        #expect(try await ask("-o", "/dev/null", "-w", "%{http_code}", url) == "401")
        let field = "Authorization: Bearer \(token)"
        #expect(try await ask("-o", "/dev/null", "-w", "%{http_code}", "-H", field, url) == "200")
        running.send(SIGINT)
        #expect(await running.outcome().code == 0)
    }

    /// Writes a pipeline with a job whose batches are told to OpenLineage.
    ///
    /// - Returns: The file of events.
    /// - Throws: What writing throws.
    private func writePipeline(_ bench: CommandLineBench) throws -> String {
        let file = bench.path("l.jsonl")
        try bench.write(
            """
            lineage: {to: "\(file)", namespace: shop}
            jobs: {thumbs: {source: files, count: 4, handler: rest}}

            """,
            to: "pipeline.yaml"
        )
        return file
    }

    @Test("Work over REST is told to OpenLineage, and at the start it is said where that goes")
    func lineage() async throws {
        let bench = try await CommandLineBench()
        let file = try writePipeline(bench)
        let port = try LocalListener.freePort()
        let running = try Executable(Executable.tranche.path).start(
            [
                "serve", "--listen", "127.0.0.1:\(port)", "--pipeline",
                bench.path("pipeline.yaml"), "--work",
            ],
            environment: bench.environment
        )
        defer { running.send(SIGKILL) }
        try await LocalListener.waitForSomebody(on: port)
        let url = "http://127.0.0.1:\(port)/v1"
        let json = ["-X", "POST", "-H", "Content-Type: application/json", "-d"]
        func post(_ path: String, _ body: String) async throws -> String {
            try await ask(json[0], json[1], json[2], json[3], json[4], body, url + path)
        }
        let acquired = try await post("/jobs/thumbs/acquire", "{}")
        let token = try #require(acquired.firstMatch(of: #/"token":"(\d+)\.1"/#)).output.1
        let body = #"{"token": "\#(token).1"}"#
        let done = try await post("/batches/\(token)/succeed", body)
        #expect(done.contains(#""status":"succeeded""#), "\(done)")
        running.send(SIGTERM)
        let outcome = await running.outcome()
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("lineage of the batches goes to '\(file)'"))
        let events = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        #expect(events.count == 2)
        #expect(events.first?.contains(#""eventType":"START""#) == true)
        #expect(events.last?.contains(#""eventType":"COMPLETE""#) == true)
        #expect(events.allSatisfy { $0.contains(#""namespace":"shop""#) })
    }

    @Test("Who does not read what it says on standard error holds up no request")
    func stuckReader() async throws {
        let bench = try await CommandLineBench()
        let file = try writePipeline(bench)
        let port = try LocalListener.freePort()
        let errors = HeldWriter()
        let (signals, signalling) = AsyncStream<Int32>.makeStream()
        let program = Program(
            environment: bench.environment,
            output: TextWriter(),
            errors: errors,
            signals: { signals }
        )
        let arguments = [
            "serve", "--listen", "127.0.0.1:\(port)", "--pipeline", bench.path("pipeline.yaml"),
        ]
        async let status = program.run(arguments)
        // Also where the test fails, it ends.
        defer {
            errors.release()
            signalling.yield(SIGTERM)
        }
        try await LocalListener.waitForSomebody(on: port)
        #expect(try await ask("http://127.0.0.1:\(port)/readyz") == "ok\n")
        #expect(errors.text == "")
        errors.release()
        signalling.yield(SIGTERM)
        #expect(await status == .done)
        #expect(errors.text.contains("lineage of the batches goes to '\(file)'"))
    }

    @Test("What cannot be served is refused, with what to do")
    func refusals() async throws {
        let bench = try await CommandLineBench()
        for (arguments, words) in [
            (["--listen", "0.0.0.0:0"], "name a file of tokens"),
            (["--listen", "nowhere"], "--listen: 'nowhere' is not an address"),
            (["--tls-cert", "x"], "go together"),
            (["--role", "look"], "goes with --new-token"),
            (["--base", "tranche"], "is not a path"),
            (["--colour", "red"], "give one such as #3b7dd8"),
            (["--tokens", bench.path("none")], "cannot be read"),
            (["--lineage", "l.jsonl"], "--lineage goes with --pipeline"),
            (["--max-age", "soon"], "--max-age 'soon'"),
            (["--max-failed", "x"], "--max-failed 'x'"),
        ] {
            let outcome = await bench.run(["serve"] + arguments)
            #expect(outcome.status == .usage, "\(arguments)")
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
        }
    }
}

/// Keeps what is written, and holds up who writes until it is released.
private final class HeldWriter: Writer {
    let isTerminal = false
    let width = 100
    private let kept = TextWriter()
    private let gate = DispatchSemaphore(value: 0)

    /// What was written so far.
    var text: String { kept.text }

    func write(_ bytes: [UInt8]) throws {
        gate.wait()
        gate.signal()
        try kept.write(bytes)
    }

    func release() {
        gate.signal()
    }
}
