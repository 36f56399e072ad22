import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("Time columns of sources", .serialized, .timeLimit(.minutes(10)))
struct TimeColumnTests {
    typealias Backend = TestDatabase.Backend

    private func moment(_ text: String) throws -> Date { try MomentText.moment(text, in: "UTC") }

    /// The ids of each batch of a job over a table with these times, with its interval.
    private func batches(
        on backend: Backend,
        _ type: String,
        _ values: [String],
        _ time: SourceTime,
        filter: String? = nil
    ) async throws -> [String] {
        try await withTestDatabase(backend, isMigrated: true) { database in
            let table = database.name("t").quoted
            let uid =
                backend == .sqlite
                ? "INTEGER PRIMARY KEY" : "bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY"
            try await database.run("CREATE TABLE \(table) (uid \(uid), at \(type))")
            for value in values {
                try await database.run("INSERT INTO \(table) (at) VALUES (\(value))")
            }
            let inventory = try await database.open()
            let source = SQLSource(database.prefix + "t", filter: filter, time: time)
            let request = BatchRequest(job: "job", run: time.isBounded ? "r" : "")
            do {
                let taken = try await drain(inventory, request, source)
                await inventory.close()
                return taken
            } catch {
                await inventory.close()
                throw error
            }
        }
    }

    private func drain(
        _ inventory: Inventory,
        _ request: BatchRequest,
        _ source: SQLSource
    ) async throws -> [String] {
        var taken: [String] = []
        while case .batch(let batch) = try await inventory.acquire(request, from: source) {
            let interval = try #require(batch.intervalText)
            taken.append("\(try await batch.items.map(\.id)) \(interval.from) \(interval.to)")
        }
        return taken
    }

    // MARK: - On both

    /// A type, how it is read, and values right before nine, at nine, half past nine and at ten.
    private static let columns: [(Backend, String, SourceTime.Reading?, [String])] = [
        (
            .sqlite, "", nil,
            [
                "'2026-01-01 08:59:59.999'", "'2026-01-01T09:00:00Z'",
                "'2026-01-01T11:30+02:00'", "'2026-01-01 10:00'",
            ]
        ),
        (
            .sqlite, "", .utc,
            [
                "'2026-01-01 08:59:59.999'", "'2026-01-01 09:00:00'", "'2026-01-01 09:30'",
                "'2026-01-01 10:00'",
            ]
        ),
        (.sqlite, "", .seconds, ["1767257999.9", "1767258000", "1767259800.5", "1767261600"]),
        (
            .sqlite, "", .milliseconds,
            ["1767257999999", "1767258000000", "1767259800000", "1767261600000"]
        ),
        (
            .postgreSQL, "timestamptz", nil,
            [
                "'2026-01-01 08:59:59.9999+00'", "'2026-01-01 10:00+01'", "'2026-01-01 09:30Z'",
                "'2026-01-01 10:00Z'",
            ]
        ),
        (
            .postgreSQL, "timestamp", nil,
            [
                "'2026-01-01 08:59:59.9999'", "'2026-01-01 09:00'", "'2026-01-01 09:30'",
                "'2026-01-01 10:00'",
            ]
        ),
        (
            .postgreSQL, "bigint", .seconds,
            ["1767257999", "1767258000", "1767259800", "1767261600"]
        ),
        (
            .postgreSQL, "integer", .seconds,
            ["1767257999", "1767258000", "1767259800", "1767261600"]
        ),
        (
            .postgreSQL, "numeric", .milliseconds,
            ["1767257999999.5", "1767258000000", "1767259800000", "1767261600000"]
        ),
        (
            .postgreSQL, "double precision", .seconds,
            ["1767257999.5", "1767258000", "1767259800", "1767261600"]
        ),
    ]

    @Test(
        "Moments, times on the wall and numbers are cut by the hour, and bounded",
        arguments: columns.filter { Backend.available.contains($0.0) }
    )
    func readings(
        on backend: Backend,
        _ type: String,
        _ reading: SourceTime.Reading?,
        _ values: [String]
    ) async throws {
        var time = SourceTime("at", reading: reading, by: .hour)
        let nine = "2026-01-01T09:00:00+00:00"
        #expect(
            try await batches(on: backend, type, values, time) == [
                "[1] 2026-01-01T08:00:00+00:00 \(nine)", "[2, 3] \(nine) 2026-01-01T10:00:00+00:00",
                "[4] 2026-01-01T10:00:00+00:00 2026-01-01T11:00:00+00:00",
            ]
        )
        (time.from, time.to) = (try moment("2026-01-01T09:00"), try moment("2026-01-01T10:00"))
        #expect(
            try await batches(on: backend, type, values, time) == [
                "[2, 3] \(nine) 2026-01-01T10:00:00+00:00"
            ]
        )
        // Between two that lie within, one that does not.
        let mixed = [values[1], values[3], values[0], values[2]]
        #expect(
            try await batches(on: backend, type, mixed, time) == [
                "[1, 4] \(nine) 2026-01-01T10:00:00+00:00"
            ]
        )
    }

    @Test(
        "What clocks show twice is the first, also at the end of a run",
        arguments: Backend.available
    )
    func clocks(on backend: Backend) async throws {
        var time = SourceTime("at", reading: .zone, by: .hour, zone: "Europe/Berlin")
        let values = [
            "'2026-10-25 01:59:59'", "'2026-10-25 02:30:00'", "'2026-10-25 03:00:00'",
            "'2026-03-29 02:30:00'",
        ]
        let all = [
            "[1] 2026-10-25T01:00:00+02:00 2026-10-25T02:00:00+02:00",
            "[2] 2026-10-25T02:00:00+02:00 2026-10-25T02:00:00+01:00",
            "[3] 2026-10-25T03:00:00+01:00 2026-10-25T04:00:00+01:00",
            "[4] 2026-03-29T03:00:00+02:00 2026-03-29T04:00:00+02:00",
        ]
        let type = backend == .sqlite ? "" : "timestamp"
        #expect(try await batches(on: backend, type, values, time) == all)
        for (number, from, to) in [
            (1, "2026-10-25T00:00Z", "2026-10-25T01:00Z"),
            (2, "2026-10-25T01:00Z", "2026-10-25T03:00Z"),
            (3, "2026-03-29T01:00Z", "2026-03-29T02:00Z"),
        ] {
            (time.from, time.to) = (try moment(from), try moment(to))
            #expect(try await batches(on: backend, type, values, time) == [all[number]])
        }
    }

    /// A column that is not understood, how it is read, and what is said of it.
    private static let unknown: [(Backend, String, [String], SourceTime, String)] = [
        (
            .sqlite, "", ["1767258000"], SourceTime("at", by: .hour, zone: "UTC"),
            "may be seconds or milliseconds"
        ),
        (
            .sqlite, "", ["'2026-01-01 09:00'"],
            SourceTime("at", by: .hour, zone: "Europe/Berlin"), "read as utc or as zone"
        ),
        (
            .sqlite, "", ["'2026-01-01 09:00'", "5"], SourceTime("at", by: .hour, zone: "UTC"),
            "both texts and numbers"
        ),
        (
            .sqlite, "", ["'2026-01-01 09:00'"],
            SourceTime("at", reading: .seconds, by: .hour, zone: "UTC"),
            "has texts, and cannot be read as seconds"
        ),
        (
            .sqlite, "", [], SourceTime("at", by: .hour, zone: "Nowhere"),
            "'Nowhere' is not a time zone"
        ),
        (
            .postgreSQL, "timestamp", [], SourceTime("at", by: .hour, zone: "Europe/Berlin"),
            "read as utc or as zone"
        ),
        (
            .postgreSQL, "bigint", [], SourceTime("at", by: .hour, zone: "Europe/Berlin"),
            "may be seconds or milliseconds since 1970"
        ),
        (
            .postgreSQL, "text", [], SourceTime("at", by: .hour, zone: "Europe/Berlin"),
            "has the type text, which is not a time"
        ),
        (
            .postgreSQL, "date", [], SourceTime("at", by: .hour, zone: "Europe/Berlin"),
            "has days alone, and cannot be cut by hour"
        ),
        (
            .postgreSQL, "timestamptz", [],
            SourceTime("at", reading: .utc, by: .hour, zone: "Europe/Berlin"),
            "cannot be read as utc"
        ),
    ]

    @Test(
        "What cannot be known is asked for, and what is no time is refused",
        arguments: unknown.filter { Backend.available.contains($0.0) }
    )
    func asked(
        on backend: Backend,
        _ type: String,
        _ values: [String],
        _ time: SourceTime,
        _ words: String
    ) async throws {
        let error = await #expect(throws: TrancheError.self) {
            _ = try await batches(on: backend, type, values, time)
        }
        #expect(error?.code == .invalidSource)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    // MARK: - On SQLite

    @Test(
        "A value that is not a time is refused with its id and a remedy, within bounds as well",
        arguments: [
            "NULL", "'soon'", "5", "'2026-01-01T09:30:00+01'", "x'00'", "''",
            // SQLite takes it for the day after the thirtieth, which lies without.
            "'2026-11-31'", "'2026-11-31 09:30'", "'2026-02-29T09:30:00Z'",
        ]
    )
    func refusedBySQLite(_ value: String) async throws {
        let good = "'2026-01-01 09:10:00'"
        var time = SourceTime("at", reading: .utc, by: .hour)
        let remedy = value == "NULL" ? "--where 'at IS NOT NULL'" : "--where 'uid <> 2'"
        func expectRefused() async {
            let error = await #expect(throws: TrancheError.self) {
                _ = try await batches(on: .sqlite, "", [good, value, good], time)
            }
            #expect(error?.code == .invalidItem)
            for words in ["id 2 of 't' has ", "time column 'at'", remedy] {
                #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
            }
        }
        await expectRefused()
        (time.from, time.to) = (try moment("2026-01-01"), try moment("2026-01-02"))
        await expectRefused()
        // Left out on purpose.
        let filter = "at = \(good)"
        let taken = try await batches(on: .sqlite, "", [good, value, good], time, filter: filter)
        #expect(taken == ["[1, 3] 2026-01-01T09:00:00+00:00 2026-01-01T10:00:00+00:00"])
    }

    @Test("Random texts: SQL and the reader find the same items within the bounds")
    func seeds() async throws {
        for seed in 0..<6 as Range<UInt64> {
            var random = SeededNumbers(seed: seed)
            let zone = seed % 2 == 0 ? "Europe/Berlin" : "America/St_Johns"
            let reading: SourceTime.Reading = seed % 3 == 0 ? .utc : .zone
            let start = Int64(1_792_800_000) + Int64.random(in: 0...86_400, using: &random)
            let values = (0..<60).map { _ in
                let shown = start + Int64.random(in: -90_000...120_000, using: &random)
                let text = Date(timeIntervalSince1970: Double(shown)).formatted(.iso8601).dropLast()
                let separator = Bool.random(using: &random) ? "T" : " "
                return String(text).replacing("T", with: separator)
            }
            var time = SourceTime("at", reading: reading, zone: zone)
            time.from = Date(timeIntervalSince1970: Double(start))
            time.to = Date(timeIntervalSince1970: Double(start + 40_000))
            let reader = try TimeReader(time)
            let expected = values.enumerated().filter { _, text in
                reader.moment(of: .text(text)).map { reader.isWithin($0) } ?? false
            }
            let ids = expected.map { $0.offset + 1 }
            let quoted = values.map { "'\($0)'" }
            let taken = try await batches(on: .sqlite, "", quoted, time)
            #expect(taken.count == 1 && taken[0].hasPrefix("\(ids) "), "seed \(seed): \(taken)")
        }
    }

    @Test("An index on the column is found, and told when it is missing")
    func indexOfSQLite() async throws {
        try await withTestDatabase(.sqlite, isMigrated: true) { database in
            try await database.run(
                """
                CREATE TABLE t (uid INTEGER PRIMARY KEY, at);
                INSERT INTO t (at) VALUES ('2026-01-01');
                """
            )
            try await database.run("CREATE VIEW v AS SELECT * FROM t")
            let inventory = try await database.open()
            var time = SourceTime("at")
            time.from = try moment("2026-01-01")
            let request = BatchRequest(job: "job", run: "r")
            let none = try await inventory.timed(request, from: SQLSource("t", time: time))
            #expect(none?.hasIndex == false)
            #expect(none?.isNew == true)
            #expect(none?.request.ids == IDBounds(1...1))
            let view = try await inventory.timed(request, from: SQLSource("v", time: time))
            #expect(view?.hasIndex == nil)
            try await database.run("CREATE INDEX t_at ON t (at)")
            let found = try await inventory.timed(request, from: SQLSource("t", time: time))
            #expect(found?.hasIndex == true)
            time.from = try moment("2027-01-01")
            #expect(try await inventory.timed(request, from: SQLSource("t", time: time)) == nil)
            await inventory.close()
        }
    }

    // MARK: - On PostgreSQL

    @Test(
        "Days are those of the zone, and a run may begin within one",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func dates() async throws {
        var time = SourceTime("at", by: .month, zone: "Europe/Berlin")
        let values = ["'2026-01-31'", "'2026-02-01'", "'2026-03-29'"]
        #expect(
            try await batches(on: .postgreSQL, "date", values, time) == [
                "[1] 2026-01-01T00:00:00+01:00 2026-02-01T00:00:00+01:00",
                "[2] 2026-02-01T00:00:00+01:00 2026-03-01T00:00:00+01:00",
                "[3] 2026-03-01T00:00:00+01:00 2026-04-01T00:00:00+02:00",
            ]
        )
        time.step = nil
        // 23:00 UTC is midnight; 22:59 lies in the day before, which began earlier.
        (time.from, time.to) = (try moment("2026-01-30T23:00"), try moment("2026-02-01T12:00"))
        #expect(
            try await batches(on: .postgreSQL, "date", values, time) == [
                "[1, 2] 2026-01-31T00:00:00+01:00 2026-02-01T13:00:00+01:00"
            ]
        )
        time.from = try moment("2026-01-30T23:01")
        #expect(
            try await batches(on: .postgreSQL, "date", values, time) == [
                "[2] 2026-01-31T00:01:00+01:00 2026-02-01T13:00:00+01:00"
            ]
        )
    }

    @Test(
        "NULL and infinite times are refused with their id",
        .enabled(if: TestPostgreSQL.server != nil),
        arguments: ["NULL", "'infinity'"]
    )
    func refusedByPostgreSQL(_ value: String) async throws {
        let values = ["'2026-01-01 09:10Z'", value, "'2026-01-01 09:20Z'"]
        var time = SourceTime("at", by: .hour)
        func expectRefused() async {
            let error = await #expect(throws: TrancheError.self) {
                _ = try await batches(on: .postgreSQL, "timestamptz", values, time)
            }
            #expect(error?.code == .invalidItem)
            #expect(
                error?.message.contains("has NULL or an infinite time in the time column") == true,
                "\(error?.message ?? "")"
            )
            // It leaves out both.
            #expect(error?.message.contains("--where 'isfinite(at)'") == true)
        }
        await expectRefused()
        time.from = try moment("2026-01-01")
        await expectRefused()
    }

    @Test(
        "Ids of a time are found by an index on it, and one that is missing is told",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func indexOfPostgreSQL() async throws {
        try await withTestDatabase(.postgreSQL, isMigrated: true) { database in
            let table = database.name("t").quoted
            try await database.run(
                "CREATE TABLE \(table) (uid bigint PRIMARY KEY, at timestamptz)"
            )
            try await database.run(
                """
                INSERT INTO \(table)
                SELECT n, timestamptz '2026-01-01Z' + n * interval '1 minute'
                FROM generate_series(1, 5000) AS n
                """
            )
            let inventory = try await database.open()
            var time = SourceTime("at")
            (time.from, time.to) = (try moment("2026-01-02"), try moment("2026-01-03"))
            let request = BatchRequest(job: "job", run: "r")
            let source = SQLSource(database.prefix + "t", time: time)
            let none = try await inventory.timed(request, from: source)
            #expect(none?.hasIndex == false)
            #expect(none?.request.ids == IDBounds(1440...2879))
            try await database.run("CREATE INDEX ON \(table) (at)")
            #expect(try await inventory.timed(request, from: source)?.hasIndex == true)
            await inventory.close()
        }
    }
}

/// Numbers that are the same for the same seed.
private struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 2 &+ 1 }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state ^ (state >> 29)) &* 0x94D0_49BB_1331_11EB
    }
}
