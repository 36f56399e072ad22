import Foundation
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TranchePostgreSQL
import TrancheSQL

@Suite(
    "Installing a PostgreSQL outbox",
    .timeLimit(.minutes(5)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct OutboxInstallTests {
    /// What the catalog holds, but for what the server itself brings.
    private func catalog(_ own: OutboxTestDatabase) async throws -> [String] {
        try await own.read(
            """
            SELECT 'relation', CAST(oid AS text), concat_ws(' ', relname, relkind, relhastriggers,
                relacl) FROM pg_class WHERE oid >= 16384
            UNION ALL SELECT 'function', CAST(oid AS text), proname FROM pg_proc WHERE oid >= 16384
            UNION ALL SELECT 'trigger', CAST(oid AS text), tgname FROM pg_trigger
            UNION ALL SELECT 'event trigger', CAST(oid AS text), evtname FROM pg_event_trigger
            UNION ALL SELECT 'schema', CAST(oid AS text), nspname FROM pg_namespace
            UNION ALL SELECT 'type', CAST(oid AS text), typname FROM pg_type WHERE oid >= 16384
            UNION ALL SELECT 'comment', CAST(objoid AS text), description FROM pg_description
                WHERE objoid >= 16384
            UNION ALL SELECT 'rule', CAST(oid AS text), rulename FROM pg_rewrite WHERE oid >= 16384
            UNION ALL SELECT 'dependency', CAST(objid AS text), concat(classid, refobjid)
                FROM pg_depend WHERE objid >= 16384
            ORDER BY 1, 2, 3
            """
        )
    }

    @Test("No function that is made needs MD5, which a server in FIPS mode lacks")
    func digests() async throws {
        try await withOutboxDatabase { own in
            try await own.run(OutboxRecordingTests.partitioned)
            try await own.outbox("orders", OutboxTable("p", key: ["id"])).install()
            let made = try await own.read(
                """
                SELECT proname FROM pg_proc
                WHERE oid >= 16384 AND position('md5(' IN prosrc) > 0
                """
            )
            #expect(made.isEmpty)
        }
    }

    @Test("What is removed leaves nothing")
    func remove() async throws {
        try await withOutboxDatabase { own in
            try await own.run(OutboxRecordingTests.plain + OutboxRecordingTests.partitioned)
            try await own.run("CREATE TABLE rows (id int PRIMARY KEY);")
            // The flag that there are triggers stays until a vacuum.
            let script =
                "UPDATE pg_class SET relhastriggers = false WHERE relkind IN ('r', 'p') "
                + "AND oid >= 16384 AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = "
                + "pg_class.oid);"
            try await own.run("SET LOCAL allow_system_table_mods = on; " + script)
            let before = try await catalog(own)
            let outbox = try own.outbox(
                "orders",
                OutboxTable("t"),
                OutboxTable("p", key: ["id"]),
                OutboxTable("rows", eachRow: true)
            )
            let other = try own.outbox("others", OutboxTable("t"))
            try await outbox.install()
            try await other.install()
            try await outbox.install()
            try await own.run("INSERT INTO t VALUES (1); INSERT INTO p VALUES (1, 'a');")
            #expect(try await catalog(own).count > before.count + 20)
            try await outbox.remove()
            try await outbox.remove()
            #expect(try await outbox.status() == nil)
            try await own.run("INSERT INTO t VALUES (2); UPDATE p SET r = 'b';")
            #expect(try await own.events("others") == ["create 1", "create 2"])
            try await other.remove()
            try await other.remove()
            try await own.run("SET LOCAL allow_system_table_mods = on; " + script)
            #expect(try await catalog(own) == before)
        }
    }

    @Test("A schema that was there stays, and so does what others keep in it")
    func othersSchema() async throws {
        try await withOutboxDatabase { own in
            try await own.run(
                "CREATE SCHEMA tranche; CREATE TABLE tranche.mine (); \(OutboxRecordingTests.plain)"
            )
            let outbox = try own.outbox("orders", OutboxTable("t"))
            try await outbox.install()
            try await outbox.remove()
            #expect(
                try await own.read(
                    """
                    SELECT relname FROM pg_class
                    WHERE relnamespace = CAST('tranche' AS regnamespace) ORDER BY 1
                    """
                ) == ["mine"]
            )
        }
    }

    @Test(
        "What cannot be recorded is refused, and nothing is changed",
        arguments: [
            ("nothing", "is not there"), ("view", "is a view"), ("keyless", "no primary key"),
            ("foreign", "another server"), ("abroad", "another server"), ("seq", "not a table"),
        ]
    )
    func refused(_ table: String, _ why: String) async throws {
        try await withOutboxDatabase { own in
            try await own.run(
                """
                CREATE TABLE keyless (id int, n int NOT NULL);
                CREATE VIEW view AS SELECT * FROM keyless;
                CREATE SEQUENCE seq;
                CREATE FOREIGN DATA WRAPPER w;
                CREATE SERVER s FOREIGN DATA WRAPPER w;
                CREATE FOREIGN TABLE foreign (id int) SERVER s;
                CREATE TABLE abroad (id int) PARTITION BY LIST (id);
                CREATE FOREIGN TABLE abroad1 PARTITION OF abroad DEFAULT SERVER s;
                """.replacing("TABLE foreign", with: "TABLE \"foreign\"")
            )
            let before = try await catalog(own)
            let error = await #expect(throws: TrancheError.self) {
                try await own.outbox("orders", OutboxTable(table)).install()
            }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains(why) == true, "\(error?.message ?? "")")
            #expect(try await catalog(own) == before)
        }
    }

    @Test("Keys must be columns that are there and never null, and parts go with their table")
    func refusedKeys() async throws {
        try await withOutboxDatabase { own in
            try await own.run(
                "CREATE TABLE k (id int, n int NOT NULL); \(OutboxRecordingTests.partitioned)"
            )
            for (tables, why) in [
                ([OutboxTable("k", key: ["id"])], "may be null"),
                ([OutboxTable("k", key: ["n", "x"])], "does not have all"),
                ([OutboxTable("k", key: [])], "does not have all"),
                ([OutboxTable("p", key: ["id"]), OutboxTable("p1", key: ["id"])], "belongs to p"),
                ([OutboxTable(schema: "pg_catalog", "pg_class")], "own"),
            ] {
                let configuration = PostgreSQLOutbox.Configuration(name: "orders", tables: tables)
                let error = await #expect(throws: TrancheError.self) {
                    try await PostgreSQLOutbox(configuration, in: own.database).install()
                }
                #expect(error?.message.contains(why) == true, "\(error?.message ?? "")")
            }
            try await own.outbox("orders", OutboxTable("k", key: ["n"])).install()
            try await own.run("INSERT INTO k VALUES (NULL, 3), (NULL, 3); UPDATE k SET id = 1;")
            #expect(
                try await own.events() == ["create 3", "create 3", "update 3", "update 3"]
            )
        }
    }

    @Test("Columns that a primary key only includes are none of it")
    func includedColumns() async throws {
        try await withOutboxDatabase { own in
            try await own.run(
                "CREATE TABLE k (id int, name text, PRIMARY KEY (id) INCLUDE (name));"
            )
            try await own.outbox("orders", OutboxTable("k")).install()
            try await own.run("INSERT INTO k VALUES (1, 'a'); UPDATE k SET name = NULL;")
            #expect(try await own.events() == ["create 1", "update 1"])
        }
    }

    @Test("Of a log that is being removed nothing is covered any more")
    func removing() async throws {
        try await withOutboxDatabase { own in
            try await own.run(OutboxRecordingTests.plain)
            let outbox = try own.outbox("orders", OutboxTable("t"))
            try await outbox.install()
            // As a removal leaves it that goes on with another table.
            try await own.run(
                """
                UPDATE tranche.log SET is_ending = true;
                SELECT tranche.uncover('orders', 't');
                """
            )
            #expect(try await outbox.refresh().covered.isEmpty)
            try await outbox.remove()
            try await own.run("INSERT INTO t VALUES (1, 'a');")
        }
    }

    @Test("A table that stays locked is told, what is covered stays, and the next call goes on")
    func lockTimeout() async throws {
        try await withOutboxDatabase { own in
            try await own.run(
                "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);"
            )
            let outbox = try own.outbox(
                "orders",
                OutboxTable("a"),
                OutboxTable("b"),
                lockTimeout: .milliseconds(50)
            )
            try await withTestSession(on: own.server) { writer in
                try await writer.run("BEGIN", "INSERT INTO b VALUES (1)")
                let error = await #expect(throws: TrancheError.self) { try await outbox.install() }
                #expect(error?.category == .transient)
                #expect(error?.message.contains("covering b") == true)
                let status = try #require(try await outbox.status())
                #expect(status.parts.map(\.relation) == ["public.a"])
                #expect(
                    status.blindSpots.first { $0.code == "uncovered" }?.relation == "public.b"
                )
                try await writer.run("INSERT INTO a VALUES (7)", "COMMIT")
                let report = try await outbox.install()
                #expect(report.covered.map(\.relation) == ["public.b"])
                try await own.run("INSERT INTO b VALUES (2);")
                #expect(try await own.events() == ["create 7", "create 2"])
            }
        }
    }

    @Test("What records the changes of partitions is made anew beside their writers")
    func besideWriters() async throws {
        try await withOutboxDatabase { own in
            try await own.run(
                """
                CREATE TABLE p (id int, r text, PRIMARY KEY (id, r)) PARTITION BY LIST (r);
                CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('a');
                """
            )
            let outbox = try own.outbox(
                "orders",
                OutboxTable("p"),
                lockTimeout: .milliseconds(50)
            )
            try await outbox.install()
            // An earlier version has made another text.
            let made = try await own.read(
                """
                SELECT pg_get_functiondef(p.oid) FROM pg_proc AS p
                WHERE p.pronamespace = CAST('tranche' AS regnamespace)
                    AND p.proname ~ '^record_[0-9]+$'
                """
            )
            let old = try #require(made.first).replacing("DECLARE", with: "-- older\nDECLARE")
            try await own.run(old + ";")
            try await withTestSession(on: own.server) { writer in
                try await writer.run("BEGIN", "INSERT INTO p VALUES (1, 'a')")
                try await outbox.refresh()
                try await writer.run("COMMIT")
            }
            #expect(try await own.events().count == 1)
            let text = try await own.read(
                "SELECT prosrc FROM pg_proc WHERE proname ~ '^record_[0-9]+$'"
            )
            #expect(text.allSatisfy { !$0.contains("-- older") })
        }
    }

    @Test("An event trigger covers what is made, attached and detached, at once")
    func laterAtOnce() async throws {
        try await withOutboxDatabase { own in
            try await own.run(OutboxRecordingTests.partitioned)
            let outbox = try own.outbox("orders", OutboxTable("p", key: ["id"]), schemas: ["s"])
            try await own.run("CREATE SCHEMA s;")
            try await outbox.install()
            #expect(try await outbox.status()?.coversLaterAtOnce == true)
            try await own.run(
                """
                CREATE TABLE p4 PARTITION OF p FOR VALUES IN ('x');
                INSERT INTO p4 VALUES (1, 'x');
                CREATE TABLE s.made (id int PRIMARY KEY);
                INSERT INTO s.made VALUES (2);
                CREATE TABLE p5 (id int NOT NULL, r text, v int);
                INSERT INTO p5 VALUES (3, 'y');
                ALTER TABLE p ATTACH PARTITION p5 FOR VALUES IN ('y');
                INSERT INTO p5 VALUES (4, 'y');
                UPDATE p SET r = 'a' WHERE id = 4;
                ALTER TABLE p DETACH PARTITION p4;
                INSERT INTO p4 VALUES (5, 'x');
                ALTER TABLE p RENAME COLUMN id TO number;
                ALTER TABLE p RENAME TO parted;
                CREATE TEMP TABLE id (id int PRIMARY KEY);
                INSERT INTO parted VALUES (6, 'y');
                """
            )
            #expect(
                try await own.read(
                    "SELECT location, operation, key FROM tranche.log_orders ORDER BY id"
                )
                    == [
                        "public.p|create|1", "s.made|create|2", "public.p|create|4",
                        "public.p|update|4",
                    ]
            )
        }
    }

    @Test("What runs at each CREATE and ALTER of others is not compiled, whatever they have set")
    func uncompiled() async throws {
        try await withOutboxDatabase { own in
            try await own.run("CREATE TABLE t (id int PRIMARY KEY);")
            try await own.outbox("orders", OutboxTable("t"), schemas: ["public"]).install()
            let settings = try await own.read(
                "SELECT unnest(proconfig) FROM pg_proc WHERE proname = 'cover_later'"
            )
            #expect(settings.contains("jit=off"), "\(settings)")
        }
    }

    @Test("Without an event trigger a refresh finds them, and tells from when they are covered")
    func refresh() async throws {
        try await withOutboxDatabase { own in
            try await own.run(OutboxRecordingTests.partitioned + "CREATE SCHEMA s;")
            let outbox = try own.outbox("orders", OutboxTable("p", key: ["id"]), schemas: ["s"])
            await #expect(throws: TrancheError.self) { try await outbox.refresh() }
            try await outbox.install()
            try await own.run("DROP EVENT TRIGGER tranche_cover_later;")
            #expect(try await outbox.refresh() == OutboxReport())
            try await own.run(
                """
                CREATE TABLE p4 PARTITION OF p FOR VALUES IN ('x');
                INSERT INTO p4 VALUES (1, 'x');
                INSERT INTO p VALUES (2, 'x');
                CREATE TABLE s.made (id int PRIMARY KEY);
                CREATE TABLE s.keyless (id int);
                ALTER TABLE p DETACH PARTITION p2;
                """
            )
            let status = try #require(try await outbox.status())
            #expect(!status.coversLaterAtOnce)
            #expect(
                status.blindSpots.filter { $0.code == "uncovered" }.map(\.relation)
                    == ["public.p4", "s.made"]
            )
            #expect(
                status.blindSpots.filter { $0.code == "no-key" }.map(\.relation) == ["s.keyless"]
            )
            let report = try await outbox.refresh()
            #expect(Set(report.covered.map(\.relation)) == ["public.p4", "s.made"])
            #expect(report.givenUp == ["p2"])
            #expect(report.covered.first { $0.relation == "public.p4" }?.heldRows == true)
            #expect(report.covered.first { $0.relation == "s.made" }?.heldRows == false)
            let later = try #require(try await outbox.status())
            #expect(
                later.blindSpots.filter { $0.code == "attached-data" }.map(\.relation)
                    == ["public.p4"]
            )
            try await own.run("INSERT INTO p4 VALUES (3, 'x'); INSERT INTO p2 VALUES (4, 'b', 4);")
            #expect(try await own.events() == ["create 2", "create 3"])
            try await own.run("DROP TABLE p4;")
            #expect(try await outbox.refresh().givenUp.count == 1)
            #expect(try await outbox.refresh() == OutboxReport())
        }
    }

    @Test("The status names what is not seen")
    func blindSpots() async throws {
        try await withOutboxDatabase { own in
            try await own.run(
                """
                \(OutboxRecordingTests.plain)
                CREATE TABLE gone (id int PRIMARY KEY);
                CREATE TABLE late (id int PRIMARY KEY DEFERRABLE);
                CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
                CREATE TRIGGER own AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
                """
            )
            let outbox = try own.outbox(
                "orders",
                OutboxTable("t"),
                OutboxTable("gone"),
                OutboxTable("late")
            )
            try await outbox.install()
            let name = try #require(try await own.read("SELECT current_database()").first)
            try await own.run(
                """
                ALTER TABLE t DISABLE TRIGGER USER;
                ALTER TABLE t ENABLE TRIGGER own;
                DROP TABLE gone;
                ALTER DATABASE \(name) SET session_replication_role = replica;
                """
            )
            let spots = try #require(try await outbox.status()).blindSpots
            #expect(
                Set(spots.map { "\($0.code) \($0.relation ?? "-")" }) == [
                    "missing-table public.gone", "disabled-trigger public.t",
                    "own-trigger public.t",
                    "deferrable-key public.late", "replica-role -",
                ]
            )
            #expect(spots.filter { $0.code == "disabled-trigger" }.count == 4)
            #expect(spots.first { $0.code == "replica-role" }?.message.contains(name) == true)
        }
    }

    @Test("A role that is no superuser records its own tables, and is told what it lacks")
    func plainRole() async throws {
        try await withOutboxDatabase { own in
            let role = "owner_\(UInt32.random(in: 0 ... .max))"
            try await own.run(
                """
                CREATE ROLE \(role) LOGIN;
                CREATE TABLE foreign_to (id int PRIMARY KEY);
                CREATE SCHEMA s AUTHORIZATION \(role);
                SET LOCAL ROLE \(role);
                CREATE TABLE s.t (id int PRIMARY KEY);
                """
            )
            let url = own.server.url.replacing("postgres@", with: "\(role)@")
            let database = try TestPostgreSQL(url: url).database()
            let theirs = OutboxTestDatabase(server: own.server, database: database)
            let outbox = try theirs.outbox("orders", OutboxTable(schema: "s", "t"))
            let error = await #expect(throws: TrancheError.self) { try await outbox.install() }
            #expect(error?.message.contains("CREATE on the database") == true)
            let name = try #require(try await own.read("SELECT current_database()").first)
            try await own.run("GRANT CREATE ON DATABASE \(name) TO \(role);")
            try await outbox.install()
            #expect(try await outbox.status()?.coversLaterAtOnce == false)
            try await own.run("INSERT INTO s.t VALUES (1);")
            #expect(try await own.events() == ["create 1"])
            let more = try theirs.outbox("orders", OutboxTable("foreign_to"))
            let refusal = await #expect(throws: TrancheError.self) { try await more.install() }
            #expect(refusal?.message.contains("TRIGGER on") == true)
            try await own.run("GRANT TRIGGER ON foreign_to TO \(role);")
            try await more.install()
            try await own.run("INSERT INTO foreign_to VALUES (5); INSERT INTO s.t VALUES (2);")
            #expect(try await own.events() == ["create 5"])
            let refusedRemoval = await #expect(throws: TrancheError.self) {
                try await more.remove()
            }
            #expect(refusedRemoval?.message.contains("must own it") == true)
            try await own.run("ALTER TABLE foreign_to OWNER TO \(role);")
            try await more.remove()
            await database.close()
            try await own.run("DROP OWNED BY \(role); DROP ROLE \(role);")
        }
    }

    @Test("What a subscription writes is recorded row by row, and what is truncated")
    func subscription() async throws {
        try await withOutboxDatabase { publisher in
            try await withOutboxDatabase { own in
                let table = "CREATE TABLE t (id int PRIMARY KEY, v text);"
                let name = "sub_\(UInt32.random(in: 0 ... .max))"
                try await publisher.run(table + "CREATE PUBLICATION tranche FOR TABLE t;")
                // A slot that the subscription makes would wait for its own transaction.
                try await publisher.run(
                    "SELECT pg_create_logical_replication_slot('\(name)', 'pgoutput');"
                )
                try await own.run(table)
                try await own.run(
                    """
                    CREATE SUBSCRIPTION \(name) CONNECTION '\(publisher.server.url)' PUBLICATION tranche
                    WITH (create_slot = false, slot_name = '\(name)', copy_data = false);
                    """
                )
                do {
                    try await own.outbox("orders", OutboxTable("t")).install()
                    try await publisher.run(
                        """
                        INSERT INTO t VALUES (1), (2);
                        UPDATE t SET v = 'x' WHERE id = 1;
                        UPDATE t SET id = 3 WHERE id = 2;
                        DELETE FROM t WHERE id = 1;
                        TRUNCATE t;
                        """
                    )
                    try await own.run("INSERT INTO t VALUES (9);")
                    var events: [String] = []
                    while events.filter({ $0 == "truncate" }).isEmpty {
                        events += try await own.events()
                    }
                    events.removeAll { $0 == "create 9" }
                    #expect(
                        events == [
                            "create 1", "create 2", "update 1", "delete 2", "create 3", "delete 1",
                            "truncate",
                        ]
                    )
                    #expect(try await own.outbox().status()?.parts.map(\.eachRow) == [true])
                } catch {
                    try await own.database.writeAlone("DROP SUBSCRIPTION \(name)")
                    throw error
                }
                try await own.database.writeAlone("DROP SUBSCRIPTION \(name)")
            }
        }
    }

    @Test("A partition that is named without its table is recorded, whoever writes it")
    func lonePartition() async throws {
        try await withOutboxDatabase { own in
            try await own.run(OutboxRecordingTests.partitioned)
            try await own.outbox("orders", OutboxTable("p1", key: ["id"])).install()
            try await own.run(
                """
                INSERT INTO p VALUES (1, 'a'), (2, 'b');
                INSERT INTO p1 VALUES (3, 'a');
                UPDATE p SET r = 'b' WHERE id = 1;
                UPDATE p SET r = 'a' WHERE id = 2;
                TRUNCATE p;
                """
            )
            #expect(
                try await own.events()
                    == ["create 1", "create 3", "delete 1", "create 2", "truncate"]
            )
        }
    }

    @Test("Cleaning goes in steps, keeps the highest row, and raises the floor")
    func cleaning() async throws {
        try await withOutboxDatabase { own in
            try await own.run(OutboxRecordingTests.plain)
            let outbox = try own.outbox("orders", OutboxTable("t"))
            await #expect(throws: TrancheError.self) { try await outbox.clean(through: 5) }
            try await outbox.install()
            #expect(try await outbox.clean(through: 5) == 0)
            #expect(try await outbox.status()?.floor == 0)
            try await own.run("INSERT INTO t SELECT generate_series(1, 100);")
            #expect(try await outbox.clean(through: 25, limit: 10) == 25)
            #expect(try await outbox.status()?.floor == 25)
            #expect(try await outbox.clean(through: 20) == 0)
            #expect(try await outbox.status()?.floor == 25)
            #expect(
                try await own.read("SELECT min(id), count(*) FROM tranche.log_orders") == ["26|75"]
            )
            #expect(try await outbox.clean(through: .max, limit: 30) == 74)
            #expect(try await own.read("SELECT id FROM tranche.log_orders") == ["100"])
            #expect(try await outbox.status()?.floor == 99)
            #expect(try await outbox.status()?.highest == 100)
        }
    }
}

extension SQLDatabase {
    /// Runs a statement that no transaction may hold.
    fileprivate func writeAlone(_ statement: String) async throws {
        _ = try await write([SQLStatement(statement)])
    }
}
