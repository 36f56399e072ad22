import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("Migrations", .serialized, .timeLimit(.minutes(10)))
struct MigrationTests {
    typealias Backend = TestDatabase.Backend

    static let tables = [
        "", "_archive", "_attempt", "_budget", "_change", "_gap", "_let_in", "_migration",
        "_output", "_page", "_page_list",
        "_run", "_run_budget", "_workflow", "_event", "_input_log", "_worker",
    ].map {
        "inventory" + $0
    }

    /// What there is, as the database describes it: tables, columns, indexes, constraints.
    func schema(of database: TestDatabase) async throws -> [String] {
        switch database.backend {
        case .sqlite:
            try await database.column(
                "SELECT type, name, sql FROM sqlite_master WHERE name <> 'sqlite_sequence' ORDER BY 1, 2"
            )
        case .postgreSQL:
            try await database.column(
                """
                SELECT c.relkind, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                    a.attnotnull
                FROM pg_class AS c
                LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
                WHERE c.relnamespace = CAST(\(database.schema) AS regnamespace)
                UNION ALL
                SELECT 'constraint', conname, pg_get_constraintdef(oid), '', true
                FROM pg_constraint
                WHERE connamespace = CAST(\(database.schema) AS regnamespace)
                ORDER BY 1, 2, 3
                """
            )
        }
    }

    func down(
        _ database: TestDatabase,
        to version: Int? = nil,
        removesRows: Bool = false
    ) async throws -> MigrationReport {
        let migrator = try await database.migrator()
        do {
            let report = try await migrator.down(
                to: version,
                isDryRun: false,
                removesRows: removesRows
            )
            await migrator.close()
            return report
        } catch {
            await migrator.close()
            throw error
        }
    }

    // MARK: Up and down

    @Test("Up, down and up again comes to the same", arguments: Backend.available)
    func upDownUp(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            let empty = try await schema(of: database)
            var states = [empty]
            for version in migrationSteps.compactMap({ Int($0.prefix(4)) }) {
                try await database.migrateUp(to: version)
                states.append(try await schema(of: database))
            }
            for version in migrationSteps.indices.reversed() {
                #expect(try await down(database).steps == [migrationSteps[version]])
                #expect(try await schema(of: database) == states[version])
            }
            #expect(try await down(database).steps == [])
            let report = try await database.migrateUp()
            #expect(report.steps == migrationSteps)
            #expect(try await schema(of: database) == states.last)
        }
    }

    @Test("Down to 0 leaves nothing", arguments: Backend.available)
    func downToNothing(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            let empty = try await schema(of: database)
            try await database.migrateUp()
            let report = try await down(database, to: 0)
            #expect(report.steps == migrationSteps.reversed())
            #expect(try await schema(of: database) == empty)
        }
    }

    @Test("An adopted table migrates down and up as one made anew", arguments: Backend.available)
    func downAfterAdoption(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await Pybatchintory.load(into: database)
            try await database.migrateUp()
            let down1 = try await down(database, to: 1, removesRows: true)
            #expect(down1.steps == migrationSteps.dropFirst().reversed())
            let count: SQLStatement = "SELECT count(*) FROM \(database.name("inventory"))"
            #expect(try await database.column(count) == ["13"])
            #expect(try await database.migrateUp().steps == Array(migrationSteps.dropFirst()))
            _ = try await down(database, to: 0, removesRows: true)
            #expect(try await database.database.table(database.name("inventory")) == nil)
        }
    }

    @Test(
        "What down would remove is counted by job, and refused until it is allowed",
        arguments: Backend.available
    )
    func removal(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await database.run(
                """
                CREATE TABLE \(database.prefix)item (uid integer PRIMARY KEY, weight integer);
                INSERT INTO \(database.prefix)item VALUES (1, 1), (2, 1), (3, 1), (7, 1);
                """
            )
            try await database.migrateUp()
            let inventory = try await database.open()
            let source = SQLSource(database.prefix + "item")
            for job in ["a", "a", "b"] {
                let batch = try await inventory.acquireBatch(
                    from: source,
                    job: job,
                    limit: .count(2)
                )
                try await batch?.succeed()
            }
            await inventory.close()
            let full = try await schema(of: database)
            // The seventh renames a column, and going back to the sixth loses nothing.
            for version in 0..<6 {
                let error = await #expect(throws: TrancheError.self) {
                    try await down(database, to: version)
                }
                #expect(error?.code == .migrationRefused)
                #expect(error?.message.contains(" of job 'a'; ") == true)
                #expect(error?.message.contains(" of job 'b'; do it with") == true)
                #expect(error?.message.contains("removesRows: true") == true)
                #expect(try await schema(of: database) == full)
            }
            let migrator = try await database.migrator()
            let plan = try await migrator.down(to: 0, isDryRun: true)
            await migrator.close()
            let counts = plan.losses.filter { $0.what != "gaps" }
                .map { "\($0.job) \($0.count) \($0.what)" }
            let expected = [
                "a 2 attempts", "a 2 batches", "a 1 runs", "b 1 attempts", "b 1 batches",
                "b 1 runs",
            ]
            #expect(counts == expected)
            #expect(try await down(database, to: 0, removesRows: true).losses == plan.losses)
            #expect(try await database.database.table(database.name("inventory")) == nil)
        }
    }

    @Test("The status tells what was applied, and when", arguments: Backend.available)
    func status(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            let migrator = try await database.migrator()
            #expect(try await migrator.status().allSatisfy { $0.appliedAt == nil })
            let before = Date().addingTimeInterval(-1)
            try await database.migrateUp(to: 1)
            let status = try await migrator.status()
            #expect(status.map(\.name) == migrationSteps.map { String($0.dropFirst(5)) })
            let applied = try #require(status[0].appliedAt)
            #expect(applied > before && applied < Date().addingTimeInterval(1))
            #expect(status[1].appliedAt == nil)
            await migrator.close()
        }
    }

    @Test("A migration that there is not is refused", arguments: Backend.available)
    func unknownVersion(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            for version in [-1, 0, 99] {
                let error = await #expect(throws: TrancheError.self) {
                    try await database.migrateUp(to: version)
                }
                #expect(error?.code == .invalidArgument)
            }
            let history = try await database.database.table(database.name("inventory_migration"))
            #expect(history == nil)
        }
    }

    // MARK: Both dialects

    @Test(
        "Both dialects give the same tables, columns, nullability and indexes",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func twins() async throws {
        var found: [Backend: [String]] = [:]
        var indexes: [Backend: [String]] = [:]
        for backend in Backend.available {
            try await withTestDatabase(backend) { database in
                try await database.migrateUp()
                for table in Self.tables {
                    let columns = try await database.database.table(database.name(table))?.columns
                    found[backend, default: []] += try #require(columns).map {
                        "\(table).\($0.name) \($0.isNotNull) \($0.isUnique)"
                    }
                }
                indexes[backend] = try await indexColumns(of: database)
            }
        }
        #expect(found[.sqlite] == found[.postgreSQL])
        #expect(found[.sqlite]?.isEmpty == false)
        #expect(indexes[.sqlite] == indexes[.postgreSQL])
        #expect(indexes[.sqlite]?.isEmpty == false)
    }

    /// Each index that a migration names, with its columns in order; an expression has no name.
    private func indexColumns(of database: TestDatabase) async throws -> [String] {
        switch database.backend {
        case .sqlite:
            try await database.column(
                """
                SELECT m.name || ': ' || group_concat(coalesce(i.name, '?'))
                FROM sqlite_master AS m JOIN pragma_index_info(m.name) AS i
                WHERE m.type = 'index' AND m.sql IS NOT NULL GROUP BY m.name ORDER BY 1
                """
            )
        case .postgreSQL:
            try await database.column(
                """
                SELECT c.relname || ': ' || string_agg(coalesce(a.attname, '?'), ',' ORDER BY k.place)
                FROM pg_index AS i
                JOIN pg_class AS c ON c.oid = i.indexrelid
                CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, place)
                LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
                WHERE c.relnamespace = CAST(\(database.schema) AS regnamespace)
                    AND c.relname LIKE '%\\_idx'
                GROUP BY c.relname ORDER BY 1
                """
            )
        }
    }

    // MARK: Several at once

    @Test("Migrators started together all end well", arguments: Backend.available, 0..<8)
    func together(on backend: Backend, round: Int) async throws {
        try await withTestDatabase(backend) { database in
            let reports = try await withThrowingTaskGroup(of: MigrationReport.self) { group in
                for _ in 0..<4 { group.addTask { try await database.migrateUp() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // Each migration is applied by one of them.
            #expect(
                reports.flatMap(\.steps).sorted() == migrationSteps
            )
            let inventory = try await database.open()
            #expect(try await inventory.summaries().isEmpty)
            await inventory.close()
        }
    }

    @Test(
        "Migrators started together in a schema yet to be made all end well",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func togetherInNewSchema() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let schema = (database.schema ?? "") + "_new"
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let store = try await database.location.open(
                            StoreConfiguration(schema: schema)
                        )
                        await store.close()
                    }
                }
                try await group.waitForAll()
            }
            try await database.run("DROP SCHEMA \(schema) CASCADE;")
        }
    }

    // MARK: Dry runs

    @Test("A dry run tells the SQL and changes nothing", arguments: Backend.available)
    func dryRun(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            let empty = try await schema(of: database)
            let up = try await database.migrateUp(isDryRun: true)
            #expect(up.steps == migrationSteps)
            #expect(up.sql.count == migrationSteps.count)
            #expect(up.sql[0].contains("CREATE TABLE \(database.name("inventory").quoted)"))
            #expect(!up.sql.joined().contains("{"))
            #expect(try await schema(of: database) == empty)
            try await database.migrateUp()
            let full = try await schema(of: database)
            let migrator = try await database.migrator()
            let down = try await migrator.down(to: 0, isDryRun: true)
            await migrator.close()
            #expect(down.steps == migrationSteps.reversed())
            #expect(down.sql.joined().contains("DROP TABLE"))
            #expect(try await schema(of: database) == full)
            #expect(try await database.migrateUp(isDryRun: true).steps == [])
        }
    }

    @Test(
        "The SQL of a dry run makes the inventory when it is run by hand",
        arguments: Backend.available
    )
    func dryRunByHand(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            for part in try await database.migrateUp(isDryRun: true).sql {
                try await database.run(part)
            }
            #expect(try await database.database.table(database.name("inventory_run")) != nil)
        }
    }

    // MARK: Refusals

    @Test("A released migration that was edited stops everything", arguments: Backend.available)
    func edited(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await database.migrateUp(to: 1)
            try await database.run(
                "UPDATE \(database.name("inventory_migration").quoted) SET checksum = 'edited';"
            )
            try await refused(database, saying: "use the program that applied it")
        }
    }

    @Test("A migration newer than the program stops everything", arguments: Backend.available)
    func newer(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await database.migrateUp()
            _ = try await database.database.write([
                """
                INSERT INTO \(database.name("inventory_migration"))
                    (version, name, checksum, applied_at)
                SELECT 99, 'create_future', 'abc', applied_at
                FROM \(database.name("inventory_migration")) WHERE version = 1
                """
            ])
            try await refused(database, saying: "use a newer 'tranche'")
        }
    }

    private func refused(_ database: TestDatabase, saying words: String) async throws {
        let before = try await schema(of: database)
        for attempt in 0..<3 {
            let error = await #expect(throws: TrancheError.self) {
                switch attempt {
                case 0: try await database.migrateUp()
                case 1: _ = try await down(database, to: 0)
                default: _ = try await database.open()
                }
            }
            #expect(error?.code == .schemaUnknown)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
        #expect(try await schema(of: database) == before)
    }

    @Test(
        "Opening an inventory that is not there, or older, tells the command",
        arguments: Backend.available
    )
    func notMigrated(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            for version in 0...1 {
                if version == 1 { try await database.migrateUp(to: 1) }
                let error = await #expect(throws: TrancheError.self) {
                    _ = try await database.open()
                }
                #expect(error?.code == .schemaNotMigrated)
                #expect(error?.message.contains("tranche migrate up") == true)
            }
        }
    }

    @Test(
        "Opening never changes tables that are older, nor takes one over",
        arguments: Backend.available
    )
    func openingMigratesNothing(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await Pybatchintory.load(into: database)
            let before = try await schema(of: database)
            let error = await #expect(throws: TrancheError.self) {
                _ = try await database.location.open(StoreConfiguration(schema: database.schema))
            }
            #expect(error?.code == .schemaNotMigrated)
            #expect(try await schema(of: database) == before)
        }
    }

    // MARK: Names

    static let names = [
        "Batches", "my batches", #"so "called" batches"#, "größe_表", "semi;colon", "it's", "a.b",
        "{text:x}", "select",
    ]

    @Test("An inventory has the name it is given", arguments: Backend.available, names)
    func named(on backend: Backend, name: String) async throws {
        try await withTestDatabase(backend) { database in
            try await database.run(
                """
                CREATE TABLE \(database.prefix)item (uid integer PRIMARY KEY, weight integer);
                INSERT INTO \(database.prefix)item VALUES (1, 1), (2, 1), (3, 1);
                """
            )
            try await database.migrateUp(table: name)
            #expect(try await database.database.table(database.name(name + "_run")) != nil)
            let inventory = try await database.open(table: name)
            let source = SQLSource(database.prefix + "item")
            let batch = try await inventory.acquireBatch(from: source, job: "job", limit: .count(2))
            try await batch?.succeed()
            let next = try await inventory.acquireBatch(from: source, job: "job", limit: .count(2))
            try await next?.fail("no")
            #expect(
                try await inventory.batches(BatchSelection()).map(\.ids) == [
                    IDRuns(3...3), IDRuns(1...2),
                ]
            )
            await inventory.close()
            let migrator = try await database.migrator(table: name)
            _ = try await migrator.down(to: 0, isDryRun: false, removesRows: true)
            await migrator.close()
            #expect(try await database.database.table(database.name(name)) == nil)
        }
    }

    @Test(
        "A name that PostgreSQL would cut is refused before anything is made",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func longName() async throws {
        let longest = "größe" + String(repeating: "x", count: 23)
        #expect(longest.utf8.count == 30)
        try await withTestDatabase(.postgreSQL) { database in
            for name in [longest + "x", String(repeating: "t", count: 60)] {
                let error = await #expect(throws: TrancheError.self) {
                    _ = try await database.migrateUp(table: name)
                }
                #expect(error?.message.contains("at most 30 bytes") == true)
                #expect(try await database.database.table(database.name(name)) == nil)
                let history = database.name(name + "_migration")
                #expect(try await database.database.table(history) == nil)
            }
            _ = try await database.migrateUp(table: longest)
        }
        try await withTestDatabase(.sqlite) { database in
            _ = try await database.migrateUp(table: String(repeating: "t", count: 100))
        }
    }

    @Test(
        "A schema has the name it is given, and is made where it is missing",
        .enabled(if: TestPostgreSQL.server != nil),
        arguments: ["Mixed \"Case\"", "größe.x"]
    )
    func schemaName(_ suffix: String) async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let schema = (database.schema ?? "") + suffix
            let store = try await database.location.open(StoreConfiguration(schema: schema))
            #expect(try await store.runs(RunSelection()).isEmpty)
            await store.close()
            let table = SQLTableName(schema: schema, table: "inventory")
            #expect(try await database.database.table(table) != nil)
            try await database.run("DROP SCHEMA \(schema.quotedAsName) CASCADE;")
        }
    }

    @Test("A SQLite file has no schemas")
    func noSchema() async throws {
        try await withTestDatabase(.sqlite) { database in
            let error = await #expect(throws: TrancheError.self) {
                _ = try await database.location.open(StoreConfiguration(schema: "etl"))
            }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("TRANCHE_SCHEMA") == true)
        }
    }
}
