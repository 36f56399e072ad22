import TestSupport
import Testing
import TranchePostgreSQL
import TrancheSQL
import TrancheTestKit

@Suite("Schemas that are lent again", .enabled(if: TestPostgreSQL.server != nil))
struct SchemaPoolTests {
    @Test("After use a schema is as a fresh one, and the same is lent again")
    func restores() async throws {
        let server = try #require(TestPostgreSQL.server)
        try await withPool { pool in
            // Some of all kinds: what they write is in nearly every table.
            for number in stride(from: 0, to: ConformanceCase.all.count, by: 9) {
                try await SchemaPool.lending {
                    let claim = ConformanceCase.all[number]
                    try await claim.check(.postgreSQL(server, sources: nil))
                }
                #expect(pool.names.count == 1)
            }
            let name = try #require(pool.names.first)
            try await SchemaPool.lending {
                let used = try #require(try await SchemaPool.borrow(on: server)).name
                let fresh = try #require(try await SchemaPool.borrow(on: server)).name
                #expect(used == name && fresh != name)
                let wanted = try await contents(of: fresh)
                #expect(try await contents(of: used) == wanted)
                #expect(wanted.contains { $0.hasPrefix("sequence") })
            }
            #expect(pool.names.count == 2)
        }
    }

    @Test(
        "A schema that a test has changed is not lent again",
        arguments: [
            "ALTER TABLE S.inventory ADD COLUMN another text",
            "DROP INDEX S.INDEX",
            "CREATE VIEW S.seen AS SELECT 1 AS one",
            "CREATE SEQUENCE S.counted",
            "CREATE FUNCTION S.one() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "ALTER TABLE S.inventory SET (fillfactor = 50)",
            "ALTER SEQUENCE S.inventory_flush INCREMENT 2",
            "DELETE FROM S.inventory_migration WHERE version = 30",
            "UPDATE S.inventory_migration SET name = 'another' WHERE version = 30",
        ]
    )
    func drops(change: String) async throws {
        let server = try #require(TestPostgreSQL.server)
        try await withPool { pool in
            try await SchemaPool.lending {
                let schema = try #require(try await SchemaPool.borrow(on: server)).name
                let index = try await read(
                    """
                    SELECT c.relname FROM pg_class AS c JOIN pg_index AS i ON i.indexrelid = c.oid
                    WHERE c.relnamespace = \(schema)::regnamespace AND NOT i.indisunique LIMIT 1
                    """
                )
                let script = change.replacing("INDEX S.INDEX", with: "INDEX S.\(index[0])")
                    .replacing("S.", with: schema + ".")
                try await withDatabase { try await $0.run(script + ";") }
            }
            #expect(pool.names.isEmpty)
        }
    }

    @Test("After an error a schema is dropped")
    func dropsAfterError() async throws {
        struct Failure: Error {}
        let server = try #require(TestPostgreSQL.server)
        try await withPool { pool in
            try await SchemaPool.lending { _ = try await SchemaPool.borrow(on: server) }
            let name = try #require(pool.names.first)
            await #expect(throws: Failure.self) {
                try await SchemaPool.lending {
                    _ = try await SchemaPool.borrow(on: server)
                    throw Failure()
                }
            }
            #expect(pool.names.isEmpty)
            #expect(try await isThere(name) == false)
        }
    }

    @Test("What a pool holds is dropped at the end of the suite")
    func drains() async throws {
        let server = try #require(TestPostgreSQL.server)
        try await withPool { pool in
            try await SchemaPool.lending { _ = try await SchemaPool.borrow(on: server) }
            let name = try #require(pool.names.first)
            #expect(try await isThere(name))
            try await pool.drain()
            #expect(try await isThere(name) == false)
        }
    }

    private func withPool(_ body: (SchemaPool) async throws -> Void) async throws {
        let pool = SchemaPool()
        do {
            try await SchemaPool.$current.withValue(pool) { try await body(pool) }
        } catch {
            // The failure is what is told, whatever becomes of the schemas.
            try? await pool.drain()
            throw error
        }
        try await pool.drain()
    }

    private func isThere(_ schema: String) async throws -> Bool {
        try await !read("SELECT 1 FROM pg_namespace WHERE nspname = \(schema)").isEmpty
    }

    /// What can be told of a schema, without its name and the times of its migrations.
    private func contents(of schema: String) async throws -> [String] {
        var lines = try await read(
            """
            SELECT 'column ' || c.relname || ' ' || c.relkind::text || ' '
                || concat_ws(' ', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
                    a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid))
            FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
                LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
            WHERE c.relnamespace = \(schema)::regnamespace AND a.attnum > 0
            UNION ALL
            SELECT 'index ' || pg_get_indexdef(i.indexrelid) || i.indisvalid::text
            FROM pg_class AS c JOIN pg_index AS i ON i.indrelid = c.oid
            WHERE c.relnamespace = \(schema)::regnamespace
            UNION ALL
            SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid)
                || convalidated::text
            FROM pg_constraint WHERE connamespace = \(schema)::regnamespace
            UNION ALL
            SELECT 'trigger ' || c.relname || ' ' || t.tgfoid::regproc::text || t.tgtype::text
                || t.tgenabled::text
            FROM pg_class AS c JOIN pg_trigger AS t ON t.tgrelid = c.oid
            WHERE c.relnamespace = \(schema)::regnamespace
            ORDER BY 1
            """
        )
        let relations = try await read(
            """
            SELECT relkind::text || ' ' || oid::regclass::text FROM pg_class
            WHERE relnamespace = \(schema)::regnamespace AND relkind IN ('r', 'S')
            ORDER BY 1
            """
        )
        for relation in relations {
            let name = String(relation.dropFirst(2))
            let isSequence = relation.hasPrefix("S")
            let rows =
                try await isSequence
                ? read("SELECT last_value::text || ' ' || is_called::text FROM \(unsafeRaw: name)")
                : read(
                    """
                    SELECT (to_jsonb(x) - 'applied_at')::text FROM \(unsafeRaw: name) AS x
                    ORDER BY 1
                    """
                )
            lines += rows.map { "\(isSequence ? "sequence" : "row") of \(name): \($0)" }
        }
        return lines.map { $0.replacing(schema, with: "S") }
    }

    private func read(_ statement: SQLStatement) async throws -> [String] {
        try await withDatabase { database in
            try await database.read(statement)[0].map { $0.optionalText() ?? "NULL" }
        }
    }

    private func withDatabase<R>(
        _ body: (any SQLDatabase) async throws -> R
    ) async throws -> R {
        let database = try #require(TestPostgreSQL.server).database(maxConnections: 1)
        return try await closing(database) { try await body(database) }
    }
}
