import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("Cursor", .serialized, .timeLimit(.minutes(5)))
struct CursorTests {
    typealias Backend = TestDatabase.Backend

    @Test("An acquire leaves the run's row as it is", arguments: Backend.available)
    func untouchedRow(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...100)
            try await world.take(10)?.succeed()
            let version = backend == .postgreSQL ? "ctid" : "0"
            let row: SQLStatement = """
                SELECT passed_id, tile_end, \(unsafeRaw: version) FROM \(world.name("_run"))
                """
            let before = try await world.database.read(row)
            for _ in 0..<5 { try await world.take(10)?.succeed() }
            #expect(try await world.database.read(row) == before)
            #expect(try await world.cursor() == 60)
            #expect(try await world.take(10)?.record.idStart == 61)
        }
    }

    // | the run's row | the table          |
    // |---------------|--------------------|
    // | passed 1–60   |                    |  a filter leaves all of it out
    // |               | tile 61–70         |  a later tile
    @Test("A tile counts that is later than what the row says", arguments: Backend.available)
    func laterTile(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...60)
            let source = SQLSource(world.database.prefix + "item", filter: "uid > 60")
            func take() async throws -> Batch? {
                try await world.inventory.acquireBatch(from: source, job: "load", limit: .count(10))
            }
            #expect(try await take() == nil)
            #expect(try await world.row() == ["60", "NULL"])
            try await world.add(61...90)
            #expect(try await take()?.record.idRange == 61...70)
            #expect(try await world.row() == ["60", "NULL"])
            #expect(try await world.cursor() == 70)
            #expect(try await take()?.record.idRange == 71...80)
        }
    }

    // | the run's row | the table          | the archive |
    // |---------------|--------------------|-------------|
    // |               | tiles 1–10, 11–20  |             |
    // | passed 1–20   | tile 1–10          | tile 11–20  |  the second is packed, the first is held
    @Test("What is packed counts, though an earlier tile is the last", arguments: Backend.available)
    func packedTile(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...40)
            let first = try #require(try await world.take(10))
            try await world.take(10)?.succeed()
            world.clock.advance(days: 40)
            try await first.heartbeat()
            #expect(try await world.compact().batches == 1)
            #expect(try await world.row() == ["20", "20"])
            #expect(try await world.cursor() == 20)
            let next = try #require(try await world.take(10))
            #expect(next.record.idRange == 21...30)
            #expect(next.record.coverStart == 20)
        }
    }

    @Test("Ids are queued up to the last tile", arguments: Backend.available)
    func queued(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...40)
            for _ in 0..<3 { try await world.take(10)?.succeed() }
            let ids = IDRuns(25...35)
            let queued = try await world.inventory.store.queueLate(
                ids,
                of: world.key(),
                isRedo: true
            )
            #expect(queued == 6)
        }
    }

    @Test("Going down writes the cursor into the row", arguments: Backend.available)
    func goesDown(on backend: Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...40)
            for _ in 0..<3 { try await world.take(10)?.succeed() }
            let migrator = try await world.database.migrator()
            _ = try await migrator.down(to: 6, isDryRun: false, removesRows: true)
            let row = try await world.database.read(
                "SELECT cursor_id, tile_end FROM \(world.name("_run"))"
            )
            #expect(row == [["30", "30"]])
            await migrator.close()
        }
    }
}

extension CompactionWorld {
    /// The run's cursor as the inventory tells it.
    fileprivate func cursor() async throws -> Int64? {
        try await inventory.store.runs(RunSelection(key())).first?.cursor
    }

    /// What the run's row says of it.
    fileprivate func row() async throws -> [String] {
        try await database.read("SELECT passed_id, tile_end FROM \(name("_run"))").first ?? []
    }
}

extension BatchRecord {
    fileprivate var idRange: ClosedRange<Int64> { idStart...idEnd }
}
