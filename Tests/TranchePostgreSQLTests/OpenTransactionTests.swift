import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

@Suite("Open transactions", .serialized, .enabled(if: TestPostgreSQL.server != nil))
struct OpenTransactionTests {
    @Test("The oldest transaction that is open is named")
    func oldest() async throws {
        let server = try #require(TestPostgreSQL.server)
        let session = try TestSession(on: server)
        let began = try await session.run(
            "BEGIN",
            "SET LOCAL application_name = 'nightly report'",
            "SELECT pg_current_xact_id(), clock_timestamp()"
        )
        #expect(began.count == 1)
        try await withTestDatabase(.postgreSQL) { database in
            try await database.migrateUp()
            let inventory = try await database.open()
            let now = Date().addingTimeInterval(1)
            let open = try #require(try await inventory.oldestTransaction(openFor: .zero))
            // Other tests may have opened one before.
            #expect(open.since <= now)
            #expect(open.process > 0)
            #expect(!open.user.isEmpty)
            #expect(try await inventory.oldestTransaction(openFor: .seconds(86_400)) == nil)
            await inventory.close()
        }
        try await session.run("ROLLBACK")
    }
}
