import Foundation
import TestSupport
import Tranche
import TrancheOrchestrator
import TranchePostgreSQL
import TrancheSQL

/// A database of a test's own: the logs' schema has one name in each.
struct OutboxTestDatabase {
    let server: TestPostgreSQL
    let database: PostgreSQLDatabase

    /// Runs a script in a transaction of its own.
    func run(_ script: String) async throws {
        try await database.run(script)
    }

    /// An outbox in it.
    func outbox(
        _ name: String = "orders",
        _ tables: OutboxTable...,
        schemas: [String] = [],
        payload: PostgreSQLOutbox.Payload = .key,
        lockTimeout: Duration = .seconds(10)
    ) throws -> PostgreSQLOutbox {
        try PostgreSQLOutbox(
            PostgreSQLOutbox.Configuration(
                name: name,
                tables: tables,
                schemas: schemas,
                payload: payload,
                lockTimeout: lockTimeout
            ),
            in: database
        )
    }

    /// Reads rows; each as its values with bars between.
    func read(_ statement: SQLStatement) async throws -> [String] {
        let rows = try await database.read(statement)[0]
        return rows.map { row in
            (0..<rows.width).map { _ in row.optionalText() ?? "-" }.joined(separator: "|")
        }
    }

    /// The events that came since the last call, in order, with the payload where there is one.
    func events(_ name: String = "orders", sorted: Bool = false) async throws -> [String] {
        let log = SQLTableName(schema: "tranche", table: "log_" + name)
        let rows = try await database.write([
            "SELECT operation, key, payload FROM \(log) ORDER BY id",
            "DELETE FROM \(log)",
        ])[0]
        let events = rows.map { row in
            (0..<3).compactMap { _ in row.optionalText() }.joined(separator: " ")
        }
        return sorted ? events.sorted() : events
    }
}

/// Runs `body` with a database of its own, and removes that.
func withOutboxDatabase<R>(
    _ body: (OutboxTestDatabase) async throws -> R
) async throws -> R {
    guard let server = TestPostgreSQL.server else { throw NoServer() }
    return try await withOwnDatabase(on: server) { own in
        let database = try own.database(maxConnections: 4)
        let result: Result<R, any Error>
        do {
            result = .success(try await body(OutboxTestDatabase(server: own, database: database)))
        } catch {
            result = .failure(error)
        }
        await database.close()
        return try result.get()
    }
}

private struct NoServer: Error {}
