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
        // Other tests open transactions, but not in a database of this one's own.
        try await withOwnDatabase(on: try #require(TestPostgreSQL.server)) { server in
            try await withTestSession(on: server) { first in
                let process = try await begin("nightly report", in: first)
                try await withTestSession(on: server) { second in
                    try await begin("later report", in: second)
                    try await expectOldest(on: server, process)
                }
            }
        }
    }

    /// Opens a transaction that has a number.
    ///
    /// - Returns: The process that runs it.
    @discardableResult
    private func begin(_ application: String, in session: TestSession) async throws -> Int64 {
        try await session.run(
            "BEGIN",
            "SELECT set_config('application_name', \(application), true)",
            "SELECT pg_current_xact_id()"
        )
        return try await session.number("SELECT pg_backend_pid()")
    }

    private func expectOldest(on server: TestPostgreSQL, _ process: Int64) async throws {
        try await withTestDatabase(on: server) { database in
            try await database.migrateUp()
            let inventory = try await database.open()
            let now = Date().addingTimeInterval(1)
            let open = try #require(try await inventory.oldestTransaction(openFor: .zero))
            #expect(open.since <= now)
            #expect(open.process == Int(process))
            #expect(open.application == "nightly report")
            #expect(!open.user.isEmpty)
            #expect(try await inventory.oldestTransaction(openFor: .seconds(86_400)) == nil)
            await inventory.close()
        }
    }
}
