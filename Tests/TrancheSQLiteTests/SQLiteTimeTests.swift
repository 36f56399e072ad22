import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("Time columns of SQLite sources", .timeLimit(.minutes(10)))
struct SQLiteTimeTests {
    private func moment(_ text: String, _ zone: String = "UTC") throws -> Date {
        try MomentText.moment(text, in: zone)
    }

    /// The ids of each batch of a job over a table `t` with these times, with its interval.
    private func batches(
        _ values: [String],
        _ time: SourceTime,
        filter: String? = nil,
        setUp: String = ""
    ) async throws -> [String] {
        try await withTestDatabase(.sqlite) { database in
            try await database.run("CREATE TABLE t (uid INTEGER PRIMARY KEY, at)")
            for value in values { try await database.run("INSERT INTO t (at) VALUES (\(value))") }
            if !setUp.isEmpty { try await database.run(setUp) }
            try await database.migrateUp()
            let inventory = try await database.open()
            defer { Task { await inventory.close() } }
            let source = SQLSource("t", filter: filter, time: time)
            let request = BatchRequest(job: "job", run: time.isBounded ? "r" : "")
            var taken: [String] = []
            while case .batch(let batch) = try await inventory.acquire(request, from: source) {
                let interval = try #require(batch.intervalText)
                taken.append("\(try await batch.items.map(\.id)) \(interval.from) \(interval.to)")
            }
            return taken
        }
    }

    @Test(
        "Texts, seconds and milliseconds are cut by the hour, and bounded",
        arguments: [
            (
                SourceTime.Reading?.none,
                [
                    "'2026-01-01 08:59:59.999'", "'2026-01-01T09:00:00Z'",
                    "'2026-01-01T11:30+02:00'", "'2026-01-01 10:00'",
                ]
            ),
            (
                .utc,
                [
                    "'2026-01-01 08:59:59.999'", "'2026-01-01 09:00:00'", "'2026-01-01 09:30'",
                    "'2026-01-01 10:00'",
                ]
            ),
            (.seconds, ["1767257999.9", "1767258000", "1767259800.5", "1767261600"]),
            (.milliseconds, ["1767257999999", "1767258000000", "1767259800000", "1767261600000"]),
        ]
    )
    func readings(_ reading: SourceTime.Reading?, _ values: [String]) async throws {
        var time = SourceTime("at", reading: reading, by: .hour)
        let nine = "2026-01-01T09:00:00+00:00"
        #expect(
            try await batches(values, time) == [
                "[1] 2026-01-01T08:00:00+00:00 \(nine)", "[2, 3] \(nine) 2026-01-01T10:00:00+00:00",
                "[4] 2026-01-01T10:00:00+00:00 2026-01-01T11:00:00+00:00",
            ]
        )
        (time.from, time.to) = (try moment("2026-01-01T09:00"), try moment("2026-01-01T10:00"))
        #expect(
            try await batches(values, time) == ["[2, 3] \(nine) 2026-01-01T10:00:00+00:00"]
        )
        // Between two that lie within, one that does not.
        let mixed = [values[1], values[3], values[0], values[2]]
        #expect(
            try await batches(mixed, time) == ["[1, 4] \(nine) 2026-01-01T10:00:00+00:00"]
        )
    }

    @Test("What clocks show twice is the first, also at the end of a run")
    func zone() async throws {
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
        #expect(try await batches(values, time) == all)
        (time.from, time.to) = (try moment("2026-10-25T00:00Z"), try moment("2026-10-25T01:00Z"))
        #expect(try await batches(values, time) == [all[1]])
        (time.from, time.to) = (try moment("2026-10-25T01:00Z"), try moment("2026-10-25T03:00Z"))
        #expect(try await batches(values, time) == [all[2]])
        (time.from, time.to) = (try moment("2026-03-29T01:00Z"), try moment("2026-03-29T02:00Z"))
        #expect(try await batches(values, time) == [all[3]])
    }

    @Test(
        "What cannot be known is asked for, and not guessed",
        arguments: [
            (["1767258000"], SourceTime.Reading?.none, "UTC", "may be seconds or milliseconds"),
            (["'2026-01-01 09:00'"], nil, "Europe/Berlin", "read as utc or as zone"),
            (["'2026-01-01 09:00'", "5"], nil, "UTC", "both texts and numbers"),
            (["'2026-01-01 09:00'"], .seconds, "UTC", "has texts, and cannot be read as seconds"),
            ([], nil, "Nowhere", "'Nowhere' is not a time zone"),
        ] as [([String], SourceTime.Reading?, String, String)]
    )
    func asked(
        _ values: [String],
        _ reading: SourceTime.Reading?,
        _ zone: String,
        _ words: String
    ) async throws {
        let time = SourceTime("at", reading: reading, by: .hour, zone: zone)
        let error = await #expect(throws: TrancheError.self) { _ = try await batches(values, time) }
        #expect(error?.code == .invalidSource)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test(
        "A value that is not a time is refused with its id and a remedy, within bounds as well",
        arguments: [
            "NULL", "'soon'", "5", "'2026-01-01T09:30:00+01'", "x'00'", "''",
            // SQLite takes it for the day after the thirtieth, which lies without.
            "'2026-11-31'", "'2026-11-31 09:30'", "'2026-02-29T09:30:00Z'",
        ]
    )
    func refused(_ value: String) async throws {
        let good = "'2026-01-01 09:10:00'"
        var time = SourceTime("at", reading: .utc, by: .hour)
        let remedy = value == "NULL" ? "--where 'at IS NOT NULL'" : "--where 'uid <> 2'"
        func expectRefused() async {
            let error = await #expect(throws: TrancheError.self) {
                _ = try await batches([good, value, good], time)
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
        let taken = try await batches([good, value, good], time, filter: filter)
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
            let taken = try await batches(values.map { "'\($0)'" }, time)
            #expect(taken.count == 1 && taken[0].hasPrefix("\(ids) "), "seed \(seed): \(taken)")
        }
    }

    @Test("An index on the column is found, and told when it is missing")
    func index() async throws {
        try await withTestDatabase(.sqlite) { database in
            try await database.run(
                "CREATE TABLE t (uid INTEGER PRIMARY KEY, at); INSERT INTO t (at) VALUES ('2026-01-01')"
            )
            try await database.run("CREATE VIEW v AS SELECT * FROM t")
            try await database.migrateUp()
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
