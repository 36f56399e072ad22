import Foundation
import TestSupport
import Testing
import Tranche
import TrancheHTTP
import TrancheWorkflows

@testable import TrancheServer

@Suite("Work over REST", .serialized, .timeLimit(.minutes(5)))
struct ServerWorkTests {
    @Test(
        "Workers get every item once, and what they record is what the inventory has",
        arguments: TestDatabase.Backend.available
    )
    func everyItem(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let items = try await withThrowingTaskGroup(of: [Int].self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        var items: [Int] = []
                        while true {
                            let answer = try await bench.post(
                                "/v1/jobs/thumbs/acquire",
                                #"{"worker": "w\#(worker)"}"#
                            )
                            if answer.status == 204 { return items }
                            try #require(answer.status == 200, "\(answer.excerpt)")
                            let acquired = try answer.object()
                            let id = try #require((acquired["batch"] as? [String: Any])?["batch"])
                            let token = try #require(acquired["token"] as? String)
                            let given = try #require(acquired["items"] as? [[String: Any]])
                            items += given.compactMap { $0["id"] as? Int }
                            let done = try await bench.post(
                                "/v1/batches/\(id)/succeed",
                                #"{"token": "\#(token)", "result": {"files": \#(given.count)}}"#
                            )
                            try #require(done.status == 200, "\(done.excerpt)")
                        }
                    }
                }
                var items: [Int] = []
                for try await some in group { items += some }
                return items
            }
            #expect(items.sorted() == Array(1...10))
            let batches = try await bench.inventory.batches(BatchSelection())
            #expect(batches.allSatisfy { $0.status == .succeeded && $0.result != nil })
            #expect(batches.allSatisfy { $0.worker?.hasPrefix("w") == true })
        }
    }

    @Test("A batch is answered with the text of its document's encode(to:)")
    func text() async throws {
        struct ByEncoding: Encodable {
            let document: AcquiredDocument
            func encode(to encoder: any Encoder) throws { try document.encode(to: encoder) }
        }
        try await ServerBench.serve(.sqlite) { bench in
            for body in ["{}", #"{"count": 1, "items": false}"#] {
                let answer = try await bench.post("/v1/jobs/thumbs/acquire", body)
                let document = try answer.document(AcquiredDocument.self)
                #expect(try ByEncoding(document: document).documentText() + "\n" == answer.text)
            }
        }
    }

    @Test("The same Idempotency-Key gives the same batch, and another's key another")
    func idempotency() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let key = ["Idempotency-Key": "k-1"]
            let first = try await bench.acquire(headers: key)
            let again = try await bench.acquire(headers: key)
            #expect(first["token"] as? String == again["token"] as? String)
            let other = try await bench.acquire(headers: ["Idempotency-Key": "k-2"])
            #expect(first["token"] as? String != other["token"] as? String)
            #expect(try await bench.inventory.batches(BatchSelection()).count == 2)
        }
    }

    @Test("The same Idempotency-Key of two callers gives each a batch of its own")
    func keysOfCallers() async throws {
        let callers = try ["one", "other"].map {
            try AccessTokens.make(name: $0, roles: [.work])
        }
        let text = callers.map { $0.line + "\n" }.joined()
        let tokens = try AccessTokens(text: text, file: "tokens")
        try await ServerBench.serve(.sqlite, { $0.tokens = tokens }) { bench in
            func acquire(as caller: Int) async throws -> String? {
                let headers = [
                    "Idempotency-Key": "k-1",
                    "Authorization": "Bearer \(callers[caller].token)",
                ]
                return try await bench.acquire(headers: headers)["token"] as? String
            }
            let first = try await acquire(as: 0)
            let other = try await acquire(as: 1)
            #expect(first != nil && other != nil && first != other)
            #expect(try await acquire(as: 0) == first)
            #expect(try await acquire(as: 1) == other)
            #expect(try await bench.inventory.batches(BatchSelection()).count == 2)
        }
    }

    @Test(
        "A key that was used for another run is refused by its own name and value",
        arguments: TestDatabase.Backend.available
    )
    func usedKey(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let begun = try await bench.post(
                "/v1/jobs/thumbs/backfill",
                #"{"run": "fix", "from": 2, "to": 5}"#
            )
            #expect(begun.status == 200, "\(begun.text)")
            let key = ["Idempotency-Key": "n-1"]
            _ = try await bench.acquire(headers: key)
            let used = try await bench.post(
                "/v1/jobs/thumbs/acquire",
                #"{"run": "fix"}"#,
                headers: key
            )
            #expect(used.status == 400, "\(used.text)")
            let refusal = try used.document(RefusalDocument.self)
            #expect(refusal.field == "Idempotency-Key")
            #expect(refusal.error.contains("Idempotency-Key 'n-1'"), "\(refusal.error)")
            #expect(!refusal.error.contains("rest-"), "\(refusal.error)")
            #expect(refusal.remedy == "give another")
            let long = ["Idempotency-Key": String(repeating: "n", count: 256)]
            let refused = try await bench.post("/v1/jobs/thumbs/acquire", headers: long)
            #expect(try refused.document(RefusalDocument.self).field == "Idempotency-Key")
        }
    }

    @Test(
        "Limits that no batch keeps are refused by their field, in words that JSON has",
        arguments: [
            (#"{"count": 0}"#, "/count"), (#"{"count": -1}"#, "/count"),
            (#"{"weight": 0}"#, "/weight"), (#"{"weight": -0.5}"#, "/weight"),
        ]
    )
    func unfitLimits(body: String, field: String) async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let refused = try await bench.post("/v1/jobs/thumbs/acquire", body)
            #expect(refused.status == 400, "\(refused.text)")
            let refusal = try refused.document(RefusalDocument.self)
            #expect(refusal.field == field)
            #expect(refusal.remedy.hasSuffix("or leave it out"), "\(refusal.remedy)")
        }
    }

    @Test("A result is the caller's own JSON, and what is in it is not refused")
    func ownResult() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let batch = try await bench.acquire()
            let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
            let token = try #require(batch["token"] as? String)
            let done = try await bench.post(
                "/v1/batches/\(id)/succeed",
                #"{"token": "\#(token)", "result": {"a": 1, "a": 2}}"#
            )
            #expect(done.status == 200, "\(done.text)")
        }
    }

    @Test("Limits of the request hold, and items are left out where they are not wanted")
    func limits() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let one = try await bench.acquire(#"{"count": 1, "items": false}"#)
            #expect((one["batch"] as? [String: Any])?["count"] as? Int == 1)
            #expect(one["items"] is NSNull)
            #expect(one["more_items"] as? Bool == true)
            #expect(one["lease_seconds"] as? Double == 60)
            #expect(one["heartbeat_every"] as? Double == 20)
            let id = try #require((one["batch"] as? [String: Any])?["batch"])
            let page = try await bench.get("/v1/batches/\(id)/items").document(ItemsPage.self)
            #expect(page.items.map(\.id) == [1])
            let heavy = try await bench.acquire(#"{"weight": 50}"#)
            #expect((heavy["batch"] as? [String: Any])?["weight"] as? Double == 50)
        }
    }

    @Test(
        "A request may tighten what the pipeline declares of a batch, and not widen it",
        arguments: [#"{"count": 50}"#, #"{"weight": 1e308}"#, #"{"weight": 1e308, "count": 50}"#]
    )
    func declaredLimits(body: String) async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let batch = try await bench.acquire(body)
            #expect((batch["batch"] as? [String: Any])?["count"] as? Int == 3)
        }
    }

    @Test(
        "A run that was begun over REST is worked on, by the file's limits and within its bounds",
        arguments: TestDatabase.Backend.available
    )
    func begunRun(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let begun = try await bench.post(
                "/v1/jobs/thumbs/backfill",
                #"{"run": "fix", "from": 2, "to": 5}"#
            )
            #expect(begun.status == 200, "\(begun.text)")
            var batches: [[Int]] = []
            for _ in 1...2 {
                let batch = try await bench.acquire(#"{"run": "fix"}"#)
                let items = try #require(batch["items"] as? [[String: Any]])
                batches.append(items.compactMap { $0["id"] as? Int })
            }
            #expect(batches == [[2, 3, 4], [5]])
            let none = try await bench.post("/v1/jobs/thumbs/acquire", #"{"run": "fix"}"#)
            #expect(none.status == 204, "\(none.text)")
        }
    }

    @Test(
        "A backfill that was forgotten and begun anew under its name is worked on at once",
        arguments: TestDatabase.Backend.available
    )
    func begunAnew(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            for (from, to) in [(2, 4), (6, 8)] {
                let begun = try await bench.post(
                    "/v1/jobs/thumbs/backfill",
                    #"{"run": "fix", "from": \#(from), "to": \#(to)}"#
                )
                #expect(begun.status == 200, "\(begun.text)")
                let batch = try await bench.acquire(#"{"run": "fix"}"#)
                let items = try #require(batch["items"] as? [[String: Any]])
                #expect(items.compactMap { $0["id"] as? Int } == Array(from...to))
                let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
                let token = try #require(batch["token"] as? String)
                let done = try await bench.post(
                    "/v1/batches/\(id)/succeed",
                    #"{"token": "\#(token)"}"#
                )
                #expect(done.status == 200, "\(done.text)")
                _ = try await bench.inventory.forget(RunSelection(job: "thumbs", run: "fix"))
            }
            let gone = try await bench.post("/v1/jobs/thumbs/acquire", #"{"run": "fix"}"#)
            #expect(gone.status == 404, "\(gone.text)")
            #expect(try gone.document(RefusalDocument.self).code == "unknown_run")
        }
    }

    @Test("A server whose description of a run was superseded does not begin it again")
    func superseded() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            let newer = try ServerBench.jobs(bench.database, "60s", count: 2)
            let workflows = newer.all(in: bench.inventory)
            let workflow = try #require(newer.workflow(job: "thumbs"))
            #expect(try await workflows.start(workflow).record.generation == 2)
            for _ in 1...3 {
                let refused = try await bench.post("/v1/jobs/thumbs/acquire")
                #expect(refused.status == 409, "\(refused.text)")
                let refusal = try refused.document(RefusalDocument.self)
                #expect(refusal.code == "superseded")
                #expect(refusal.remedy == "restart the server with the newer file")
            }
            #expect(try await workflows.find(job: "thumbs").record.generation == 2)
        }
    }

    @Test("A batch whose lease is over is held by nobody")
    func lapsed() async throws {
        try await ServerBench.serve(.sqlite, lease: "1s") { bench in
            _ = try await bench.acquire(#"{"worker": "gone"}"#)
            try await Task.sleep(for: .milliseconds(1300))
            let run = try await bench.get("/v1/runs/thumbs/-").document(RunDetailDocument.self)
            #expect(run.reasons.first?.kind != "working")
            #expect(run.reasons.first?.figures.first?.value == 0)
            let pieces = try #require(run.coverage?.pieces)
            #expect(pieces.first?.status == .retrying)
            let overview = try await bench.get("/v1/overview").document(OverviewDocument.self)
            #expect(!overview.workers.contains { $0.worker.hasPrefix("gone") })
            #expect(overview.jobs.first?.held == 0)
            #expect(overview.jobs.first?.coverage?.pieces.first?.status == .retrying)
        }
    }

    @Test(
        "An attempt that is lost is told so, and changes nothing",
        arguments: TestDatabase.Backend.available
    )
    func lost(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let first = try await bench.acquire()
            let id = try #require((first["batch"] as? [String: Any])?["batch"] as? Int)
            let token = try #require(first["token"] as? String)
            let body = #"{"token": "\#(token)"}"#
            #expect(try await bench.post("/v1/batches/\(id)/release", body).status == 200)
            let second = try await bench.acquire()
            #expect((second["batch"] as? [String: Any])?["batch"] as? Int == id)
            for end in ["succeed", "release", "heartbeat"] {
                let late = try await bench.post("/v1/batches/\(id)/\(end)", body)
                // A release that is repeated by its attempt is none that is lost.
                #expect(late.status == 409 || end == "release", "\(end) \(late.status)")
                if end != "release" {
                    #expect(try late.document(RefusalDocument.self).code == "batchLost")
                }
            }
            let many = try await bench.post(
                "/v1/heartbeats",
                """
                {"batches": [{"id": \(id), "token": "\(token)"},
                             {"id": \(id), "token": "\(try #require(second["token"]))"}]}
                """
            ).document(HeartbeatsDocument.self)
            #expect(many.batches.map(\.code) == ["batchLost", nil])
            #expect(many.batches[1].leaseExpiresAt != nil)
            let record = try await bench.inventory.batch(Int64(id))
            #expect(record.status == .running)
        }
    }

    @Test(
        "Bad items are named with what is wrong with each, of a success in part and of a failure",
        arguments: TestDatabase.Backend.available
    )
    func badItems(on backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            func take() async throws -> (id: Int, token: String) {
                let batch = try await bench.acquire()
                let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
                return (id, try #require(batch["token"] as? String))
            }
            let first = try await take()
            let done = try await bench.post(
                "/v1/batches/\(first.id)/succeed",
                """
                {"token": "\(first.token)", "result": {"n": 2},
                 "bad": [{"id": 2, "error": "no such day"}]}
                """
            )
            #expect(done.status == 200, "\(done.text)")
            let second = try await take()
            let failed = try await bench.post(
                "/v1/batches/\(second.id)/fail",
                """
                {"token": "\(second.token)", "error": "no", "bad_ids": [4],
                 "bad": [{"id": 5, "error": "x"}]}
                """
            )
            #expect(failed.status == 200, "\(failed.text)")
            let bad = try await bench.inventory.batches(BatchSelection(status: .quarantined))
            #expect(bad.map(\.idStart) == [5, 4, 2])
            #expect(bad.map(\.logging) == ["x", "no", "no such day"])
            let good = try await bench.inventory.batches(BatchSelection(status: .succeeded))
            #expect(good.map(\.ids) == [IDRuns([1, 3])])
            #expect(good.first?.result == #"{"n": 2}"# || good.first?.result == #"{"n":2}"#)
            let third = try await take()
            for body in [
                #""bad": [{"id": 99}]"#, #""bad": [{"id": null}]"#, #""bad_ids": [true]"#,
                #""bad_ids": ["a"]"#, #""bad_ids": [6], "logging": "x""#,
            ] {
                let refused = try await bench.post(
                    "/v1/batches/\(third.id)/succeed",
                    #"{"token": "\#(third.token)", \#(body)}"#
                )
                #expect(refused.status == 400, "\(body): \(refused.status) \(refused.text)")
            }
            #expect(try await bench.inventory.batch(Int64(third.id)).status == .running)
        }
    }

    @Test(
        "A batch that is done but for bad items does not fail as well",
        arguments: TestDatabase.Backend.available,
        ["2", "1, 2, 3"]
    )
    func failedAfterSuccess(_ backend: TestDatabase.Backend, bad: String) async throws {
        try await ServerBench.serve(backend) { bench in
            let batch = try await bench.acquire()
            let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
            let token = try #require(batch["token"] as? String)
            let done = #"{"token": "\#(token)", "bad_ids": [\#(bad)]}"#
            for _ in 1...2 {
                let answer = try await bench.post("/v1/batches/\(id)/succeed", done)
                #expect(answer.status == 200, "\(answer.text)")
            }
            for more in ["", #", "bad_ids": [\#(bad)]"#] {
                let failed = try await bench.post(
                    "/v1/batches/\(id)/fail",
                    #"{"token": "\#(token)", "error": "no"\#(more)}"#
                )
                #expect(failed.status == 409, "\(failed.text)")
                #expect(try failed.document(RefusalDocument.self).code == "batchLost")
            }
        }
    }

    @Test(
        "What says how a batch waits is refused of one that does not, and changes nothing",
        arguments: [
            (#""park": "api""#, 400, "/park"), (#""park": "no""#, 400, "/park"),
            (#""reason": "busy""#, 400, "/reason"), (#""seconds": 0, "park": "api""#, 400, "/park"),
            (#""seconds": -5"#, 400, "/seconds"), (#""seconds": 0.2"#, 400, "/seconds"),
            (#""seconds": 1e12"#, 400, "/seconds"), (#""seconds": 5, "park": "no""#, 404, nil),
        ] as [(String, Int, String?)]
    )
    func unfitReleases(body: String, status: Int, field: String?) async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let batch = try await bench.acquire()
            let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
            let token = try #require(batch["token"] as? String)
            let answer = try await bench.post(
                "/v1/batches/\(id)/release",
                #"{"token": "\#(token)", \#(body)}"#
            )
            #expect(answer.status == status, "\(answer.text)")
            #expect(try answer.document(RefusalDocument.self).field == field)
            #expect(try await bench.inventory.batch(Int64(id)).status == .running)
        }
    }

    @Test(
        "A batch that was put off may be put off by its attempt again, and one that failed may not",
        arguments: TestDatabase.Backend.available
    )
    func lateDeferral(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            for (end, more, status) in [
                ("release", #", "seconds": 900"#, 200), ("fail", #", "error": "no""#, 409),
            ] {
                let batch = try await bench.acquire()
                let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
                let token = try #require(batch["token"] as? String)
                let ended = try await bench.post(
                    "/v1/batches/\(id)/\(end)",
                    #"{"token": "\#(token)"\#(more)}"#
                )
                #expect(ended.status == 200, "\(ended.text)")
                let record = try await bench.inventory.batch(Int64(id))
                let later = try await bench.post(
                    "/v1/batches/\(id)/release",
                    #"{"token": "\#(token)", "seconds": 900}"#
                )
                #expect(later.status == status, "\(end): \(later.text)")
                #expect(try await bench.inventory.batch(Int64(id)) == record)
            }
        }
    }

    @Test(
        "A batch that has begun and failed is not given back by its attempt",
        arguments: TestDatabase.Backend.available
    )
    func lateRelease(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            func end(_ batch: [String: Any], _ verb: String, _ more: String = "") async throws
                -> HTTPResponse
            {
                let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
                let token = try #require(batch["token"] as? String)
                return try await bench.post(
                    "/v1/batches/\(id)/\(verb)",
                    #"{"token": "\#(token)"\#(more)}"#
                )
            }
            let first = try await bench.acquire()
            let done = try await end(first, "succeed")
            #expect(done.status == 200, "\(done.text)")
            let runs = try await bench.inventory.runs(RunSelection(job: "thumbs"))
            let key = try #require(runs.first).key
            try await bench.inventory.redefine(key, policy: RunPolicy(execution: .atMostOnce))
            let batch = try await bench.acquire()
            let failed = try await end(batch, "fail", #", "error": "no""#)
            #expect(failed.status == 200, "\(failed.text)")
            let known = try await bench.inventory.batches(BatchSelection())
            #expect(known.first?.cause == .begun)
            for more in ["", #", "seconds": 5"#] {
                let released = try await end(batch, "release", more)
                #expect(released.status == 409, "\(released.text)")
                #expect(try released.document(RefusalDocument.self).code == "batchLost")
            }
            #expect(try await bench.inventory.batches(BatchSelection()) == known)
            // To give back what has begun fails it, and may be said again.
            let begun = try await bench.acquire()
            for _ in 1...2 {
                let released = try await end(begun, "release")
                #expect(released.status == 200, "\(released.text)")
                #expect(try released.document(BatchDocument.self).status == .failed)
            }
        }
    }

    @Test("A batch waits, and a budget of its run is parked as long")
    func parkingRelease() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let batch = try await bench.acquire()
            let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
            let token = try #require(batch["token"] as? String)
            #expect(try await bench.post("/v1/budgets/api/set", #"{"batches": 4}"#).status == 200)
            let set = try await bench.post("/v1/runs/thumbs/-/set", #"{"budgets": ["api"]}"#)
            #expect(set.status == 200, "\(set.text)")
            let answer = try await bench.post(
                "/v1/batches/\(id)/release",
                #"{"token": "\#(token)", "seconds": 30, "park": "api", "reason": "busy"}"#
            )
            #expect(answer.status == 200, "\(answer.text)")
            let budget = try await bench.get("/v1/budgets/api")
            #expect(budget.text.contains("busy"), "\(budget.text)")
        }
    }

    @Test("A run that the pipeline does not declare is no job that it does not")
    func unknownRun() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let run = try await bench.post("/v1/jobs/thumbs/acquire", #"{"run": "nope"}"#)
            #expect(run.status == 404)
            let refusal = try run.document(RefusalDocument.self)
            #expect(refusal.code == "unknown_run")
            #expect(refusal.field == "/run")
            #expect(refusal.error.contains("'nope'"))
            let job = try await bench.post("/v1/jobs/other/acquire", #"{"run": "nope"}"#)
            #expect(try job.document(RefusalDocument.self).code == "unknown_job")
        }
    }

    @Test("Where there is none, the reason is said; who waits gets what comes meanwhile")
    func none() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            let all = try await bench.acquire()
            for _ in 1...3 { _ = try await bench.acquire() }
            let id = try #require((all["batch"] as? [String: Any])?["batch"] as? Int)
            let token = try #require(all["token"] as? String)
            let none = try await bench.post("/v1/jobs/thumbs/acquire")
            #expect(none.status == 204)
            #expect(none.headers["tranche-reason"]?.hasPrefix("waiting") == true)
            async let waiting = bench.acquire(#"{"wait": 20}"#)
            let released = try await bench.post(
                "/v1/batches/\(id)/release",
                #"{"token": "\#(token)"}"#
            )
            #expect(released.status == 200)
            #expect((try await waiting["batch"] as? [String: Any])?["batch"] as? Int == id)
            #expect(try await bench.post("/v1/jobs/other/acquire").status == 404)
            #expect(try await bench.post("/v1/jobs/thumbs/acquire", #"{"wait": 26}"#).status == 400)
        }
    }
}
