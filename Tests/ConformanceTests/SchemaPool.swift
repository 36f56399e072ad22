import Synchronization
import TestSupport
import Testing

/// Schemas with a migrated inventory, lent to one test after the other: to make one takes longer
/// than most of what is done in it.
final class SchemaPool: Sendable {
    /// The pool of the suite that runs; `nil` where it has none.
    @TaskLocal static var current: SchemaPool?
    /// What was lent to the test that runs.
    @TaskLocal private static var loan: Loan?

    private let idle = Mutex<[PooledSchema]>([])

    /// Schemas that were lent to one test.
    private final class Loan: Sendable {
        let schemas = Mutex<[PooledSchema]>([])
    }

    /// The schemas that wait for the next test.
    var names: [String] { idle.withLock { $0.map(\.name) } }

    /// Runs a test that may borrow schemas, and takes them back once it has closed what uses them.
    ///
    /// After an error they are dropped: what it left behind may be anything.
    static func lending(_ body: () async throws -> Void) async throws {
        guard let pool = current else { return try await body() }
        let loan = Loan()
        do {
            try await $loan.withValue(loan) { try await body() }
        } catch {
            for schema in loan.schemas.withLock({ $0 }) {
                // The test's failure is what is told, whatever becomes of the schema.
                try? await schema.drop()
            }
            throw error
        }
        try await each(of: loan.schemas.withLock { $0 }) { try await pool.take(back: $0) }
    }

    /// Lends a schema until the test ends; `nil` where there is no pool or the test does not
    /// borrow.
    static func borrow(on server: TestPostgreSQL) async throws -> PooledSchema? {
        guard let pool = current, let loan else { return nil }
        let schema =
            if let idle = pool.takeIdle(on: server) { idle } else {
                try await PooledSchema.make(on: server)
            }
        loan.schemas.withLock { $0.append(schema) }
        return schema
    }

    /// Drops all schemas that are not lent.
    func drain() async throws {
        let schemas = idle.withLock { idle in
            defer { idle = [] }
            return idle
        }
        try await Self.each(of: schemas) { try await $0.drop() }
    }

    /// Does so with each schema, also after one has failed: none is left behind for another's
    /// fault.
    private static func each(
        of schemas: [PooledSchema],
        _ body: (PooledSchema) async throws -> Void
    ) async throws {
        var failure: (any Error)?
        for schema in schemas {
            do {
                try await body(schema)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private func takeIdle(on server: TestPostgreSQL) -> PooledSchema? {
        idle.withLock { idle in
            idle.lastIndex { $0.server.url == server.url }.map { idle.remove(at: $0) }
        }
    }

    private func take(back schema: PooledSchema) async throws {
        do {
            try await schema.restore()
        } catch {
            // Nothing is lost: the next test makes a schema of its own.
            return try await schema.drop()
        }
        idle.withLock { $0.append(schema) }
    }
}

/// Gives a suite a pool of schemas, and drops them when the suite ends.
struct SchemaPoolTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let pool = SchemaPool()
        do {
            try await SchemaPool.$current.withValue(pool) { try await function() }
        } catch {
            // The suite's failure is what is told, whatever becomes of the schemas.
            try? await pool.drain()
            throw error
        }
        try await pool.drain()
    }
}

extension Trait where Self == SchemaPoolTrait {
    /// A pool of migrated schemas, for all tests of the suite.
    static var schemaPool: SchemaPoolTrait { SchemaPoolTrait() }
}
