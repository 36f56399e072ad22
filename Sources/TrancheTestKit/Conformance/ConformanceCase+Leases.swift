import Tranche

extension ConformanceCase {
    /// Leases and heartbeats.
    static let leases: [ConformanceCase] = [
        ConformanceCase("A batch is offered again when its lease ends, and not before") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let first = try await bench.take()
            bench.clock.advance(by: .milliseconds(59_999))
            try requireEqual(
                try await bench.takeNone(),
                .waiting(until: subject.time(in: 0.001)),
                "the reason"
            )
            bench.clock.advance(by: .milliseconds(1))
            let again = try await bench.take()
            try requireEqual(again.id, first.id, "the batch")
            try requireEqual(again.attempt, 2, "the attempt")
            try requireEqual(again.record.failures, 1, "the failures")
        },
        ConformanceCase("A lease is ended for who is gone, and the batch is offered at once") {
            subject in
            let bench = try await Bench(subject, ids: 1...3)
            var request = BatchRequest(job: "job", limit: BatchLimit(count: 1))
            request.endsWithProcess = true
            let first = try await bench.take(request)
            let second = try await bench.take(1)
            let key = first.record.key
            let open = try await bench.store.openBatches(of: key, heldAt: nil, limit: 10)
            try requireEqual(open.map(\.batch.id), [first.id, second.id], "the open batches")
            try requireEqual(open.map(\.process), [ProcessMark.own, nil], "their processes")
            let place = ProcessMark.own?.place ?? ""
            let here = try await bench.store.openBatches(of: key, heldAt: place, limit: 10)
            try requireEqual(here.map(\.batch.id), [first.id], "those of this process")
            let none = try await bench.store.openBatches(of: key, heldAt: "elsewhere", limit: 10)
            try require(none.isEmpty, "there are batches of another place")
            let other = AttemptKey(batch: first.id, attempt: 2)
            var ended: [Bool] = []
            for holding in [other, first.holding, first.holding] {
                ended.append(try await bench.store.endLease(of: holding))
            }
            try requireEqual(ended, [false, true, false], "whether another's, its own, and again")
            let again = try await bench.take(request)
            try requireEqual(again.id, first.id, "the batch")
            try requireEqual(again.record.failures, 1, "the failures")
            try requireEqual(
                try await bench.store.attempts(of: first.id).first?.outcome,
                .expired,
                "how the attempt ended"
            )
        },
        ConformanceCase("What is known of a holder that is gone is kept with its attempt") {
            subject in
            let bench = try await Bench(subject, ids: 1...3)
            let first = try await bench.take(1)
            let gone = ProcessMark(place: "here", process: 4711, startedAt: 1)
                .endedWords(seenAt: subject.now)
            let words = "lease expired in attempt 1 of worker \(first.record.worker ?? "")"
            _ = try await bench.store.endLease(of: first.holding, because: gone)
            let again = try await bench.take(1)
            try requireEqual(again.id, first.id, "the batch")
            try requireEqual(again.record.logging, nil, "what the next attempt has of it")
            bench.clock.advance(by: .seconds(60))
            _ = try await bench.take(1)
            try requireEqual(
                try await bench.store.attempts(of: first.id).prefix(2).map(\.error),
                ["\(words): \(gone)", words.replacing("attempt 1", with: "attempt 2")],
                "why the attempts ended"
            )
        },
        ConformanceCase("A heartbeat extends the lease") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let batch = try await bench.take()
            for _ in 0..<5 {
                bench.clock.advance(by: .seconds(59))
                let expiry = try await batch.heartbeat()
                try requireEqual(expiry, subject.time(in: 60), "when the lease ends")
                try requireEqual(try await bench.record(batch).leaseExpiresAt, expiry, "the record")
            }
            try requireEqual(
                try await bench.takeNone(),
                .waiting(until: subject.time(in: 60)),
                "the reason"
            )
        },
        ConformanceCase("A heartbeat saves a lapsed lease that nobody took over") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let batch = try await bench.take()
            bench.clock.advance(by: .seconds(3600))
            _ = try await batch.heartbeat()
            _ = try await bench.takeNone()
            try requireEqual(try await batch.succeed().failures, 0, "the failures")
        },
        ConformanceCase("A lease that ends too often leaves the batch failed") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let request = BatchRequest(job: "job", policy: RunPolicy(maxAttempts: 2))
            let first = try await bench.take(request)
            bench.clock.advance(by: .seconds(61))
            _ = try await bench.take()
            bench.clock.advance(by: .seconds(61))
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
            let record = try await bench.record(first)
            try requireEqual(record.status, .failed, "the status")
            try require(record.isFinal, "the failure is not final")
            try requireEqual(record.failures, 2, "the failures")
            try requireEqual(record.attempt, 2, "the attempt")
            try requireEqual(record.endedAt, subject.now, "when it ended")
            try requireEqual(record.leaseExpiresAt, nil, "the lease")
            try require(
                record.logging?.hasPrefix("lease expired") == true,
                "the logging is '\(record.logging ?? "")'"
            )
            let attempts = try await bench.store.attempts(of: first.id)
            try requireEqual(attempts.map(\.outcome), [.expired, .expired], "the attempts")
        },
        ConformanceCase("A batch that failed for good is passed over for the next") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            let request = BatchRequest(
                job: "job",
                limit: BatchLimit(count: 1),
                policy: RunPolicy(maxAttempts: 1)
            )
            _ = try await bench.take(request)
            let second = try await bench.take(request)
            try await second.release()
            bench.clock.advance(by: .seconds(60))
            try requireEqual(try await bench.take(request).id, second.id, "the offered batch")
            try requireEqual(try await bench.ids(bench.take(request)), [3], "the new batch's ids")
        },
        ConformanceCase(
            "However many batches failed for good, the next one that is free is offered"
        ) {
            subject in
            let bench = try await Bench(subject, ids: 1...40)
            let request = BatchRequest(
                job: "job",
                limit: BatchLimit(count: 1),
                policy: RunPolicy(maxAttempts: 1)
            )
            for _ in 0..<30 { _ = try await bench.take(request) }
            let free = try await bench.take(request)
            // Free no sooner than the leases of the others have ended.
            bench.clock.advance(by: .seconds(60))
            try await free.release()
            try requireEqual(try await bench.take(request).id, free.id, "the offered batch")
            let failed = BatchSelection(status: .failed)
            try requireEqual(try await bench.store.batches(failed).count, 30, "the failed batches")
        },
    ]

    /// Failures and what follows.
    static let retries: [ConformanceCase] = [
        ConformanceCase("A batch is tried again after a backoff that doubles, up to its limit") {
            subject in
            let bench = try await Bench(subject, ids: 1...2)
            let policy = RunPolicy(
                maxAttempts: 5,
                backoff: .seconds(5),
                backoffLimit: .seconds(15)
            )
            let request = BatchRequest(job: "job", policy: policy)
            for (failures, wait) in [(1, 5.0), (2, 10), (3, 15), (4, 15)] {
                let record = try await bench.take(request).fail("no \(failures)")
                try requireEqual(record.status, .failed, "the status")
                try requireEqual(record.failures, failures, "the failures")
                try requireEqual(record.retryAt, subject.time(in: wait), "when it is due")
                try requireEqual(record.endedAt, subject.now, "when it ended")
                try requireEqual(record.leaseExpiresAt, nil, "the lease")
                try requireEqual(record.logging, "no \(failures)", "the logging")
                bench.clock.advance(by: .seconds(wait))
            }
            let record = try await bench.take(request).fail("no")
            try requireEqual(record.retryAt, nil, "when it is due at last")
            try requireEqual(record.attempt, 5, "the last attempt")
            try require(record.isFinal, "the last failure is not final")
            bench.clock.advance(by: .seconds(86_400))
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
        },
        ConformanceCase("Being given back is not a failure") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            for attempt in 1...7 {
                let batch = try await bench.take()
                try requireEqual(batch.attempt, attempt, "the attempt")
                let record = try await batch.release()
                try requireEqual(record.status, .released, "the status")
                try requireEqual(record.failures, 0, "the failures")
                try requireEqual(record.endedAt, subject.now, "when it ended")
            }
        },
        ConformanceCase("Retrying makes failed batches due, with their failures forgotten") {
            subject in
            let bench = try await Bench(subject, ids: 1...3)
            let request = BatchRequest(
                job: "job",
                limit: BatchLimit(count: 1),
                policy: RunPolicy(maxAttempts: 2)
            )
            let gone = try await bench.take(request)
            let waiting = try await bench.take(request)
            try await gone.fail("no")
            bench.clock.advance(by: .seconds(5))
            try await bench.take(request).fail("no")
            try await waiting.fail("no")
            let selection = BatchSelection(runs: RunSelection(try await bench.key()))
            try requireEqual(try await bench.inventory.retry(selection), [gone.id], "the batches")
            var record = try await bench.record(gone)
            try requireEqual(record.failures, 0, "the failures")
            try requireEqual(record.retryAt, subject.now, "when it is due")
            try requireEqual(record.status, .failed, "the status")
            let again = try await bench.take(request)
            try requireEqual(again.id, gone.id, "the offered batch")
            try requireEqual(again.attempt, 3, "its attempt")
            record = try await again.fail("no")
            try requireEqual(record.failures, 1, "the failures after")
            try require(!record.isFinal, "the failure after is final")
            try requireEqual(try await bench.inventory.retry(selection), [], "the batches then")
        },
        ConformanceCase("Retrying takes the batches that are meant") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let policy = RunPolicy(maxAttempts: 1)
            let limit = BatchLimit(count: 1)
            var failed: [Batch] = []
            for _ in 0..<3 {
                let request = BatchRequest(job: "job", limit: limit, policy: policy)
                failed.append(try await bench.take(request))
            }
            let other = try await bench.take(
                BatchRequest(job: "other", limit: limit, policy: policy)
            )
            for batch in failed + [other] { try await batch.fail("no") }
            let one = BatchSelection(ids: [failed[1].id])
            try requireEqual(try await bench.inventory.retry(one), [failed[1].id], "by number")
            let job = BatchSelection(runs: RunSelection(job: "job"), status: .failed)
            try requireEqual(
                try await bench.inventory.retry(job).sorted(),
                [failed[0].id, failed[2].id].sorted(),
                "by job"
            )
            try require(try await bench.record(other).isFinal, "another job's batch was retried")
        },
        ConformanceCase("Each attempt is kept with how it ended") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let start = subject.now
            let first = try await bench.take(BatchRequest(job: "job", worker: "a"))
            bench.clock.advance(by: .seconds(1))
            try await first.fail("no luck")
            bench.clock.advance(by: .seconds(5))
            try await bench.take(BatchRequest(job: "job", worker: "b")).release()
            _ = try await bench.take(BatchRequest(job: "job", worker: "c"))
            bench.clock.advance(by: .seconds(60))
            let last = try await bench.take(BatchRequest(job: "job", worker: "d"))
            let attempts = try await bench.store.attempts(of: first.id)
            try requireEqual(attempts.map(\.attempt), [1, 2, 3, 4], "the attempts")
            try requireEqual(attempts.map(\.worker), ["a", "b", "c", "d"], "the workers")
            try requireEqual(
                attempts.map(\.outcome),
                [.failed, .released, .expired, .running],
                "the outcomes"
            )
            let times = attempts.map { $0.startedAt.milliseconds - start.milliseconds }
            try requireEqual(times, [0, 6000, 6000, 66_000], "when they began")
            let ends = attempts.map { $0.endedAt.map { $0.milliseconds - start.milliseconds } }
            try requireEqual(ends, [1000, 6000, 66_000, nil], "when they ended")
            try requireEqual(attempts.first?.error, "no luck", "the error")
            try await last.succeed()
            let done = try await bench.store.attempts(of: first.id).last
            try requireEqual(done?.outcome, .succeeded, "the last outcome")
            try requireEqual(done?.endedAt, subject.now, "when the last ended")
        },
        ConformanceCase("A batch keeps its result and its log") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let failed = try await bench.take().fail("no", result: ["rows": 7])
            try requireEqual(
                try failed.result.map { try plainJSON($0) },
                #"{"rows":7}"#,
                "the result"
            )
            bench.clock.advance(by: .seconds(5))
            let again = try await bench.take()
            try requireEqual(again.record.result, nil, "the result of the next attempt")
            try requireEqual(again.record.logging, nil, "the log of the next attempt")
            let done = try await again.succeed(result: ["rows": [1, 2]], logging: "größer\n'x'")
            try requireEqual(done.status, .succeeded, "the status")
            try requireEqual(done.failures, 1, "the failures")
            try requireEqual(done.logging, "größer\n'x'", "the log")
            try requireEqual(
                try done.result.map { try plainJSON($0) },
                #"{"rows":[1,2]}"#,
                "the result"
            )
            try requireEqual(done.endedAt, subject.now, "when it ended")
            try requireEqual(done.leaseExpiresAt, nil, "the lease")
            try requireEqual(try await bench.record(again), done, "the record")
        },
        ConformanceCase("A result that is not JSON is refused") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let batch = try await bench.take(1)
            let holding = AttemptKey(batch: batch.id, attempt: batch.attempt)
            for text in [
                "", "{", "{'a': 1}", "nothing", #"{"a":1,}"#, #"{"a":NaN}"#, #"{"a":1e400}"#,
                #"{"a":"\u0000"}"#, #"{"a":"\udc00"}"#, "{} {}",
            ] {
                try await requireRefused(.invalidArgument, "succeeding with '\(text)'") {
                    try await bench.store.succeed(holding, result: text, logging: nil)
                }
                try await requireRefused(.invalidArgument, "failing with '\(text)'") {
                    try await bench.store.fail(holding, with: BatchFailure("no", result: text))
                }
            }
            try requireEqual(try await bench.record(batch), batch.record, "the batch")
            _ = try await bench.store.succeed(holding, result: "[1, null, \"x\"]", logging: nil)
            // What comes from a program's own values costs no success.
            let ended = try await bench.take().succeed(result: ["a": "\0"])
            try requireEqual(
                try ended.result.map { try plainJSON($0) },
                try plainJSON(#""{\"a\":\"\\u0000\"}""#),
                "the result"
            )
        },
    ]
}
