import TestSupport
import Testing
import Tranche
import TrancheSQL

/// What a look at all runs sends, however many they are.
@Suite("Statements of a look at all runs", .serialized, .timeLimit(.minutes(5)))
struct OverviewStatementTests {
    @Test(
        "A look at all runs sends as many statements for many runs as for a few",
        arguments: TestDatabase.Backend.available
    )
    func statements(on backend: TestDatabase.Backend) async throws {
        try await withTestDatabase(backend, isMigrated: true) { database in
            // Id 3 is missing: a gap.
            try await database.makeItems([1, 2, 4, 5, 6, 7])
            let inventory = try await database.open()
            let (few, trips) = try await looked(at: 0..<3, inventory, database)
            #expect(few.count > 3)
            let (many, tripsOfMany) = try await looked(at: 3..<40, inventory, database)
            // SQLite has no number of a table: the rows are compared by which each run knows it, of
            // those runs alone that are looked at closely.
            func isComparison(_ text: String) -> Bool { text.contains("substr(") }
            #expect(many.filter { !isComparison($0) } == few.filter { !isComparison($0) })
            let (less, more) = (few.count(where: isComparison), many.count(where: isComparison))
            #expect(tripsOfMany - more == trips - less)
            #expect(trips <= 12)
            if backend == .postgreSQL { #expect(more == 0) }
            await inventory.close()
        }
    }

    /// Begins runs, and looks at all that there are.
    ///
    /// - Returns: The statements' first words, and how many trips they made.
    private func looked(
        at jobs: Range<Int>,
        _ inventory: Inventory,
        _ test: TestDatabase
    ) async throws -> (statements: [String], trips: Int) {
        let source = SQLSource(test.prefix + "item")
        for job in jobs {
            let policy = RunPolicy(maxAttempts: 1, extendedRetries: .seconds(3600))
            let request = BatchRequest(job: "job \(job)", limit: .count(2), policy: policy)
            for isGood in [true, false, true] {
                let answer = try await inventory.acquire(request, from: source)
                guard case .batch(let batch) = answer else { throw NoBatch() }
                if isGood { try await batch.succeed() } else { try await batch.fail("no") }
            }
        }
        // What is seen to wait is kept by the first look.
        for _ in 0..<2 { _ = try await reading(inventory, source) }
        let log = StatementLog()
        let runs = try await looked(on: test.database, source, test, log)
        #expect(runs.count == jobs.upperBound)
        #expect(runs.allSatisfy { $0.stuck != nil && $0.backlog?.items == 0 })
        let sent = log.take()
        let statements = sent.flatMap(\.statements).map { String($0.text.prefix(60)) }
        return (statements.sorted(), sent.count)
    }

    private func reading(
        _ inventory: Inventory,
        _ source: SQLSource
    ) async throws -> [RunStatus] {
        try await StatusReading(RunSelection(), in: inventory) { _, _ in source }.overview.runs
    }

    private func looked(
        on base: some SQLDatabase,
        _ source: SQLSource,
        _ test: TestDatabase,
        _ log: StatementLog
    ) async throws -> [RunStatus] {
        try await base.writers.withConnection { writer in
            try await looked(on: base, through: writer, source, test, log)
        }
    }

    private func looked<Base: SQLDatabase>(
        on base: Base,
        through writer: Base.Connection,
        _ source: SQLSource,
        _ test: TestDatabase,
        _ log: StatementLog
    ) async throws -> [RunStatus] {
        try await base.readers.withConnection { reader in
            let database = RecordedDatabase(base, writer, reader, log)
            let location = InventoryLocation(name: "recorded") {
                SQLInventoryStore(database, configuration: $0)
            }
            let configuration = Inventory.Configuration(store: test.configuration())
            let inventory = try await Inventory.open(location, configuration: configuration)
            _ = log.take()
            let runs = try await reading(inventory, source)
            return runs
        }
    }

    private struct NoBatch: Error {}
}
