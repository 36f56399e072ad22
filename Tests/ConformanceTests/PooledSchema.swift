import TestSupport
import Tranche
import TranchePostgreSQL
import TrancheSQL

/// A schema with a migrated inventory, which can be put back to what migrations left.
struct PooledSchema: Sendable {
    let server: TestPostgreSQL
    let name: String
    private let database: PostgreSQLDatabase
    private let restoring: String

    /// Makes one, with all migrations.
    static func make(on server: TestPostgreSQL) async throws -> PooledSchema {
        let name = try await server.makeSchema()
        let database = try server.database(maxConnections: 1)
        do {
            try await migrate(name, on: server)
            let restoring = try await script(restoring: name, database)
            return PooledSchema(
                server: server,
                name: name,
                database: database,
                restoring: restoring
            )
        } catch {
            await database.close()
            // The failure is what is told, whatever becomes of the schema.
            try? await server.drop(schema: name)
            throw error
        }
    }

    /// Drops the tables that migrations did not make, empties the others and restarts the
    /// sequences.
    ///
    /// - Throws: The database's error, also where the catalogue or a row that migrations wrote is
    ///   not as it was; the schema is to be dropped then.
    func restore() async throws {
        try await database.run(restoring)
    }

    /// Drops the schema.
    func drop() async throws {
        await database.close()
        try await server.drop(schema: name)
    }

    private static func migrate(_ schema: String, on server: TestPostgreSQL) async throws {
        let migrator = try PostgreSQLInventory.migrator(
            server.url,
            StoreConfiguration(schema: schema)
        )
        do {
            _ = try await migrator.up(to: nil, adoption: AdoptionOptions(), isDryRun: false)
            await migrator.close()
        } catch {
            await migrator.close()
            throw error
        }
    }

    /// Writes the script that restores a schema as it is now.
    ///
    /// What has rows is kept and compared; all else is emptied in one statement, so that no foreign
    /// key asks for an order. The lock waits for what sessions that were closed still do.
    private static func script(
        restoring schema: String,
        _ database: PostgreSQLDatabase
    ) async throws -> String {
        let tables = try await column(
            """
            SELECT c.oid::regclass::text FROM pg_class AS c
            WHERE c.relnamespace = \(unsafeRaw: namespace(schema)) AND c.relkind = 'r'
            ORDER BY 1
            """,
            database
        )
        var kept: [String] = []
        for table in tables {
            let rows = try await column("SELECT 'row' FROM \(unsafeRaw: table) LIMIT 1", database)
            if !rows.isEmpty { kept.append(table) }
        }
        let state = state(of: schema, rowsOf: kept)
        let before = try await column("\(unsafeRaw: state)", database)
        let emptied = tables.filter { !kept.contains($0) }
        let names = tables.map { "'\($0)'::regclass" }.joined(separator: ", ")
        return """
            DO $restore$
            DECLARE
                made text;
            BEGIN
                LOCK TABLE \(tables.joined(separator: ", ")) IN ACCESS EXCLUSIVE MODE;
                FOR made IN
                    SELECT oid::regclass::text FROM pg_class
                    WHERE relnamespace = \(namespace(schema)) AND relkind IN ('r', 'p')
                        AND oid <> ALL (ARRAY[\(names)]::oid[])
                LOOP
                    EXECUTE 'DROP TABLE IF EXISTS ' || made || ' CASCADE';
                END LOOP;
                \(emptying(emptied))
                PERFORM setval(s.seqrelid::regclass, s.seqstart, false)
                FROM pg_sequence AS s JOIN pg_class AS c ON c.oid = s.seqrelid
                WHERE c.relnamespace = \(namespace(schema));
                IF (\(state)) IS DISTINCT FROM '\(before.first ?? "")' THEN
                    RAISE EXCEPTION 'schema \(schema) is not as migrations left it';
                END IF;
            END
            $restore$;
            """
    }

    private static func emptying(_ tables: [String]) -> String {
        guard let last = tables.last else { return "" }
        let others = tables.dropLast().enumerated().map { number, table in
            "d\(number) AS (DELETE FROM \(table))"
        }
        let with = others.isEmpty ? "" : "WITH " + others.joined(separator: ", ") + " "
        return with + "DELETE FROM \(last);"
    }

    private static func namespace(_ schema: String) -> String { "'\(schema)'::regnamespace" }

    /// A query for the versions of a schema's rows in the catalogue, with the rows of some tables.
    ///
    /// Whatever changes an object writes another version of its row; `VACUUM` and `ANALYZE` note
    /// what they counted in place.
    private static func state(of schema: String, rowsOf kept: [String]) -> String {
        let ofRelations = [
            "pg_attribute": "attrelid", "pg_attrdef": "adrelid", "pg_index": "indrelid",
            "pg_trigger": "tgrelid", "pg_rewrite": "ev_class", "pg_policy": "polrelid",
            "pg_sequence": "seqrelid",
        ]
        let ofNamespace = [
            "pg_class": "relnamespace", "pg_constraint": "connamespace", "pg_proc": "pronamespace",
            "pg_type": "typnamespace", "pg_statistic_ext": "stxnamespace",
        ]
        var parts = ofRelations.sorted { $0.key < $1.key }.map { catalogue, relation in
            """
            SELECT '\(catalogue) ' || x.\(relation) || ' ' || x.xmin AS version
            FROM pg_class AS c JOIN \(catalogue) AS x ON x.\(relation) = c.oid
            WHERE c.relnamespace = \(namespace(schema))
            """
        }
        parts += ofNamespace.sorted { $0.key < $1.key }.map { catalogue, column in
            """
            SELECT '\(catalogue) ' || x.oid || ' ' || x.xmin FROM \(catalogue) AS x
            WHERE x.\(column) = \(namespace(schema))
            """
        }
        parts += kept.map { "SELECT '\($0) ' || x::text FROM \($0) AS x" }
        return "SELECT md5(string_agg(version, E'\\n' ORDER BY version)) FROM (\n"
            + parts.joined(separator: "\nUNION ALL\n") + "\n) AS state"
    }

    private static func column(
        _ statement: SQLStatement,
        _ database: PostgreSQLDatabase
    ) async throws -> [String] {
        try await database.read(statement)[0].map { $0.optionalText() ?? "" }
    }
}
