import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

@Suite(
    "PostgreSQL connections",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct ConnectionTests {
    /// The server's URL with some of its parts replaced.
    func url(_ change: (inout URLComponents) -> Void) throws -> String {
        let server = try #require(TestPostgreSQL.server)
        var url = try #require(URLComponents(string: server.url))
        change(&url)
        return try #require(url.string)
    }

    /// The error of opening an inventory.
    func openError(_ url: String) async -> TrancheError? {
        let configuration = Inventory.Configuration(retryLimit: .zero)
        return await #expect(throws: TrancheError.self) {
            _ = try await Inventory.open(.postgres(url), configuration: configuration)
        }
    }

    // MARK: Locks and cancelling

    /// Runs `body` while another session holds a table's lock.
    func whileLocked(
        _ database: TestDatabase,
        _ body: () async throws -> Void
    ) async throws {
        let server = try #require(TestPostgreSQL.server)
        let holder = try server.database(maxConnections: 1)
        let table = database.name("inventory")
        let (release, releaser) = AsyncStream<Void>.makeStream()
        let (holding, holdingSays) = AsyncStream<Void>.makeStream()
        async let held: Void = holder.withTransaction([
            "LOCK TABLE \(table) IN ACCESS EXCLUSIVE MODE"
        ]) { connection, _ in
            holdingSays.finish()
            for await _ in release {}
            try await connection.rollback()
        }
        for await _ in holding {}
        do {
            try await body()
            releaser.finish()
        } catch {
            releaser.finish()
            throw error
        }
        try await held
        await holder.close()
    }

    /// Looks until some session waits for a lock on a table.
    func untilSomebodyWaits(for table: SQLTableName, in database: TestDatabase) async throws {
        while true {
            let waiting = try await database.column(
                """
                SELECT count(*) FROM pg_locks
                WHERE NOT granted AND relation = to_regclass(\(table.quoted))
                """
            )
            if waiting != ["0"] { return }
        }
    }

    @Test("A cancelled task stops a statement that waits for a lock, and the pool stays usable")
    func cancelled() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            try await database.migrateUp()
            let server = try #require(TestPostgreSQL.server)
            let one = try server.database(maxConnections: 1)
            let statement: SQLStatement = "SELECT count(*) FROM \(database.name("inventory"))"
            try await whileLocked(database) {
                let task = Task { try await one.read(statement) }
                try await untilSomebodyWaits(for: database.name("inventory"), in: database)
                task.cancel()
                await #expect(throws: CancellationError.self) { _ = try await task.value }
                #expect(try await one.read("SELECT 1")[0].count == 1)
            }
            #expect(try await one.read(statement)[0].count == 1)
            await one.close()
        }
    }

    @Test("A cancel that comes late hits nobody else's statement")
    func lateCancels() async throws {
        let server = try #require(TestPostgreSQL.server)
        let database = try server.database(maxConnections: 1)
        var cancelled = 0
        for round in 0..<60 {
            let task = Task {
                do {
                    for _ in 0..<20 { _ = try await database.read("SELECT pg_sleep(0.0005)") }
                    return false
                } catch is CancellationError {
                    return true
                }
            }
            for _ in 0..<round { await Task.yield() }
            task.cancel()
            // The next borrower's statements run while the cancel request may be on its way.
            for _ in 0..<3 { _ = try await database.read("SELECT pg_sleep(0.001)") }
            if try await task.value { cancelled += 1 }
        }
        #expect(cancelled > 0)
        await database.close()
    }

    @Test("A connection that the server has closed meanwhile is not lent")
    func closedByServer() async throws {
        let server = try #require(TestPostgreSQL.server)
        let (one, other) = (
            try server.database(maxConnections: 1), try server.database(maxConnections: 1)
        )
        for _ in 0..<20 {
            var row = try await one.read("SELECT pg_backend_pid()")[0][0]
            let process = try row.integer()
            _ = try await other.read(
                "SELECT pg_terminate_backend(CAST(\(process) AS integer), 5000)"
            )
            var again = try await one.read("SELECT pg_backend_pid()")[0][0]
            #expect(try again.integer() != process)
        }
        await one.close()
        await other.close()
    }

    @Test("A lock that is not had in time is transient, and says so")
    func lockTimeout() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            try await database.migrateUp()
            var configuration = database.configuration()
            configuration.lockTimeout = .milliseconds(100)
            let store = try await database.location.open(configuration)
            try await whileLocked(database) {
                let error = await #expect(throws: TrancheError.self) {
                    _ = try await store.batches(BatchSelection())
                }
                #expect(error?.code == .storeBusy)
                #expect(error?.category == .transient)
            }
            #expect(try await store.batches(BatchSelection()).isEmpty)
            await store.close()
        }
    }

    // MARK: Servers that are not there, or refuse

    @Test("A server that is not there is transient")
    func noServer() async throws {
        // Port 1 of this machine: nobody listens there.
        let error = await openError(try url { $0.port = 1 })
        #expect(error?.code == .storeUnavailable)
        #expect(error?.category == .transient)
        #expect(error?.message.contains("127.0.0.1:1") == true)
    }

    @Test("A database that is not there is permanent")
    func noDatabase() async throws {
        let error = await openError(try url { $0.path = "/nowhere" })
        #expect(error?.code == .accessRefused)
        // As libpq says it, without the state that it is told beside.
        let words = "failed: FATAL:  database \"nowhere\" does not exist"
        #expect(error?.message.contains(words) == true)
        #expect(error?.message.contains("LOCATION") == false)
        #expect(error?.message.contains("nowhere") == true)
    }

    @Test("A user who may not connect is permanent")
    func noUser() async throws {
        let error = await openError(try url { $0.user = "nobody_here" })
        #expect(error?.code == .accessRefused)
        #expect(error?.message.contains("nobody_here") == true)
    }

    @Test("A password is in no error and in no name")
    func passwordIsKept() async throws {
        let secret = "geh€im&wort"
        let places = [
            try url {
                $0.password = secret
                $0.port = 1
            },
            try url {
                $0.port = 1
                $0.queryItems = [.init(name: "password", value: secret)]
            },
            try url {
                $0.password = secret
                $0.path = "/nowhere"
            },
        ]
        for place in places {
            let error = try #require(await openError(place))
            for text in ["\(error)", error.debugDescription, error.message] {
                #expect(!text.contains("wort") && !text.contains("geh€"), "\(text)")
            }
            let name = InventoryLocation.postgres(place).name
            #expect(!name.contains("wort") && !name.contains("geh€"))
            #expect(!SourceDatabase.postgres(place).name.contains("wort"))
        }
        // One that cannot be read at all is not repeated.
        let error = try #require(await openError("postgresql://user:\(secret)@[host/x"))
        #expect(error.code == .invalidArgument)
        #expect(!error.debugDescription.contains("wort"))
    }

    @Test("A wrong password is permanent, and is not told")
    func wrongPassword() async throws {
        let server = try RefusingServer(state: "28P01", message: "password authentication failed")
        defer { server.stop() }
        let error = await openError(
            "postgresql://user:secretword@127.0.0.1:\(server.port)/x?sslmode=disable"
                + "&gssencmode=disable"
        )
        #expect(error?.code == .accessRefused)
        #expect(error?.category == .permanent)
        #expect(error?.message.contains("password authentication failed") == true)
        #expect(error?.debugDescription.contains("secretword") == false)
    }

    @Test("A server's own refusal of a password is permanent, in the words of libpq")
    func wrongPasswordOfServer() async throws {
        try await withOwnPostgreSQL { server in
            let database = try server.server.database(maxConnections: 1)
            try await database.run("CREATE ROLE locked LOGIN PASSWORD 'right';")
            await database.close()
            let rules = """
                host all postgres 127.0.0.1/32 trust
                host all locked 127.0.0.1/32 scram-sha-256

                """
            try Data(rules.utf8).write(to: server.folder.appending(path: "data/pg_hba.conf"))
            try await server.stop()
            try await server.start()
            let error = await openError(
                "postgresql://locked:wrong@127.0.0.1:\(server.port)/tranche"
            )
            #expect(error?.code == .accessRefused)
            #expect(error?.category == .permanent)
            let words =
                "connection to server at \"127.0.0.1\", port \(server.port) failed: "
                + "FATAL:  password authentication failed for user \"locked\""
            #expect(error?.message.contains(words) == true)
            #expect(error?.message.contains("LOCATION") == false)
        }
    }

    @Test(
        "A refusal is for good or for now by its state, whatever the server's language",
        arguments: [
            ("57P03", "FATAL", "das Datenbanksystem startet", true),
            ("28P01", "ВАЖНО", "пользователь не прошёл проверку подлинности", false),
            ("3D000", "致命错误", "数据库不存在", false),
        ]
    )
    func languages(state: String, severity: String, message: String, isPassing: Bool) async throws {
        let server = try RefusingServer(
            state: state,
            severity: severity,
            message: message,
            place: ("postmaster.c", 2342, "ProcessStartupPacket")
        )
        defer { server.stop() }
        let error = await openError(
            "postgresql://user@127.0.0.1:\(server.port)/x?sslmode=disable&gssencmode=disable"
        )
        #expect(error?.code == (isPassing ? .storeUnavailable : .accessRefused))
        #expect(error?.message.contains("failed: \(severity):  \(message)") == true)
        for added in [state, "postmaster.c"] {
            #expect(error?.message.contains(added) == false)
        }
    }

    @Test("A missing password is permanent, and the error says where to put one")
    func noPassword() async throws {
        let server = try RefusingServer()
        defer { server.stop() }
        let error = await openError(
            "postgresql://user@127.0.0.1:\(server.port)/x?sslmode=disable&gssencmode=disable"
        )
        #expect(error?.code == .accessRefused)
        #expect(error?.message.contains("no password supplied: put one into the URL") == true)
    }

    @Test(
        "A server that is starting, or full, is transient",
        arguments: [
            "the database system is starting up", "the database system is shutting down",
            "sorry, too many clients already",
            // A pooler's words.
            "server login has been failing, try again later (server_login_retry)",
            "pgbouncer cannot connect to server", "query_wait_timeout",
            "no more connections allowed (max_client_conn)",
        ]
    )
    func passing(message: String) async throws {
        let server = try RefusingServer(state: "08P01", message: message)
        defer { server.stop() }
        let error = await openError(
            "postgresql://user@127.0.0.1:\(server.port)/x?sslmode=disable&gssencmode=disable"
        )
        #expect(error?.code == .storeUnavailable)
    }

    // MARK: Rights

    @Test("A role with rights on the inventory's and the source's rows is enough")
    func rights() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            try await database.migrateUp()
            let role = "worker_" + (database.schema ?? "")
            try await database.run(
                """
                CREATE TABLE \(database.prefix)item (uid bigint PRIMARY KEY, item text, weight integer);
                INSERT INTO \(database.prefix)item SELECT i, 'x', 1 FROM generate_series(1, 4) AS i;
                CREATE ROLE \(role) LOGIN;
                GRANT USAGE ON SCHEMA \(database.schema ?? "") TO \(role);
                GRANT SELECT ON \(database.prefix)item, \(database.prefix)inventory_migration,
                    \(database.prefix)inventory_archive, \(database.prefix)inventory_tally,
                    \(database.prefix)inventory_budget TO \(role);
                GRANT SELECT, INSERT, UPDATE ON \(database.prefix)inventory,
                    \(database.prefix)inventory_run, \(database.prefix)inventory_attempt,
                    \(database.prefix)inventory_output TO \(role);
                GRANT SELECT, INSERT, UPDATE, DELETE ON \(database.prefix)inventory_gap TO \(role);
                """
            )
            let inventory = try await Inventory.open(
                .postgres(try url { $0.user = role }),
                configuration: .init(store: database.configuration())
            )
            let source = SQLSource(database.prefix + "item")
            let batch = try #require(
                try await inventory.acquireBatch(from: source, job: "job", limit: .count(2))
            )
            #expect(try await batch.items.count == 2)
            try await batch.heartbeat(note: "half of it")
            let output = AttemptOutput(standardError: "done\n")
            try await batch.succeed(
                AttemptSuccess(batch.holding, result: nil, logging: nil, output: output)
            )
            let next = try await inventory.acquireBatch(from: source, job: "job", limit: .count(2))
            try await next?.fail("no")
            #expect(try await inventory.summaries().count == 1)
            await inventory.close()
            try await database.run("DROP OWNED BY \(role); DROP ROLE \(role);")
        }
    }

    @Test("A role without rights is told what it lacks, permanently")
    func noRights() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            try await database.migrateUp()
            let role = "stranger_" + (database.schema ?? "")
            try await database.run(
                """
                CREATE ROLE \(role) LOGIN;
                GRANT USAGE ON SCHEMA \(database.schema ?? "") TO \(role);
                """
            )
            let location = InventoryLocation.postgres(try url { $0.user = role })
            let error = await #expect(throws: TrancheError.self) {
                _ = try await location.open(database.configuration())
            }
            #expect(error?.code == .storeFailed)
            #expect(error?.message.contains("permission denied") == true)
            try await database.run("DROP OWNED BY \(role); DROP ROLE \(role);")
        }
    }

    @Test("A role may write rows with the rights that the statements need, and no fewer")
    func writing() async throws {
        try await withOwnPostgreSQL { own in
            let owner = try own.server.database(maxConnections: 1)
            try await owner.run(
                """
                CREATE TABLE t (k integer PRIMARY KEY, v text);
                CREATE ROLE writer LOGIN;
                REVOKE TEMPORARY ON DATABASE tranche FROM PUBLIC;
                """
            )
            let writer = PostgreSQLDatabase(
                url: try PostgreSQLURL("postgresql://writer@127.0.0.1:\(own.port)/tranche"),
                isReadOnly: false,
                lockTimeout: .seconds(30),
                maxConnections: 1
            )
            let name = SQLTableName(schema: nil, table: "t")
            let grants = [
                ("SELECT ON t", false, false), ("INSERT (k) ON t", true, false),
                ("UPDATE ON t", true, false), ("TEMPORARY ON DATABASE tranche", true, true),
            ]
            for (right, mayAdd, mayReplace) in grants {
                try await owner.run("GRANT \(right) TO writer")
                #expect(try await writer.mayWrite(to: name, replacing: false) == mayAdd)
                #expect(try await writer.mayWrite(to: name, replacing: true) == mayReplace)
            }
            // What must come by INSERT is staged without a key, too.
            try await owner.run(
                "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (true);"
            )
            #expect(try await writer.mayWrite(to: name, replacing: false))
            try await owner.run("REVOKE TEMPORARY ON DATABASE tranche FROM writer")
            #expect(try await !writer.mayWrite(to: name, replacing: false))
            await writer.close()
            await owner.close()
        }
    }

    @Test("A source's connection cannot write, an inventory's can")
    func readOnlySource() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let table = database.name("item")
            try await database.run("CREATE TABLE \(table.quoted) (uid bigint PRIMARY KEY);")
            let source = PostgreSQLDatabase(
                url: try PostgreSQLURL(database.address),
                isReadOnly: true,
                lockTimeout: .seconds(30),
                maxConnections: 1
            )
            let error = await #expect(throws: PostgreSQLError.self) {
                _ = try await source.write(["INSERT INTO \(table) (uid) VALUES (1)"])
            }
            #expect(error?.sqlState == "25006")
            #expect(error?.category == .permanent)
            await source.close()
            _ = try await database.database.write(["INSERT INTO \(table) (uid) VALUES (1)"])
            #expect(try await database.column("SELECT uid FROM \(table)") == ["1"])
        }
    }

    @Test("The server's setting of synchronous_commit stands")
    func synchronousCommit() async throws {
        let server = try #require(TestPostgreSQL.server)
        let database = try server.database(maxConnections: 1)
        let rows = try await database.read(
            "SELECT setting = reset_val, source FROM pg_settings WHERE name = 'synchronous_commit'"
        )
        var row = try #require(rows[0].first)
        #expect(try row.boolean())
        #expect(try row.text() != "session")
        await database.close()
    }
}
