import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite

@testable import TrancheChains

@Suite("Rows as records", .serialized, .timeLimit(.minutes(10)))
struct SQLRecordTests {
    typealias Backend = TestDatabase.Backend

    /// A table of 5,000 rows, every third id missing.
    private func fill(_ database: TestDatabase) async throws {
        try await database.run(
            """
            CREATE TABLE \(database.prefix)person (
                uid bigint NOT NULL PRIMARY KEY, name text, weight double precision
            );
            WITH RECURSIVE s (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < 5000)
            INSERT INTO \(database.prefix)person
            SELECT g, CASE WHEN g % 7 = 0 THEN NULL ELSE 'n' || g END, 1.5 FROM s WHERE g % 3 > 0
            """
        )
    }

    private func options(_ world: ChainWorld, weight: Double) -> ChainOptions {
        var options = world.options(weight: weight, workers: 2)
        options.request.policy.settleWait = .zero
        return options
    }

    @Test("All columns of a batch's rows are read, in pages", arguments: Backend.available)
    func allColumns(on backend: Backend) async throws {
        try await withChainWorld(backend) { world in
            try await fill(world.database)
            let sink = MemorySink()
            let source = SQLSource(world.database.prefix + "person")
            let report = try await Chain(reading: source).write(to: sink)
                .run(through: world.inventory, options(world, weight: 4000))
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            let ids = (1...5000).filter { $0 % 3 > 0 }
            #expect(sink.records.map(\.id) == ids.map { Int64($0) })
            let seventh = try #require(sink.records.first { $0.id == 7 })
            #expect(seventh.fields.names == ["uid", "name", "weight"])
            #expect(seventh.values == [.integer(7), .null, .real(1.5)])
        }
    }

    @Test(
        "Columns that are named are read, and one that is not there is refused",
        arguments: Backend.available
    )
    func someColumns(on backend: Backend) async throws {
        try await withChainWorld(backend) { world in
            try await fill(world.database)
            var source = SQLSource(world.database.prefix + "person")
            source.columns = ["name"]
            let sink = MemorySink()
            _ = try await Chain(reading: source).filter { $0.id < 3 }.write(to: sink)
                .run(through: world.inventory, options(world, weight: 100))
            #expect(sink.records.map(\.values) == [[.text("n1")], [.text("n2")]])
            source.columns = ["nome"]
            let error = await #expect(throws: TrancheError.self) {
                try await Chain(reading: source).write(to: sink)
                    .run(through: world.inventory, options(world, weight: 100))
            }
            #expect(error?.code == .invalidSource)
        }
    }
}
