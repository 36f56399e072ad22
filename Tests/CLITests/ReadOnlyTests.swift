import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

/// Inventories that can only be looked at: they are shown, and nothing of them is changed.
@Suite("An inventory that cannot be written", .serialized, .timeLimit(.minutes(10)))
struct ReadOnlyTests {
    /// A program, and how it is started.
    private struct Look: Sendable {
        /// What stands before the program's arguments; the first is a file.
        let command: [String]
        let environment: [String: String]

        private func executable() throws -> (Executable, [String]) {
            (Executable(try #require(command.first)), Array(command.dropFirst()))
        }

        func run(_ arguments: String...) async throws -> Executable.Outcome {
            let (program, first) = try executable()
            return try await program.run(first + arguments, environment: environment)
        }

        func start(_ arguments: [String]) throws -> RunningProgram {
            let (program, first) = try executable()
            return try program.start(first + arguments, environment: environment)
        }
    }

    /// Asks with curl; the status stands behind the answer.
    private func ask(_ arguments: String...) async throws -> (status: String, text: String) {
        let outcome = try await Executable("/usr/bin/curl").run(
            ["-sS", "-m", "60", "-w", "\n%{http_code}"] + arguments
        )
        #expect(outcome.code == 0, "\(outcome.errors)")
        let parts = outcome.output.components(separatedBy: "\n")
        return (parts.last ?? "", parts.dropLast().joined(separator: "\n"))
    }

    private func post(_ url: String) async throws -> (status: String, text: String) {
        try await ask("-X", "POST", "-H", "Content-Type: application/json", "-d", "{}", url)
    }

    /// Looks at an inventory of one batch of the job `thumbs` in every way; `more` is given the
    /// address of a server of it.
    private func check(
        _ look: Look,
        _ bench: CommandLineBench,
        because reason: String,
        _ more: (String) async throws -> Void = { _ in }
    ) async throws {
        for command in ["status", "batches", "metrics", "gaps", "changes"] {
            let seen = try await look.run(command)
            #expect(seen.code == 0, "\(command): \(seen.errors)")
            #expect(command == "changes" || seen.output.contains("thumbs"), "\(command)")
        }
        if !reason.contains("standby") {
            // On a standby it waits for a while: it may be about to become the server.
            let acquired = try await look.run("acquire", "--job", "thumbs", "--meta", "files")
            #expect(acquired.code == 1 && acquired.output == "", "\(acquired.output)")
        }
        try bench.write("jobs: {thumbs: {source: files, count: 2, handler: rest}}\n", to: "p.yaml")
        let port = try LocalListener.freePort()
        let server = try look.start([
            "serve", "--listen", "127.0.0.1:\(port)", "--operate", "--work", "--pipeline",
            bench.path("p.yaml"),
        ])
        defer { server.send(SIGKILL) }
        try await LocalListener.waitForSomebody(on: port)
        let url = "http://127.0.0.1:\(port)"
        #expect(try await ask("\(url)/readyz") == ("200", "ok, read-only\n"))
        for path in [
            "", "v1/runs", "v1/runs/thumbs/-", "v1/runs/thumbs/-/batches", "v1/batches/1",
            "v1/batches/1/items", "v1/items/1", "v1/runs/thumbs/-/audit", "v1/changes",
            "v1/budgets", "metrics",
        ] {
            let seen = try await ask("\(url)/\(path)")
            #expect(seen.status == "200", "\(path): \(seen.text)")
        }
        for path in ["v1/overview", "v1/session"] {
            let seen = try await ask("\(url)/\(path)")
            #expect(seen.text.contains(#""read_only":true"#), "\(seen.text)")
            #expect(seen.text.contains(reason), "\(seen.text)")
        }
        for path in [
            "v1/jobs/thumbs/acquire", "v1/runs/thumbs/-/pause", "v1/batches/1/retry",
            "v1/heartbeats", "v1/budgets/api/set",
        ] {
            let refused = try await post("\(url)/\(path)")
            #expect(refused.status == "403", "\(path): \(refused.text)")
            #expect(refused.text.contains(#""code":"read_only""#), "\(refused.text)")
        }
        try await more(url)
        server.send(SIGTERM)
        #expect(await server.outcome().code == 0)
    }

    @Test("A file that this user may not write is looked at, also while others write to it")
    func file() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "thumbs", "--meta", "files", "--count", "2"]
        #expect(await bench.run(acquire).status == .done)
        // Not even the lock file of who writes may be there.
        try? FileManager.default.removeItem(atPath: bench.path("tranche.db-turn"))
        var command = [bench.path("program")]
        try FileManager.default.copyItem(atPath: Executable.tranche.path, toPath: command[0])
        let isRoot = getuid() == 0
        if isRoot {
            command =
                ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
                + ["--inh-caps=-all"] + command
        }
        func mayWrite(_ may: Bool) throws {
            for (path, mode) in [("tranche.db", 0o644), ("", 0o755)] where !isRoot {
                try FileManager.default.setAttributes(
                    [.posixPermissions: may ? mode : mode & ~0o222],
                    ofItemAtPath: bench.path(path)
                )
            }
        }
        try bench.write("", to: "p.yaml")
        try mayWrite(false)
        defer { try? mayWrite(true) }
        let look = Look(command: command, environment: bench.environment)
        try await check(look, bench, because: "this user may not write to") { url in
            try mayWrite(true)
            #expect(await bench.run(acquire).status == .done)
            #expect(try await ask("\(url)/v1/batches/2").status == "200")
        }
    }

    private func look(_ url: String, _ bench: CommandLineBench) -> Look {
        var environment = bench.environment
        environment["TRANCHE_META_DB"] = environment["TRANCHE_INVENTORY"]
        environment["TRANCHE_INVENTORY"] = url
        return Look(command: [Executable.tranche.path], environment: environment)
    }

    /// Makes an inventory with a batch.
    private func prepare(_ url: String, _ bench: CommandLineBench) async throws {
        let owner = look(url, bench)
        #expect(try await owner.run("migrate", "up").code == 0)
        let made = try await owner.run(
            "acquire",
            "--job",
            "thumbs",
            "--meta",
            "files",
            "--count",
            "2"
        )
        #expect(made.code == 0, "\(made.errors)")
    }

    @Test(
        "A standby is looked at, and changed as soon as it is one no more",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func standby() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        try await withOwnPostgreSQL { own in
            try await prepare(own.url(), bench)
            try await own.becomeStandby()
            try await check(look(own.url(), bench), bench, because: "is a standby") { url in
                try await own.promote()
                #expect(
                    try await eventually {
                        try await post("\(url)/v1/runs/thumbs/-/pause").status == "200"
                    }
                )
                #expect(try await ask("\(url)/readyz").text == "ok\n")
            }
        }
    }

    @Test("A role that may only read looks", .enabled(if: TestPostgreSQL.server != nil))
    func role() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        try await withOwnPostgreSQL { own in
            try await prepare(own.url(), bench)
            let made = try await Executable("/usr/bin/psql").run([
                own.url(), "-c", "CREATE ROLE watcher LOGIN", "-c",
                "GRANT pg_read_all_data TO watcher",
            ])
            #expect(made.code == 0, "\(made.errors)")
            let url = own.url().replacing("postgres@", with: "watcher@")
            try await check(look(url, bench), bench, because: "role 'watcher' may not write to")
        }
    }
}
