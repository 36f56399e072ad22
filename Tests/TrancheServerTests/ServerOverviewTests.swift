import Foundation
import TestSupport
import Testing
import Tranche
import TrancheHTTP
import TrancheSQL

@testable import TrancheServer

@Suite("What the first screen says", .serialized, .timeLimit(.minutes(5)))
struct ServerOverviewTests {
    private static func overview(_ bench: ServerBench) async throws -> OverviewDocument {
        try await bench.get("/v1/overview").document(OverviewDocument.self)
    }

    /// Acquires a batch, and gives it back.
    private static func giveBack(_ bench: ServerBench) async throws {
        let batch = try await bench.acquire()
        let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
        let token = try #require(batch["token"] as? String)
        let body = #"{"token": "\#(token)"}"#
        #expect(try await bench.post("/v1/batches/\(id)/release", body).status == 200)
    }

    @Test(
        "Work that nobody takes is named, though it is no fault",
        arguments: TestDatabase.Backend.available
    )
    func waiting(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            try await Self.giveBack(bench)
            let verdict = try await Self.overview(bench).verdict
            #expect(verdict.ok && verdict.problems.isEmpty)
            let note = try #require(verdict.notes.first)
            #expect(verdict.notes.count == 1 && verdict.moreNotes == 0)
            #expect(note.kind == "no_worker" && note.job == "thumbs" && note.run == "")
            #expect(note.text == "has 10 items waiting, and no worker takes them")
            #expect(note.since != nil)
            // What somebody ordered is named with the reason.
            let body = #"{"reason": "the disk is full"}"#
            #expect(try await bench.post("/v1/runs/thumbs/-/pause", body).status == 200)
            let paused = try await Self.overview(bench).verdict
            #expect(paused.ok)
            #expect(paused.notes.map(\.kind) == ["paused"])
            #expect(paused.notes.map(\.text) == ["is paused: the disk is full"])
        }
    }

    @Test("While somebody works, or nothing waits, nothing is named")
    func working() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            let overview = try await Self.overview(bench)
            #expect(overview.verdict.ok && overview.verdict.notes.isEmpty)
        }
    }

    @Test(
        "The verdict goes by the server's bounds, and says since when and why",
        arguments: TestDatabase.Backend.available
    )
    func bounds(_ backend: TestDatabase.Backend) async throws {
        let check = StatusCheck(mostBacklog: 9, mostFailed: 1)
        try await ServerBench.serve(backend, { $0.check = check }) { bench in
            try await Self.giveBack(bench)
            let verdict = try await Self.overview(bench).verdict
            #expect(!verdict.ok && verdict.notes.isEmpty)
            let problem = try #require(verdict.problems.first)
            #expect(verdict.problems.count == 1)
            #expect(problem.kind == "backlog")
            #expect(problem.text == "has 10 items waiting, more than 9")
            #expect(problem.reason == "no worker takes it")
            #expect(problem.since != nil)
        }
    }

    @Test(
        "A failure is named with its error and since when there is one",
        arguments: TestDatabase.Backend.available
    )
    func failures(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let batch = try await bench.acquire()
            let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
            let token = try #require(batch["token"] as? String)
            let body = #"{"token": "\#(token)", "error": "torn", "bad_ids": [2]}"#
            #expect(try await bench.post("/v1/batches/\(id)/fail", body).status == 200)
            let verdict = try await Self.overview(bench).verdict
            let problem = try #require(verdict.problems.first)
            #expect(problem.kind == "failed")
            #expect(problem.reason == "torn")
            #expect(try #require(problem.since) <= Date().addingTimeInterval(1))
        }
    }

    @Test(
        "Workers have a version and a last sign of life, also those that hold nothing",
        arguments: TestDatabase.Backend.available
    )
    func workers(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend, { $0.version = "0.2.0" }) { bench in
            let database = bench.database
            let dialect = database.database.dialect
            for (name, program) in [("idle", "0.1.9"), ("worker", "0.10.0")] {
                _ = try await database.database.write([
                    """
                    INSERT INTO \(database.name("inventory_worker")) (name, program, knows, seen_at)
                    VALUES (\(name), \(program), 30, \(dialect.clock))
                    """
                ])
            }
            _ = try await bench.acquire(#"{"worker": "pi-4"}"#)
            _ = try await bench.inventory.acquireBatch(
                from: SQLSource(database.prefix + "photo"),
                job: "own",
                limit: .count(1)
            )
            let workers = try await Self.overview(bench).workers
            let names = workers.map { String($0.worker.prefix { $0 != "@" }) }
            #expect(names == ["idle", "pi-4", "worker"])
            #expect(workers.map(\.version) == ["0.1.9", nil, "0.10.0"])
            #expect(workers.map(\.isOlder) == [true, false, false])
            #expect(workers.map(\.batches) == [0, 1, 1])
            let jobs = workers.map { $0.jobs.joined() }
            #expect(jobs == ["", "thumbs", "own"])
            let now = Date()
            for worker in workers {
                let seen = try #require(worker.seenAt)
                #expect(abs(seen.timeIntervalSince(now)) < 60, "\(worker.worker)")
            }
            #expect(workers.map { $0.since == nil } == [true, false, false])
        }
    }

    @Test("Where the newest failures all wait for their next attempt, there may be more than none")
    func failedLastDay() {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        func batch(_ id: Int64, _ status: BatchStatus, hoursAgo: Double, isRetried: Bool = false)
            -> BatchRecord
        {
            BatchRecord(
                id: id,
                key: RunKey(metaTable: "photo", job: "thumbs"),
                kind: .incremental,
                status: status,
                attempt: 1,
                failures: 1,
                idStart: id,
                idEnd: id,
                coverStart: nil,
                itemIDs: nil,
                count: 1,
                weight: 1,
                startedAt: now,
                endedAt: now.addingTimeInterval(-3600 * hoursAgo),
                retryAt: isRetried ? now : nil
            )
        }
        func found(_ readings: [BatchRecord]...) -> FailedLastDay {
            FailedLastDay(among: readings, most: 2, now: now)
        }
        let waiting = (2...3).map { batch($0, .failed, hoursAgo: 1, isRetried: true) }
        let final = batch(1, .failed, hoursAgo: 2)
        let bad = batch(4, .quarantined, hoursAgo: 3)
        let old = batch(0, .quarantined, hoursAgo: 25)
        let outage = found(waiting, [])
        #expect(outage.batches.isEmpty && outage.isCut)
        let all = found([waiting[0]], [bad])
        #expect(all.batches.map(\.id) == [4] && !all.isCut)
        let both = found([waiting[0], final], [bad, old])
        #expect(both.batches.map(\.id) == [1, 4] && both.isCut)
        let older = found([], [bad, old])
        #expect(older.batches.map(\.id) == [4] && !older.isCut)
    }

    @Test("The last hour is told of what waits, how long the oldest did, and what failed")
    func series() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            try await Self.giveBack(bench)
            let series = try await Self.overview(bench).numbers.series
            #expect(series.count == 60)
            let known = series.filter { $0.waitingItems != nil }
            // What a look finds is in the minute of that look.
            #expect(known.last?.waitingItems == 10)
            #expect(known.allSatisfy { $0.oldestSeconds != nil })
        }
    }
}
