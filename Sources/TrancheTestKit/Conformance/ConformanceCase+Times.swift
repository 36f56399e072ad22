import Foundation
import Tranche

extension ConformanceCase {
    /// Batches of one hour, day or month each, and runs that are bounded by time.
    static let times: [ConformanceCase] = timeBorders + timeBounds + timeSeeds

    // MARK: - Borders

    private static let timeBorders: [ConformanceCase] = [
        ConformanceCase("A batch ends before the first item of another hour, and keeps its hour") {
            subject in
            // Clocks are put back from 3:00 to 2:00 at 1:00 UTC.
            let bench = try await TimeBench(
                subject,
                [
                    "2026-10-25T00:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:00Z",
                    "2026-10-25T01:30Z", "2026-10-25T03:00Z",
                ],
                by: .hour,
                zone: "Europe/Berlin"
            )
            try requireEqual(
                try await bench.takeAll(BatchRequest(job: "job", limit: .count(10))),
                [
                    "[1, 2] 2026-10-25T02:00:00+02:00 2026-10-25T02:00:00+01:00",
                    "[3, 4] 2026-10-25T02:00:00+01:00 2026-10-25T03:00:00+01:00",
                    "[5] 2026-10-25T04:00:00+01:00 2026-10-25T05:00:00+01:00",
                ],
                "the batches"
            )
        },
        ConformanceCase("Where times go back with the id, no batch holds two hours") { subject in
            let bench = try await TimeBench(
                subject,
                [
                    "2026-01-01T10:10Z", "2026-01-01T09:50Z", "2026-01-01T10:20Z",
                    "2026-01-01T10:30Z", "2026-01-01T09:55Z",
                ],
                by: .hour
            )
            let request = BatchRequest(job: "job", limit: .count(2))
            let answer = try await bench.bench.inventory.acquire(
                upTo: 3,
                request,
                from: bench.description
            )
            try requireEqual(
                try answer.batches.map { try bench.words($0) },
                [
                    "[1] 2026-01-01T10:00:00+00:00 2026-01-01T11:00:00+00:00",
                    "[2] 2026-01-01T09:00:00+00:00 2026-01-01T10:00:00+00:00",
                    "[3, 4] 2026-01-01T10:00:00+00:00 2026-01-01T11:00:00+00:00",
                ],
                "three at once"
            )
            try requireEqual(
                try bench.words(try await bench.take(request)),
                "[5] 2026-01-01T09:00:00+00:00 2026-01-01T10:00:00+00:00",
                "the last"
            )
        },
        ConformanceCase("Late items of an hour that is done come as a late batch of that hour") {
            subject in
            let bench = try await TimeBench(
                subject,
                [1: "2026-01-01T09:10Z", 4: "2026-01-01T09:20Z", 5: "2026-01-01T10:10Z"],
                by: .hour
            )
            let policy = RunPolicy(lease: .seconds(600))
            let request = BatchRequest(job: "job", limit: .count(9), policy: policy)
            let first = try await bench.take(request)
            try requireEqual(try bench.bench.ids(first), [1, 4], "the first")
            try await first.succeed()
            _ = try await bench.take(request)
            try await bench.insert([2: "2026-01-01T09:30Z", 3: "2026-01-01T08:30Z"])
            bench.bench.clock.advance(by: .seconds(120))
            for (id, hour) in [(2, "09"), (3, "08")] as [(Int64, String)] {
                let late = try await bench.take(request)
                try requireEqual(late.kind, .late, "the kind")
                try requireEqual(try bench.bench.ids(late), [id], "what came late")
                let from = try requireSome(late.interval?.from, "the interval")
                try requireEqual(from.utcText, "2026-01-01T\(hour):00:00.000Z", "its hour")
            }
        },
        ConformanceCase("The next attempt, the parts of a batch and what is redone keep its hour") {
            subject in
            let bench = try await TimeBench(
                subject,
                ["2026-01-01T09:10Z", "2026-01-01T09:20Z", "2026-01-01T09:30Z"],
                by: .hour
            )
            let request = BatchRequest(job: "job", limit: .count(9))
            let batch = try await bench.take(request)
            let interval = batch.interval
            try requireEqual(
                interval?.description,
                "2026-01-01T09:00:00Z to 2026-01-01T10:00:00Z",
                "its hour"
            )
            try await batch.release()
            let again = try await bench.take(request)
            try requireEqual(again.attempt, 2, "the attempt")
            try requireEqual(again.interval, interval, "the next attempt's")
            try await again.fail("bad", badItems: [2])
            let rest = try await bench.take(request)
            try requireEqual(try bench.bench.ids(rest), [1, 3], "what is left of it")
            try requireEqual(rest.interval, interval, "the part's")
            try await rest.succeed()
            _ = try await bench.bench.store.redrive(BatchSelection(), items: nil)
            let redriven = try await bench.take(request)
            try requireEqual(redriven.kind, .redrive, "the kind")
            try requireEqual(redriven.interval, interval, "the interval of what is redone")
            for record in try await bench.bench.inventory.batches(BatchSelection()) {
                try requireEqual(record.interval, interval, "that of batch \(record.id)")
            }
        },
    ]

    // MARK: - Bounds

    private static let timeBounds: [ConformanceCase] = [
        ConformanceCase("A run is bounded by time: its ids are found once, and kept with it") {
            subject in
            let bench = try await TimeBench(
                subject,
                [
                    "2026-01-01T00:00Z", "2026-01-02T00:00Z", "2026-01-05T00:00Z",
                    "2026-01-02T12:00Z", "2026-01-02T23:59:59Z", "2026-01-03T00:00Z",
                ],
                by: nil
            )
            let january = try bench.bounded("2026-01-02", "2026-01-03")
            let request = BatchRequest(job: "job", run: "second", limit: .count(2))
            let first = try await bench.take(request, from: january)
            try requireEqual(
                try bench.words(first),
                "[2, 4] 2026-01-02T00:00:00+00:00 2026-01-03T00:00:00+00:00",
                "the first"
            )
            try requireEqual(first.record.kind, .backfill, "the kind")
            let run = try await bench.bench.run("second")
            try requireEqual(run.bounds, IDBounds(2...5), "the ids")
            // What comes later is the run without a name's.
            try await bench.insert([7: "2026-01-02T01:00Z"])
            let other = bench.bench.subject.makeInventory()
            guard case .batch(let rest) = try await other.acquire(request, from: january) else {
                throw ConformanceFailure("no batch for another process")
            }
            try requireEqual(try bench.bench.ids(rest), [5], "the rest")
            try await first.succeed()
            try await rest.succeed()
            try requireEqual(
                "\(try await bench.takeNone(request, from: january))",
                "\(NoBatchReason.complete)",
                "the end"
            )
        },
        ConformanceCase("Runs of one job stand side by side, each with its own time") { subject in
            let bench = try await TimeBench(
                subject,
                ["2026-01-01T05:00Z", "2026-01-01T06:00Z", "2026-01-02T05:00Z"],
                by: .hour
            )
            _ = try await bench.take(BatchRequest(job: "job"))
            let first = try bench.bounded("2026-01-01", "2026-01-02")
            let second = try bench.bounded("2026-01-02", "2026-01-03", by: .day)
            let one = try await bench.take(BatchRequest(job: "job", run: "a"), from: first)
            try requireEqual(try bench.bench.ids(one), [1, 2], "the first day's")
            let two = try await bench.take(BatchRequest(job: "job", run: "b"), from: second)
            try requireEqual(try bench.bench.ids(two), [3], "the second day's")
            try await requireRefused(.redefined, "another time under the same name") {
                _ = try await bench.take(BatchRequest(job: "job", run: "a"), from: second)
            }
            try await requireRefused(.redefined, "a time for a run that goes by hours") {
                _ = try await bench.take(
                    BatchRequest(job: "job"),
                    from: try bench.describe(by: .day)
                )
            }
            try await requireRefused(.invalidArgument, "a time without a run's name") {
                _ = try await bench.take(BatchRequest(job: "job"), from: first)
            }
            try await requireRefused(.invalidArgument, "a time in which there is nothing") {
                _ = try await bench.take(
                    BatchRequest(job: "job", run: "c"),
                    from: try bench.bounded("2025-01-01", "2025-01-02")
                )
            }
            let names = try await bench.bench.inventory.runs().map(\.key.run).sorted()
            try requireEqual(names, ["", "a", "b"], "the runs")
        },
        ConformanceCase("Hours are cut at the ends of a run that begins within one") { subject in
            let bench = try await TimeBench(
                subject,
                ["2026-01-01T09:10Z", "2026-01-01T09:40Z", "2026-01-01T10:10Z"],
                by: .hour
            )
            let description = try bench.bounded("2026-01-01T09:30", "2026-01-01T10:30", by: .hour)
            let request = BatchRequest(job: "job", run: "r", limit: .count(9))
            try requireEqual(
                try await bench.takeAll(request, from: description),
                [
                    "[2] 2026-01-01T09:30:00+00:00 2026-01-01T10:00:00+00:00",
                    "[3] 2026-01-01T10:00:00+00:00 2026-01-01T10:30:00+00:00",
                ],
                "the batches"
            )
        },
        ConformanceCase("A run's time is redefined, but not by what its batches are cut") {
            subject in
            let bench = try await TimeBench(
                subject,
                ["2026-01-01T05:00Z", "2026-01-02T05:00Z", "2026-01-03T05:00Z"],
                by: nil
            )
            let request = BatchRequest(job: "job", run: "r", limit: .count(1))
            let first = try bench.bounded("2026-01-01", "2026-01-02")
            try await bench.take(request, from: first).succeed()
            _ = try await bench.takeNone(request, from: first)
            let longer = try bench.bounded("2026-01-01", "2026-01-03")
            let key = try await bench.bench.run("r").key
            try await bench.bench.inventory.redefine(key, source: longer, ids: IDBounds(1...2))
            try requireEqual(
                try bench.bench.ids(try await bench.take(request, from: longer)),
                [2],
                "what was added"
            )
            try await requireRefused(.redefined, "the former time") {
                _ = try await bench.take(request, from: first)
            }
            try await requireRefused(.invalidArgument, "another step") {
                try await bench.bench.inventory.redefine(
                    key,
                    source: try bench.bounded("2026-01-01", "2026-01-03", by: .day)
                )
            }
        },
    ]

    // MARK: - Seeds

    private static let timeSeeds: [ConformanceCase] = ["Europe/Berlin", "Australia/Lord_Howe"]
        .map { zone in
            ConformanceCase("No batch holds two hours or days across the changes of \(zone)") {
                subject in
                for seed in 0..<4 as Range<UInt64> {
                    try await requireCut(subject, zone, seed)
                }
            }
        }

    /// Checks batches of items around a change of a zone's clocks, of which some go back in time.
    private static func requireCut(
        _ subject: ConformanceSubject,
        _ zone: String,
        _ seed: UInt64
    ) async throws {
        var random = SplitMix64(seed: seed)
        let changes = ["2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-04-04T15:00Z"]
        let change = changes[Int.random(in: 0..<changes.count, using: &random)]
        var second = try MomentText.moment(change, in: "UTC").milliseconds / 1000 - 7200
        var seconds: [Int64: Int64] = [:]
        for id in 1...40 as ClosedRange<Int64> {
            second += Int64.random(in: -600...1500, using: &random)
            seconds[id] = second
        }
        let step: TimeStep = seed % 2 == 0 ? .hour : .day
        let bench = try await TimeBench(subject, seconds: seconds, by: step, zone: zone)
        let calendar = try ZoneCalendar(zone)
        let job = "seed \(seed) of \(zone) by \(step)"
        let request = BatchRequest(job: job, limit: .count(Int.random(in: 1...9, using: &random)))
        var next: Int64 = 1
        while case .batch(let batch) = try await bench.acquire(request) {
            for id in try bench.bench.ids(batch) {
                try requireEqual(id, next, "\(job): the next id")
                next += 1
                let own = calendar.interval(at: seconds[id] ?? 0, by: step)
                try requireEqual(batch.interval, own, "\(job): the interval of item \(id)")
            }
            try await batch.succeed()
        }
        try requireEqual(next, 41, "\(job): the end")
    }
}

/// A bench whose items have times, as seconds in the column `weight`.
private struct TimeBench: Sendable {
    let bench: Bench
    let zone: String
    let description: any MetaSourceDescription

    /// Makes a bench whose items have these times, from id 1 on.
    init(
        _ subject: ConformanceSubject,
        _ times: [String],
        by step: TimeStep?,
        zone: String = "UTC"
    ) async throws {
        let numbered = times.enumerated().map { (Int64($0.offset) + 1, $0.element) }
        let byID = Dictionary(uniqueKeysWithValues: numbered)
        try await self.init(subject, byID, by: step, zone: zone)
    }

    init(
        _ subject: ConformanceSubject,
        _ times: [Int64: String],
        by step: TimeStep?,
        zone: String = "UTC"
    ) async throws {
        let seconds = try times.mapValues(Self.second)
        try await self.init(subject, seconds: seconds, by: step, zone: zone)
    }

    init(
        _ subject: ConformanceSubject,
        seconds: [Int64: Int64],
        by step: TimeStep?,
        zone: String = "UTC"
    ) async throws {
        bench = try await Bench(subject, Self.rows(seconds))
        self.zone = zone
        // Without a step it goes by times only with bounds.
        description = try bench.source.describe(by: Self.time(by: step ?? .day, zone))
    }

    private static func time(by step: TimeStep?, _ zone: String) -> SourceTime {
        SourceTime("weight", reading: .seconds, by: step, zone: zone)
    }

    private static func second(_ text: String) throws -> Int64 {
        try MomentText.moment(text, in: "UTC").milliseconds / 1000
    }

    private static func rows(_ seconds: [Int64: Int64]) -> [SourceRow] {
        seconds.sorted { $0.key < $1.key }.map { SourceRow($0.key, weight: Double($0.value)) }
    }

    func insert(_ times: [Int64: String]) async throws {
        try await bench.source.insert(Self.rows(times.mapValues(Self.second)))
    }

    func describe(by step: TimeStep) throws -> any MetaSourceDescription {
        try bench.source.describe(by: Self.time(by: step, zone))
    }

    /// The source with bounds of time.
    func bounded(
        _ from: String,
        _ to: String,
        by step: TimeStep? = nil
    ) throws -> any MetaSourceDescription {
        var time = Self.time(by: step, zone)
        time.from = try MomentText.moment(from, in: zone)
        time.to = try MomentText.moment(to, in: zone)
        return try bench.source.describe(by: time)
    }

    func acquire(
        _ request: BatchRequest,
        from description: (any MetaSourceDescription)? = nil
    ) async throws -> Acquired {
        let source = description ?? self.description
        return try await bench.inventory.acquire(request, from: source)
    }

    func take(
        _ request: BatchRequest,
        from description: (any MetaSourceDescription)? = nil
    ) async throws -> Batch {
        try await bench.take(request, from: description ?? self.description)
    }

    func takeNone(
        _ request: BatchRequest,
        from description: any MetaSourceDescription
    ) async throws -> NoBatchReason {
        try await bench.takeNone(request, from: description)
    }

    /// All batches, in words; each succeeds.
    func takeAll(
        _ request: BatchRequest,
        from description: (any MetaSourceDescription)? = nil
    ) async throws -> [String] {
        var taken: [String] = []
        while case .batch(let batch) = try await acquire(request, from: description) {
            taken.append(try words(batch))
            try await batch.succeed()
        }
        return taken
    }

    /// A batch's ids and interval.
    func words(_ batch: Batch) throws -> String {
        let interval = try requireSome(batch.intervalText, "the interval of batch \(batch.id)")
        return "\(try bench.ids(batch)) \(interval.from) \(interval.to)"
    }
}
