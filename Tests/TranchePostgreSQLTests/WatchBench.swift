import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

/// A schema with tables of a test's own, and what is seen of their writers.
struct WatchBench: Sendable {
    let database: TestDatabase
    let server: TestPostgreSQL

    var schema: String { database.schema ?? "" }

    /// Replaces `S.` by the schema.
    func script(_ text: String) -> SQLStatement {
        SQLStatement(text.replacing("S.", with: database.prefix))
    }

    /// Opens a watch of a table, as the role of the URL.
    func watch(
        _ table: String = "t",
        uid: String = "uid",
        url: String? = nil
    ) async throws -> SQLSourceWatch {
        try await watch(database.name(table), uid: uid, url: url)
    }

    func watch(
        _ table: SQLTableName,
        uid: String = "uid",
        url: String? = nil
    ) async throws -> SQLSourceWatch {
        let database = try source(url)
        do {
            let watch = try await database.watch(table, uid: uid)
            await database.close()
            return watch
        } catch {
            await database.close()
            throw error
        }
    }

    /// A connection as sources have it.
    func source(_ url: String? = nil) throws -> PostgreSQLDatabase {
        PostgreSQLDatabase(
            url: try PostgreSQLURL(url ?? database.address),
            isReadOnly: true,
            lockTimeout: .seconds(30),
            maxConnections: 2
        )
    }

    /// Who writes.
    func writers(_ watch: SQLSourceWatch) async throws -> Writers {
        let database = try source()
        let statement = try #require(watch.writers)
        let rows = try await database.read(statement)[0]
        await database.close()
        var writers = Writers()
        _ = try rows.map { row in
            writers.epoch = try row.text()
            guard let holder = row.optionalText() else { return }
            writers.holders.insert(holder)
            if try row.boolean() { writers.survivors.insert(holder) }
        }
        #expect(!writers.epoch.isEmpty)
        return writers
    }

    struct Writers: Equatable {
        var epoch = ""
        var holders: Set<String> = []
        var survivors: Set<String> = []
    }
}

/// Runs `body` with tables that a script makes; `S.` stands for the schema.
func withWatchBench(
    on server: TestPostgreSQL? = nil,
    _ script: String,
    _ body: (WatchBench) async throws -> Void
) async throws {
    let server = try #require(server ?? TestPostgreSQL.server)
    try await withTestDatabase(on: server) { database in
        let bench = WatchBench(database: database, server: server)
        try await database.run(bench.script(script).text)
        try await body(bench)
    }
}
