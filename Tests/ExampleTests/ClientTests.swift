import Foundation
import TestSupport
import Testing

/// The modules and programs in `clients/`, run under the program.
@Suite("The clients", .timeLimit(.minutes(10)))
struct ClientTests {
    /// The folder of the clients.
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent()
        .appending(path: "../../clients")
        .standardizedFileURL

    private static let nodePath = ["/usr/bin/node", "/usr/local/bin/node"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private var environment: [String: String] {
        ["TRANCHE": BuiltProgram("tranche").path, "PYTHONDONTWRITEBYTECODE": "1"]
    }

    @Test("The Python module passes its tests", .enabled(if: Python.path != nil))
    func python() async throws {
        let python = try BuiltProgram(path: #require(Python.path))
        let tests = Self.folder.appending(path: "python/tests").path
        let outcome = try await python.run(
            environment,
            arguments: ["-m", "unittest", "discover", tests]
        )
        #expect(outcome.status == 0, "\(outcome.text)")
    }

    @Test("The worker in shell works on every batch", arguments: [["--persistent"], []])
    func shell(options: [String]) async throws {
        let worker = Self.folder.appending(path: "shell/worker.sh").path
        let results = try await work(with: [worker], options)
        #expect(results == [#"{"items":2}"#, #"{"items":2}"#, #"{"items":1}"#])
    }

    @Test(
        "What the worker in shell runs takes no items from its standard input",
        arguments: [["--persistent"], []]
    )
    func shellChildren(options: [String]) async throws {
        try await withTemporaryFolder { folder in
            let worker = folder.path("worker.sh")
            let counting = "count=$((count + 1))"
            let path = Self.folder.appending(path: "shell/worker.sh").path
            try String(contentsOfFile: path, encoding: .utf8)
                .replacing(counting, with: "head -c 1000 >/dev/null; \(counting)")
                .write(toFile: worker, atomically: true, encoding: .utf8)
            let options = options + ["--timeout", "60s", "--max-attempts", "1"]
            let results = try await work(with: ["/bin/sh", worker], options)
            #expect(results == [#"{"items":2}"#, #"{"items":2}"#, #"{"items":1}"#])
        }
    }

    @Test(
        "The worker in Node works on every batch",
        .enabled(if: nodePath != nil),
        arguments: [["--persistent"], []]
    )
    func node(options: [String]) async throws {
        let worker = Self.folder.appending(path: "node/worker.mjs").path
        let results = try await work(with: [#require(Self.nodePath), worker], options)
        #expect(results == [#"{"weight":8}"#, #"{"weight":35}"#, #"{"weight":4}"#])
    }

    @Test(
        "The worker in Node parts lines at line feeds alone",
        .enabled(if: nodePath != nil),
        arguments: [["--persistent"], []]
    )
    func nodeLines(options: [String]) async throws {
        let worker = Self.folder.appending(path: "node/worker.mjs").path
        let program = try [#require(Self.nodePath), worker]
        let results = try await work(with: program, options, records: "x\u{2028}y,2\n")
        #expect(results == [#"{"weight":8}"#])
    }

    @Test(
        "A program of one's own takes what works on batches from the worker in Node",
        .enabled(if: nodePath != nil),
        arguments: [["--persistent"], []]
    )
    func nodeModule(options: [String]) async throws {
        let module = Self.folder.appending(path: "node/worker.mjs").path
        try await withTemporaryFolder { folder in
            let own = folder.path("own.mjs")
            let text = """
                import { run } from "\(module)";
                await run((batch, items) => ({ mine: items.length }));
                """
            try Data(text.utf8).write(to: URL(filePath: own))
            let results = try await work(with: [#require(Self.nodePath), own], options)
            #expect(results == [#"{"mine":2}"#, #"{"mine":2}"#, #"{"mine":1}"#])
        }
    }

    @Test("A worker that nobody has given a batch exits with 64 and says why")
    func alone() async throws {
        var workers = [[Self.folder.appending(path: "shell/worker.sh").path]]
        if let node = Self.nodePath {
            workers.append([node, Self.folder.appending(path: "node/worker.mjs").path])
        }
        for worker in workers {
            let outcome = try await BuiltProgram(path: worker[0])
                .run([:], arguments: Array(worker.dropFirst()))
            #expect(outcome.status == 64)
            #expect(outcome.text.contains("there is no TRANCHE_BATCH"), "\(outcome.text)")
        }
    }

    /// Has a worker work on a file of five records, or others, and gives its results.
    private func work(
        with program: [String],
        _ options: [String],
        records: String = "1,2\n3,4\n5,\"a longer one\"\n\"\u{e4} longer one\",7\n8,9\n"
    ) async throws -> [String] {
        try await withTemporaryFolder { folder in
            let file = folder.path("files.csv")
            try Data("a,b\n\(records)".utf8).write(to: URL(filePath: file))
            let tranche = BuiltProgram("tranche")
            let environment = ["TRANCHE_INVENTORY": "sqlite:\(folder.path("inventory.db"))"]
            let run = ["work", "--job", "j", "--meta", "csv:\(file)", "--count", "2"]
            #expect(try await tranche.run(environment, arguments: ["migrate", "up"]).status == 0)
            let worked = try await tranche.run(
                environment,
                arguments: run + options + ["--"] + program
            )
            #expect(worked.status == 0, "\(worked.text)")
            let listed = try await tranche.run(environment, arguments: ["batches", "--json"])
            return listed.text.matches(of: #/"result":({[^}]*})/#).map { String($0.output.1) }
                .reversed()
        }
    }
}
