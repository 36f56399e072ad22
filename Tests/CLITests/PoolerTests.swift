import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

/// What pgbouncer does with us, and we to the others of its pool.
@Suite(
    .serialized,
    .enabled(if: TestPooler.transaction != nil),
    .timeLimit(.minutes(10))
)
struct PoolerTests {
    /// A database of a test's own, with settings that stand out, behind the pooler.
    private struct Pool {
        let name: String
        /// Its URL behind the pooler in transaction mode.
        let url: String
        /// Its own URL.
        let direct: String

        /// Runs statements as another program does; straight where the pooler is not asked.
        func psql(_ statements: [String], isDirect: Bool = false) async throws -> String {
            let outcome = try await Executable("/usr/bin/env").run(
                ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", isDirect ? direct : url]
                    + statements.flatMap { ["-c", $0] }
            )
            try #require(outcome.code == 0, "\(outcome.errors)")
            return outcome.output
        }

        /// What the pool's sessions are like, each once: settings, prepared statements, advisory
        /// locks, channels, temporary tables, and whether they take writes.
        func sessions() async throws -> Set<String> {
            let look = """
                SELECT string_agg(name || '=' || setting, ',' ORDER BY name),
                    (SELECT count(*) FROM pg_prepared_statements),
                    (
                        SELECT count(*) FROM pg_locks
                        WHERE locktype = 'advisory' AND pid = pg_backend_pid()
                    ),
                    (SELECT count(*) FROM pg_listening_channels()),
                    (SELECT count(*) FROM pg_class WHERE relpersistence = 't')
                FROM pg_settings
                WHERE name NOT IN ('application_name', 'lc_messages')
                """
            var seen: Set<String> = []
            // As many at once as the pool has sessions, so that each is looked at.
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        try await psql(["BEGIN; \(look); SELECT pg_sleep(0.3); COMMIT"])
                    }
                }
                for try await output in group {
                    seen.formUnion(
                        output.split(separator: "\n").filter { $0.contains("=") }.map(String.init)
                    )
                }
            }
            return seen
        }
    }

    private func withPool(_ body: (Pool) async throws -> Void) async throws {
        let server = try #require(TestPostgreSQL.server)
        let pooler = try #require(TestPooler.transaction)
        let name = "pool_" + UUID().uuidString.prefix(8).lowercased()
        func url(_ url: String, _ name: String) throws -> String {
            var parts = try #require(URLComponents(string: url))
            parts.path = "/" + name
            return try #require(parts.string)
        }
        let pool = Pool(
            name: name,
            url: try url(pooler.url, name),
            direct: try url(server.url, name)
        )
        let home = Pool(name: "", url: server.url, direct: server.url)
        _ = try await home.psql(["CREATE DATABASE \(name)"])
        do {
            _ = try await pool.psql(
                [
                    """
                    ALTER DATABASE \(name) SET statement_timeout = '777s';
                    ALTER DATABASE \(name) SET lock_timeout = '778s';
                    ALTER DATABASE \(name) SET idle_in_transaction_session_timeout = '779s';
                    ALTER DATABASE \(name) SET default_transaction_isolation = 'repeatable read';
                    ALTER DATABASE \(name) SET DateStyle = 'German';
                    ALTER DATABASE \(name) SET TimeZone = 'America/New_York';
                    ALTER DATABASE \(name) SET jit = on;
                    """,
                    """
                    CREATE TABLE files (uid bigserial PRIMARY KEY, item text, weight float8);
                    INSERT INTO files (item, weight)
                    SELECT '/data/' || i, 10 FROM generate_series(1, 40) AS i;
                    CREATE TABLE loaded (id bigint PRIMARY KEY, at timestamptz, n numeric);
                    """,
                ],
                isDirect: true
            )
            try await body(pool)
        } catch {
            _ = try await home.psql(["DROP DATABASE \(name) WITH (FORCE)"])
            throw error
        }
        _ = try await home.psql(["DROP DATABASE \(name) WITH (FORCE)"])
    }

    @Test("Another client of the pool finds its sessions as they were")
    func sessions() async throws {
        try await withPool { pool in
            let bench = try await CommandLineBench()
            let settings = bench.environment.merging(["TRANCHE_INVENTORY": pool.url]) { $1 }
            func run(_ arguments: String...) async throws -> Executable.Outcome {
                try await Executable.tranche.run(arguments, environment: settings)
            }
            let before = try await pool.sessions()
            #expect(before.count == 1, "\(before)")
            #expect(before.first?.contains("statement_timeout=777000") == true)

            // Successes.
            #expect(try await run("migrate", "up").code == 0)
            let job = ["--job", "j", "--meta", "files", "--count", "5"]
            let work = ["work"] + job + ["--workers", "3", "--", "sh", "-c", "wc -l"]
            let worked = try await Executable.tranche.run(work, environment: settings)
            #expect(worked.code == 0, "\(worked.errors)")
            #expect(worked.errors.contains("40 items"))
            try bench.write("id,at,n\n1,2024-01-02 03:04:05,1.5\n2,,2\n", to: "f.csv")
            let file = bench.path("f.csv")
            let load = try await run("load", file, "--to", "table:loaded", "--key", "id")
            #expect(load.code == 0, "\(load.errors)")
            #expect(
                try await pool.psql(
                    ["SELECT count(*), max(extract(epoch FROM at)) FROM loaded"],
                    isDirect: true
                ) == "2|1704164645.000000\n"
            )
            #expect(try await run("audit", "--job", "j", "--thorough").code == 0)
            let exported = try await run("export")
            #expect(exported.code == 0, "\(exported.errors)")
            #expect(exported.output.contains(#"{"batch":{"id":1,"#))
            #expect(try await pool.sessions() == before)

            // Failures.
            let failing = ["work", "--job", "f", "--meta", "files", "--max-attempts", "1"]
            let failed = try await Executable.tranche.run(
                failing + ["--count", "20", "--", "false"],
                environment: settings
            )
            #expect(failed.code == 1)
            #expect(try await run("plan", "--job", "x", "--meta", "nowhere").code != 0)
            #expect(
                try await run("plan", "--job", "x", "--meta", "files", "--where", "1/0 = uid")
                    .code != 0
            )
            try bench.write("id,at,n\n7,never,1.5\n8,,2\n", to: "bad.csv")
            #expect(
                try await run("load", bench.path("bad.csv"), "--to", "table:loaded").code == 1
            )
            #expect(try await pool.sessions() == before)

            // A worker that is killed while it works.
            let killed = try Executable.tranche.start(
                ["work", "--job", "k", "--meta", "files", "--workers", "3", "--count", "2"]
                    + ["--lease", "2s", "--", "sh", "-c", bench.waiting],
                environment: settings
            )
            let isWorking = try await eventually {
                try await pool.psql(
                    ["SELECT count(*) > 2 FROM inventory WHERE job = 'k'"],
                    isDirect: true
                ) == "t\n"
            }
            #expect(isWorking)
            killed.send(SIGKILL)
            try bench.letPrograms()
            #expect(await killed.outcome().code == -SIGKILL)
            #expect(try await pool.sessions() == before)
            let rest = ["work", "--job", "k", "--meta", "files", "--count", "2", "--", "true"]
            let done = try await Executable.tranche.run(rest, environment: settings)
            #expect(done.code == 0, "\(done.errors)")
            let items = try await pool.psql(
                [
                    """
                    SELECT sum(batch_count) FROM inventory
                    WHERE job = 'k' AND status = 'succeeded'
                    """
                ],
                isDirect: true
            )
            #expect(items == "40\n")
            #expect(try await pool.sessions() == before)
        }
    }

    @Test("Options in the URL, which a pooler refuses, are told with what to do")
    func options() async throws {
        let bench = try await CommandLineBench()
        for pooler in [TestPooler.session, TestPooler.transaction] {
            let url = try #require(pooler).url + "?options=-c%20work_mem%3D8MB"
            let outcome = await bench.run(
                ["status"],
                environment: ["TRANCHE_INVENTORY": url]
            )
            #expect(outcome.status == .accessRefused)
            #expect(outcome.errors.contains("ignore_startup_parameters"))
        }
    }
}
