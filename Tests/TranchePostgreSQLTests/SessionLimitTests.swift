import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

/// Time limits that a role presets, and statements that are stopped.
extension ConnectionTests {
    /// Runs `body` with a URL of a role that presets all that could cut off a success.
    private func withPresettingRole(
        _ database: TestDatabase,
        _ body: (String) async throws -> Void
    ) async throws {
        let role = "preset_" + (database.schema ?? "")
        try await database.run(
            """
            CREATE ROLE \(role) LOGIN SUPERUSER;
            ALTER ROLE \(role) SET statement_timeout = '60ms';
            ALTER ROLE \(role) SET lock_timeout = '20ms';
            ALTER ROLE \(role) SET idle_in_transaction_session_timeout = '20ms';
            ALTER ROLE \(role) SET default_transaction_isolation = 'repeatable read';
            ALTER ROLE \(role) SET default_transaction_read_only = on;
            ALTER ROLE \(role) SET DateStyle = 'German';
            """
        )
        do {
            try await body(try url { $0.user = role })
        } catch {
            try await database.run("DROP OWNED BY \(role); DROP ROLE \(role);")
            throw error
        }
        try await database.run("DROP OWNED BY \(role); DROP ROLE \(role);")
    }

    @Test("Limits that a role presets bound neither an acquire nor a success beside a lock")
    func presetLimits() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            try await database.migrateUp()
            try await database.run(
                """
                CREATE TABLE \(database.prefix)item (uid bigint PRIMARY KEY, item text);
                INSERT INTO \(database.prefix)item SELECT i, 'x' FROM generate_series(1, 4) AS i;
                """
            )
            try await withPresettingRole(database) { url in
                let inventory = try await Inventory.open(
                    .postgres(url),
                    configuration: .init(store: database.configuration(), retryLimit: .zero)
                )
                let source = SQLSource(database.prefix + "item", in: .postgres(url))
                let batch = try #require(
                    try await inventory.acquireBatch(from: source, job: "job", limit: .count(2))
                )
                // Each step waits for a lock that is held for longer than the role allows.
                func beside(
                    _ table: String,
                    _ step: @escaping @Sendable () async throws -> Void
                ) async throws {
                    let name = database.name(table)
                    let holder = try TestSession(on: #require(TestPostgreSQL.server))
                    try await holder.run("BEGIN", "LOCK TABLE \(name) IN ACCESS EXCLUSIVE MODE")
                    let task = Task { try await step() }
                    try await untilSomebodyWaits(for: name, in: database)
                    try await holder.run("SELECT pg_sleep(0.2)", "COMMIT")
                    try await task.value
                    await holder.close()
                }
                try await beside("inventory") { _ = try await batch.heartbeat() }
                try await beside("inventory") { _ = try await batch.succeed() }
                try await beside("item") {
                    let next = try await inventory.acquireBatch(
                        from: source,
                        job: "job",
                        limit: .count(2)
                    )
                    #expect(try await next?.items.map(\.id) == [3, 4])
                }
                try await beside("inventory_run") {
                    let none = try await inventory.acquireBatch(
                        from: source,
                        job: "job",
                        limit: .count(2)
                    )
                    #expect(none == nil)
                }
                await inventory.close()
            }
        }
    }

    @Test("A success whose statement an administrator cancels is recorded all the same")
    func cancelledByAdministrator() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let inventory = try await inventory(in: database, lockTimeout: .seconds(30))
            let batch = try await batch(of: inventory, in: database)
            let name = database.name("inventory")
            let holder = try TestSession(on: #require(TestPostgreSQL.server))
            try await holder.run("BEGIN", "LOCK TABLE \(name) IN ACCESS EXCLUSIVE MODE")
            let task = Task { try await batch.succeed() }
            for _ in 0..<3 {
                var cancelled = ["0"]
                while cancelled == ["0"] {
                    cancelled = try await database.column(
                        """
                        SELECT count(*) FILTER (WHERE pg_cancel_backend(pid)) FROM pg_locks
                        WHERE NOT granted AND relation = to_regclass(\(name.quoted))
                        """
                    )
                }
            }
            try await holder.run("COMMIT")
            #expect(try await task.value.status == .succeeded)
            await holder.close()
            await inventory.close()
        }
    }

    @Test("A success that finds a lock held for longer than it waits is recorded all the same")
    func lockedForLong() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let inventory = try await inventory(in: database, lockTimeout: .milliseconds(20))
            let batch = try await batch(of: inventory, in: database)
            let name = database.name("inventory")
            let holder = try TestSession(on: #require(TestPostgreSQL.server))
            try await holder.run("BEGIN", "LOCK TABLE \(name) IN ACCESS EXCLUSIVE MODE")
            let task = Task { try await batch.succeed() }
            try await untilSomebodyWaits(for: name, in: database)
            try await holder.run("SELECT pg_sleep(0.2)", "COMMIT")
            #expect(try await task.value.status == .succeeded)
            await holder.close()
            await inventory.close()
        }
    }

    private func inventory(
        in database: TestDatabase,
        lockTimeout: Duration
    ) async throws -> Inventory {
        try await database.migrateUp()
        try await database.run(
            """
            CREATE TABLE \(database.prefix)item (uid bigint PRIMARY KEY, item text);
            INSERT INTO \(database.prefix)item SELECT i, 'x' FROM generate_series(1, 4) AS i;
            """
        )
        var configuration = database.configuration()
        configuration.lockTimeout = lockTimeout
        return try await Inventory.open(
            database.location,
            configuration: .init(store: configuration)
        )
    }

    private func batch(of inventory: Inventory, in database: TestDatabase) async throws -> Batch {
        let source = SQLSource(database.prefix + "item")
        return try #require(
            try await inventory.acquireBatch(from: source, job: "job", limit: .count(2))
        )
    }

    // MARK: Standbys

    @Test(
        "An inventory on a standby is transient, says what to do, and goes on once it is promoted"
    )
    func standby() async throws {
        try await withOwnPostgreSQL { own in
            try await withTestDatabase(on: own.server) { database in
                let inventory = try await inventory(in: database, lockTimeout: .seconds(30))
                let batch = try await batch(of: inventory, in: database)
                await inventory.close()
                try await own.becomeStandby()
                let configuration = Inventory.Configuration(
                    store: database.configuration(),
                    retryLimit: .zero
                )
                let other = try await Inventory.open(
                    database.location,
                    configuration: configuration
                )
                let error = await #expect(throws: TrancheError.self) {
                    _ = try await other.store.release(
                        AttemptKey(batch: batch.id, attempt: batch.attempt)
                    )
                }
                #expect(error?.code == .storeUnavailable)
                #expect(error?.message.contains("target_session_attrs=read-write") == true)
                try await own.promote()
                let record = try await other.store.release(
                    AttemptKey(batch: batch.id, attempt: batch.attempt)
                )
                #expect(record.status == .released)
                await other.close()
            }
        }
    }

    @Test(
        "A URL of several servers is shown with each one's port",
        arguments: [
            ("postgresql://a,b/db", "postgresql://a,b/db"),
            (
                "postgresql://u:geheim@a:1,b:2/db?target_session_attrs=any",
                "postgresql://a:1,b:2/db"
            ),
            ("postgresql://a:1,b/db", "postgresql://a:1,b/db"),
            ("postgresql:///db?host=a,b&port=7", "postgresql://a:7,b:7/db"),
            ("postgresql://[::1]:5,b:6/db", "postgresql://[::1]:5,b:6/db"),
            ("postgresql://a:5432/db", "postgresql://a:5432/db"),
        ]
    )
    func names(_ url: String, _ name: String) throws {
        #expect(try PostgreSQLURL(url).name == name)
    }
}
