import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

/// Programs of several versions on one inventory.
@Suite("Old and new", .serialized, .timeLimit(.minutes(5)))
struct OldAndNewTests {
    typealias Backend = TestDatabase.Backend

    /// Records a migration that this program does not know.
    private func add(_ database: TestDatabase, workingWith least: Int?) async throws {
        _ = try await database.database.write([
            """
            INSERT INTO \(database.name("inventory_migration"))
                (version, name, checksum, applied_at, program, works_with)
            SELECT 9999, 'create_future', 'abc', applied_at, '9.9.9', \(least.map(Int64.init))
            FROM \(database.name("inventory_migration")) WHERE version = 1
            """
        ])
    }

    private func withMigrator<R>(
        _ database: TestDatabase,
        _ body: (any InventoryMigrator) async throws -> R
    ) async throws -> R {
        let migrator = try await database.migrator()
        do {
            let result = try await body(migrator)
            await migrator.close()
            return result
        } catch {
            await migrator.close()
            throw error
        }
    }

    private var latest: Int { migrationSteps.compactMap { Int($0.prefix(4)) }.max() ?? 0 }

    private func items(_ database: TestDatabase) async throws -> SQLSource {
        try await database.run(
            """
            CREATE TABLE \(database.prefix)item (uid integer PRIMARY KEY, weight integer);
            INSERT INTO \(database.prefix)item VALUES (1, 1), (2, 1), (3, 1);
            """
        )
        return SQLSource(database.prefix + "item")
    }

    // MARK: Newer inventories

    @Test(
        "A migration that this program does not know is refused, with both versions",
        arguments: Backend.available,
        [nil, 9999]
    )
    func refused(on backend: Backend, least: Int?) async throws {
        try await withTestDatabase(backend) { database in
            try await database.migrateUp()
            try await add(database, workingWith: least)
            for attempt in 0..<4 {
                let error = await #expect(throws: TrancheError.self) {
                    switch attempt {
                    case 0: _ = try await database.open()
                    case 1: try await database.migrateUp()
                    case 2: _ = try await withMigrator(database) { try await $0.status() }
                    default:
                        _ = try await withMigrator(database) {
                            try await $0.down(to: 0, isDryRun: true)
                        }
                    }
                }
                #expect(error?.code == .schemaUnknown)
                let message = error?.message ?? ""
                #expect(message.contains("migration 9999 (create_future)"))
                if attempt < 3 && attempt != 1 {
                    #expect(message.contains("applied by tranche 9.9.9"))
                }
                #expect(message.contains("this is tranche \(TrancheVersion.text)"))
                #expect(message.contains("up to \(latest): use a newer 'tranche'"))
            }
        }
    }

    @Test(
        "Where the newer migration says that it works with this program, work goes on",
        arguments: Backend.available
    )
    func passed(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await database.migrateUp()
            try await add(database, workingWith: latest)
            let source = try await items(database)
            let inventory = try await database.open()
            let batch = try await inventory.acquireBatch(from: source, job: "j", limit: .count(3))
            try await batch?.succeed()
            #expect(try await inventory.summaries().first?.run.key.job == "j")
            await inventory.close()
            #expect(try await database.migrateUp().steps == [])
            try await withMigrator(database) { migrator in
                let last = try #require(try await migrator.status().last)
                #expect(last.version == 9999 && last.program == "9.9.9")
                #expect(last.appliedAt != nil && last.worksWith == latest)
                let error = await #expect(throws: TrancheError.self) {
                    _ = try await migrator.down(to: nil, isDryRun: true)
                }
                #expect(error?.code == .schemaUnknown)
            }
        }
    }

    @Test("A migration keeps the version that applied it", arguments: Backend.available)
    func program(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await database.migrateUp()
            try await withMigrator(database) { migrator in
                let status = try await migrator.status()
                #expect(status.first?.program == nil)
                #expect(status.last?.program == TrancheVersion.text)
            }
        }
    }

    @Test("The mark of a migration is its first line")
    func mark() {
        func worksWith(_ text: String) -> Int {
            Migration(version: 40, name: "m", up: Array(text.utf8), down: []).worksWith
        }
        #expect(worksWith("-- works with 38\nSELECT 1;") == 38)
        #expect(worksWith("SELECT 1; -- works with 38") == 40)
        #expect(worksWith("-- works with all\n") == 40)
    }

    // MARK: Workers

    @Test("Who works is recorded with its version, until it ends", arguments: Backend.available)
    func recorded(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await database.migrateUp()
            let source = try await items(database)
            let inventory = try await database.open()
            let latest = latest
            try await withMigrator(database) { migrator in
                _ = try await inventory.batches(from: source, job: "j").process(workers: 2) { _ in
                    let workers = try await migrator.workers()
                    #expect(workers.map(\.name) == ["worker"])
                    #expect(workers.first?.program == TrancheVersion.text)
                    #expect(workers.first?.knows == latest)
                    #expect(workers.first?.seenAt != nil)
                    #expect(workers.leftBehind(by: try await migrator.status()) == [])
                }
                #expect(try await migrator.workers() == [])
            }
            await inventory.close()
        }
    }

    @Test(
        "Who holds a batch and has no record is of an unknown version, and left behind",
        arguments: Backend.available
    )
    func unknown(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await database.migrateUp()
            let source = try await items(database)
            let inventory = try await database.open()
            let batch = try await inventory.acquireBatch(from: source, job: "j", limit: .count(1))
            try await withMigrator(database) { migrator in
                let workers = try await migrator.workers()
                #expect(workers.map(\.name) == ["worker"])
                #expect(workers.first?.program == nil && workers.first?.knows == nil)
                let pending = try await migrator.status().suffix(1)
                #expect(workers.leftBehind(by: Array(pending)) == workers)
                #expect(workers.leftBehind(by: []) == [])
                try await batch?.release()
                #expect(try await migrator.workers() == [])
            }
            await inventory.close()
        }
    }

    @Test(
        "A record that is out of date counts no more, unless its process holds a batch",
        arguments: Backend.available
    )
    func outOfDate(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await database.migrateUp()
            let source = try await items(database)
            let dialect = database.database.dialect
            for (name, age) in [("new", 100_000), ("worker", 400_000), ("gone", 400_000)] {
                let seen = dialect.instant(dialect.clock, plus: "\(-age)")
                _ = try await database.database.write([
                    """
                    INSERT INTO \(database.name("inventory_worker")) (name, program, knows, seen_at)
                    VALUES (\(name), '0.1.5', 30, \(seen))
                    """
                ])
            }
            let inventory = try await database.open()
            _ = try await inventory.acquireBatch(from: source, job: "j", limit: .count(1))
            try await withMigrator(database) { migrator in
                let workers = try await migrator.workers()
                #expect(workers.map(\.name) == ["new", "worker"])
                var migration = try #require(try await migrator.status().last)
                migration.worksWith = 31
                #expect(workers.leftBehind(by: [migration]).count == 2)
                migration.worksWith = 30
                #expect(workers.leftBehind(by: [migration]) == [])
            }
            await inventory.close()
        }
    }
}
