import Foundation
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TranchePostgreSQL
import TrancheSQL
import TrancheTestKit

@Suite(
    "The events of an outbox that somebody still needs",
    .timeLimit(.minutes(5)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct OutboxUnreadTests {
    @Test("They are counted for each job, for each other inventory, or for nobody")
    func counts() async throws {
        try await withOutboxDatabase { database in
            try await database.run("CREATE TABLE orders (id bigint PRIMARY KEY)")
            let input = try PostgreSQLInput(
                .init(name: "orders", tables: [OutboxTable("orders")]),
                url: database.server.url
            )
            let inventories = ["one", "two"].map { name in
                Inventory(store: MemoryInventoryStore(name: name))
            }
            #expect(try await input.unread(for: inventories[0]) == nil)
            _ = try await input.install()
            #expect(try await input.unread(for: inventories[0]) == [])
            let none = try #require(try await input.installation())
            #expect(none.contains("no inventory reads the log; no event waits in it"))
            try await database.run("INSERT INTO orders SELECT generate_series(1, 9)")
            #expect(
                try await input.unread(for: inventories[0]) == ["9 events that nobody has read"]
            )
            let waiting = try #require(try await input.installation())
            #expect(waiting.contains("no inventory reads the log; 9 events wait in it"))
            let source = input.source(for: Link(from: "orders", to: "p"))
            for inventory in inventories { _ = try await inventory.source(source) }
            let read = try #require(try await input.installation())
            #expect(!read.contains { $0.hasPrefix("no inventory reads") })
            for limit in [2, 100] {
                let request = BatchRequest(job: "orders/p", limit: .count(limit))
                guard
                    case .batch(let batch) = try await inventories[0].acquire(request, from: source)
                else {
                    Issue.record("nothing was handed out")
                    return
                }
                try await batch.succeed()
                let own = try #require(try await input.unread(for: inventories[0]))
                #expect(own.first?.hasPrefix("9 events that the inventory two (") == true, "\(own)")
                let rest = limit == 2 ? ["7 events that the job orders/p still needs"] : []
                #expect(Array(own.dropFirst()) == rest)
                _ = try await input.clean(inventories[0], keeping: .seconds(60))
            }
            // Where the inventory cannot be asked, what it noted counts.
            let noted = try #require(try await input.unread(for: nil))
            #expect(noted.count == 1)
            #expect(noted.first?.hasPrefix("9 events that the inventory two (") == true)
        }
    }
}
