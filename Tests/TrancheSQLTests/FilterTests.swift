import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("Filters", .serialized, .timeLimit(.minutes(10)))
struct FilterTests {
    typealias Backend = TestDatabase.Backend

    func withItems(
        on backend: Backend,
        _ body: (TestDatabase, Inventory) async throws -> Void
    ) async throws {
        try await withTestDatabase(backend) { database in
            let time = backend == .sqlite ? "text" : "timestamptz"
            try await database.run(
                """
                CREATE TABLE \(database.prefix)item (
                    uid bigint PRIMARY KEY, item text, weight integer, created \(time)
                );
                INSERT INTO \(database.prefix)item VALUES
                    (1, 'a', 1, '2024-01-01 00:00:00'), (2, 'B', 1, '2024-01-02 00:00:00'),
                    (3, '$1', 1, NULL), (4, NULL, 1, '2024-01-04 00:00:00');
                """
            )
            try await database.migrateUp()
            let inventory = try await database.open()
            try await body(database, inventory)
            await inventory.close()
        }
    }

    /// Filters that hold on both databases, and the ids they leave in.
    static let goodFilters: [(filter: String, ids: [Int64])] = [
        ("item = 'a'", [1]),
        ("item = 'a' -- or 1 = 1", [1]),
        ("/* first */ item = 'a'", [1]),
        ("item = 'a' OR item = 'B'", [1, 2]),
        ("lower(item) = 'b'", [2]),
        ("item = '$1'", [3]),
        ("item IS NULL", [4]),
        // What is neither true nor false is left out.
        ("item <> 'a'", [2, 3]),
        ("coalesce(item, 'now()') = 'now()'", [4]),
        ("uid IN (SELECT 2)", [2]),
        ("item <> 'now playing' AND item <> 'today?'", [1, 2, 3]),
        ("item <> 'no' AND item <> 'n' AND uid < 3", [1, 2]),
    ]

    @Test(
        "Entries that meet the condition are handed out",
        arguments: Backend.available,
        goodFilters
    )
    func good(on backend: Backend, _ expected: (filter: String, ids: [Int64])) async throws {
        try await withItems(on: backend) { database, inventory in
            let source = SQLSource(database.prefix + "item", filter: expected.filter)
            let batch = try await inventory.acquireBatch(from: source, job: "job")
            #expect(try await batch?.items.map(\.id) == expected.ids)
        }
    }

    static let invalidFilters = [
        "", "  ", "no such syntax", "nothing = 1", "1 = 1; DROP TABLE item", "1 = 1;",
        "1 = 1) OR (1 = 1", "(1 = 1", "1 = 1 THEN 1 END FROM item; --", "1 = 1 ORDER BY 1",
        "1 = 1 LIMIT 1", "1 = 1 UNION SELECT 1", "uid = $1", "nosuchfunction(uid) = 1",
        "count(*) > 0", "row_number() OVER () = 1", "item = 'a",
        // SQLite would make a text of it.
        "created < datetime(\"now\")",
    ]

    @Test(
        "What is no condition is refused, and nothing is written",
        arguments: Backend.available,
        invalidFilters
    )
    func invalid(on backend: Backend, filter: String) async throws {
        try await withItems(on: backend) { database, inventory in
            for isVolatile in [false, true] {
                var source = SQLSource(database.prefix + "item", filter: filter)
                source.allowsVolatileFilter = isVolatile
                let error = await #expect(throws: TrancheError.self) {
                    _ = try await inventory.acquireBatch(from: source, job: "job")
                }
                #expect(error?.code == .invalidSource)
                #expect(error?.message.contains("filter") == true)
            }
            #expect(try await inventory.summaries().isEmpty)
            let count = try await database.column("SELECT count(*) FROM \(database.name("item"))")
            #expect(count == ["4"])
        }
    }

    static let changingFilters: [(backend: Backend, filter: String, word: String)] = [
        (.sqlite, "random() <> 0", "random"),
        (.sqlite, "RANDOM() <> 0", "random"),
        (.sqlite, "\"Random\"() <> 0", "random"),
        (.sqlite, "created < datetime('now')", "datetime"),
        (.sqlite, "created < datetime()", "datetime"),
        (.sqlite, "created < datetime('no' || 'w')", "datetime"),
        (.postgreSQL, "created < 'NOW '", "now"),
        (.postgreSQL, "created < 'today 10:00'", "today"),
        (.postgreSQL, "created < 'Yesterday Europe/Berlin'", "yesterday"),
        (.postgreSQL, "created < ('no' || 'w')::timestamptz", "'now'"),
        (.postgreSQL, "created < CAST(upper('tomorrow') AS timestamptz)", "'TOMORROW'"),
        (.sqlite, "created < date('NOW', '-1 day')", "date"),
        (.sqlite, "created < datetime(created, 'localtime')", "datetime"),
        (.sqlite, "uid < unixepoch()", "unixepoch"),
        (.sqlite, "created < strftime('%Y')", "strftime"),
        (.sqlite, "created < CURRENT_TIMESTAMP", "current_timestamp"),
        (.sqlite, "changes() = 0", "changes"),
        (.postgreSQL, "random() > -1", "random"),
        (.postgreSQL, "created < now()", "now"),
        (.postgreSQL, "created < NOW()", "now"),
        (.postgreSQL, "created < pg_catalog.now()", "now"),
        (.postgreSQL, "created < current_date", "current_date"),
        (.postgreSQL, "created < CURRENT_TIMESTAMP", "current_timestamp"),
        (.postgreSQL, "created < clock_timestamp()", "clock_timestamp"),
        (.postgreSQL, "age(created) > interval '1 day'", "age"),
        (.postgreSQL, "created < 'today'", "today"),
        (.postgreSQL, "created < timestamptz 'now'", "now"),
        (.postgreSQL, "item < current_user", "current_user"),
    ].filter { Backend.available.contains($0.0) }

    @Test(
        "A condition whose answer may change is refused, unless insisted on",
        arguments: changingFilters
    )
    func changing(_ expected: (backend: Backend, filter: String, word: String)) async throws {
        try await withItems(on: expected.backend) { database, inventory in
            var source = SQLSource(database.prefix + "item", filter: expected.filter)
            let error = await #expect(throws: TrancheError.self) {
                _ = try await inventory.acquireBatch(from: source, job: "job")
            }
            #expect(error?.code == .invalidSource)
            #expect(error?.message.contains(expected.word) == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("--volatile-filter") == true)
            source.allowsVolatileFilter = true
            _ = try await inventory.acquireBatch(from: source, job: "job")
            #expect(try await inventory.summaries().count == 1)
        }
    }

    static let fixedFilters: [(backend: Backend, filter: String)] = [
        (.sqlite, "created < datetime('2030-01-01')"),
        (.sqlite, "created < strftime('%Y', '2030-01-01')"),
        (.sqlite, "item LIKE 'a%' OR item GLOB '*' OR abs(uid) > 0"),
        (.sqlite, "'now()' <> created OR item = 'today'"),
        (.postgreSQL, "created < '2030-01-01'"),
        (.postgreSQL, "age(timestamp '2024-01-01', timestamp '2023-01-01') > interval '1 day'"),
        (.postgreSQL, "item LIKE 'a%' OR item ~ '.*' OR abs(uid) > 0"),
        (.postgreSQL, "item <> $$now()$$ OR uid > 0"),
    ].filter { Backend.available.contains($0.0) }

    @Test("A condition whose answer stays is taken", arguments: fixedFilters)
    func fixed(_ expected: (backend: Backend, filter: String)) async throws {
        try await withItems(on: expected.backend) { database, inventory in
            let source = SQLSource(database.prefix + "item", filter: expected.filter)
            let batch = try await inventory.acquireBatch(from: source, job: "job")
            #expect(batch != nil)
        }
    }

    @Test(
        "A function of the user's is judged by what it was declared to be",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func userFunctions() async throws {
        try await withItems(on: .postgreSQL) { database, inventory in
            // Names of the test's own: a name is refused when any function that has it is volatile.
            let suffix = database.schema ?? ""
            for (volatility, isTaken) in [
                ("VOLATILE", false), ("STABLE", false), ("IMMUTABLE", true),
            ] {
                let name = "is_due_\(volatility.lowercased())_\(suffix)"
                try await database.run(
                    """
                    CREATE FUNCTION \(database.prefix)\(name)(text) RETURNS boolean
                    LANGUAGE sql \(volatility) AS 'SELECT $1 IS NOT NULL';
                    """
                )
                let filter = "\(database.prefix)\(name)(item)"
                let source = SQLSource(database.prefix + "item", filter: filter)
                if isTaken {
                    let batch = try await inventory.acquireBatch(from: source, job: volatility)
                    #expect(batch != nil)
                } else {
                    let error = await #expect(throws: TrancheError.self) {
                        _ = try await inventory.acquireBatch(from: source, job: volatility)
                    }
                    #expect(error?.code == .invalidSource)
                }
            }
        }
    }

    @Test(
        "A SQLite placeholder of any spelling is refused",
        arguments: ["uid = ?", "uid = ?1", "uid = :x", "uid = @x"]
    )
    func placeholders(filter: String) async throws {
        try await invalid(on: .sqlite, filter: filter)
    }
}
