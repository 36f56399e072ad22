import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

/// A migrator whose taking over can be asked for by itself.
private protocol Adopting: InventoryMigrator {
    func adopt(_ options: AdoptionOptions, isDryRun: Bool) async throws -> MigrationReport?
}

extension SQLMigrator: Adopting {}

/// Names, dry runs, migrators that come again or together, and many rows.
extension AdoptionTests {
    @Test("A table of another name is taken over", arguments: Backend.available)
    func customName(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            let name = #"Alte "Läufe" 2023"#
            try await database.run(
                "ALTER TABLE \(database.prefix)inventory RENAME TO \(name.quotedAsName);"
            )
            let report = try await database.migrateUp(
                table: name,
                AdoptionOptions(zone: "Europe/Berlin")
            )
            #expect(report.adopted?.rows == 13)
            let inventory = try await database.open(table: name)
            #expect(try await take("load", from: inventory, in: database)?.id == 14)
            await inventory.close()
        }
    }

    @Test("A dry run tells the SQL and changes nothing", arguments: Backend.available)
    func dryRun(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            let before = try await schema(of: database)
            let report = try await database.migrateUp(isDryRun: true)
            #expect(report.steps == ["adopt_pybatchintory"] + migrationSteps.dropFirst())
            #expect(report.sql.joined().contains("ALTER TABLE"))
            #expect(report.sql.joined().contains("_run"))
            #expect(!report.sql.joined().contains("{"))
            #expect(report.adopted == nil)
            #expect(try await schema(of: database) == before)
        }
    }

    @Test("A second migration finds nothing to do", arguments: Backend.available)
    func repeated(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            try await database.migrateUp()
            let report = try await database.migrateUp()
            #expect(report.steps == [] && report.sql == [] && report.adopted == nil)
        }
    }

    @Test(
        "Of two migrators started together one takes the table over",
        arguments: Backend.available
    )
    func together(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            let reports = try await withThrowingTaskGroup(of: MigrationReport.self) { group in
                for _ in 0..<2 { group.addTask { try await database.migrateUp() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(reports.compactMap(\.adopted).count == 1)
            #expect(reports.map(\.steps.count).sorted() == [0, migrationSteps.count])
            let count = try await database.column(
                "SELECT count(*) FROM \(database.name("inventory"))"
            )
            #expect(count == ["13"])
        }
    }

    @Test(
        "Who finds at its checks that another took the table over has nothing to do",
        arguments: Backend.available
    )
    func overtaken(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            let wrong = AdoptionOptions(bounded: ["nobody": IDBounds(lower: 1, upper: 2)])
            await #expect(throws: TrancheError.self) { try await database.migrateUp(wrong) }
            try await database.migrateUp()
            let migrator = try #require(try await database.migrator() as? any Adopting)
            for options in [AdoptionOptions(), wrong] {
                let report = try await migrator.adopt(options, isDryRun: false)
                #expect(report == nil)
            }
            await migrator.close()
        }
    }

    @Test("Fifty thousand rows are taken over as a set", arguments: Backend.available)
    func manyRows(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            try await addRows(50_000, to: database)
            let report = try await database.migrateUp(AdoptionOptions(zone: "Europe/Berlin"))
            #expect(report.adopted?.rows == 50_013)
            #expect(report.adopted?.overlaps.count == 1)
        }
    }

    @Test(
        "However many rows there are, they are taken over by as many statements",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func statements() async throws {
        var counts: [Int] = []
        for more in [1, 1000] {
            try await withAdoptable(.postgreSQL) { database in
                try await addRows(more, to: database)
                let (proxy, url) = try PostgreSQLProxy.before(database)
                defer { proxy.stop() }
                let migrator = try await database.migrator(through: url)
                let report = try await migrator.up(
                    to: nil,
                    adoption: AdoptionOptions(zone: "Europe/Berlin"),
                    isDryRun: false
                )
                #expect(report.adopted?.rows == 13 + more)
                counts.append(proxy.requests.joined().count)
                await migrator.close()
            }
        }
        #expect(counts[0] > 0)
        #expect(counts[0] == counts[1])
    }

    /// Adds rows of seven jobs to the thirteen that there are.
    private func addRows(_ count: Int, to database: TestDatabase) async throws {
        let last = 13 + count
        let numbers =
            database.backend == .sqlite
            ? "WITH RECURSIVE n (i) AS (SELECT 14 UNION ALL SELECT i + 1 FROM n WHERE i < \(last))"
            : "WITH n (i) AS (SELECT generate_series(14, \(last)))"
        try await database.run(
            """
            INSERT INTO \(database.prefix)inventory (
                id, meta_table, job, processing_start, processing_end, batch_id_start,
                batch_id_end, batch_weight, batch_count, attempt, status, config
            )
            \(numbers)
            SELECT i, 'long', 'job ' || (i % 7), '2024-07-15 10:00:00', '2024-07-15 10:05:00',
                i * 10, i * 10 + 9, 10, 10, 1, 'succeeded', '{}'
            FROM n;
            """
        )
    }
}
