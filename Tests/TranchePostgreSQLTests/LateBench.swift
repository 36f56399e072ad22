import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheTestKit

/// Where the inventory of a PostgreSQL source is, and with that how the source is read.
enum Placement: String, Sendable, CaseIterable {
    /// In the same database: the source is read under the run's lock.
    case sameDatabase
    /// In the same database, by connections of the source's own: planned outside the lock.
    case ownConnections
    /// In a SQLite file.
    case sqlite
}

/// An inventory over a table that others write to, a clock, and the writers' sessions.
struct LateBench: Sendable {
    let database: TestDatabase
    let server: TestPostgreSQL
    var inventory: Inventory
    /// Where the inventory is.
    let inventoryDatabase: TestDatabase
    var source: SQLSource
    let clock: ManualClock

    var key: RunKey { RunKey(metaTable: source.name, job: "job", run: "") }

    /// Replaces `S.` by the schema.
    func script(_ text: String) -> SQLStatement {
        SQLStatement(text.replacing("S.", with: database.prefix))
    }

    /// Runs a script in a transaction of its own.
    func run(_ text: String) async throws {
        try await database.run(script(text).text)
    }

    /// Begins a session and runs statements in it.
    func session(_ statements: String...) async throws -> TestSession {
        let session = try TestSession(on: server)
        for statement in statements { try await session.run(script(statement)) }
        return session
    }

    /// Opens the same inventory again, as another process does.
    func another() async throws -> LateBench {
        var other = self
        let clock = clock
        other.inventory = try await inventoryDatabase.open(now: { clock.date })
        return other
    }

    // MARK: Acquiring

    /// What acquiring gave until there was nothing.
    struct Drained: Sendable {
        /// The ids, in the order in which they were handed out.
        var ids: [Int64] = []
        /// Those that came in late batches.
        var late: [Int64] = []
        var reason: NoBatchReason?

        /// Whether a writer may still commit lower ids.
        var isUnsettled: Bool {
            if case .unsettled = reason { true } else { false }
        }

        /// Until when `reason` waits for it, when it does.
        var unsettledUntil: Date? {
            if case .unsettled(let until) = reason { until } else { nil }
        }
    }

    func acquire(count: Int? = nil) async throws -> Acquired {
        try await inventory.acquire(
            BatchRequest(job: "job", limit: BatchLimit(count: count)),
            from: source
        )
    }

    /// Acquires until there is nothing; each batch succeeds at once.
    func drain(count: Int? = nil) async throws -> Drained {
        var drained = Drained()
        while true {
            switch try await acquire(count: count) {
            case .batch(let batch):
                let ids = try await batch.items.map(\.id)
                drained.ids += ids
                if batch.kind == .late { drained.late += ids }
                try await batch.succeed()
            case .noBatch(let reason):
                drained.reason = reason
                return drained
            }
        }
    }

    /// The ids that the source has, as a new connection sees them.
    func ids() async throws -> [Int64] {
        try await withTestSession(on: server) { session in
            try await session.run(
                "SELECT \(name: source.uid) FROM \(database.name(table)) ORDER BY 1"
            ).compactMap { Int64($0.first ?? "") }
        }
    }

    private var table: String { String(source.name.dropFirst(database.prefix.count)) }

    func gaps() async throws -> [Gap] {
        try await inventory.gaps(of: key)
    }

    /// Looks until some session waits for a lock.
    func untilSomebodyWaits() async throws {
        while try await database.column(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND datname = current_database()
                AND query LIKE \("%" + (database.schema ?? "") + "%")
            """
        ) == ["0"] {}
    }
}

/// Runs `body` with tables that a script makes, and an inventory; `S.` stands for the schema.
///
/// - Parameters:
///   - placement: Where the inventory is.
///   - server: The server; the tests' own by default.
///   - script: The script.
///   - table: The source's table or view.
///   - filter: The source's filter.
///   - body: What to do.
/// - Throws: What `body` throws.
func withLateBench(
    _ placement: Placement = .sameDatabase,
    on server: TestPostgreSQL? = nil,
    _ script: String = LateBench.table,
    table: String = "t",
    filter: String? = nil,
    _ body: (LateBench) async throws -> Void
) async throws {
    let server = try #require(server ?? TestPostgreSQL.server)
    let clock = ManualClock()
    try await withTestDatabase(on: server) { database in
        try await database.run(script.replacing("S.", with: database.prefix))
        func work(_ home: TestDatabase) async throws {
            try await home.migrateUp()
            let inventory = try await home.open(now: { clock.date })
            var source = SQLSource(database.prefix + table, filter: filter)
            if placement != .sameDatabase { source.database = .postgres(database.address) }
            let bench = LateBench(
                database: database,
                server: server,
                inventory: inventory,
                inventoryDatabase: home,
                source: source,
                clock: clock
            )
            do {
                try await body(bench)
                await inventory.close()
            } catch {
                await inventory.close()
                throw error
            }
        }
        if placement == .sqlite {
            try await withTestDatabase(.sqlite) { try await work($0) }
        } else {
            try await work(database)
        }
    }
}

extension LateBench {
    static let table = "CREATE TABLE S.t (uid bigserial PRIMARY KEY, item text, weight integer);"

    /// ``table`` with the items 1 to 4.
    static let four = table + "INSERT INTO S.t (item) SELECT 'x' FROM generate_series(1, 4);"
}
