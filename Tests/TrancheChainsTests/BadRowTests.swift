import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

@testable import TrancheChains

@Suite("One bad record of many", .serialized, .timeLimit(.minutes(10)))
struct BadRowTests {
    private static let count = 10_000
    private static let place = 6789

    /// Runs a load.
    private func load(
        _ bad: BadRow,
        isJSON: Bool,
        key: [String],
        workers: Int,
        rejects: Bool,
        _ check: (ChainReport, ChainWorld) async throws -> Void
    ) async throws {
        let text = bad.file(count: Self.count, bad: Self.place, isJSON: isJSON)
        try await withChainWorld(bad.backend, "id\n1\n") { world in
            let path = try world.write(text, to: isJSON ? "f.jsonl" : "f.csv")
            try await world.database.run(bad.script.replacing("@", with: world.database.prefix))
            let sink = SQLTableSink(world.database.prefix + "t", key: key)
            var chain: Chain<Record> =
                isJSON
                ? Chain(reading: JSONLinesSource(path)) : Chain(reading: CSVSource(path))
            if rejects { chain = chain.rejecting(to: .jsonLines(world.folder.path("bad.jsonl"))) }
            // A batch that waited for another attempt would make the test run into its limit.
            let policy = RunPolicy(
                maxAttempts: 3,
                backoff: .seconds(86_400),
                backoffLimit: .seconds(86_400)
            )
            let report = try await chain.write(to: sink).run(
                through: world.inventory,
                world.options(
                    weight: workers > 1 ? 60_000 : 10_000_000,
                    workers: workers,
                    policy: policy
                )
            )
            let rows = try await world.database.column(
                "SELECT count(*) FROM \(world.database.name("t"))"
            )
            #expect(rows == ["\(Self.count - 1)"])
            try await check(report, world)
        }
    }

    @Test(
        "It is quarantined with the reason, and all others are loaded",
        arguments: BadRow.postgreSQL + BadRow.sqlite
    )
    func quarantined(_ bad: BadRow) async throws {
        let ways = [(false, [], 1), (true, ["id"], 4)]
        for (isJSON, key, workers) in ways where isJSON || bad.extra == nil {
            try await load(bad, isJSON: isJSON, key: key, workers: workers, rejects: false) {
                report,
                world in
                #expect(report.reason == .complete)
                #expect(report.failed == 1)
                let found = try await world.inventory.batches(BatchSelection(status: .quarantined))
                #expect(found.map(\.count) == [1])
                let reason = found.first?.logging ?? ""
                #expect(reason.contains(bad.words), "\(reason)")
                // The rest of a row is nobody's business.
                #expect(!reason.contains("6789,"), "\(reason)")
            }
        }
    }

    @Test(
        "With a file of rejects it is in there, and its batch succeeds at the first attempt",
        arguments: BadRow.postgreSQL + BadRow.sqlite
    )
    func rejected(_ bad: BadRow) async throws {
        let ways = [(true, [], 1), (false, ["id"], 4)]
        for (isJSON, key, workers) in ways where isJSON || bad.extra == nil {
            try await load(bad, isJSON: isJSON, key: key, workers: workers, rejects: true) {
                report,
                world in
                #expect(report.isSuccess)
                #expect(report.failed == 0, "\(report.lastError ?? "")")
                #expect(report.counters[CounterName.rejected] == 1)
                #expect(report.counters[CounterName.written] == Self.count - 1)
                #expect(report.counters["rows_written"] == Self.count - 1)
                let text = try world.read("bad.jsonl")
                #expect(text.split(separator: "\n").count == 1)
                let words = bad.words.replacing("\"", with: "\\\"")
                #expect(text.contains(words), "\(text)")
                #expect(text.contains("\"row\":{"), "\(text)")
            }
        }
    }

    @Test(
        "What the table has against every record is the batch's failure, and rejects nothing",
        .enabled(if: TestDatabase.Backend.available.count > 1)
    )
    func everyRecord() async throws {
        for count in [3, 500] {
            try await withChainWorld(.postgreSQL, "id\n1\n") { world in
                try await world.database.run(
                    """
                    CREATE TABLE @t (id int);
                    CREATE FUNCTION @f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                        INSERT INTO nowhere VALUES (new.id); RETURN new;
                    END $$;
                    CREATE TRIGGER g BEFORE INSERT ON @t FOR EACH ROW EXECUTE FUNCTION @f()
                    """.replacing("@", with: world.database.prefix)
                )
                let ids = (1...count).map { "\($0)\n" }.joined()
                let path = try world.write("id\n" + ids, to: "f.csv")
                let report = try await Chain(reading: CSVSource(path))
                    .rejecting(to: .jsonLines(world.folder.path("bad.jsonl")))
                    .write(to: SQLTableSink(world.database.prefix + "t"))
                    .run(
                        through: world.inventory,
                        world.options(policy: RunPolicy(maxAttempts: 1))
                    )
                #expect(report.failed == 1)
                #expect(report.lastError?.contains("nowhere") == true)
                #expect(!FileManager.default.fileExists(atPath: world.folder.path("bad.jsonl")))
            }
        }
    }
}
