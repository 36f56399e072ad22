import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

@Suite("OpenLineage on the command line", .timeLimit(.minutes(10))) struct LineageTests {
    /// The events of a file, as far as tests look at them.
    private struct Event: Decodable {
        struct Dataset: Decodable, Hashable {
            var namespace: String
            var name: String
            var outputFacets: OutputFacets?
        }

        struct OutputFacets: Decodable, Hashable {
            var outputStatistics: Statistics
        }

        struct Statistics: Decodable, Hashable {
            var rowCount: Int
        }

        struct Job: Decodable {
            var namespace: String
            var name: String
        }

        struct Run: Decodable {
            var runId: String
            var facets: Facets
        }

        struct Facets: Decodable {
            var parent: Parent
            var errorMessage: Message?
        }

        struct Parent: Decodable {
            var run: Named
            var job: Job
            var root: Root?
        }

        struct Root: Decodable {
            var run: Named
        }

        struct Named: Decodable {
            var runId: String
        }

        struct Message: Decodable {
            var message: String
        }

        var eventType: String
        var run: Run
        var job: Job
        var inputs: [Dataset]
        var outputs: [Dataset]
    }

    private func events(_ bench: CommandLineBench, _ name: String = "l.jsonl") throws -> [Event] {
        try String(contentsOfFile: bench.path(name), encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(Event.self, from: Data($0.utf8))
        }
    }

    /// Holds a file against the specification and its client, where there is Python.
    private func check(
        _ bench: CommandLineBench,
        runs: Int,
        _ types: [String: Int],
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        guard let summary = try OpenLineage.check(bench.path("l.jsonl")) else { return }
        #expect(summary.runs == runs, sourceLocation: location)
        #expect(summary.types == types, sourceLocation: location)
    }

    private func work(_ script: String, _ more: String...) -> [String] {
        ["work", "--job", "j", "--meta", "files", "--backoff", "0s", "--count", "2"] + more
            + ["--", "/bin/sh", "-c", "cat > /dev/null; " + script]
    }

    @Test("Work tells of each attempt: of its ids, and how it ended")
    func working() async throws {
        let bench = try await CommandLineBench()
        let script =
            "[ $TRANCHE_ATTEMPT = 2 ] || [ $TRANCHE_BATCH != 2 ] || { echo no >&2; exit 1; }"
        let file = bench.path("l.jsonl")
        let outcome = await bench.run(
            work(script, "--workers", "3", "--lineage", file, "--lineage-namespace", "shop")
        )
        #expect(outcome.status == .done, "\(outcome.errors)")
        try check(bench, runs: 6, ["START": 6, "COMPLETE": 5, "FAIL": 1])
        let events = try events(bench)
        #expect(events.allSatisfy { $0.job.namespace == "shop" && $0.job.name == "j.batch" })
        #expect(events.allSatisfy { $0.run.facets.parent.job.name == "j" })
        #expect(Set(events.map(\.run.facets.parent.run.runId)).count == 1)
        let failed = events.first { $0.eventType == "FAIL" }
        #expect(failed?.run.facets.errorMessage?.message == "exit code 1: no")
        let path = URL(filePath: bench.path("tranche.db")).resolvingSymlinksInPath().path
        let input = Event.Dataset(namespace: "sqlite://\(path)", name: "files")
        #expect(events.allSatisfy { $0.inputs == [input] })
        let own = Event.Dataset(namespace: "sqlite://\(path)", name: "inventory/j")
        #expect(events.allSatisfy { $0.outputs == [own] })
    }

    @Test("Processes that spell the inventory in other ways name its runs alike")
    func spellings() async throws {
        let bench = try await CommandLineBench()
        let words = work(":", "--lineage", bench.path("l.jsonl"))
        for place in ["tranche.db", "./tranche.db"] {
            try bench.execute("INSERT INTO files (item) VALUES ('x')")
            let inventory = ["TRANCHE_INVENTORY": "sqlite:\(bench.path(place))"]
            let outcome = await bench.run(words, environment: inventory)
            #expect(outcome.status == .done, "\(outcome.errors)")
        }
        try check(bench, runs: 7, ["START": 7, "COMPLETE": 7])
        let events = try events(bench)
        #expect(Set(events.map(\.run.facets.parent.run.runId)).count == 1)
        #expect(Set(events.flatMap(\.inputs)).count == 1)
        #expect(Set(events.flatMap(\.outputs)).count == 1)
    }

    @Test("What is split, quarantined and released is told of as well, and a file is added to")
    func splitting() async throws {
        let bench = try await CommandLineBench()
        let file = bench.path("l.jsonl")
        let script = "if [ $TRANCHE_ID_START -le 3 ] && [ $TRANCHE_ID_END -ge 3 ]; then exit 1; fi"
        let outcome = await bench.run(
            work(script, "--max-attempts", "1", "--on-exhausted", "split", "--lineage", file)
        )
        #expect(outcome.status == .failed, "\(outcome.errors)")
        let attempts = try bench.rows("SELECT sum(attempt) FROM inventory").first.flatMap(Int.init)
        let told = Set(try events(bench).map(\.run.runId)).count
        #expect(told == attempts)
        let more = try await interrupted(bench, file)
        #expect(more == 2)
        let types = try events(bench).suffix(4).map(\.eventType)
        #expect(types == ["START", "START", "ABORT", "ABORT"])
        if let summary = try OpenLineage.check(file) { #expect(summary.runs == told + 2) }
    }

    /// Has another job's work stopped by a second signal.
    ///
    /// - Returns: How many batches it had in hand.
    private func interrupted(_ bench: CommandLineBench, _ file: String) async throws -> Int {
        let signals = AsyncStream<Int32>.makeStream()
        let script = "cat >/dev/null; echo >> \(bench.path("started")); sleep 600"
        let words = [
            "work", "--job", "other", "--meta", "files", "--count", "5", "--workers", "2",
            "--grace", "0s", "--lineage", file, "--", "/bin/sh", "-c", script,
        ]
        async let outcome = bench.run(words, signals: signals.stream)
        // What was handed out and is not begun is given back without being unfinished.
        let haveStarted = await eventually {
            FileManager.default.contents(atPath: bench.path("started"))?.count == 2
        }
        #expect(haveStarted)
        signals.continuation.yield(SIGTERM)
        #expect(await outcome.status == .interrupted)
        let released = "SELECT count(*) FROM inventory WHERE job = 'other' AND status = 'released'"
        return try Int(bench.rows(released).first ?? "") ?? 0
    }

    @Test("A load tells where the records went, and how many")
    func loading() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)")
        try bench.write("id,name\n" + (1...50).map { "\($0),n\($0)\n" }.joined(), to: "p.csv")
        let outcome = await bench.run(
            [
                "load", bench.path("p.csv"), "--to", "table:person", "--key", "id", "--count", "20",
                "--lineage", bench.path("l.jsonl"),
            ]
        )
        #expect(outcome.status == .done, "\(outcome.errors)")
        try check(bench, runs: 3, ["START": 3, "COMPLETE": 3])
        let events = try events(bench)
        let path = URL(filePath: bench.path("p.csv")).resolvingSymlinksInPath().path
        #expect(events.allSatisfy { $0.inputs[0].namespace == "file" && $0.inputs[0].name == path })
        #expect(events.allSatisfy { $0.outputs[0].name == "person" && $0.outputs.count == 2 })
        let written = events.compactMap { $0.outputs[0].outputFacets?.outputStatistics.rowCount }
        #expect(written.reduce(0, +) == 50)
        #expect(events.allSatisfy { $0.job.namespace == "default" })
    }

    @Test("A chain of a pipeline tells where its records went, also where its sink is another")
    func chains() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE one (id INTEGER, name TEXT);
            CREATE TABLE two (id INTEGER, name TEXT)
            """
        )
        let folder = bench.path("in")
        for (place, table) in ["one", "two"].enumerated() {
            try bench.write("id,name\n1,a\n", to: "in/\(table).csv")
            try bench.write(
                """
                lineage: "\(bench.path("l.jsonl"))"
                inputs: {drop: {type: directory, folder: "\(folder)", quiet: 0s}}
                processes: {store: {type: chain, records: file, sink: "table:\(table)"}}
                links: [drop -> store]
                """,
                to: "pipeline.yaml"
            )
            let outcome = await bench.run("run", bench.path("pipeline.yaml"), "--drain", "--apply")
            #expect(outcome.status == .done, "\(outcome.errors)")
            let events = try events(bench)
            #expect(events.suffix(2).map(\.eventType) == ["START", "COMPLETE"])
            #expect(events.count == (place + 1) * 2)
            #expect(events.suffix(2).allSatisfy { $0.outputs.first?.name == table })
            #expect(events.suffix(2).allSatisfy { $0.outputs.count == 2 })
        }
    }

    @Test("A pipeline says it in its file, a flag before it, and the environment after it")
    func pipelines() async throws {
        let bench = try await CommandLineBench()
        let (file, flag) = (bench.path("l.jsonl"), bench.path("flag.jsonl"))
        func pipeline(_ name: String) -> String {
            """
            lineage: {to: "\(file)", namespace: house}
            jobs:
              \(name): {source: files, count: 4, command: [sh, -c, "cat > /dev/null"]}
            """
        }
        let variables = ["OPENLINEAGE_URL": "http://127.0.0.1:9", "OPENLINEAGE_NAMESPACE": "env"]
        for (name, more) in [("a", []), ("b", ["--lineage", flag, "--lineage-namespace", "f"])] {
            try bench.write(pipeline(name), to: "\(name).yaml")
            let outcome = await bench.run(
                ["run", bench.path("\(name).yaml"), "--drain"] + more,
                environment: variables
            )
            #expect(outcome.status == .done, "\(outcome.errors)")
        }
        try check(bench, runs: 3, ["START": 3, "COMPLETE": 3])
        #expect(try events(bench).allSatisfy { $0.job.namespace == "house" })
        let flagged = try events(bench, "flag.jsonl")
        #expect(flagged.count == 6)
        #expect(flagged.allSatisfy { $0.job.namespace == "f" && $0.job.name == "b.batch" })
    }

    @Test("A workflow tells of its attempts, too, and goes with work alone")
    func workflows() async throws {
        let bench = try await CommandLineBench()
        let words = #"["sh","-c","cat >/dev/null"]"#
        try bench.write(
            #"{"job":"j","source":"files","count":5,"program":\#(words)}"#,
            to: "w.json"
        )
        let lineage = ["--lineage", bench.path("l.jsonl")]
        let idle = await bench.run(["workflow", "start", bench.path("w.json")] + lineage)
        #expect(idle.status == .usage)
        let outcome = await bench.run(
            ["workflow", "start", bench.path("w.json"), "--work"] + lineage
        )
        #expect(outcome.status == .done, "\(outcome.errors)")
        try check(bench, runs: 2, ["START": 2, "COMPLETE": 2])
    }

    @Test("A program finds the attempt as its parent, and what has started all is the root")
    func parents() async throws {
        let bench = try await CommandLineBench()
        let root = "01a22385-3119-7e37-b0fa-7fe5bee80dbe"
        let outcome = await bench.run(
            work("echo $OPENLINEAGE_PARENT_ID >> \(bench.path("parents"))")
                .inserting(["--lineage", bench.path("l.jsonl"), "--lineage-namespace", "a/b"]),
            environment: ["OPENLINEAGE_PARENT_ID": "airflow/nightly.load/\(root)"]
        )
        #expect(outcome.status == .done, "\(outcome.errors)")
        try check(bench, runs: 5, ["START": 5, "COMPLETE": 5])
        let events = try events(bench)
        let parents = try String(contentsOfFile: bench.path("parents"), encoding: .utf8)
        let expected = events.filter { $0.eventType == "START" }
            .map { "a/b/j.batch/\($0.run.runId)" }
        #expect(parents.split(separator: "\n").map(String.init) == expected)
        #expect(events.allSatisfy { $0.run.facets.parent.root?.run.runId == root })
    }

    @Test("An address in the environment is told, with the token; a disabled client is silent")
    func environment() async throws {
        try await withHTTPServer { _, _ in
            .init(201)
        } _: { server in
            let bench = try await CommandLineBench()
            var variables = [
                "OPENLINEAGE_URL": server.url, "OPENLINEAGE_NAMESPACE": "env",
                "OPENLINEAGE_API_KEY": "secret",
            ]
            let outcome = await bench.run(work(":"), environment: variables)
            #expect(outcome.status == .done, "\(outcome.errors)")
            #expect(server.requests.count == 10)
            #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer secret" })
            #expect(server.requests.allSatisfy { $0.text.contains(#""namespace":"env""#) })
            #expect(!(outcome.errors + outcome.output).contains("secret"))
            variables["OPENLINEAGE_DISABLED"] = "True"
            try bench.execute("INSERT INTO files (item) VALUES ('x')")
            #expect(await bench.run(work(":"), environment: variables).status == .done)
            #expect(server.requests.count == 10)
        }
    }

    @Test("Beside a dead address work succeeds, and says once that it is, and what was lost")
    func dead() async throws {
        let bench = try await CommandLineBench()
        let url = try await withHTTPServer { _, _ in
            .init(201)
        } _: {
            $0.url
        }
        let outcome = await bench.run(work(":", "--lineage", url))
        #expect(outcome.status == .done)
        let lines = outcome.errors.split(separator: "\n").filter { $0.contains("lineage") }
        #expect(lines.count == 2, "\(outcome.errors)")
        #expect(lines.first?.contains("cannot be sent, and the work goes on") == true)
        #expect(lines.last?.contains("10 of 10 lineage events did not reach") == true)
    }

    @Test("What cannot be right is refused before anything is done, with the name of what says it")
    func refused() async throws {
        let bench = try await CommandLineBench()
        func errors(_ more: [String], _ variables: [String: String] = [:]) async -> String {
            let outcome = await bench.run(work(":").inserting(more), environment: variables)
            #expect(outcome.status == .usage, "\(more)")
            #expect(!outcome.errors.contains("secret"))
            return outcome.errors
        }
        #expect(
            await errors(["--lineage", "http://u:secret@h"])
                .contains("--lineage holds a password, which everyone")
        )
        #expect(await errors(["--lineage", "ftp://h"]).contains("--lineage: the address"))
        #expect(
            await errors(["--lineage", "/nowhere/x"])
                .contains("--lineage: lineage cannot be written to '/nowhere/x'")
        )
        #expect(
            await errors(["--lineage-namespace", "x"])
                .contains("--lineage-namespace goes with --lineage or OPENLINEAGE_URL")
        )
        #expect(
            await errors([], ["OPENLINEAGE_URL": "h:5000"])
                .contains("OPENLINEAGE_URL: is no URL of http or https")
        )
        #expect(try bench.rows("SELECT count(*) FROM inventory") == ["0"])
    }
}

extension [String] {
    /// A command line with more options before the program's.
    fileprivate func inserting(_ options: [String]) -> [String] {
        guard let end = firstIndex(of: "--") else { return self + options }
        return self[..<end] + options + self[end...]
    }
}
