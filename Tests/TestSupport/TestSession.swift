import TranchePostgreSQL
package import TrancheSQL

/// A session on a server, driven step by step: a transaction of it stays open between the steps.
///
/// Several sessions make an interleaving of a test's own, without sleeps and threads.
package final class TestSession: Sendable {
    private let statements: AsyncStream<Step>.Continuation
    private let task: Task<Void, Never>

    private struct Step {
        let statements: [SQLStatement]
        let answer: CheckedContinuation<[SQLRows], any Error>
    }

    /// Begins a session; it connects at its first statement.
    package init(on server: TestPostgreSQL) throws {
        let database = try server.database(maxConnections: 1)
        let (stream, continuation) = AsyncStream.makeStream(of: Step.self)
        statements = continuation
        task = Task {
            do {
                try await database.withConnection { connection in
                    for await step in stream {
                        do {
                            step.answer.resume(returning: try await connection.run(step.statements))
                        } catch {
                            step.answer.resume(throwing: error)
                        }
                    }
                    if connection.isInTransaction { try? await connection.rollback() }
                }
            } catch {
                // Without a connection each step says so.
                for await step in stream { step.answer.resume(throwing: error) }
            }
            await database.close()
        }
    }

    /// Runs statements, one after the other: `BEGIN` opens a transaction that the next call finds
    /// open.
    ///
    /// - Parameter statements: The statements.
    /// - Returns: The rows of the last; each value as text, `NULL` for null.
    /// - Throws: The database's error.
    @discardableResult
    package func run(_ statements: SQLStatement...) async throws -> [[String]] {
        var rows = SQLRows()
        for statement in statements {
            rows =
                try await withCheckedThrowingContinuation { continuation in
                    let step = Step(statements: [statement], answer: continuation)
                    if case .terminated = self.statements.yield(step) {
                        continuation.resume(throwing: CancellationError())
                    }
                }.first ?? SQLRows()
        }
        let width = rows.width
        return rows.map { row in (0..<width).map { _ in row.optionalText() ?? "NULL" } }
    }

    /// Runs a statement that gives one number.
    package func number(_ statement: SQLStatement) async throws -> Int64 {
        Int64(try await run(statement).first?.first ?? "") ?? 0
    }

    /// The name of the open transaction, as the server's list of locks has it.
    package func transaction() async throws -> String {
        try await run(
            "SELECT virtualtransaction FROM pg_locks WHERE pid = pg_backend_pid() LIMIT 1"
        ).first?.first ?? ""
    }

    /// Rolls back what is open and ends the session.
    package func close() async {
        statements.finish()
        await task.value
    }
}

/// Runs `body` with a session of its own, and ends that.
@discardableResult
package func withTestSession<R>(
    on server: TestPostgreSQL,
    _ body: (TestSession) async throws -> R
) async throws -> R {
    let session = try TestSession(on: server)
    do {
        let result = try await body(session)
        await session.close()
        return result
    } catch {
        await session.close()
        throw error
    }
}
