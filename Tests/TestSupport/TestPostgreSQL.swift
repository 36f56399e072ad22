import Foundation
package import TranchePostgreSQL
import TrancheSQL

/// The server that `scripts/test` has started.
package struct TestPostgreSQL: Sendable {
    /// The server's URL, of a database in which tests make schemas of their own.
    package let url: String

    package init(url: String) {
        self.url = url
    }

    /// The server, or `nil` when none was named.
    package static var server: TestPostgreSQL? {
        ProcessInfo.processInfo.environment["TRANCHE_TEST_POSTGRESQL"].map(TestPostgreSQL.init)
    }

    /// A database object of one's own.
    package func database(maxConnections: Int = 4) throws -> PostgreSQLDatabase {
        PostgreSQLDatabase(
            url: try PostgreSQLURL(url),
            isReadOnly: false,
            lockTimeout: .seconds(30),
            maxConnections: maxConnections
        )
    }

    /// Makes a schema of a test's own.
    package func makeSchema() async throws -> String {
        let schema = "t_" + UUID().uuidString.lowercased().prefix(13).replacing("-", with: "_")
        let database = try database(maxConnections: 1)
        try await database.run("CREATE SCHEMA \(schema);")
        await database.close()
        return schema
    }

    package func drop(schema: String) async throws {
        let database = try database(maxConnections: 1)
        try await database.run("DROP SCHEMA \(schema) CASCADE;")
        await database.close()
    }
}

/// Runs `body` with a schema of its own, and removes that.
package func withTestSchema<R>(
    _ server: TestPostgreSQL,
    _ body: (_ schema: String) async throws -> R
) async throws -> R {
    let schema = try await server.makeSchema()
    do {
        let result = try await body(schema)
        try await server.drop(schema: schema)
        return result
    } catch {
        try await server.drop(schema: schema)
        throw error
    }
}

/// Runs `body` with a database of its own on a server, and removes that: what is one in a whole
/// database, such as the log of an outbox, is in nobody else's way there.
package func withOwnDatabase<R>(
    on server: TestPostgreSQL,
    _ body: (TestPostgreSQL) async throws -> R
) async throws -> R {
    let name = "own_" + UUID().uuidString.lowercased().replacing("-", with: "_")
    let main = try server.database(maxConnections: 1)
    _ = try await main.write(["CREATE DATABASE \(name: name)"])
    let result: Result<R, any Error>
    do {
        let own = TestPostgreSQL(url: server.url.replacing(#/\/[^\/]*$/#, with: "/\(name)"))
        result = .success(try await body(own))
    } catch {
        result = .failure(error)
    }
    _ = try await main.write(["DROP DATABASE \(name: name) WITH (FORCE)"])
    await main.close()
    return try result.get()
}

extension SQLDatabase {
    /// Runs a script in a transaction of its own.
    package func run(_ script: String) async throws {
        try await withTransaction([]) { connection, _ in
            try await connection.runScript(script)
            _ = try await connection.commit([])
        }
    }
}
