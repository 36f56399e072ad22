import Foundation
import TestSupport
import TrancheTestKit

/// A backend on which the conformance cases run.
struct TestBackend: Sendable, CustomStringConvertible {
    /// Its name, as in `TRANCHE_TEST_BACKENDS`: the inventory's, then the source's where it is
    /// elsewhere.
    let name: String
    /// Whether inventory and source are in databases of two kinds; false by default.
    var isMixed = false
    /// Makes an empty store of its own, with sources.
    let makeSubject: @Sendable () async throws -> ConformanceSubject

    var description: String { name }

    /// The claims that are shown on it.
    ///
    /// Where the kinds are mixed, those that have to do with where the source is: the others are
    /// shown of the same store beside a source of its own kind.
    var claims: [ConformanceCase] {
        isMixed ? ConformanceCase.ofSources : ConformanceCase.all
    }

    /// The backends that are there: all that need no server, and those that `TRANCHE_TEST_BACKENDS`
    /// names.
    static var available: [TestBackend] {
        let all =
            [reference, sqlite, sqliteBesides] + (TestPostgreSQL.server.map(withServer) ?? [])
            + pooled
        guard let names = ProcessInfo.processInfo.environment["TRANCHE_TEST_BACKENDS"] else {
            return all
        }
        let wanted = Set(names.split(separator: ",").map(String.init))
        return all.filter { wanted.contains($0.name) || $0.name == reference.name }
    }

    /// Those with a transaction for each task: SQLite, and with `TRANCHE_TEST_APART` all that are
    /// there.
    static var apart: [TestBackend] {
        let isAll = ProcessInfo.processInfo.environment["TRANCHE_TEST_APART"] != nil
        return real.filter { isAll || $0.name == sqlite.name }.map { backend in
            TestBackend(name: backend.name + ", not sharing", isMixed: backend.isMixed) {
                var subject = try await backend.makeSubject()
                subject.sharesTransactions = false
                return subject
            }
        }
    }

    /// The backends other than the reference.
    static var real: [TestBackend] {
        available.filter { $0.name != reference.name }
    }

    /// The store in memory.
    static let reference = TestBackend(name: "reference") { .reference() }

    /// Both in one SQLite file.
    static let sqlite = TestBackend(name: "sqlite") {
        let folder = try TemporaryFolder()
        return try await .sqlite(in: folder, sources: nil)
    }

    /// Inventory and source in two SQLite files.
    static let sqliteBesides = TestBackend(name: "sqlite+sqlite") {
        let folder = try TemporaryFolder()
        return try await .sqlite(in: folder, sources: .sqlite(in: folder))
    }

    /// The name of a PostgreSQL server that decides on plain acquires, as one does that is far.
    static let deciding = "postgresql:deciding"

    /// The names of a server behind a pooler, by the pooler's mode.
    static let sessionPooler = "pgbouncer:session"
    static let transactionPooler = "pgbouncer:transaction"

    /// Behind a pooler, where nothing may be left in a session nor expected there; that in
    /// transaction mode, which is the same to us, only where it is asked for by its name.
    private static var pooled: [TestBackend] {
        let named = ProcessInfo.processInfo.environment["TRANCHE_TEST_BACKENDS"] ?? ""
        let isAsked = named.split(separator: ",").contains { $0 == transactionPooler }
        let servers = [
            (sessionPooler, TestPooler.session),
            (transactionPooler, isAsked ? TestPooler.transaction : nil),
        ]
        return servers.compactMap { name, server in
            server.map { server in
                TestBackend(name: name) { try await .postgreSQL(server, sources: nil) }
            }
        }
    }

    private static func withServer(_ server: TestPostgreSQL) -> [TestBackend] {
        [
            TestBackend(name: "postgresql") {
                try await .postgreSQL(server, sources: nil)
            },
            TestBackend(name: deciding) {
                try await .postgreSQL(server, sources: nil, decidesItself: true)
            },
            TestBackend(name: "postgresql+postgresql") {
                try await .postgreSQL(server, sources: .postgreSQL(server))
            },
            TestBackend(name: "postgresql+sqlite", isMixed: true) {
                try await .postgreSQL(server, sources: .sqlite(in: TemporaryFolder()))
            },
            TestBackend(name: "sqlite+postgresql", isMixed: true) {
                try await .sqlite(in: TemporaryFolder(), sources: .postgreSQL(server))
            },
        ]
    }
}
