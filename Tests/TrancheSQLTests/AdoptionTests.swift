import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("A table of pybatchintory's is taken over", .serialized, .timeLimit(.minutes(10)))
struct AdoptionTests {
    typealias Backend = TestDatabase.Backend

    /// The columns that pybatchintory knew, but for times and weight, which change their type.
    static let kept: SQLStatement = """
        id, CAST(meta_table AS text), CAST(job AS text), CAST(job_identifier AS text),
        CAST(job_result_item AS text), batch_id_start, batch_id_end, batch_count, attempt,
        CAST(status AS text), CAST(logging AS text), CAST(config AS text)
        """

    func withAdoptable(
        _ backend: Backend,
        _ body: (TestDatabase) async throws -> Void
    ) async throws {
        try await withTestDatabase(backend) { database in
            try await Pybatchintory.load(into: database)
            try await body(database)
        }
    }

    func files(_ database: TestDatabase) -> SQLSource {
        SQLSource(database.prefix + "files")
    }

    func take(
        _ job: String,
        from inventory: Inventory,
        in database: TestDatabase,
        run: String = "",
        ids: ClosedRange<Int64>? = nil
    ) async throws -> Batch? {
        try await inventory.acquireBatch(
            from: files(database),
            job: job,
            run: Run(name: run, ids: ids.map { IDBounds($0) } ?? IDBounds()),
            limit: .count(4)
        )
    }

    // MARK: Rows

    @Test("Every row is kept, with all it says", arguments: Backend.available)
    func rowsAreKept(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            let table = database.name("inventory")
            let before = try await database.read("SELECT \(Self.kept) FROM \(table) ORDER BY id")
            let report = try await database.migrateUp()
            let after = try await database.read("SELECT \(Self.kept) FROM \(table) ORDER BY id")
            #expect(before.count == 13)
            #expect(after == before)
            #expect(report.adopted?.rows == 13)
            #expect(report.steps == ["adopt_pybatchintory"] + migrationSteps.dropFirst())
        }
    }

    @Test("The status becomes text and the weight a double", arguments: Backend.available)
    func types(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            try await database.migrateUp()
            let table = try #require(try await database.database.table(database.name("inventory")))
            #expect(table.column("status")?.type.lowercased() == "text")
            #expect(table.column("batch_weight")?.kind == .number)
            let weights = try await database.column(
                "SELECT batch_weight FROM \(database.name("inventory")) WHERE id IN (1, 5) ORDER BY id"
            )
            // Where the column was an integer, the program itself had rounded.
            #expect(weights == (backend == .sqlite ? ["10.4", "NULL"] : ["10.0", "NULL"]))
        }
    }

    @Test("The table has the columns of one made anew", arguments: Backend.available)
    func columns(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            try await database.migrateUp()
            try await database.migrateUp(table: "fresh")
            for suffix in ["", "_run", "_attempt", "_gap", "_archive", "_migration"] {
                let adopted = try await database.database.table(database.name("inventory" + suffix))
                let fresh = try await database.database.table(database.name("fresh" + suffix))
                let words = { (table: SQLTable?) in
                    table?.columns.map { "\($0.name) \($0.type) \($0.isNotNull) \($0.isUnique)" }
                }
                #expect(words(adopted) == words(fresh))
            }
        }
    }

    @Test("A result that was null stays null", arguments: Backend.available)
    func nullResults(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            try await database.migrateUp()
            let inventory = try await database.open()
            #expect(try await inventory.batch(1).result == #"{"rows": 4}"#)
            #expect(try await inventory.batch(3).result == "null")
            #expect(try await inventory.batch(4).result == nil)
            await inventory.close()
        }
    }

    @Test("Each row's attempt is in the history", arguments: Backend.available)
    func history(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            try await database.migrateUp(AdoptionOptions(zone: "UTC"))
            let inventory = try await database.open()
            let failed = try await inventory.attempts(of: 2)
            #expect(failed.map(\.outcome) == [.failed])
            #expect(failed.first?.error == "disk full")
            #expect(failed.first?.startedAt == Date(timeIntervalSince1970: 1_729_996_200))
            #expect(failed.first?.endedAt == Date(timeIntervalSince1970: 1_729_996_500))
            #expect(try await inventory.attempts(of: 4).map(\.outcome) == [.running])
            await inventory.close()
        }
    }

    // MARK: Going on

    @Test("A job goes on after its highest id", arguments: Backend.available)
    func goesOn(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            let report = try await database.migrateUp()
            let inventory = try await database.open()
            #expect(try await take("load", from: inventory, in: database)?.ids == 17...20)
            let docs = SQLSource(database.prefix + "docs", weight: .none)
            #expect(try await inventory.acquireBatch(from: docs, job: "load") == nil)
            #expect(try await take("new", from: inventory, in: database)?.ids == 1...4)
            await inventory.close()
            let runs = report.adopted?.runs ?? []
            #expect(
                runs.map { "\($0.key.metaTable) \($0.key.job) \($0.cursor)" } == [
                    "\(database.prefix)docs load 5", "\(database.prefix)files load 16",
                    "\(database.prefix)files part 22", "\(database.prefix)files raced 6",
                    "\(database.prefix)files slice 7",
                ]
            )
            #expect(runs.map(\.running) == [0, 1, 0, 1, 0])
            #expect(runs.map(\.failed) == [0, 1, 0, 0, 0])
        }
    }

    @Test("New rows get numbers that were never given", arguments: Backend.available)
    func numbers(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            try await database.run(
                "DELETE FROM \(database.name("inventory").quoted) WHERE id > 10;"
            )
            try await database.migrateUp()
            let inventory = try await database.open()
            #expect(try await take("load", from: inventory, in: database)?.id == 14)
            await inventory.close()
        }
    }

    @Test("A row left running is offered again after a lease's time", arguments: Backend.available)
    func leftRunning(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            let started = Date()
            try await database.migrateUp(AdoptionOptions(lease: .seconds(90)))
            // The lease was given by the database's clock, between these two.
            let ended = Date()
            let offset = Mutex(started.addingTimeInterval(85))
            let inventory = try await database.open(now: { offset.withLock { $0 } })
            #expect(try await take("load", from: inventory, in: database)?.ids == 17...20)
            offset.withLock { $0 = ended.addingTimeInterval(95) }
            let again = try await take("load", from: inventory, in: database)
            let batch = try #require(again)
            #expect(batch.id == 4)
            #expect(batch.ids == 13...16)
            #expect(batch.attempt == 2)
            #expect(
                try await batch.items.map(\.text) == ["file-13", "file-14", "file-15", "file-16"]
            )
            #expect(try await inventory.attempts(of: 4).map(\.outcome) == [.expired, .running])
            await inventory.close()
        }
    }

    @Test("Failed rows stay failed until they are retried", arguments: Backend.available)
    func failed(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            try await database.migrateUp()
            let inventory = try await database.open()
            #expect(try await inventory.batch(2).isFinal)
            #expect(try await take("load", from: inventory, in: database)?.ids == 17...20)
            let key = RunKey(metaTable: database.prefix + "files", job: "load")
            let retried = try await inventory.retry(BatchSelection(runs: RunSelection(key)))
            #expect(retried == [2])
            let batch = try await take("load", from: inventory, in: database)
            #expect(batch?.id == 2)
            #expect(batch?.ids == 5...8)
            try await batch?.succeed()
            #expect(try await inventory.attempts(of: 2).map(\.outcome) == [.failed, .succeeded])
            await inventory.close()
        }
    }

    // MARK: Bounded jobs

    @Test("A bounded job that overran its end is complete", arguments: Backend.available)
    func overrun(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            let bounds = IDBounds(2...5)
            let report = try await database.migrateUp(AdoptionOptions(bounded: ["slice": bounds]))
            let run = report.adopted?.runs.first { $0.key.job == "slice" }
            #expect(run?.key.run == "slice")
            #expect(run?.bounds == bounds)
            let inventory = try await database.open()
            let request = BatchRequest(job: "slice", run: "slice", ids: bounds)
            let answer = try await inventory.acquire(request, from: files(database))
            guard case .noBatch(.complete) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(
                try await inventory.batches(BatchSelection(runs: .init(job: "slice"))).count == 4
            )
            await inventory.close()
        }
    }

    @Test("A bounded job that is not at its end goes on to it", arguments: Backend.available)
    func bounded(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            let ids: ClosedRange<Int64> = 20...27
            try await database.migrateUp(AdoptionOptions(bounded: ["part": IDBounds(ids)]))
            let inventory = try await database.open()
            var found: [ClosedRange<Int64>] = []
            while let batch = try await take(
                "part",
                from: inventory,
                in: database,
                run: "part",
                ids: ids
            ) {
                found.append(batch.ids)
                try await batch.succeed()
            }
            #expect(found == [23...26, 27...27])
            let kinds = try await inventory.batches(BatchSelection(runs: .init(job: "part"))).map(
                \.kind
            )
            #expect(kinds == [.backfill, .backfill, .backfill])
            await inventory.close()
        }
    }

    @Test("A bounded job must be one of the table's", arguments: Backend.available)
    func unknownBoundedJob(on backend: Backend) async throws {
        try await refused(on: backend, AdoptionOptions(bounded: ["lode": IDBounds(2...5)])) {
            $0.contains("'lode'") && $0.contains("'load'")
        }
    }

    @Test("Bounds for a table that is Tranche's already are refused", arguments: Backend.available)
    func nothingToBound(on backend: Backend) async throws {
        try await withTestDatabase(backend) { database in
            try await database.migrateUp()
            let error = await #expect(throws: TrancheError.self) {
                try await database.migrateUp(AdoptionOptions(bounded: ["load": IDBounds(2...5)]))
            }
            #expect(error?.code == .migrationRefused)
        }
    }

    // MARK: Tiles

    @Test("Overlapping ranges are kept and listed", arguments: Backend.available)
    func overlaps(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            let overlaps = try #require(try await database.migrateUp().adopted?.overlaps)
            #expect(overlaps.map(\.key.job) == ["raced"])
            #expect(overlaps.map(\.batches) == [[11, 12]])
            #expect(overlaps.map(\.ids) == [1...3])
            let inventory = try await database.open()
            let history = try await inventory.history(of: 2, in: database.prefix + "files")
            #expect(history.map(\.batch.id) == [1, 6, 11, 12])
            await inventory.close()
        }
    }

    @Test("The tiles of a job without overlaps leave nothing out", arguments: Backend.available)
    func tiles(on backend: Backend) async throws {
        try await withAdoptable(backend) { database in
            try await database.migrateUp()
            let tiles = try await database.column(
                """
                SELECT job, cover_start, batch_id_end FROM \(database.name("inventory"))
                WHERE job <> 'part' ORDER BY job, meta_table, id
                """
            )
            #expect(
                tiles == [
                    "load|NULL|5", "load|NULL|4", "load|4|8", "load|8|12", "load|12|16",
                    "raced|NULL|3", "raced|0|3", "raced|3|6",
                    "slice|NULL|3", "slice|3|5", "slice|5|6", "slice|6|7",
                ]
            )
        }
    }

    // MARK: Times

    /// What the zone makes of 2024-01-15 10:00, 2024-07-15 10:00 and 2024-10-27 02:30, in seconds.
    static let zones: [(zone: String, seconds: [Int])] = [
        ("UTC", [1_705_312_800, 1_721_037_600, 1_729_996_200]),
        // The hour that is there twice counts as the second, as PostgreSQL has it.
        ("Europe/Berlin", [1_705_309_200, 1_721_030_400, 1_729_992_600]),
        ("America/New_York", [1_705_330_800, 1_721_052_000, 1_730_010_600]),
        ("Asia/Kolkata", [1_705_293_000, 1_721_017_800, 1_729_976_400]),
    ]

    @Test("Times are taken to be of the zone", arguments: Backend.available, zones)
    func zone(on backend: Backend, _ expected: (zone: String, seconds: [Int])) async throws {
        try await withAdoptable(backend) { database in
            try await database.migrateUp(AdoptionOptions(zone: expected.zone))
            let inventory = try await database.open()
            for (id, seconds) in zip([3, 1, 2] as [Int64], expected.seconds) {
                let batch = try await inventory.batch(id)
                #expect(batch.startedAt == Date(timeIntervalSince1970: Double(seconds)))
                #expect(batch.endedAt == Date(timeIntervalSince1970: Double(seconds + 300)))
            }
            #expect(try await inventory.batch(4).endedAt == nil)
            await inventory.close()
        }
    }

    /// Times around the changes of two zones in 2024, and what PostgreSQL makes of them.
    static let changes: [(zone: String, local: String, utc: String)] = [
        ("Europe/Berlin", "2024-03-31 01:30:00", "2024-03-31T00:30:00.000Z"),
        ("Europe/Berlin", "2024-03-31 02:30:00", "2024-03-31T01:30:00.000Z"),
        ("Europe/Berlin", "2024-03-31 03:30:00", "2024-03-31T01:30:00.000Z"),
        ("Europe/Berlin", "2024-10-27 01:30:00", "2024-10-26T23:30:00.000Z"),
        ("Europe/Berlin", "2024-10-27 03:30:00", "2024-10-27T02:30:00.000Z"),
        ("America/New_York", "2024-03-10 01:30:00", "2024-03-10T06:30:00.000Z"),
        ("America/New_York", "2024-03-10 02:30:00", "2024-03-10T07:30:00.000Z"),
        ("America/New_York", "2024-03-10 03:30:00", "2024-03-10T07:30:00.000Z"),
        ("America/New_York", "2024-11-03 00:30:00", "2024-11-03T04:30:00.000Z"),
        ("America/New_York", "2024-11-03 01:30:00", "2024-11-03T06:30:00.000Z"),
        ("America/New_York", "2024-11-03 02:30:00", "2024-11-03T07:30:00.000Z"),
    ]

    @Test("Around a zone's changes both databases agree", arguments: Backend.available, changes)
    func zoneChange(
        on backend: Backend,
        _ expected: (zone: String, local: String, utc: String)
    ) async throws {
        try await withAdoptable(backend) { database in
            try await database.run(
                """
                UPDATE \(database.name("inventory").quoted)
                SET processing_start = '\(expected.local)' WHERE id = 3;
                """
            )
            try await database.migrateUp(AdoptionOptions(zone: expected.zone))
            let inventory = try await database.open()
            let started = try await inventory.batch(3).startedAt
            #expect(
                started.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
                    == expected.utc
            )
            await inventory.close()
        }
    }

    @Test("A zone that does not exist is refused", arguments: Backend.available)
    func unknownZone(on backend: Backend) async throws {
        try await refused(on: backend, AdoptionOptions(zone: "Europe/Atlantis"), .invalidArgument) {
            $0.contains("Europe/Atlantis") && $0.contains("Europe/Berlin")
        }
    }

    // MARK: PostgreSQL's own

    @Test(
        "Foreign keys, grants and indexes survive",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func surroundings() async throws {
        try await withAdoptable(.postgreSQL) { database in
            let role = "reader_" + (database.schema ?? "")
            try await database.run(
                """
                CREATE ROLE \(role);
                GRANT SELECT ON \(database.prefix)inventory TO \(role);
                CREATE TABLE \(database.prefix)note (
                    batch bigint REFERENCES \(database.prefix)inventory (id) ON DELETE CASCADE
                );
                INSERT INTO \(database.prefix)note VALUES (3);
                CREATE INDEX by_job ON \(database.prefix)inventory (job);
                ALTER TABLE \(database.prefix)inventory ADD COLUMN note text DEFAULT 'kept';
                """
            )
            try await database.migrateUp()
            let rights = try await database.column(
                """
                SELECT has_table_privilege(
                    CAST(\(role) AS name),
                    CAST(to_regclass(\(database.name("inventory").quoted)) AS oid),
                    'SELECT'
                )
                """
            )
            #expect(rights == ["true"])
            let kept = try await database.column(
                "SELECT note FROM \(database.name("inventory")) WHERE id = 3"
            )
            #expect(kept == ["kept"])
            #expect(
                try await database.column("SELECT batch FROM \(database.name("note"))") == ["3"]
            )
            await #expect(throws: (any Error).self) {
                try await database.run("INSERT INTO \(database.prefix)note VALUES (4000);")
            }
            try await database.run("DROP OWNED BY \(role); DROP ROLE \(role);")
        }
    }

    // MARK: The program itself

    @Test(
        "What the program writes now is what the stored rows say",
        .enabled(if: Pybatchintory.python != nil),
        arguments: Backend.available
    )
    func program(on backend: Backend) async throws {
        let python = try #require(Pybatchintory.python)
        var stored: [[String]] = []
        try await withTestDatabase(backend) { database in
            try await Pybatchintory.load(into: database)
            stored = try await rows(of: database)
        }
        try await withTestDatabase(backend) { database in
            #expect(try await Pybatchintory.write(into: database, with: python) == 0)
            #expect(try await rows(of: database) == stored)
            let report = try await database.migrateUp()
            #expect(report.adopted?.rows == 13)
            let inventory = try await database.open()
            #expect(try await take("load", from: inventory, in: database)?.ids == 17...20)
            await inventory.close()
        }
    }

    /// A table's rows, without the schema in which they are.
    private func rows(of database: TestDatabase) async throws -> [[String]] {
        try await database.read(
            """
            SELECT \(Self.kept), batch_weight, processing_start, processing_end
            FROM \(database.name("inventory")) ORDER BY id
            """
        ).map {
            $0.map { $0.replacing(database.prefix.isEmpty ? "\0" : database.prefix, with: "") }
        }
    }
}
