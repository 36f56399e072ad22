import TestSupport
import Testing
import Tranche
import TrancheSQL
import TrancheTestKit

@Suite("Tallies of a table", .serialized, .timeLimit(.minutes(10)))
struct TallyTests {
    typealias Backend = TestDatabase.Backend

    /// A filter in SQL, and which items it keeps.
    struct Filter: Sendable {
        let sql: String?
        let keeps: @Sendable (Int64) -> Bool

        init(_ sql: String?, keeps: @escaping @Sendable (Int64) -> Bool) {
            self.sql = sql
            self.keeps = keeps
        }
    }

    private func item(_ id: Int64) -> Int64 { id & 3 }

    @Test(
        "A tally is that of the ids that meet the filter",
        arguments: Backend.available,
        [
            Filter(nil) { _ in true }, Filter("item % 3 = 0") { $0 % 3 == 0 },
            Filter("item = 1 OR item = 2 -- or 1 = 1") { $0 == 1 || $0 == 2 },
        ]
    )
    func tallies(on backend: Backend, filter: Filter) async throws {
        try await withTestDatabase(backend) { database in
            let seed: UInt64 = 7
            var random = SplitMix64(seed: seed)
            let ids = Set((0..<500).map { _ in Int64.random(in: -300...3_000_000, using: &random) })
            let values = ids.map { "(\($0), \(item($0)))" }.joined(separator: ", ")
            try await database.run(
                """
                CREATE TABLE \(database.prefix)item (uid bigint PRIMARY KEY, item integer);
                INSERT INTO \(database.prefix)item VALUES \(values);
                """
            )
            try await database.migrateUp()
            let inventory = try await database.open()
            let source = try await inventory.source(
                SQLSource(database.prefix + "item", filter: filter.sql)
            )
            var cuts = (0..<80).map { _ in Int64.random(in: -400...3_000_100, using: &random) }
            cuts = Set(cuts).sorted()
            // Every other part, so that ids lie between the ranges, too; some parts have none.
            let ranges = stride(from: 0, to: cuts.count - 1, by: 2).map { cuts[$0]...cuts[$0 + 1] }
            let expected = ranges.map { range in
                var tally = IDChecksum()
                for id in ids where range.contains(id) && filter.keeps(item(id)) { tally.add(id) }
                return tally
            }
            #expect(expected.contains(IDChecksum()), "seed \(seed)")
            #expect(try await source.tallies(of: ranges) == expected, "seed \(seed)")
            #expect(try await source.tallies(of: []) == [])
            await inventory.close()
        }
    }

    @Test(
        "An apostrophe in a comment of the filter hides no bounds of time",
        arguments: Backend.available
    )
    func apostrophe(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            let type = backend == .sqlite ? "text" : "timestamptz"
            try await database.run(
                """
                CREATE TABLE \(database.prefix)item (
                    uid bigint PRIMARY KEY, item integer, at \(type)
                );
                INSERT INTO \(database.prefix)item VALUES
                (1, 1, '2026-01-01 08:00:00Z'), (2, 1, '2026-01-01 09:00:00Z'),
                (3, 0, '2026-01-01 09:10:00Z'), (4, 1, '2026-01-01 09:20:00Z'),
                (5, 1, '2026-01-01 10:00:00Z');
                """
            )
            try await database.migrateUp()
            let inventory = try await database.open()
            var time = SourceTime("at", by: .hour)
            time.from = try MomentText.moment("2026-01-01T09:00", in: "UTC")
            time.to = try MomentText.moment("2026-01-01T10:00", in: "UTC")
            let source = try await inventory.source(
                SQLSource(database.prefix + "item", filter: "item = 1 -- don't", time: time)
            )
            let tallies = try await source.tallies(of: [1...2, 3...5])
            #expect(tallies.map(\.count) == [1, 1])
            await inventory.close()
        }
    }
}
