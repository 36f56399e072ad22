import Foundation
import TestSupport
import Testing
import TranchePostgreSQL

@testable import TrancheCLI

@Suite(.serialized, .enabled(if: TestPostgreSQL.server != nil), .timeLimit(.minutes(2)))
struct PostgreSQLTests {
    /// Lends a bench, and the settings of a server's schema with a table `files` of ten items.
    private func withServer(
        _ body: (CommandLineBench, _ settings: [String: String], _ table: String) async throws ->
            Void
    ) async throws {
        let server = try #require(TestPostgreSQL.server)
        try await withTestSchema(server) { schema in
            let database = try server.database(maxConnections: 1)
            try await database.run(
                """
                CREATE TABLE \(schema).files (uid bigserial PRIMARY KEY, item text, weight float8);
                INSERT INTO \(schema).files (item, weight)
                SELECT '/data/' || i, i * 10 FROM generate_series(1, 10) AS i;
                """
            )
            await database.close()
            let bench = try await CommandLineBench()
            try await body(
                bench,
                ["TRANCHE_INVENTORY": server.url, "TRANCHE_SCHEMA": schema],
                "\(schema).files"
            )
        }
    }

    @Test("On a server, a run goes from migration to completion")
    func completes() async throws {
        try await withServer { bench, settings, table in
            let missing = await bench.run(["status"], environment: settings)
            #expect(missing.status == .failed)
            #expect(missing.errors.contains("run 'tranche migrate up'"))
            let dry = await bench.run(["migrate", "up", "--dry-run"], environment: settings)
            #expect(dry.output.contains("CREATE TABLE"))
            #expect(await bench.run(["migrate", "up"], environment: settings).status == .done)
            let job = ["--job", "j", "--meta", table, "--weight", "60"]
            let batch = await bench.run(["acquire", "--json"] + job, environment: settings)
            #expect(batch.errors == "")
            #expect(
                batch.output.contains(#""id_start":1,"id_end":3,"count":3,"weight":60,"items""#)
            )
            let succeed = ["succeed", "1", "--attempt", "1", "--result", "{\"n\":\n1}"]
            #expect(await bench.run(succeed, environment: settings).status == .done)
            let work = ["work"] + job + ["--workers", "3", "--", "sh", "-c", "wc -l"]
            #expect(await bench.run(work, environment: settings).status == .done)
            let batches = await bench.run(["batches", "--json"], environment: settings)
            #expect(batches.output.split(separator: "\n").count == 1)
            #expect(batches.output.contains(#""result":{"n":"#))
            let status = await bench.run(["status", "--json"], environment: settings)
            #expect(status.output.contains(#""succeeded":{"batches":8,"items":10,"weight":550}"#))
            #expect(
                await bench.run(["migrate", "down", "--to", "0"], environment: settings).status
                    == .done
            )
        }
    }

    @Test("Inventory and items may be in databases of two kinds")
    func twoKinds() async throws {
        try await withServer { bench, settings, table in
            let server = try #require(settings["TRANCHE_INVENTORY"])
            let here = "sqlite:\(bench.path("tranche.db"))"
            let itemsThere = ["TRANCHE_META_DB": server]
            let acquire = ["acquire", "--job", "j", "--json", "--meta"]
            let first = await bench.run(acquire + [table], environment: itemsThere)
            #expect(first.output.contains(#""count":10,"weight":550,"#))
            var itemsHere = settings
            itemsHere["TRANCHE_META_DB"] = here
            #expect(await bench.run(["migrate", "up"], environment: itemsHere).status == .done)
            let second = await bench.run(acquire + ["files"], environment: itemsHere)
            #expect(second.output.contains(#""count":10,"weight":550,"#))
        }
    }
}
