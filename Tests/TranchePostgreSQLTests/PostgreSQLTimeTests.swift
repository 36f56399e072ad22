import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite(
    "Time columns of PostgreSQL sources",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct PostgreSQLTimeTests {
    private func moment(_ text: String) throws -> Date { try MomentText.moment(text, in: "UTC") }

    /// The ids of each batch of a job over a table with these times, with its interval.
    private func batches(
        _ type: String,
        _ values: [String],
        _ time: SourceTime,
        filter: String? = nil
    ) async throws -> [String] {
        try await withTestDatabase(.postgreSQL) { database in
            let table = database.name("t").quoted
            try await database.run(
                "CREATE TABLE \(table) (uid bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, at \(type))"
            )
            for value in values {
                try await database.run("INSERT INTO \(table) (at) VALUES (\(value))")
            }
            try await database.migrateUp()
            let inventory = try await database.open()
            defer { Task { await inventory.close() } }
            let source = SQLSource(database.prefix + "t", filter: filter, time: time)
            let request = BatchRequest(job: "job", run: time.isBounded ? "r" : "")
            var taken: [String] = []
            while case .batch(let batch) = try await inventory.acquire(request, from: source) {
                let interval = try #require(batch.intervalText)
                taken.append("\(try await batch.items.map(\.id)) \(interval.from) \(interval.to)")
            }
            return taken
        }
    }

    /// A type, how it is read, and values right before nine, at nine, half past nine and at ten.
    private static let columns: [(String, SourceTime.Reading?, [String])] = [
        (
            "timestamptz", nil,
            [
                "'2026-01-01 08:59:59.9999+00'", "'2026-01-01 10:00+01'", "'2026-01-01 09:30Z'",
                "'2026-01-01 10:00Z'",
            ]
        ),
        (
            "timestamp", nil,
            [
                "'2026-01-01 08:59:59.9999'", "'2026-01-01 09:00'", "'2026-01-01 09:30'",
                "'2026-01-01 10:00'",
            ]
        ),
        ("bigint", .seconds, ["1767257999", "1767258000", "1767259800", "1767261600"]),
        ("integer", .seconds, ["1767257999", "1767258000", "1767259800", "1767261600"]),
        (
            "numeric", .milliseconds,
            ["1767257999999.5", "1767258000000", "1767259800000", "1767261600000"]
        ),
        ("double precision", .seconds, ["1767257999.5", "1767258000", "1767259800", "1767261600"]),
    ]

    @Test(
        "Moments, times on the wall and numbers are cut by the hour, and bounded",
        arguments: columns
    )
    func types(_ type: String, _ reading: SourceTime.Reading?, _ values: [String]) async throws {
        var time = SourceTime("at", reading: reading, by: .hour)
        let nine = "2026-01-01T09:00:00+00:00"
        #expect(
            try await batches(type, values, time) == [
                "[1] 2026-01-01T08:00:00+00:00 \(nine)", "[2, 3] \(nine) 2026-01-01T10:00:00+00:00",
                "[4] 2026-01-01T10:00:00+00:00 2026-01-01T11:00:00+00:00",
            ]
        )
        (time.from, time.to) = (try moment("2026-01-01T09:00"), try moment("2026-01-01T10:00"))
        let mixed = [values[1], values[3], values[0], values[2]]
        #expect(
            try await batches(type, mixed, time) == ["[1, 4] \(nine) 2026-01-01T10:00:00+00:00"]
        )
    }

    @Test("Days are those of the zone, and a run may begin within one")
    func dates() async throws {
        var time = SourceTime("at", by: .month, zone: "Europe/Berlin")
        let values = ["'2026-01-31'", "'2026-02-01'", "'2026-03-29'"]
        #expect(
            try await batches("date", values, time) == [
                "[1] 2026-01-01T00:00:00+01:00 2026-02-01T00:00:00+01:00",
                "[2] 2026-02-01T00:00:00+01:00 2026-03-01T00:00:00+01:00",
                "[3] 2026-03-01T00:00:00+01:00 2026-04-01T00:00:00+02:00",
            ]
        )
        time.step = nil
        // 23:00 UTC is midnight; 22:59 lies in the day before, which began earlier.
        (time.from, time.to) = (try moment("2026-01-30T23:00"), try moment("2026-02-01T12:00"))
        #expect(
            try await batches("date", values, time) == [
                "[1, 2] 2026-01-31T00:00:00+01:00 2026-02-01T13:00:00+01:00"
            ]
        )
        time.from = try moment("2026-01-30T23:01")
        #expect(
            try await batches("date", values, time) == [
                "[2] 2026-01-31T00:01:00+01:00 2026-02-01T13:00:00+01:00"
            ]
        )
    }

    @Test("What clocks of the zone show is read so, whatever the session's zone is")
    func clocks() async throws {
        var time = SourceTime("at", reading: .zone, by: .hour, zone: "Europe/Berlin")
        let values = ["'2026-10-25 01:30'", "'2026-10-25 02:30'", "'2026-10-25 03:00'"]
        let all = [
            "[1] 2026-10-25T01:00:00+02:00 2026-10-25T02:00:00+02:00",
            "[2] 2026-10-25T02:00:00+02:00 2026-10-25T02:00:00+01:00",
            "[3] 2026-10-25T03:00:00+01:00 2026-10-25T04:00:00+01:00",
        ]
        #expect(try await batches("timestamp", values, time) == all)
        (time.from, time.to) = (try moment("2026-10-25T01:00"), try moment("2026-10-25T03:00"))
        #expect(try await batches("timestamp", values, time) == [all[2]])
    }

    @Test(
        "What cannot be known is asked for, and what is not a time is refused",
        arguments: [
            ("timestamp", SourceTime.Reading?.none, TimeStep.hour, "read as utc or as zone"),
            ("bigint", nil, .hour, "may be seconds or milliseconds since 1970"),
            ("text", nil, .hour, "has the type text, which is not a time"),
            ("date", nil, .hour, "has days alone, and cannot be cut by hour"),
            ("timestamptz", .utc, .hour, "cannot be read as utc"),
        ]
    )
    func asked(
        _ type: String,
        _ reading: SourceTime.Reading?,
        _ step: TimeStep,
        _ words: String
    ) async throws {
        let time = SourceTime("at", reading: reading, by: step, zone: "Europe/Berlin")
        let error = await #expect(throws: TrancheError.self) {
            _ = try await batches(type, [], time)
        }
        #expect(error?.code == .invalidSource)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("NULL and infinite times are refused with their id", arguments: ["NULL", "'infinity'"])
    func refused(_ value: String) async throws {
        let values = ["'2026-01-01 09:10Z'", value, "'2026-01-01 09:20Z'"]
        var time = SourceTime("at", by: .hour)
        func expectRefused() async {
            let error = await #expect(throws: TrancheError.self) {
                _ = try await batches("timestamptz", values, time)
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

    @Test("Ids of a time are found by an index on it, and one that is missing is told")
    func index() async throws {
        try await withTestDatabase(.postgreSQL) { database in
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
            try await database.migrateUp()
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
