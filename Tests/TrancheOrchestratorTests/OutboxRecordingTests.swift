import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TranchePostgreSQL
import TrancheSQL

@Suite(
    "What a PostgreSQL outbox records",
    .timeLimit(.minutes(5)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct OutboxRecordingTests {
    static let plain = "CREATE TABLE t (id int PRIMARY KEY, v text);"
    /// The partition's columns stand in another order than the table's.
    static let partitioned = """
        CREATE TABLE p (id int NOT NULL, r text, v int) PARTITION BY LIST (r);
        CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('a');
        CREATE TABLE p2 (v int, r text, id int NOT NULL);
        ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN ('b');
        CREATE TABLE p3 PARTITION OF p FOR VALUES IN ('c', 'd') PARTITION BY LIST (r);
        CREATE TABLE p3c PARTITION OF p3 FOR VALUES IN ('c');
        CREATE TABLE p3d PARTITION OF p3 FOR VALUES IN ('d');
        """

    @Test("Each kind of statement gives its events")
    func statements() async throws {
        try await withOutboxDatabase { own in
            try await own.run(Self.plain)
            try await own.outbox("orders", OutboxTable("t"), payload: .row).install()
            try await own.run("INSERT INTO t VALUES (1, 'a'), (2, 'b');")
            #expect(
                try await own.events() == [
                    #"create 1 {"id":1,"v":"a"}"#, #"create 2 {"id":2,"v":"b"}"#,
                ]
            )
            try await own.run("UPDATE t SET v = 'c' WHERE id = 2;")
            #expect(try await own.events() == [#"update 2 {"id":2,"v":"c"}"#])
            try await own.run(
                "INSERT INTO t VALUES (2, 'd'), (3, 'e') ON CONFLICT (id) DO UPDATE SET v = "
                    + "excluded.v;"
            )
            #expect(
                try await own.events() == [
                    #"update 2 {"id":2,"v":"d"}"#, #"create 3 {"id":3,"v":"e"}"#,
                ]
            )
            try await own.run("INSERT INTO t VALUES (3, 'x') ON CONFLICT DO NOTHING;")
            try await own.run("UPDATE t SET v = '' WHERE id = 9; DELETE FROM t WHERE id = 9;")
            #expect(try await own.events().isEmpty)
            try await own.run("DELETE FROM t WHERE id = 1;")
            #expect(try await own.events() == ["delete 1"])
            try await own.run("TRUNCATE t;")
            #expect(try await own.events() == ["truncate"])
        }
    }

    @Test("A changed key is a row that goes and one that comes, exchanged keys are updates")
    func changedKeys() async throws {
        try await withOutboxDatabase { own in
            try await own.run(
                """
                CREATE TABLE t (id int PRIMARY KEY DEFERRABLE, v text);
                INSERT INTO t VALUES (1, 'a'), (2, 'b');
                """
            )
            try await own.outbox("orders", OutboxTable("t"), payload: .row).install()
            try await own.run("UPDATE t SET id = 7 WHERE id = 1;")
            #expect(
                try await own.events(sorted: true) == [#"create 7 {"id":7,"v":"a"}"#, "delete 1"]
            )
            try await own.run("UPDATE t SET id = 9 - id;")
            #expect(
                try await own.events(sorted: true) == [
                    #"update 2 {"id":2,"v":"a"}"#, #"update 7 {"id":7,"v":"b"}"#,
                ]
            )
        }
    }

    @Test("A partition's rows come once, by whichever name they are written")
    func partitions() async throws {
        try await withOutboxDatabase { own in
            try await own.run(Self.partitioned)
            try await own.outbox("orders", OutboxTable("p", key: ["id"]), payload: .row).install()
            try await own.run("INSERT INTO p VALUES (1, 'a', 0), (2, 'b', 0), (3, 'd', 0);")
            #expect(
                try await own.events().map { $0.prefix(8) } == ["create 1", "create 2", "create 3"]
            )
            try await own.run("INSERT INTO p2 (id, r) VALUES (4, 'b');")
            #expect(try await own.events() == [#"create 4 {"v":null,"r":"b","id":4}"#])
            try await own.run("UPDATE p3 SET v = 1; UPDATE p1 SET v = 2;")
            #expect(
                try await own.events() == [
                    #"update 3 {"id":3,"r":"d","v":1}"#, #"update 1 {"id":1,"r":"a","v":2}"#,
                ]
            )
            try await own.run("DELETE FROM p3d; DELETE FROM p WHERE id = 4;")
            #expect(try await own.events() == ["delete 3", "delete 4"])
            let locations = try await own.read(
                "SELECT DISTINCT relation FROM tranche.covered ORDER BY 1"
            )
            #expect(locations.count == 6)
        }
    }

    @Test("A row that moves between partitions is one update")
    func moves() async throws {
        try await withOutboxDatabase { own in
            try await own.run(Self.partitioned)
            try await own.run("INSERT INTO p VALUES (1, 'a', 0), (2, 'b', 0), (3, 'd', 0);")
            try await own.outbox("orders", OutboxTable("p", key: ["id"]), payload: .row).install()
            try await own.run("UPDATE p SET r = 'd' WHERE id = 1;")
            #expect(try await own.events() == [#"update 1 {"id":1,"r":"d","v":0}"#])
            try await own.run("UPDATE p3 SET r = 'c', v = 1;")
            #expect(
                try await own.events(sorted: true) == [
                    #"update 1 {"id":1,"r":"c","v":1}"#, #"update 3 {"id":3,"r":"c","v":1}"#,
                ]
            )
            // Where the key names the partition, its change is another row.
            try await own.run(
                """
                CREATE TABLE q (id int, r text, PRIMARY KEY (id, r)) PARTITION BY LIST (r);
                CREATE TABLE q1 PARTITION OF q FOR VALUES IN ('a');
                CREATE TABLE q2 PARTITION OF q FOR VALUES IN ('b');
                INSERT INTO q VALUES (1, 'a');
                """
            )
            try await own.outbox("others", OutboxTable("q")).install()
            try await own.run("UPDATE q SET r = 'b';")
            #expect(
                try await own.events("others", sorted: true) == [
                    #"create {"r": "b", "id": 1}"#, #"delete {"r": "a", "id": 1}"#,
                ]
            )
            #expect(try await own.read("SELECT number FROM tranche.moved").isEmpty)
        }
    }

    @Test("A MERGE gives each row's event once, also of rows that it moves")
    func merges() async throws {
        try await withOutboxDatabase { own in
            try await own.run(Self.partitioned)
            try await own.outbox("orders", OutboxTable("p", key: ["id"])).install()
            func merge(_ ids: String, _ actions: String) async throws -> [String] {
                try await own.run(
                    "MERGE INTO p USING (VALUES \(ids)) AS s (id) ON p.id = s.id \(actions);"
                )
                return try await own.events(sorted: true)
            }
            let insert = "WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'a', 0)"
            let delete = "WHEN MATCHED AND p.id = 3 THEN DELETE"
            func move(_ r: String) -> String { "WHEN MATCHED THEN UPDATE SET r = '\(r)'" }
            #expect(try await merge("(1), (2)", insert) == ["create 1", "create 2"])
            #expect(try await merge("(1)", move("b")) == ["update 1"])
            #expect(try await merge("(1), (3)", move("c") + insert) == ["create 3", "update 1"])
            #expect(
                try await merge("(1), (2), (3)", delete + " " + move("d"))
                    == ["delete 3", "update 1", "update 2"]
            )
            #expect(try await merge("(3)", insert) == ["create 3"])
            #expect(
                try await merge("(1), (2), (3), (4)", delete + " " + move("a") + insert)
                    == ["create 4", "delete 3", "update 1", "update 2"]
            )
            #expect(try await own.read("SELECT number FROM tranche.moved").isEmpty)
        }
    }

    @Test(
        "A MERGE that inserts before it updates gives each row's event, with its row",
        arguments: [PostgreSQLOutbox.Payload.key, .row]
    )
    func mergedRows(_ payload: PostgreSQLOutbox.Payload) async throws {
        try await withOutboxDatabase { own in
            try await own.run(Self.partitioned)
            try await own.outbox("orders", OutboxTable("p", key: ["id"]), payload: payload)
                .install()
            try await own.run("INSERT INTO p VALUES (8, 'c', 0), (9, 'c', 0);")
            _ = try await own.events()
            // The server's own rows of the update have the inserted row here.
            try await own.run(
                """
                SET LOCAL enable_hashjoin = off;
                SET LOCAL enable_mergejoin = off;
                MERGE INTO p USING (VALUES (1), (8), (2), (9)) AS s (id) ON p.id = s.id AND p.id > 0
                WHEN MATCHED THEN UPDATE SET v = 1, id = CASE p.id WHEN 9 THEN 10 ELSE p.id END
                WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'c', 0);
                """
            )
            let events = try await own.events(sorted: true)
            #expect(
                events.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
                    == ["create 1", "create 10", "create 2", "delete 9", "update 8"]
            )
            if payload == .row {
                #expect(events.last == #"update 8 {"id":8,"r":"c","v":1}"#)
                #expect(events[1] == #"create 10 {"id":10,"r":"c","v":1}"#)
            }
            #expect(try await own.read("SELECT number FROM tranche.moved").isEmpty)
        }
    }

    @Test("Rows of partitions are noted by the key and payload that were asked for last")
    func changedSettings() async throws {
        try await withOutboxDatabase { own in
            try await own.run(
                """
                CREATE TABLE p (id int NOT NULL, r text NOT NULL, n int NOT NULL, UNIQUE (id, r))
                    PARTITION BY LIST (r);
                CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('a');
                INSERT INTO p VALUES (1, 'a', 1);
                """
            )
            func upsert(_ n: Int) async throws -> [String] {
                try await own.run(
                    """
                    INSERT INTO p VALUES (1, 'a', \(n))
                    ON CONFLICT (id, r) DO UPDATE SET n = excluded.n;
                    """
                )
                return try await own.events(sorted: true)
            }
            let byID = OutboxTable("p", key: ["id"])
            try await own.outbox("orders", byID).install()
            #expect(try await upsert(2) == ["update 1"])
            try await own.outbox("orders", byID, payload: .row).install()
            #expect(try await upsert(3) == [#"update 1 {"id":1,"r":"a","n":3}"#])
            try await own.outbox("orders", OutboxTable("p", key: ["n"])).install()
            #expect(try await upsert(4) == ["create 4", "delete 3"])
        }
    }

    @Test("What a trigger of the table's own deletes during an update is recorded behind it")
    func nestedStatements() async throws {
        try await withOutboxDatabase { own in
            try await own.run(Self.partitioned)
            try await own.run(
                """
                CREATE FUNCTION sweep() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    DELETE FROM p WHERE v < 0;
                    RETURN NULL;
                END $$;
                CREATE TRIGGER sweep AFTER UPDATE ON p FOR EACH STATEMENT EXECUTE FUNCTION sweep();
                INSERT INTO p VALUES (1, 'a', 0), (2, 'b', 0);
                """
            )
            try await own.outbox("orders", OutboxTable("p", key: ["id"])).install()
            try await own.run("UPDATE p SET v = -1, r = 'c' WHERE id = 1;")
            #expect(try await own.events() == ["update 1", "delete 1"])
        }
    }

    @Test("A truncated partition is told by its name, and not beside its table")
    func truncations() async throws {
        try await withOutboxDatabase { own in
            try await own.run(Self.partitioned)
            try await own.outbox("orders", OutboxTable("p", key: ["id"])).install()
            try await own.run("TRUNCATE p;")
            #expect(try await own.events() == ["truncate"])
            try await own.run("TRUNCATE p3;")
            #expect(try await own.events() == ["truncate public.p3"])
            try await own.run("TRUNCATE p1, p2;")
            #expect(try await own.events() == ["truncate public.p1", "truncate public.p2"])
            try await own.run("TRUNCATE p; INSERT INTO p VALUES (1, 'a'); TRUNCATE p1;")
            #expect(
                try await own.events() == ["truncate", "create 1", "truncate public.p1"]
            )
        }
    }

    @Test("COPY gives an event for each row, by table and by partition")
    func copies() async throws {
        try await withOutboxDatabase { own in
            try await own.run(Self.partitioned)
            try await own.outbox("orders", OutboxTable("p", key: ["id"])).install()
            // The server runs on this machine.
            try await own.run(
                """
                COPY p FROM PROGRAM 'printf "1,a,0\\n2,b,0\\n"' WITH (FORMAT csv);
                COPY p1 (id, r) FROM PROGRAM 'printf "3,a\\n"' WITH (FORMAT csv);
                """
            )
            #expect(try await own.events() == ["create 1", "create 2", "create 3"])
        }
    }

    @Test("Heirs are recorded with what they inherit from")
    func heirs() async throws {
        try await withOutboxDatabase { own in
            try await own.run(
                "\(Self.plain) CREATE TABLE h (PRIMARY KEY (id), more int) INHERITS (t);"
            )
            try await own.outbox("orders", OutboxTable("t")).install()
            try await own.run(
                "INSERT INTO t VALUES (1); INSERT INTO h VALUES (2); UPDATE t SET v = '';"
            )
            #expect(
                try await own.events(sorted: true) == [
                    "create 1", "create 2", "update 1", "update 2",
                ]
            )
            try await own.run("UPDATE ONLY t SET v = ''; TRUNCATE h; DELETE FROM t; TRUNCATE t;")
            #expect(
                try await own.events() == [
                    "update 1", "truncate public.h", "delete 1", "truncate",
                ]
            )
        }
    }

    @Test("Names with quotes, spaces, hyphens and formats are names")
    func oddNames() async throws {
        try await withOutboxDatabase { own in
            let name = #"it's "one" %1$s-<b> $plain$"#
            let table = #"T'a "b" %s $partitioned$ .x"#
            let column = #"k'e "y" %"#
            try await own.run(
                """
                CREATE SCHEMA "s 'x";
                CREATE TABLE "s 'x".\(table.quotedAsName) (
                    \(column.quotedAsName) text, "n%" int, PRIMARY KEY (\(column.quotedAsName), "n%")
                );
                """
            )
            let outbox = try own.outbox(
                name,
                OutboxTable(schema: "s 'x", table),
                payload: .row
            )
            try await outbox.install()
            try await own.run(
                """
                INSERT INTO "s 'x".\(table.quotedAsName) VALUES ('a''"\\', 1);
                UPDATE "s 'x".\(table.quotedAsName) SET "n%" = 2;
                """
            )
            let rows = try await own.read(
                "SELECT location, operation, key::jsonb ->> \(column) FROM \(outbox.log) ORDER BY "
                    + "id"
            )
            #expect(rows.count == 3)
            #expect(rows.first == #"s 'x.\#(table)|create|a'"\"#)
            try await outbox.remove()
            #expect(throws: TrancheError.self) { try own.outbox(String(repeating: "é", count: 30)) }
            #expect(throws: TrancheError.self) { try own.outbox("") }
            let long = String(repeating: "n", count: 59)
            try await own.outbox(long, OutboxTable(schema: "s 'x", table)).install()
            #expect(try await own.outbox(long).status()?.parts.count == 1)
        }
    }

    @Test("Keys and rows are spelt alike whatever the writer's session has set")
    func spelling() async throws {
        try await withOutboxDatabase { own in
            try await own.run("CREATE TABLE t (at timestamptz PRIMARY KEY, d interval, f real);")
            try await own.outbox("orders", OutboxTable("t"), payload: .row).install()
            try await own.run(
                """
                SET LOCAL TimeZone = 'Asia/Tokyo';
                SET LOCAL DateStyle = 'German';
                SET LOCAL IntervalStyle = 'postgres_verbose';
                SET LOCAL extra_float_digits = -3;
                INSERT INTO t VALUES ('2024-01-02 03:04:05+00', '1 day', 0.1234567);
                """
            )
            #expect(
                try await own.events() == [
                    "create 2024-01-02 03:04:05+00 "
                        + #"{"at":"2024-01-02T03:04:05+00:00","d":"P1D","f":0.1234567}"#
                ]
            )
        }
    }

    @Test("A writer needs no right on the log, and its search path is not looked at")
    func writersRights() async throws {
        try await withOutboxDatabase { own in
            let role = "writer_\(UInt32.random(in: 0 ... .max))"
            try await own.run(
                """
                \(Self.plain)
                CREATE ROLE \(role);
                GRANT INSERT, UPDATE, DELETE, SELECT, TRUNCATE ON t TO \(role);
                """
            )
            try await own.outbox("orders", OutboxTable("t"), payload: .row).install()
            try await own.run(
                """
                GRANT CREATE, USAGE ON SCHEMA public TO \(role);
                SET LOCAL ROLE \(role);
                CREATE FUNCTION public.concat(text) RETURNS text LANGUAGE plpgsql AS
                    $$ BEGIN RAISE 'called'; END $$;
                CREATE FUNCTION public.row_to_json(t) RETURNS json LANGUAGE plpgsql AS
                    $$ BEGIN RAISE 'called'; END $$;
                SET LOCAL search_path = public, pg_catalog;
                INSERT INTO t VALUES (1);
                UPDATE t SET v = 'x';
                DELETE FROM t;
                TRUNCATE t;
                """
            )
            #expect(
                try await own.events().map { $0.prefix(6) } == [
                    "create", "update", "delete", "trunca",
                ]
            )
            await #expect(throws: PostgreSQLError.self) {
                try await own.run("SET LOCAL ROLE \(role); SELECT * FROM tranche.log_orders;")
            }
            try await own.run("DROP OWNED BY \(role); DROP ROLE \(role);")
        }
    }

    @Test("What is rolled back leaves nothing, and no writer notifies")
    func rollback() async throws {
        try await withOutboxDatabase { own in
            try await own.run(Self.partitioned)
            try await own.outbox("orders", OutboxTable("p", key: ["id"])).install()
            try await own.run(
                """
                INSERT INTO p VALUES (1, 'a');
                SAVEPOINT s;
                INSERT INTO p VALUES (2, 'a');
                UPDATE p SET r = 'b';
                TRUNCATE p;
                ROLLBACK TO s;
                TRUNCATE p1;
                """
            )
            #expect(try await own.events() == ["create 1", "truncate public.p1"])
            let texts = try await own.read(
                """
                SELECT proname FROM pg_proc
                WHERE pronamespace = CAST('tranche' AS regnamespace) AND prosrc ~* 'notify'
                """
            )
            #expect(texts.isEmpty)
        }
    }
}
