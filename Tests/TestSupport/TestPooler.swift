import Foundation

/// The poolers that `scripts/test` has put before its PostgreSQL server.
package enum TestPooler {
    /// The server behind a pooler in session mode; `nil` when none was named.
    package static var session: TestPostgreSQL? { server("TRANCHE_TEST_POOLER_SESSION") }

    /// The server behind a pooler in transaction mode, which keeps a few sessions for each
    /// database.
    package static var transaction: TestPostgreSQL? { server("TRANCHE_TEST_POOLER_TRANSACTION") }

    private static func server(_ name: String) -> TestPostgreSQL? {
        ProcessInfo.processInfo.environment[name].map(TestPostgreSQL.init)
    }
}
