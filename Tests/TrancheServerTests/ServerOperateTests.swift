import Foundation
import TestSupport
import Testing
import Tranche
import TrancheHTTP
import TrancheSQL

@testable import TrancheServer

@Suite("Operating over REST", .serialized, .timeLimit(.minutes(5)))
struct ServerOperateTests {
    /// Acquires a batch and fails it for good.
    private func fail(_ bench: ServerBench, _ error: String) async throws -> Int {
        var last = 0
        for _ in 0..<2 {
            let acquired = try await bench.acquire()
            last = try #require((acquired["batch"] as? [String: Any])?["batch"] as? Int)
            let token = try #require(acquired["token"] as? String)
            let answer = try await bench.post(
                "/v1/batches/\(last)/fail",
                #"{"token": "\#(token)", "error": "\#(error)"}"#
            )
            try #require(answer.status == 200, "\(answer.excerpt)")
        }
        return last
    }

    @Test("Runs are paused, set, cancelled and resumed", arguments: TestDatabase.Backend.available)
    func runs(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            _ = try await bench.acquire()
            let run = "/v1/runs/thumbs/-"
            #expect(try await bench.post(run + "/pause", #"{"reason": "disk"}"#).status == 200)
            let none = try await bench.post("/v1/jobs/thumbs/acquire")
            #expect(none.status == 204)
            #expect(none.headers["tranche-reason"]?.contains("disk") == true)
            let detail = try await bench.get(run).document(RunDetailDocument.self)
            #expect(detail.run.paused == "disk")
            #expect(detail.reasons.first?.text == "paused: disk")
            #expect(try await bench.post(run + "/resume").status == 200)
            let limits = try await bench.post(
                run + "/set",
                #"{"parallelism": 1, "priority": 5, "reason": "slow"}"#
            ).document(RunLimitsDocument.self)
            #expect(limits.parallelism == 1)
            #expect(limits.priority == 5)
            let limited = try await bench.post("/v1/jobs/thumbs/acquire")
            #expect(limited.status == 429)
            #expect(limited.headers["retry-after"] != nil)
            let free = try await bench.post(run + "/set", #"{"no_parallelism": true}"#)
            #expect(try free.document(RunLimitsDocument.self).parallelism == nil)
            #expect(try await bench.post(run + "/cancel", #"{"reason": "x"}"#).status == 200)
            #expect(try await bench.post("/v1/jobs/thumbs/acquire").status == 409)
        }
    }

    @Test("A limit of 0 is told as what holds the run, with who set it and the way out")
    func zeroLimits() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            let run = "/v1/runs/thumbs/-"
            func refusal(_ body: String = "{}") async throws -> RefusalDocument {
                let limited = try await bench.post("/v1/jobs/thumbs/acquire", body)
                #expect(limited.status == 429, "\(limited.text)")
                let refusal = try limited.document(RefusalDocument.self)
                #expect(refusal.code == "limited")
                #expect(limited.headers["tranche-reason"]?.contains(refusal.error) == true)
                return refusal
            }
            func set(_ path: String, _ body: String) async throws {
                let answer = try await bench.post(path, body)
                #expect(answer.status == 200, "\(answer.text)")
            }
            try await set(run + "/set", #"{"parallelism": 1}"#)
            #expect(try await refusal().error.hasPrefix("limited by parallelism"))
            try await set(run + "/set", #"{"parallelism": 0, "reason": "the night"}"#)
            for body in ["{}", #"{"wait": 0.3}"#] {
                let zero = try await refusal(body)
                #expect(zero.error.hasPrefix("held: the parallelism is 0 (set by "), "\(zero)")
                #expect(zero.error.hasSuffix(": the night)"), "\(zero)")
                #expect(zero.remedy.contains("'tranche set --job thumbs "), "\(zero)")
                #expect(!zero.error.contains("as many batches are held"), "\(zero)")
            }
            try await set("/v1/budgets/api/set", #"{"batches": 0}"#)
            try await set(run + "/set", #"{"no_parallelism": true, "budgets": ["api"]}"#)
            let closed = try await refusal()
            #expect(closed.error.hasPrefix("held: budget 'api' allows 0 batches"), "\(closed)")
        }
    }

    @Test("A batch is retried, split and made again", arguments: TestDatabase.Backend.available)
    func batches(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let id = try await fail(bench, "no such file")
            let retried = try await bench.post("/v1/batches/\(id)/retry", #"{"reason": "mended"}"#)
            #expect(try retried.document(RetryDocument.self).batches == [Int64(id)])
            #expect(try await fail(bench, "again") == id)
            let held = try await bench.acquire()
            let other = try #require((held["batch"] as? [String: Any])?["batch"])
            #expect(try await bench.post("/v1/batches/\(other)/retry").status == 409)
            let split = try await bench.post("/v1/batches/\(id)/split")
            #expect(try split.document(SplitDocument.self).parts.map(\.count).reduce(0, +) == 3)
        }
    }

    @Test(
        "A bulk action changes just the batches that were looked at, once, and for who looked",
        arguments: TestDatabase.Backend.available
    )
    func bulk(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let first = try await fail(bench, "no such file")
            let preview = try await bench.post(
                "/v1/actions",
                #"{"action": "retry", "filter": {"job": "thumbs", "error": "no such"}}"#
            ).document(PreviewDocument.self)
            #expect(preview.count == 1)
            #expect(preview.first.map(\.batch) == [Int64(first)])
            #expect(preview.expiresIn == 60)
            // What fails meanwhile is not of it.
            let second = try await fail(bench, "no such file")
            let done = try await bench.post(
                "/v1/actions/\(preview.token)",
                #"{"reason": "mended"}"#
            ).document(ActionDocument.self)
            #expect(done.done == 1)
            #expect(try await bench.inventory.batch(Int64(first)).isFinal == false)
            #expect(try await bench.inventory.batch(Int64(second)).isFinal)
            #expect(try await bench.post("/v1/actions/\(preview.token)").status == 410)
            let range = try await bench.post(
                "/v1/actions",
                #"{"action": "retry", "filter": {"job": "thumbs", "from": 1, "to": 3}}"#
            ).document(PreviewDocument.self)
            #expect(range.count == 0)
        }
    }

    @Test("Held batches are released in bulk, and those that ended meanwhile are told")
    func release() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let one = try await bench.acquire()
            _ = try await bench.acquire()
            let preview = try await bench.post(
                "/v1/actions",
                #"{"action": "release", "filter": {"job": "thumbs"}}"#
            ).document(PreviewDocument.self)
            #expect(preview.count == 2)
            let id = try #require((one["batch"] as? [String: Any])?["batch"] as? Int)
            _ = try await bench.post(
                "/v1/batches/\(id)/succeed",
                #"{"token": "\#(try #require(one["token"]))"}"#
            )
            let done = try await bench.post("/v1/actions/\(preview.token)")
                .document(ActionDocument.self)
            #expect(done.done == 1)
            #expect(done.failed.map(\.batch) == [Int64(id)])
        }
    }

    @Test("Changes come a page at a time, and a refusal names requests in the place of commands")
    func changes() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            for batches in 1...4 {
                let set = #"{"batches": \#(batches)}"#
                #expect(try await bench.post("/v1/budgets/own/set", set).status == 200)
            }
            let path = "/v1/changes?budget=own&limit=2"
            let first = try await bench.get(path).document(ChangesPage.self)
            #expect(first.changes.count == 2)
            let mark = try #require(first.next)
            #expect(mark == first.changes.last.map { String($0.change) })
            let second = try await bench.get("\(path)&after=\(mark)").document(ChangesPage.self)
            #expect(!second.changes.isEmpty)
            #expect(Set(second.changes).isDisjoint(with: first.changes))
            let all = try await bench.get("/v1/changes?budget=own").document(ChangesPage.self)
            #expect(all.changes.starts(with: first.changes + second.changes))
            #expect(all.next == nil)
            let refused = try await bench.post("/v1/runs/none/-/pause")
            #expect(refused.status == 404)
            let remedy = try refused.document(RefusalDocument.self).remedy
            #expect(remedy.contains("GET v1/runs lists what there is"), "\(remedy)")
        }
    }

    @Test("Changes are followed to their end, however many others lie between")
    func manyChanges() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            #expect(try await bench.post("/v1/runs/thumbs/-/pause").status == 200)
            _ = try await bench.database.database.write([
                """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5001)
                INSERT INTO \(bench.database.name("inventory_change")) (budget, changed_at, what)
                SELECT 'own', 0, 'limits' FROM n
                """
            ])
            func changes(_ query: String) async throws -> [Int64] {
                var changes: [Int64] = []
                var next: String?
                repeat {
                    let mark = next.map { "&after=\($0)" } ?? ""
                    let page = try await bench.get("/v1/changes?limit=500\(query)\(mark)")
                        .document(ChangesPage.self)
                    changes += page.changes.map(\.change)
                    next = page.next
                } while next != nil
                return changes
            }
            let all = try await changes("")
            #expect(all.count == 5002 && Set(all).count == 5002)
            #expect(try await changes("&job=thumbs") == Array(all.suffix(1)))
            #expect(try await changes("&budget=own") == Array(all.dropLast()))
        }
    }

    @Test("A budget under which more is held than it allows says since which change")
    func excess() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            #expect(try await bench.post("/v1/budgets/api/set", #"{"batches": 4}"#).status == 200)
            _ = try await bench.acquire()
            let set = try await bench.post("/v1/runs/thumbs/-/set", #"{"budgets": ["api"]}"#)
            #expect(set.status == 200, "\(set.text)")
            for _ in 1...2 { _ = try await bench.acquire() }
            let lower = #"{"batches": 1, "reason": "slow"}"#
            #expect(try await bench.post("/v1/budgets/api/set", lower).status == 200)
            let budget = try await bench.get("/v1/budgets/api").document(BudgetDocument.self)
            #expect(budget.exceeded)
            #expect(budget.excess?.reason == "slow")
            let all = try await bench.get("/v1/budgets").document(BudgetsDocument.self)
            #expect(all.budgets.contains { $0.name == "api" && $0.excess?.reason == "slow" })
            let overview = try await bench.get("/v1/overview").document(OverviewDocument.self)
            #expect(overview.budgets.first { $0.name == "api" }?.excess?.reason == "slow")
        }
    }

    /// Refuses to look at batches, and returns which field is to blame.
    private func blamed(_ bench: ServerBench, _ body: String) async throws -> String? {
        let answer = try await bench.post("/v1/actions", body)
        #expect(answer.status == 400, "\(body): \(answer.status) \(answer.text)")
        return try answer.document(RefusalDocument.self).field
    }

    @Test(
        "A filter that does not go with an action is refused, and names the field",
        arguments: [
            ("release", #""status": "succeeded""#, "status"),
            ("redrive", #""status": "cancelled""#, "status"),
            ("release", #""error": "no""#, "error"), ("release", #""from": 9, "to": 3"#, "from"),
            (
                "retry", #""since": "2026-11-29T00:00:00Z", "until": "2026-11-28T00:00:00Z""#,
                "since"
            ),
            ("retry", #""statsu": "failed""#, "statsu"), ("retry", #""a/b": 1"#, "a~1b"),
        ]
    )
    func otherFilters(action: String, filter: String, field: String) async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            let body = #"{"action": "\#(action)", "filter": {"job": "thumbs", \#(filter)}}"#
            let found = try await blamed(bench, body)
            #expect(found == "/filter/\(field)")
        }
    }

    @Test("Whether it may be repeated is asked with retry alone", arguments: [true, false])
    func mayRepeat(value: Bool) async throws {
        try await ServerBench.serve(.sqlite) { bench in
            for action in ["release", "redrive"] {
                let what = #""action": "\#(action)", "filter": {"job": "thumbs"}"#
                let field = try await blamed(bench, "{\(what), \"may_repeat\": \(value)}")
                #expect(field == "/may_repeat")
            }
            let id = try await fail(bench, "no such file")
            let body = #"{"reason": "r", "may_repeat": \#(value)}"#
            let answer = try await bench.post("/v1/batches/\(id)/redrive", body)
            #expect(answer.status == 400, "\(answer.text)")
            let refusal = try answer.document(RefusalDocument.self)
            #expect(refusal.code == "unknown_field")
            #expect(refusal.field == "/may_repeat")
        }
    }

    @Test(
        "Ids mean the batches that have one of them, not those around them",
        arguments: TestDatabase.Backend.available
    )
    func ids(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let first = try await bench.acquire()
            let id = try #require((first["batch"] as? [String: Any])?["batch"] as? Int)
            let token = try #require(first["token"] as? String)
            let bad = #"{"token": "\#(token)", "error": "no", "bad_ids": [2]}"#
            #expect(try await bench.post("/v1/batches/\(id)/fail", bad).status == 200)
            // The rest is offered again: 1 and 3, without 2.
            let rest = try await bench.acquire()
            let held = try #require((rest["batch"] as? [String: Any])?["batch"] as? Int)
            let items = try #require(rest["items"] as? [[String: Any]])
            try #require(items.compactMap { $0["id"] as? Int } == [1, 3])
            let cases: [(Int, Int, [Int64])] = [
                (2, 2, []), (3, 3, [Int64(held)]), (2, 9, [Int64(held)]),
            ]
            for (from, to, found) in cases {
                let preview = try await bench.post(
                    "/v1/actions",
                    """
                    {"action": "release",
                     "filter": {"job": "thumbs", "from": \(from), "to": \(to)}}
                    """
                ).document(PreviewDocument.self)
                #expect(preview.first.map(\.batch) == found, "\(from)...\(to)")
            }
        }
    }

    @Test(
        "Limits of which one means nothing are refused together, and none is changed",
        arguments: [#""priority": 5000"#, #""share": 0"#, #""per_key": 0"#, #""per_key": 2"#]
    )
    func halves(wrong: String) async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            let before = try await bench.inventory.changes(.all, limit: 10)
            let body = #"{"parallelism": 0, \#(wrong)}"#
            let answer = try await bench.post("/v1/runs/thumbs/-/set", body)
            #expect(answer.status == 400, "\(answer.text)")
            #expect(try await bench.inventory.changes(.all, limit: 10) == before)
        }
    }

    @Test("A batch is found behind more others than are taken at once")
    func manyBatches() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let first = try await fail(bench, "no such file")
            let table = bench.database.name("inventory")
            _ = try await bench.database.database.write([
                """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
                INSERT INTO \(table) (
                    meta_table, job, run, kind, status, processing_start, batch_id_start,
                    batch_id_end, batch_count, config, failures
                )
                SELECT meta_table, job, run, 'late', status, processing_start,
                    batch_id_start + 100, batch_id_end + 100, batch_count, config, failures
                FROM n, \(table) AS b
                WHERE b.id = \(first)
                """
            ])
            let preview = try await bench.post(
                "/v1/actions",
                #"{"action": "retry", "filter": {"job": "thumbs", "from": 1, "to": 3}}"#
            ).document(PreviewDocument.self)
            #expect(preview.first.map(\.batch) == [Int64(first)])
            #expect(!preview.isCut)
        }
    }

    @Test("Empty words of a query mean none, and of what is changed they are refused")
    func emptyWords() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            let path = "/v1/runs/thumbs/-/batches?status=&error=&worker=&meta="
            let page = try await bench.get(path).document(BatchesPage.self)
            #expect(page.batches.count == 1)
            for name in ["error", "worker"] {
                let filter = #"{"job": "thumbs", "\#(name)": ""}"#
                let body = #"{"action": "retry", "filter": \#(filter)}"#
                #expect(try await blamed(bench, body) == "/filter/\(name)")
            }
        }
    }

    @Test("A long reason is cut in the header that tells it")
    func longReason() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            let reason = String(repeating: "disk ", count: 8000)
            let body = #"{"reason": "\#(reason)"}"#
            #expect(try await bench.post("/v1/runs/thumbs/-/pause", body).status == 200)
            let none = try await bench.post("/v1/jobs/thumbs/acquire")
            #expect(none.status == 204)
            #expect(none.headers["tranche-reason"]?.count == 500)
        }
    }

    @Test(
        "A limit that is given and taken away at once is refused, and nothing is changed",
        arguments: [
            ("budgets/api", "batches", "no_batches"), ("budgets/api", "weight", "no_weight"),
            ("budgets/api", "rate_per_s", "no_rate"), ("budgets/api", "burst", "no_rate"),
            ("runs/thumbs/-", "parallelism", "no_parallelism"),
            ("runs/thumbs/-", "per_key", "no_per_key"),
        ]
    )
    func contradictions(path: String, limit: String, field: String) async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            let before = try await bench.inventory.changes(.all, limit: 10)
            let answer = try await bench.post(
                "/v1/\(path)/set",
                #"{"\#(limit)": 3, "\#(field)": true}"#
            )
            #expect(answer.status == 400, "\(answer.text)")
            #expect(try answer.document(RefusalDocument.self).field == "/\(field)")
            #expect(try await bench.inventory.changes(.all, limit: 10) == before)
        }
    }

    @Test(
        "What is paused already keeps its reason where no other is given",
        arguments: TestDatabase.Backend.available
    )
    func pausedAgain(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            _ = try await bench.acquire()
            #expect(try await bench.post("/v1/budgets/api/set", #"{"batches": 2}"#).status == 200)
            for (body, reason) in [
                ("{}", ""), (#"{"reason": "the disk is full"}"#, "the disk is full"),
                ("{}", "the disk is full"), (#"{"reason": ""}"#, "the disk is full"),
                (#"{"reason": "it burns"}"#, "it burns"),
            ] {
                let run = try await bench.post("/v1/runs/thumbs/-/pause", body)
                #expect(try run.document(PauseDocument.self).paused == reason, "\(body)")
                let known = try await bench.inventory.run(RunSelection(job: "thumbs"))
                #expect(known.pauseReason == reason, "\(body)")
                let budget = try await bench.post("/v1/budgets/api/pause", body)
                #expect(try budget.document(BudgetDocument.self).paused == reason, "\(body)")
            }
            // Once it went on, the reason is over.
            #expect(try await bench.post("/v1/runs/thumbs/-/resume").status == 200)
            #expect(try await bench.post("/v1/budgets/api/resume").status == 200)
            let again = try await bench.post("/v1/runs/thumbs/-/pause")
            #expect(try again.document(PauseDocument.self).paused == "")
            let budget = try await bench.post("/v1/budgets/api/pause")
            #expect(try budget.document(BudgetDocument.self).paused == "")
        }
    }

    @Test("A batch that is not quarantined is not made again, and that is a conflict")
    func redriveOfOthers() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let held = try await bench.acquire()
            let id = try #require((held["batch"] as? [String: Any])?["batch"] as? Int)
            let token = try #require(held["token"] as? String)
            let body = #"{"token": "\#(token)"}"#
            #expect(try await bench.post("/v1/batches/\(id)/succeed", body).status == 200)
            let answer = try await bench.post("/v1/batches/\(id)/redrive")
            #expect(answer.status == 409)
            #expect(try answer.document(RefusalDocument.self).code == "not_offered")
        }
    }

    @Test(
        "Budgets are made, paused and parked; a backfill is begun",
        arguments: TestDatabase.Backend.available
    )
    func budgetsAndBackfills(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let set = try await bench.post(
                "/v1/budgets/api/set",
                #"{"batches": 2, "rate_per_s": 10, "reason": "new"}"#
            ).document(BudgetDocument.self)
            #expect(set.batches == 2)
            #expect(set.ratePerSecond == 10)
            // What is not given stays, the burst too.
            for body in [#"{"burst": 50}"#, #"{"rate_per_s": 20}"#] {
                _ = try await bench.post("/v1/budgets/api/set", body)
            }
            let other = try await bench.get("/v1/budgets/api").document(BudgetDocument.self)
            #expect(other.ratePerSecond == 20)
            #expect(other.burst == 50)
            #expect(
                try await bench.post("/v1/budgets/api/pause", #"{"reason": "x"}"#).status == 200
            )
            #expect(
                try await bench.get("/v1/budgets/api").document(BudgetDocument.self).paused == "x"
            )
            #expect(try await bench.post("/v1/budgets/api/resume").status == 200)
            #expect(try await bench.post("/v1/budgets/api/park", #"{"seconds": 30}"#).status == 200)
            #expect(try await bench.post("/v1/budgets/api/unpark").status == 200)
            #expect(try await bench.post("/v1/budgets/no/unpark").status == 404)
            let begun = try await bench.post(
                "/v1/jobs/thumbs/backfill",
                #"{"run": "may", "from": 2, "to": 5, "reason": "wrong size"}"#
            )
            #expect(begun.status == 200, "\(begun.excerpt)")
            #expect(
                try await bench.inventory.run(RunSelection(job: "thumbs", run: "may")).bounds
                    == IDBounds(lower: 2, upper: 5)
            )
            #expect(
                try await bench.post("/v1/jobs/thumbs/backfill", #"{"run": "x"}"#).status == 400
            )
        }
    }
}
