import Foundation
import TestSupport
import Testing
import Tranche
import TrancheTestKit

@testable import TrancheCLI

@Suite(.timeLimit(.minutes(10))) struct RunTests {
    /// A pipeline whose two processes note the ids of what they see, each in a file.
    private static func pipeline(_ folder: String, lease: String) -> String {
        """
        inputs:
          files: {type: directory, folder: "\(folder)/in", quiet: 0s, interval: 100ms}
        processes:
          first: {type: program, command: [sh, -c, 'cat >> "\(folder)/first"']}
          second: {type: program, command: [sh, -c, 'cat >> "\(folder)/second"']}
        links:
          - {from: files, to: [first, second], count: 10, lease: \(lease), max_attempts: 100}
        """
    }

    private func bench(files: Int, lease: String = "1s") async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.write(Self.pipeline(bench.folder.path, lease: lease), to: "p.yaml")
        for number in 0..<files { try bench.write("x", to: "in/file-\(number).csv") }
        return bench
    }

    /// The names of the files whose events a process saw.
    private func seen(by process: String, in bench: CommandLineBench) throws -> [String] {
        try String(contentsOfFile: bench.path(process), encoding: .utf8)
            .split(separator: "\n").compactMap { line in
                line.firstMatch(of: /file-\d+\.csv/).map { String($0.output) }
            }
    }

    @Test("What there is is worked on once by each link, and the jobs are shown")
    func drain() async throws {
        // Once each: no lease ends, however busy the machine is.
        let bench = try await bench(files: 25, lease: "10m")
        let first = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(first.status == .done, "\(first.errors)")
        try bench.write("x", to: "in/file-25.csv")
        #expect(await bench.run("run", bench.path("p.yaml"), "--drain").status == .done)
        for process in ["first", "second"] {
            let seen = try seen(by: process, in: bench)
            #expect(seen.count == 26)
            #expect(Set(seen).count == 26)
        }
        let status = await bench.run("status")
        #expect(status.output.contains("files/first "))
        #expect(status.output.contains("input:files"))
        let input = await bench.run("input", "show", "files")
        #expect(input.output.contains("26"))
        #expect(input.output.contains("files/second: done up to 26"))
    }

    @Test("A drain says which events it leaves, as they are younger than their link's within")
    func young() async throws {
        let bench = try await CommandLineBench()
        try bench.write("x", to: "in/a.csv")
        try bench.write(
            """
            inputs: {up: {type: directory, folder: "\(bench.path("in"))", quiet: 0s}}
            processes: {load: {type: program, command: [cat]}}
            links: [{from: up, to: load, coalesce: key, within: 1h}]
            """,
            to: "p.yaml"
        )
        let run = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(run.status == .done, "\(run.errors)")
        let words = "up/load: 1 event waits for its 'within' to pass"
        #expect(run.errors.contains(words), "\(run.errors)")
    }

    @Test("What no proof covers in the tables of jobs and inputs is told once for each")
    func risks() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE a (uid INTEGER NOT NULL, item TEXT);
            CREATE TABLE b (uid INTEGER NOT NULL, item TEXT);
            INSERT INTO a VALUES (1, 'x'), (2, 'y');
            INSERT INTO b VALUES (1, 'x'), (2, 'y');
            """
        )
        try bench.write(
            """
            inputs: {rows: {type: listing, source: b}}
            processes: {p: {type: program, command: [cat]}, q: {type: program, command: [cat]}}
            links: [rows -> p, rows -> q]
            jobs:
              one: {source: a, count: 1, command: [cat]}
              two: {source: a, count: 1, command: [cat]}
            """,
            to: "p.yaml"
        )
        let run = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(run.status == .done, "\(run.errors)")
        for table in ["a", "b"] {
            let notes = run.errors.matches(of: try Regex("note: '\(table)': no index begins with"))
            #expect(notes.count == 1, "\(table): \(run.errors)")
            let statement = #"CREATE UNIQUE INDEX "\#(table)_uid_key" ON "\#(table)" ("uid")"#
            #expect(run.errors.contains(statement), "\(run.errors)")
        }
    }

    @Test("With --json each attempt that ends is a line on standard output")
    func json() async throws {
        let bench = try await bench(files: 5, lease: "10m")
        let run = await bench.run("run", bench.path("p.yaml"), "--drain", "--json")
        #expect(run.status == .done, "\(run.errors)")
        let lines = run.output.split(separator: "\n")
        for job in ["files/first", "files/second"] {
            let mine = lines.filter { $0.replacing("\\/", with: "/").contains(#""job":"\#(job)""#) }
            #expect(mine.count == 1, "\(run.output)")
            #expect(mine.allSatisfy { $0.contains(#""status":"succeeded""#) })
            #expect(mine.allSatisfy { $0.contains(#""count":5"#) })
        }
    }

    @Test("A webhook whose request is sent again is told while it tries", arguments: [false, true])
    func sendingAgain(asLog: Bool) async throws {
        let bench = try await CommandLineBench()
        try bench.write("x", to: "in/a")
        try bench.write(
            """
            inputs: {files: {type: directory, folder: "\(bench.path("in"))", quiet: 0s}}
            processes: {hook: {type: webhook, url: {env: HOOK}}}
            links: [files -> hook]
            """,
            to: "p.yaml"
        )
        try await withHTTPServer { _, before in
            before < 2 ? .init(503) : .init(204)
        } _: { server in
            let log = asLog ? ["--log", "text"] : []
            let run = await bench.run(
                ["run", bench.path("p.yaml"), "--drain"] + log,
                environment: ["HOOK": "\(server.url)/hook?token=hidden"]
            )
            #expect(run.status == .done, "\(run.errors)")
            let lines = run.errors.split(separator: "\n").filter { $0.contains("sent again in ") }
            try #require(lines.count == 1, "\(run.errors)")
            let words = "files/hook: batch 1: \(server.url)/hook answered 503"
            #expect(lines[0].contains(words), "\(lines)")
            #expect(!run.errors.contains("hidden"), "\(run.errors)")
            if asLog {
                #expect(lines[0].contains(" warning job=files/hook batch=1 "), "\(lines)")
            }
        }
    }

    @Test("A program that fails is told, and ends the command with 1")
    func failing() async throws {
        let bench = try await CommandLineBench()
        let text = """
            inputs: {files: {type: directory, folder: "\(bench.path("in"))", quiet: 0s}}
            processes: {p: {type: program, command: [sh, -c, "echo no >&2; exit 3"]}}
            links: [{from: files, to: p, max_attempts: 1}]
            """
        try bench.write(text, to: "p.yaml")
        try bench.write("x", to: "in/a")
        let outcome = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("exit code 3: no"))
        // What has failed for good is told again, also by who has not seen it fail.
        let again = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(again.status == .failed)
        #expect(again.errors.contains("1 batch of files/p failed"))
        let logs = await bench.run("logs", "--batch", "1")
        #expect(logs.output.contains("no"))
    }

    @Test("A single event is in the environment, several on standard input alone")
    func environment() async throws {
        let bench = try await CommandLineBench()
        let file = bench.path("seen")
        let text = """
            inputs: {files: {type: directory, folder: "\(bench.path("in"))", quiet: 0s}}
            processes:
              one:
                type: program
                command: [sh, -c, 'echo "$TRANCHE_LINK $PIPELINE_EVENT $TRANCHE_NOTE" >> "\(file)"']
            links: [files -> one]
            """
        try bench.write(text, to: "p.yaml")
        try bench.write("x", to: "in/a")
        // As where a pipeline is run by the program of another.
        let outer = ["TRANCHE_LINK": "outer", "PIPELINE_EVENT": "outer", "TRANCHE_NOTE": "outer"]
        let command = ["run", bench.path("p.yaml"), "--drain"]
        let outcome = await bench.run(command, environment: outer)
        #expect(outcome.status == .done, "\(outcome.errors)")
        let seen = try String(contentsOfFile: file, encoding: .utf8)
        #expect(seen.hasPrefix(#"files/one {"location":"#), "\(seen)")
        #expect(!seen.contains("outer"), "\(seen)")
        #expect(seen.contains(#""operation":"create""#), "\(seen)")
    }

    @Test("A file that is wrong is told with every fault, and nothing is run")
    func faults() async throws {
        let bench = try await CommandLineBench()
        try bench.write("inputs: {a: {type: x}}\nprocesses: {}\nlinks: [a -> b]\n", to: "p.yaml")
        let check = await bench.run("check", bench.path("p.yaml"))
        #expect(check.status == .failed)
        #expect(check.output.contains("p.yaml:1:20"))
        let run = await bench.run("run", bench.path("p.yaml"))
        #expect(run.status == .usage)
        #expect(run.errors.contains("p.yaml:1:20"))
        #expect(await bench.run("run", bench.path("none.yaml")).status == .usage)
        let graph = await bench.run("graph", bench.path("p.yaml"))
        #expect(graph.status == .usage)
    }

    @Test("A graph is printed, and a sound file is said to be")
    func graph() async throws {
        let bench = try await bench(files: 0)
        let graph = await bench.run("graph", bench.path("p.yaml"))
        #expect(graph.output.hasPrefix("files\n|-- first"))
        let dot = await bench.run("graph", bench.path("p.yaml"), "--format", "dot")
        #expect(dot.output.hasPrefix("digraph pipeline {"))
        let check = await bench.run("check", bench.path("p.yaml"))
        #expect(check.status == .done)
        #expect(check.output.contains("1 input, 2 processes, 2 jobs"))
    }

    @Test("The medallion of the examples validates files, splits them, and says which row is wrong")
    func medallion() async throws {
        let bench = try await CommandLineBench()
        let examples = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../examples/pipelines/medallion").standardizedFileURL
        for name in ["pipeline.yaml", "validate.py", "split.py"] {
            let text = try String(contentsOf: examples.appending(path: name), encoding: .utf8)
            try bench.write(text, to: name)
        }
        let head = "sensor,latitude,longitude,precipitation\n"
        try bench.write(head + "s1,10,20,1.5\ns2,11,21,0\n", to: "raw/good.csv")
        try bench.write(head + "s1,99,20,1.5\n", to: "raw/bad.csv")
        let script =
            "cd '\(bench.folder.path)' && exec '\(Executable.tranche.path)' run pipeline.yaml "
            + "--drain"
        let outcome = try await Executable("/bin/sh").run(
            ["-c", script],
            environment: bench.environment
        )
        #expect(outcome.code == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("Row failed validation: line 2: latitude"))
        let results = try bench.rows(
            """
            SELECT job_result_item FROM inventory
            WHERE job = 'raw/validate' AND status = 'succeeded'
            """
        )
        #expect(results.count == 1)
        #expect(results.first?.contains(#""rows": 2"#) == true, "\(results)")
        let jobs = try bench.rows(
            "SELECT job, status FROM inventory ORDER BY job, status"
        )
        #expect(
            jobs == [
                "raw/validate|failed", "raw/validate|succeeded", "raw/validate/split|succeeded",
            ]
        )
    }

    /// Starts `tranche run`, kills it at a random moment, and does that again.
    private func killed(
        _ bench: CommandLineBench,
        times: Int,
        _ generator: inout SplitMix64
    ) async throws {
        for round in 0..<times {
            let running = try Executable.tranche.start(
                ["run", bench.path("p.yaml")],
                environment: bench.environment
            )
            let beside = try Executable.tranche.start(
                ["run", bench.path("p.yaml")],
                environment: bench.environment
            )
            let bound = (round + 1) * 20
            let count = { (try? self.seen(by: "first", in: bench).count) ?? 0 }
            // Somewhere in the work: how much of it is done by now differs with each round.
            _ = await eventually { count() >= bound }
            for _ in 0..<Int.random(in: 0..<5000, using: &generator) { sched_yield() }
            running.send(SIGKILL)
            _ = await running.outcome()
            if round.isMultiple(of: 2) { beside.send(SIGKILL) } else { beside.send(SIGTERM) }
            _ = await beside.outcome()
        }
    }

    @Test("Each of two processes has every event recorded once, however often who runs them dies")
    func kills() async throws {
        let seed = UInt64.random(in: 0 ..< .max)
        var generator = SplitMix64(seed: seed)
        let bench = try await bench(files: 1000)
        try await killed(bench, times: 20, &generator)
        #expect(
            await eventually {
                await bench.run("run", bench.path("p.yaml"), "--drain").status == .done
            }
        )
        let all = Set((0..<1000).map { "file-\($0).csv" })
        for process in ["first", "second"] {
            #expect(Set(try seen(by: process, in: bench)) == all, "seed \(seed)")
            // What is recorded: batches that succeeded hold each event of the log once.
            let rows = try bench.rows(
                """
                SELECT sum(batch_count), count(DISTINCT batch_id_start)
                FROM inventory WHERE job = 'files/\(process)' AND status = 'succeeded'
                """
            )
            #expect(rows[0].hasPrefix("1000"), "seed \(seed): \(rows)")
            let others = try bench.rows(
                "SELECT id FROM inventory WHERE job = 'files/\(process)' AND status <> 'succeeded'"
            )
            #expect(others == [], "seed \(seed)")
        }
        #expect(
            try bench.rows("SELECT count(*), max(number) FROM inventory_event")[0] == "1000|1000"
        )
    }

    @Test("Rows of files are written once, and files moved, however often who runs them dies")
    func killedChains() async throws {
        let seed = UInt64.random(in: 0 ..< .max)
        var generator = SplitMix64(seed: seed)
        let bench = try await CommandLineBench()
        try bench.write(
            """
            inputs: {raw: {type: directory, folder: "\(bench.path("raw"))", quiet: 0s}}
            processes:
              store: {type: chain, records: file, sink: "table:row", promise: transactional}
            links:
              - {from: raw, to: store, count: 3, lease: 1s, max_attempts: 100,
                 then: {move: "\(bench.path("done"))"}}
            """,
            to: "p.yaml"
        )
        // Without a key each record is a new row: one that was written twice would show.
        try bench.execute("CREATE TABLE row (id INTEGER)")
        for file in 0..<150 {
            let rows = (0..<20).map { "\(file * 20 + $0)\n" }.joined()
            try bench.write("id\n" + rows, to: "raw/\(file).csv")
        }
        let names = { (folder: String) in
            (try? FileManager.default.contentsOfDirectory(atPath: bench.path(folder)).count) ?? 0
        }
        for round in 0..<8 {
            let running = try Executable.tranche.start(
                ["run", bench.path("p.yaml")],
                environment: bench.environment
            )
            _ = await eventually { names("done") >= round * 15 + 5 }
            for _ in 0..<Int.random(in: 0..<5000, using: &generator) { sched_yield() }
            running.send(SIGKILL)
            _ = await running.outcome()
        }
        let last = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(last.status == .done, "seed \(seed): \(last.errors)")
        let rows = try bench.rows("SELECT count(*), count(DISTINCT id) FROM row")
        #expect(rows == ["3000|3000"], "seed \(seed)")
        #expect(names("raw") == 0 && names("done") == 150, "seed \(seed)")
    }
}
