import Foundation
import TestSupport
import Testing
import TranchePostgreSQL
import TrancheSQL

@testable import TrancheCLI

@Suite(
    "Removing a PostgreSQL input",
    .timeLimit(.minutes(5)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct InputRemovalTests {
    private func withBench(
        _ body: (
            _ input: @escaping @Sendable ([String]) async -> CommandLineBench.Outcome,
            _ bench: CommandLineBench, _ own: TestPostgreSQL
        ) async throws -> Void
    ) async throws {
        let server = try #require(TestPostgreSQL.server)
        try await withOwnDatabase(on: server) { own in
            let bench = try await CommandLineBench()
            try bench.write(
                """
                databases: {shop: {env: SHOP_URL}}
                inputs: {orders: {type: postgresql, url: shop, tables: [orders]}}
                processes: {p: {type: program, command: [cat]}}
                links: [orders -> p]
                """,
                to: "p.yaml"
            )
            try await run("CREATE TABLE orders (id int PRIMARY KEY)", on: own)
            let (file, known) = (bench.path("p.yaml"), ["SHOP_URL": own.url])
            try await body(
                { words in
                    await bench.run(
                        ["input", words[0], file, "orders"] + words.dropFirst(),
                        environment: known
                    )
                },
                bench,
                own
            )
        }
    }

    private func run(_ script: String, on server: TestPostgreSQL) async throws {
        let database = try server.database(maxConnections: 1)
        try await database.run(script)
        await database.close()
    }

    @Test("It says what is lost, asks, and needs --yes without a terminal")
    func asks() async throws {
        try await withBench { input, bench, own in
            #expect(await input(["add"]).status == .done)
            try await run("INSERT INTO orders SELECT generate_series(1, 3)", on: own)
            let status = await input(["status"])
            #expect(
                status.output.contains("no inventory reads the log; 3 events wait in it\n"),
                "\(status)"
            )
            let words = "what records for 'orders', and its log with 3 events that nobody has read"
            let refused = await input(["remove"])
            #expect(refused.status == .usage, "\(refused)")
            #expect(
                refused.errors.contains("this removes \(words), for good: say so with --yes"),
                "\(refused.errors)"
            )
            let no = await bench.run(
                ["input", "remove", bench.path("p.yaml"), "orders"],
                environment: ["SHOP_URL": own.url]
            ) { question in
                #expect(question.contains(words))
                return "no"
            }
            #expect(no.status == .failed)
            #expect(no.errors.contains("nothing was changed"))
            let dry = await input(["remove", "--dry-run"])
            #expect(dry.status == .done)
            #expect(dry.output == "would remove \(words)\n")
            let drained = await bench.run(
                ["run", bench.path("p.yaml"), "--drain"],
                environment: ["SHOP_URL": own.url]
            )
            #expect(drained.status == .done, "\(drained.errors)")
            try await run("INSERT INTO orders VALUES (4), (5)", on: own)
            let behind = await input(["remove"])
            #expect(behind.status == .usage)
            #expect(
                behind.errors.contains("with 2 events that the job orders/p still needs"),
                "\(behind.errors)"
            )
            let removed = await input(["remove", "--yes"])
            #expect(removed.status == .done, "\(removed.errors)")
            #expect(removed.output == "nothing records for 'orders' any more\n")
        }
    }

    @Test("Where nothing is lost it does not ask, and what is not there cannot be removed")
    func nothingLost() async throws {
        try await withBench { input, _, _ in
            let before = await input(["remove"])
            #expect(before.status == .failed, "\(before)")
            #expect(before.errors.contains("there is no log of it: nothing is removed"))
            #expect(await input(["add"]).status == .done)
            let dry = await input(["remove", "--dry-run", "--json"])
            #expect(dry.status == .done, "\(dry.errors)")
            #expect(dry.output.contains("would remove what records for 'orders', and its log\""))
            let removed = await input(["remove"])
            #expect(removed.status == .done, "\(removed.errors)")
            let again = await input(["remove", "--yes"])
            #expect(again.status == .failed)
            #expect(again.output == "")
            for other in ["add", "status"] {
                #expect(await input([other, "--yes"]).status == .usage)
                #expect(await input([other, "--dry-run"]).status == .usage)
            }
        }
    }
}
