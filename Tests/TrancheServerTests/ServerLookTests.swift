import Foundation
import TestSupport
import Testing
import Tranche
import TrancheHTTP
import TrancheSQL

@testable import TrancheServer

@Suite("What a server tells", .serialized, .timeLimit(.minutes(5)))
struct ServerLookTests {
    @Test("The page and its files come with types, tags and headers that keep others out")
    func page() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let page = try await bench.get("/")
            #expect(page.status == 200)
            #expect(page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(page.text.contains("assets/app.js"))
            #expect(page.headers["content-security-policy"]?.contains("default-src 'self'") == true)
            #expect(
                page.headers["content-security-policy"]?.contains("frame-ancestors 'none'") == true
            )
            #expect(page.headers["x-content-type-options"] == "nosniff")
            #expect(page.headers["referrer-policy"] == "no-referrer")
            let tag = try #require(page.headers["etag"])
            #expect(try await bench.get("/", headers: ["If-None-Match": tag]).status == 304)
            for file in ["app.css", "app.js", "icon.svg"] {
                #expect(try await bench.get("/assets/\(file)").status == 200, "\(file)")
            }
            #expect(try await bench.get("/assets/../etc/passwd").status == 404)
            #expect(try await bench.get("/healthz").text == "ok\n")
            #expect(try await bench.get("/readyz").status == 200)
        }
    }

    @Test("Below a base everything is where it was, and nothing above it")
    func base() async throws {
        try await ServerBench.serve(.sqlite, { $0.base = "/ops/tranche" }) { bench in
            #expect(try await bench.get("/").status == 200)
            #expect(try await bench.get("/v1/overview").status == 200)
            let moved = try await bench.get("")
            #expect(moved.status == 308)
            #expect(moved.headers["location"] == "/ops/tranche/")
            let above = ServerBench.at(bench, base: "")
            #expect(try await above.get("/v1/overview").status == 404)
        }
    }

    @Test(
        "The overview, runs, batches, attempts and items tell what the inventory has",
        arguments: TestDatabase.Backend.available
    )
    func reading(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let first = try await bench.acquire(#"{"worker": "w1"}"#)
            let batch = try #require(first["batch"] as? [String: Any])
            let id = try #require(batch["batch"] as? Int)
            let token = try #require(first["token"] as? String)
            let failed = try await bench.post(
                "/v1/batches/\(id)/fail",
                #"{"token": "\#(token)", "error": "no such file", "bad_ids": [2]}"#
            )
            #expect(failed.status == 200, "\(failed.excerpt)")
            _ = try await bench.acquire(#"{"worker": "w2"}"#)

            let overview = try await bench.get("/v1/overview").document(OverviewDocument.self)
            #expect(!overview.verdict.ok)
            #expect(overview.jobs.map(\.job) == ["thumbs"])
            #expect(overview.workers.contains { $0.worker.hasPrefix("w2") })
            let coverage = try #require(overview.jobs[0].coverage)
            #expect(coverage.pieces.contains { $0.status == .quarantined && $0.from == 2 })
            #expect(coverage.pieces.last?.to == 10)
            #expect(overview.numbers.series.count == 60)

            let runs = try await bench.get("/v1/runs?job=thumbs").document(RunsPage.self)
            #expect(runs.runs.map(\.run) == [""])
            let detail = try await bench.get("/v1/runs/thumbs/-").document(RunDetailDocument.self)
            #expect(detail.run.job == "thumbs")
            #expect(detail.reasons.first?.figures.first?.name == "held_batches")
            let page = try await bench.get("/v1/runs/thumbs/-/batches?status=quarantined")
                .document(BatchesPage.self)
            #expect(page.batches.map(\.idStart) == [2])
            let attempts = try await bench.get("/v1/batches/\(id)/attempts")
                .document(AttemptsPage.self)
            #expect(attempts.attempts.map(\.error) == ["no such file"])
            let item = try await bench.get("/v1/items/2").document(ItemHistoryDocument.self)
            #expect(
                item.sources.first?.batches.contains { $0.batch.status == .quarantined } == true
            )
            #expect(try await bench.get("/v1/batches/999999").status == 404)
            #expect(try await bench.get("/v1/runs/nothing/-").status == 404)
            #expect(try await bench.get("/v1/runs/thumbs/-/batches?limit=0").status == 400)
            #expect(try await bench.get("/v1/runs/thumbs/-/plan").status == 200)
            #expect(try await bench.get("/v1/runs/thumbs/-/gaps").status == 200)
            #expect(try await bench.get("/v1/graph").text.contains(#""job":"thumbs""#))
            #expect(try await bench.get("/v1/workflows").status == 200)
            #expect(try await bench.get("/v1/changes").status == 200)
            let metrics = try await bench.get("/metrics")
            #expect(metrics.text.contains(#"tranche_quarantined_items{job_name="thumbs""#))
        }
    }

    @Test("What there is not is named, with where to look for it")
    func missing() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let batch = try await bench.acquire()
            let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
            for (path, code, place) in [
                ("/v1/budgets/nope", "unknownBudget", "v1/budgets"),
                ("/v1/items/3?meta=zz", "unknown_source", "v1/runs"),
                ("/v1/batches/\(id)/attempts/99/logs", "unknown_attempt", "/attempts"),
            ] {
                let answer = try await bench.get(path)
                #expect(answer.status == 404, "\(path)")
                let refusal = try answer.document(RefusalDocument.self)
                #expect(refusal.code == code)
                #expect(refusal.remedy.contains(place), "\(refusal.remedy)")
            }
            #expect(try await bench.get("/v1/batches/\(id)/attempts/1/logs").status == 200)
            let known = try await bench.inventory.runs(RunSelection(job: "thumbs"))
            let meta = try #require(known.first?.key.metaTable)
            #expect(try await bench.get("/v1/items/3?meta=\(meta)").status == 200)
        }
    }

    @Test("What an operator has changed is in the next overview")
    func fresh() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            for round in 1...3 {
                let reason = "disk \(round)"
                #expect(try await bench.get("/v1/overview").status == 200)
                _ = try await bench.post("/v1/runs/thumbs/-/pause", #"{"reason": "\#(reason)"}"#)
                let overview = try await bench.get("/v1/overview").document(OverviewDocument.self)
                #expect(overview.jobs.map(\.phrase) == ["paused: \(reason)"])
            }
        }
    }

    @Test(
        "An overview of very many runs has a bound, tells the worst, and counts what it leaves out",
        arguments: TestDatabase.Backend.available
    )
    func manyRuns(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let batch = try await bench.acquire()
            let token = try #require(batch["token"] as? String)
            let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
            let bad = #"{"token": "\#(token)", "error": "torn", "bad_ids": [2]}"#
            #expect(try await bench.post("/v1/batches/\(id)/fail", bad).status == 200)
            let run = "\(bench.database.prefix)inventory_run"
            let known =
                "id_from, id_to, lease_ms, max_attempts, backoff_ms, backoff_limit_ms, "
                + "created_at, definition"
            let name = String(repeating: "n", count: 100)
            try await bench.database.run(
                """
                WITH RECURSIVE s (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < 400)
                INSERT INTO \(run) (meta_table, job, run, \(known))
                SELECT r.meta_table, '\(name)' || g, '', \(known) FROM \(run) AS r CROSS JOIN s
                WHERE r.job = 'thumbs'
                """
            )
            let answer = try await bench.get("/v1/overview")
            #expect(answer.body.count <= OverviewDocument.mostBytes + 1)
            let overview = try answer.document(OverviewDocument.self)
            #expect(overview.jobs.first?.job == "thumbs")
            #expect(overview.jobs.count > 50)
            #expect(overview.jobs.count + overview.moreJobs == 401)
            #expect(overview.jobs.contains { $0.coverage != nil })
        }
    }

    @Test("A run beyond those of the overview says what it waits for, as the overview does")
    func limitedBeyondOverview() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let batch = try await bench.acquire()
            let token = try #require(batch["token"] as? String)
            let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
            let done = try await bench.post("/v1/batches/\(id)/succeed", #"{"token": "\#(token)"}"#)
            #expect(done.status == 200, "\(done.excerpt)")
            let begun = try await bench.inventory.runs(RunSelection(job: "thumbs"))
            let run = try #require(begun.first)
            try await bench.inventory.setParallelism(0, of: run.key)
            let before = try await bench.get("/v1/runs/thumbs/-").document(RunDetailDocument.self)
            #expect(before.run.state == "limited")
            // As many as the overview has, and all before it in the order.
            let table = "\(bench.database.prefix)inventory_run"
            let known =
                "id_from, id_to, lease_ms, max_attempts, backoff_ms, backoff_limit_ms, "
                + "created_at, definition"
            let most = OverviewReading.mostRuns
            try await bench.database.run(
                """
                WITH RECURSIVE s (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < \(most))
                INSERT INTO \(table) (meta_table, job, run, \(known))
                SELECT r.meta_table, 'a' || g, '', \(known) FROM \(table) AS r CROSS JOIN s
                WHERE r.job = 'thumbs'
                """
            )
            let page = try await bench.get("/v1/runs?job=thumbs").document(RunsPage.self)
            #expect(page.runs.map(\.state) == ["limited"])
            #expect(page.runs.first?.waitingFor == before.run.waitingFor)
            #expect(page.runs.first?.waitingFor.map(\.reason) == ["a parallelism of 0"])
            #expect(page.runs.first?.backlog?.items == 7)
            let limited = try await bench.get("/v1/runs?job=thumbs&status=limited")
                .document(RunsPage.self)
            #expect(limited.runs.map(\.job) == ["thumbs"])
        }
    }

    @Test("Pages of batches and runs follow one another without a gap")
    func pages() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            for _ in 0..<4 { _ = try await bench.acquire() }
            var seen: [Int64] = []
            var mark: String?
            repeat {
                let path = "/v1/runs/thumbs/-/batches?limit=2" + (mark.map { "&after=\($0)" } ?? "")
                let page = try await bench.get(path).document(BatchesPage.self)
                seen += page.batches.map(\.idStart)
                mark = page.next
            } while mark != nil
            #expect(seen == [10, 7, 4, 1])
            let first = try await bench.get("/v1/runs?limit=1").document(RunsPage.self)
            let next = try #require(first.next)
            #expect(
                try await bench.get("/v1/runs?after=\(next)").document(RunsPage.self).runs == []
            )
            #expect(try await bench.get("/v1/runs?after=x").status == 400)
        }
    }

    @Test("Pages of gaps follow one another to the last")
    func gapPages() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            let (gap, run) = (
                bench.database.name("inventory_gap"), bench.database.name("inventory_run")
            )
            _ = try await bench.database.database.write([
                """
                INSERT INTO \(gap) (run_id, id_start, id_end, found_at, next_look, watch_until)
                SELECT r.id, v.i, v.i, 0, 0, 0
                FROM \(run) AS r,
                    (SELECT 11 AS i UNION ALL SELECT 13 UNION ALL SELECT 15) AS v
                """
            ])
            var seen: [Int64] = []
            var mark: String?
            repeat {
                let path = "/v1/runs/thumbs/-/gaps?limit=2" + (mark.map { "&after=\($0)" } ?? "")
                let page = try await bench.get(path).document(GapsPage.self)
                seen += page.gaps.map(\.idStart)
                mark = page.next
            } while mark != nil
            // The first is what lies before the first id of the incremental run.
            #expect(seen == [.min, 11, 13, 15])
        }
    }

    @Test("What is not there, or not done so, is said as an object with a code")
    func refusals() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let unknown = try await bench.get("/v1/nothing")
            #expect(unknown.status == 404)
            #expect(try unknown.document(RefusalDocument.self).code == "unknown_path")
            let wrong = try await bench.send(.delete, "/v1/overview")
            #expect(wrong.status == 405)
            #expect(wrong.headers["allow"] == "GET")
            let missing = try await bench.post("/v1/batches/1/fail", #"{"token": "1.1"}"#)
            #expect(missing.status == 400)
            #expect(try missing.document(RefusalDocument.self).field == "/error")
            let misspelt = try await bench.post("/v1/jobs/thumbs/acquire", #"{"coun": 2}"#)
            #expect(misspelt.status == 400)
            let words = try misspelt.document(RefusalDocument.self)
            #expect(words.field == "/coun")
            #expect(words.remedy == "did you mean 'count'?")
            // Names are found however they are written, and no value is one.
            for (body, field) in [
                (#"{"worker": "a\"b,c", "run": "-", "o\u0074her": 1}"#, "/other"),
                (#"{"worker": "a\\", "items": true, "n~/e": [{"count": 1}]}"#, "/n~0~1e"),
            ] {
                let strange = try await bench.post("/v1/jobs/thumbs/acquire", body)
                #expect(strange.status == 400)
                #expect(try strange.document(RefusalDocument.self).field == field)
            }
            let broken = try await bench.post("/v1/batches/1/fail", "{")
            #expect(broken.status == 400)
            let form = try await bench.post(
                "/v1/runs/thumbs/-/pause",
                "reason=x",
                headers: ["Content-Type": "application/x-www-form-urlencoded"]
            )
            #expect(form.status == 415)
        }
    }
}
