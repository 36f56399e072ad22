import Foundation
import TestSupport
import Testing
import Tranche
import TrancheHTTP
import TrancheSQL

@testable import TrancheServer

@Suite("Items over REST", .serialized, .timeLimit(.minutes(5)))
struct ServerItemsTests {
    /// Has a job succeed with all that a source has.
    private func work(_ bench: ServerBench, _ job: String, _ source: SQLSource) async throws {
        let inventory = bench.inventory
        var done = 0
        while let batch = try await inventory.acquireBatch(
            from: source,
            job: job,
            limit: .count(100)
        ) {
            done += batch.count
            try await batch.succeed()
        }
        try #require(done > 0)
    }

    private func item(_ bench: ServerBench, _ name: String) async throws -> ItemHistoryDocument {
        let answer = try await bench.get("/v1/items/\(name)")
        try #require(answer.status == 200, "\(name): \(answer.status) \(answer.text)")
        return try answer.document(ItemHistoryDocument.self)
    }

    @Test(
        "An item is found by its uid where that is no integer, and by its id where it is one",
        arguments: TestDatabase.Backend.available
    )
    func uids(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let doc = bench.database.prefix + "doc"
            let uuid = "9f0c2b52-6f5e-4c5e-8a5e-0d6c3f1e7a11"
            try await bench.database.run(
                """
                CREATE TABLE \(doc) (key text PRIMARY KEY, title text);
                INSERT INTO \(doc) VALUES ('\(uuid)', 'Sun'), ('2', 'Moon'), ('a/b c', 'Mars');
                """
            )
            try await work(bench, "read", SQLSource(doc, uid: "key", item: "title"))
            _ = try await bench.acquire()

            let found = try await item(bench, uuid)
            #expect(found.item == uuid && found.id == nil)
            #expect(found.sources.map(\.meta) == [doc])
            #expect(found.sources.map(\.uid) == [uuid])
            #expect(found.sources.first?.batches.map(\.batch.job) == ["read"])
            // An integer is an id where jobs go by integers, and a uid where they go by texts.
            let both = try await item(bench, "2")
            #expect(both.id == 2)
            let jobs = both.sources.map { "\($0.uid ?? "-") \($0.batches.map(\.batch.job))" }
            #expect(Set(jobs) == [#"2 ["read"]"#, #"- ["thumbs"]"#])
            let named = try await item(bench, "a%2Fb%20c")
            #expect(named.item == "a/b c" && named.sources.count == 1)
            #expect(try await item(bench, "nothing").sources.isEmpty)
            #expect(try await item(bench, "2?meta=\(doc)").sources.map(\.uid) == ["2"])
        }
    }

    @Test(
        "Jobs of one table that go by other columns are told apart",
        arguments: TestDatabase.Backend.available
    )
    func columns(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let doc = bench.database.prefix + "doc"
            try await bench.database.run(
                """
                CREATE TABLE \(doc) (id bigint PRIMARY KEY, name text NOT NULL UNIQUE);
                INSERT INTO \(doc) VALUES (1, '2'), (2, 'x'), (3, '1');
                """
            )
            try await work(bench, "by_id", SQLSource(doc, uid: "id"))
            try await work(bench, "by_name", SQLSource(doc, uid: "name"))
            let two = try await item(bench, "2")
            let jobs = two.sources.map { "\($0.uid ?? "-") \($0.batches.map(\.batch.job))" }
            #expect(Set(jobs) == [#"- ["by_id"]"#, #"2 ["by_name"]"#])
            let text = try await item(bench, "x")
            #expect(text.sources.flatMap(\.batches).map(\.batch.job) == ["by_name"])
        }
    }

    @Test("A text is no item where all jobs go by integers, and there is one way to write these")
    func integers() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            #expect(try await item(bench, "1").sources.count == 1)
            #expect(try await item(bench, "11").sources.isEmpty)
            for name in ["x", "01", "+1", "1.0", "9223372036854775808"] {
                let answer = try await bench.get("/v1/items/\(name)")
                #expect(answer.status == 400, "\(name): \(answer.text)")
                let refusal = try answer.document(RefusalDocument.self)
                #expect(refusal.field == "item")
                #expect(refusal.remedy == "give the item's id")
            }
        }
    }
}
