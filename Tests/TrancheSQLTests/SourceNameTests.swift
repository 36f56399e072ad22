import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("Names of tables and columns of sources", .serialized, .timeLimit(.minutes(5)))
struct SourceNameTests {
    private static let names = [
        "Items", "my items", #"so "called" items"#, "größe", "it's", "semi;colon", "select", "a$1",
    ]

    @Test(
        "Names of tables and columns are taken as they are",
        arguments: TestDatabase.Backend.available,
        names
    )
    func named(on backend: TestDatabase.Backend, _ name: String) async throws {
        try await withTestDatabase(backend, isMigrated: true) { database in
            let table = database.name(name).quoted
            try await database.run(
                """
                CREATE TABLE \(table) (
                    \((name + " id").quotedAsName) \(backend == .sqlite ? "INTEGER" : "bigint")
                        PRIMARY KEY,
                    \((name + " item").quotedAsName) text,
                    \((name + " weight").quotedAsName) integer
                );
                INSERT INTO \(table) VALUES (1, 'a', 2), (2, 'b', 2), (3, 'c', 2);
                """
            )
            let inventory = try await database.open()
            let source = SQLSource(
                database.prefix + name,
                uid: name + " id",
                item: .named(name + " item"),
                weight: .named(name + " weight")
            )
            let batch = try await inventory.acquireBatch(
                from: source,
                job: "job",
                limit: .weight(4)
            )
            #expect(try await batch?.items.map(\.text) == ["a", "b"])
            #expect(batch?.record.key.metaTable == database.prefix + name)
            let request = BatchRequest(job: "job", run: "r", ids: IDBounds(2...3))
            let bounded = try await inventory.acquireBatches(count: 2, request, from: source)
            #expect(bounded.map(\.ids) == [2...3])
            await inventory.close()
        }
    }
}
