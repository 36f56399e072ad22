import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

/// What is not taken over, and what is said then.
extension AdoptionTests {
    /// Expects a refusal that has changed nothing.
    func refused(
        on backend: Backend,
        _ options: AdoptionOptions = AdoptionOptions(),
        _ code: TrancheError.Code = .migrationRefused,
        after script: (TestDatabase) -> String = { _ in "" },
        _ says: (String) -> Bool
    ) async throws {
        try await withAdoptable(backend) { database in
            try await database.run(script(database))
            let before = try await schema(of: database)
            for isDryRun in [true, false] {
                let error = await #expect(throws: TrancheError.self) {
                    try await database.migrateUp(options, isDryRun: isDryRun)
                }
                #expect(error?.code == code)
                #expect(error.map { says($0.message) } == true, "\(error?.message ?? "")")
            }
            #expect(try await schema(of: database) == before)
        }
    }

    /// The tables and columns that there are.
    func schema(of database: TestDatabase) async throws -> [String] {
        switch database.backend {
        case .sqlite:
            try await database.column("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2")
        case .postgreSQL:
            try await database.column(
                """
                SELECT c.relkind, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
                FROM pg_class AS c LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid
                WHERE c.relnamespace = CAST(\(database.schema) AS regnamespace)
                ORDER BY 2, 3
                """
            )
        }
    }

    @Test("Views over the table are named and refused", arguments: Backend.available)
    func views(on backend: Backend) async throws {
        try await refused(
            on: backend,
            after: { database in
                """
                CREATE VIEW \(database.prefix)"Board" AS
                SELECT id FROM \(database.prefix)inventory WHERE status = 'failed';
                CREATE VIEW \(database.prefix)other AS SELECT uid FROM \(database.prefix)files;
                """
            }
        ) {
            $0.contains("Board") && !$0.contains("other") && $0.contains("tranche migrate up")
        }
    }

    @Test("A materialized view over the table is named", .enabled(if: TestPostgreSQL.server != nil))
    func materializedViews() async throws {
        try await refused(
            on: .postgreSQL,
            after: { database in
                """
                CREATE MATERIALIZED VIEW \(database.prefix)totals AS
                SELECT job, count(*) FROM \(database.prefix)inventory GROUP BY job;
                """
            }
        ) { $0.contains("materialized view") && $0.contains("totals") }
    }

    /// What would break or be lost when SQLite's table is made anew.
    static let lost: [(sql: String, words: String)] = [
        ("CREATE TRIGGER watch AFTER UPDATE ON inventory BEGIN SELECT 1; END;", "trigger 'watch'"),
        (
            """
            CREATE TRIGGER copy AFTER INSERT ON docs BEGIN
                UPDATE "inventory" SET logging = '' WHERE id = 1;
            END;
            """, "trigger 'copy'"
        ),
        ("CREATE INDEX by_job ON inventory (job);", "index 'by_job'"),
        (
            "CREATE TABLE note (batch INTEGER REFERENCES Inventory (id) ON DELETE CASCADE);",
            "table 'note'"
        ),
        ("ALTER TABLE inventory ADD COLUMN note TEXT;", "'note'"),
    ]

    @Test("What SQLite would lose with the old table is named", arguments: lost)
    func lostWithTable(_ lost: (sql: String, words: String)) async throws {
        try await refused(on: .sqlite, after: { _ in lost.sql }) { $0.contains(lost.words) }
    }

    @Test("A row with another status is refused", arguments: Backend.available)
    func unknownStatus(on backend: Backend) async throws {
        try await refused(
            on: backend,
            after: { database in
                // A custom list of states was possible, and broke the program itself.
                backend == .sqlite
                    ? "UPDATE inventory SET status = 'paused' WHERE id = 3;"
                    : """
                    ALTER TABLE \(database.prefix)inventory ALTER COLUMN status TYPE varchar;
                    UPDATE \(database.prefix)inventory SET status = 'paused' WHERE id = 3;
                    """
            }
        ) { $0.contains("'paused'") }
    }

    @Test("Another program's table is refused", arguments: Backend.available)
    func otherTable(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await database.run(
                "CREATE TABLE \(database.prefix)inventory (id integer, shelf text);"
            )
            let error = await #expect(throws: TrancheError.self) { try await database.migrateUp() }
            #expect(error?.code == .migrationRefused)
            #expect(error?.message.contains("TRANCHE_TABLE") == true)
            let columns = try await database.database.table(database.name("inventory"))?.columns
            #expect(columns?.map(\.name) == ["id", "shelf"])
        }
    }
}
