import TestSupport
import Testing
import TrancheSQLite

@testable import TrancheSQL

@Suite("The connections of a pool", .timeLimit(.minutes(1)))
struct PoolStateTests {
    @Test("Who has found none free when the pool is closed is told, and does not wait for ever")
    func closing() async throws {
        try await withTestDatabase(.sqlite) { database in
            let database = try #require(database.database as? SQLiteDatabase)
            try await database.withReader { connection in
                var state = PoolState(idle: [connection])
                var isLent = false
                if case .connection? = state.take(limit: 1) { isLent = true }
                #expect(isLent)
                // Another caller finds none free.
                let isBusy = state.take(limit: 1) == nil
                #expect(isBusy)
                // Before it stands in line, the connection is given back, and the pool closed.
                let isNobodyCalled = state.passOn(.connection(connection)) == nil
                #expect(isNobodyCalled)
                let called = state.close()
                #expect(called.isEmpty)
                var isTold = false
                if case .closed? = state.take(limit: 1) { isTold = true }
                #expect(isTold)
            }
        }
    }
}
