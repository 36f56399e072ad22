import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheConnectors
import TranchePostgreSQL
import TrancheSQL
import TrancheTestKit

@testable import TrancheCLI

@Suite(
    "Sources in databases that applied pipelines name",
    .serialized,
    .enabled(if: TestPostgreSQL.server != nil),
    .timeLimit(.minutes(5))
)
struct AppliedDatabasesTests {
    /// A store that counts how often the applied pipelines are read.
    private final class CountingStore: ForwardingStore {
        let base: any InventoryStore
        private let readings = Mutex(0)

        var count: Int { readings.withLock { $0 } }

        init(_ base: any InventoryStore) {
            self.base = base
        }

        func pipelines(named name: String?) async throws -> [PipelineRecord] {
            readings.withLock { $0 += 1 }
            return try await base.pipelines(named: name)
        }
    }

    private static let tables = ["elsewhere_a", "elsewhere_b", "elsewhere_c"]

    /// Lends an inventory's database with a run over each of three tables, which are in a database
    /// of their own that an applied pipeline alone names; a bench, and the settings to look by.
    private func withRunsElsewhere(
        _ backend: TestDatabase.Backend,
        _ body: (TestDatabase, CommandLineBench, _ settings: [String: String]) async throws -> Void
    ) async throws {
        let server = try #require(TestPostgreSQL.server)
        try await withOwnDatabase(on: server) { shop in
            let other = try shop.database(maxConnections: 1)
            for table in Self.tables {
                try await other.run(
                    """
                    CREATE TABLE \(table) (uid bigserial PRIMARY KEY, item text);
                    INSERT INTO \(table) (item) VALUES ('a'), ('b'), ('c');
                    """
                )
            }
            await other.close()
            try await withTestDatabase(backend, isMigrated: true) { database in
                let bench = try await CommandLineBench(isMigrated: false)
                let scheme = backend == .sqlite ? "sqlite:" : ""
                var settings = [
                    "TRANCHE_INVENTORY": scheme + database.address, "SHOP_URL": shop.url,
                ]
                settings["TRANCHE_SCHEMA"] = database.schema
                for table in Self.tables {
                    let work = ["acquire", "--job", table, "--meta", table, "--count", "2"]
                    let named = settings.merging(["TRANCHE_META_DB": shop.url]) { $1 }
                    let outcome = await bench.run(work, environment: named)
                    #expect(outcome.status == .done, "\(outcome.errors)")
                }
                try bench.write(
                    """
                    name: shop
                    databases: {shop: {env: SHOP_URL}}
                    jobs: {x: {source: elsewhere_a, count: 2, command: [cat]}}
                    """,
                    to: "p.yaml"
                )
                let apply = ["apply", bench.path("p.yaml")]
                let applied = await bench.run(apply, environment: settings)
                #expect(applied.status == .done, "\(applied.errors)")
                try await body(database, bench, settings)
            }
        }
    }

    @Test(
        "One look reads the applied pipelines once, however many runs have their sources elsewhere",
        arguments: TestDatabase.Backend.available
    )
    func readOnce(_ backend: TestDatabase.Backend) async throws {
        try await withRunsElsewhere(backend) { database, _, settings in
            let opened = try await database.open()
            let store = CountingStore(opened.store)
            let inventory = Inventory(store: store, configuration: opened.configuration)
            let arguments = try ArgumentParser(StatusCommand.description).parse([])
            let context = Context(
                settings: try Settings(arguments, environment: settings),
                environment: settings,
                output: TextWriter(),
                errors: TextWriter(),
                isJSON: false,
                now: { Date() },
                sourcePatience: .seconds(600),
                signals: { AsyncStream { _ in } },
                ask: { _ in nil }
            )
            for looks in 1...2 {
                let reading = try await StatusReading(RunSelection(), inventory, context)
                #expect(reading.faults.isEmpty)
                #expect(reading.overview.runs.map(\.waitingItems) == [1, 1, 1])
                #expect(store.count == looks)
            }
            await opened.close()
        }
    }

    @Test(
        "A job whose database only a variable names says which one is not set, to whoever plans",
        arguments: TestDatabase.Backend.available
    )
    func unset(_ backend: TestDatabase.Backend) async throws {
        try await withRunsElsewhere(backend) { _, bench, settings in
            var unset = settings
            unset["SHOP_URL"] = nil
            let job = ["--job", "elsewhere_a"]
            for command in [
                ["plan"] + job, ["acquire"] + job, ["audit"] + job,
                ["work"] + job + ["--", "true"],
            ] {
                let outcome = await bench.run(command, environment: unset)
                #expect(outcome.status == .failed, "\(command): \(outcome.errors)")
                let words =
                    "the applied pipeline 'shop' says where its database 'shop' is, but the "
                    + "variable SHOP_URL is not set"
                #expect(outcome.errors.contains(words), "\(command): \(outcome.errors)")
            }
            let plan = await bench.run(["plan"] + job + ["--json"], environment: settings)
            #expect(plan.status == .done, "\(plan.errors)")
            // What is known of other jobs is as it was.
            let file = await bench.run(
                ["plan", "--job", "new", "--meta", "no_such_table"],
                environment: unset
            )
            #expect(!file.errors.contains("SHOP_URL"), "\(file.errors)")
        }
    }

    @Test("Commands that look at all runs send the statement once")
    func statements() async throws {
        try await withRunsElsewhere(.postgreSQL) { database, bench, settings in
            let (proxy, url) = try PostgreSQLProxy.before(database)
            defer { proxy.stop() }
            let settings = settings.merging(["TRANCHE_INVENTORY": url]) { $1 }
            for command in [
                ["status"], ["status", "--check"], ["metrics"], ["report", bench.path("r.html")],
            ] {
                let before = proxy.requests.count
                let outcome = await bench.run(command, environment: settings)
                #expect(outcome.status == .done, "\(command): \(outcome.errors)")
                #expect(!outcome.errors.contains("cannot look"), "\(command): \(outcome.errors)")
                let reading = proxy.requests.dropFirst(before).joined().filter {
                    $0.contains(#""inventory_pipeline" AS p"#)
                }
                #expect(reading.count == 1, "\(command): \(reading)")
            }
        }
    }

    @Test("A server looks where a pipeline says that is applied while it serves, in one statement")
    func serving() async throws {
        try await withRunsElsewhere(.postgreSQL) { database, bench, settings in
            let removed = await bench.run(
                ["pipeline", "remove", "shop"],
                environment: settings
            )
            #expect(removed.status == .done, "\(removed.errors)")
            let (proxy, url) = try PostgreSQLProxy.before(database)
            defer { proxy.stop() }
            let port = try LocalListener.freePort()
            let running = try Executable(Executable.tranche.path).start(
                ["serve", "--listen", "127.0.0.1:\(port)"],
                environment: settings.merging(["TRANCHE_INVENTORY": url]) { $1 }
            )
            defer { running.send(SIGKILL) }
            try await LocalListener.waitForSomebody(on: port)
            func overview() async throws -> String {
                try await Executable("/usr/bin/curl")
                    .run(["-sS", "-m", "60", "http://127.0.0.1:\(port)/v1/overview"]).output
            }
            #expect(try await overview().contains("cannot be looked at"))
            let apply = ["apply", bench.path("p.yaml")]
            #expect(await bench.run(apply, environment: settings).status == .done)
            #expect(try await eventually { try await !overview().contains("cannot be looked at") })
            running.send(SIGTERM)
            #expect(await running.outcome().code == 0)
            let requests = proxy.requests
            let reading = requests.joined().filter { $0.contains(#""inventory_pipeline" AS p"#) }
            // Each look reads the budgets once, too.
            let looks = requests.joined().filter {
                $0.contains(#""inventory_budget""#) && $0.contains("SELECT")
            }
            #expect(!reading.isEmpty)
            #expect(reading.count <= looks.count, "\(reading.count) of \(looks.count)")
        }
    }
}
