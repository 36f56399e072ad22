import Tranche

extension ConformanceCase {
    /// Batches that have used up their attempts, and are tried once more now and then.
    static let stuck: [ConformanceCase] = [
        ConformanceCase(
            "What has used up its attempts is stuck, and tried again when all else is done"
        ) { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let batch = try await bench.takeOne()
            let record = try await batch.fail("no")
            try requireEqual(record.cause, .stuck, "the cause")
            try requireEqual(record.status, .failed, "the status")
            try requireEqual(record.isFinal, false, "whether it has ended")
            try requireEqual(record.retryAt, subject.time(in: 300), "when it is tried again")
            try requireEqual(try await bench.record(batch), record, "the record")
            try await bench.takeOne().succeed()
            try requireEqual(
                try await bench.takeNone(),
                .stuck(until: subject.time(in: 300)),
                "the reason"
            )
            bench.clock.advance(by: .seconds(300))
            let again = try await bench.take()
            try requireEqual(again.id, batch.id, "the batch")
            try requireEqual(again.attempt, 2, "its attempt")
            try requireEqual(try await bench.record(again).cause, nil, "its cause while it runs")
            let failed = try await again.fail("no")
            try requireEqual(failed.retryAt, subject.time(in: 300), "the next time")
            try requireEqual(failed.failures, 2, "its failures")
            let key = try await bench.key()
            let summary = try await bench.store.summaries(RunSelection(key)).first
            try requireEqual(summary?.causes[.stuck]?.batches, 1, "how many are stuck")
            try requireEqual(summary?.nextDue, nil, "what is due otherwise")
            bench.clock.advance(by: .seconds(300))
            try await bench.take().succeed()
            try requireEqual(try await bench.takeNone(), .complete, "the reason at the end")
        },
        ConformanceCase(
            "A stuck batch comes before what is new for one hand-out in ten, one at a time"
        ) {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            let (first, second) = (try await bench.takeOne(), try await bench.takeOne())
            try await first.fail("no")
            bench.clock.advance(by: .seconds(1))
            try await second.fail("no")
            bench.clock.advance(by: .seconds(300))
            try requireEqual(try bench.ids(try await bench.takeOne()), [3], "what is new")
            let stuck = try await bench.takeOne(inTurn: true)
            try requireEqual(stuck.id, first.id, "the longest unseen")
            try requireEqual(
                try bench.ids(try await bench.takeOne(inTurn: true)),
                [4],
                "what is new while one is tried"
            )
            try await stuck.succeed()
            let next = try await bench.takeOne(inTurn: true)
            try requireEqual(next.id, second.id, "the next")
        },
        ConformanceCase("A stuck batch that its budget has no room for holds back no other") {
            subject in
            let rows = [1, 8, 1].enumerated().map {
                SourceRow(Int64($0.offset) + 1, weight: $0.element)
            }
            let bench = try await Bench(subject, rows)
            try await bench.takeOne().succeed()
            try await bench.takeOne().fail("no")
            bench.clock.advance(by: .seconds(300))
            try await bench.inventory.setBudget("shared", BudgetLimits(weight: 4))
            let key = try await bench.key()
            try await bench.inventory.setBudgets(["shared"], of: key)
            // Alone, anything has room.
            var other = BatchRequest(job: "other", limit: BatchLimit(count: 1))
            other.limits = RunLimits(budgets: ["shared"])
            _ = try await bench.take(other)
            try requireEqual(
                try bench.ids(try await bench.takeOne(inTurn: true)),
                [3],
                "what has room"
            )
        },
        ConformanceCase("A stuck batch whose lease ends is stuck again") { subject in
            let bench = try await Bench(subject, ids: 1...1)
            let batch = try await bench.takeOne()
            bench.clock.advance(by: batch.lease)
            try requireEqual(
                try await bench.takeNone(),
                .stuck(until: subject.time(in: 300)),
                "the reason"
            )
            let record = try await bench.record(batch)
            try requireEqual(record.cause, .stuck, "the cause")
            try requireEqual(record.failures, 1, "the failures")
        },
        ConformanceCase("A failure that is final leaves no batch stuck") { subject in
            let bench = try await Bench(subject, ids: 1...1)
            let record = try await bench.takeOne().fail(BatchFailure("no", isFinal: true))
            try requireEqual(record.cause, nil, "the cause")
            try requireEqual(record.isFinal, true, "whether it has ended")
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
        },
        ConformanceCase("A failed batch that is due again is counted apart from all others") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let request = BatchRequest(
                job: "job",
                limit: BatchLimit(count: 1),
                policy: RunPolicy(maxAttempts: 3, backoff: .seconds(60))
            )
            let (first, second) = (try await bench.take(request), try await bench.take(request))
            try await first.fail("no")
            try await second.fail(BatchFailure("no", isFinal: true))
            let third = try await bench.take(request)
            try await bench.inventory.cancel(batch: third.id)
            let runs = RunSelection(try await bench.key())
            for wait in [0, 60] {
                bench.clock.advance(by: .seconds(wait))
                let summary = try await bench.store.summaries(runs).first
                try requireEqual(summary?.totals[.failed]?.batches, 3, "what is failed")
                try requireEqual(
                    summary?.retrying,
                    RunSummary.Totals(batches: 1, items: 1, weight: first.weight),
                    "what is due again"
                )
            }
        },
        ConformanceCase("A stuck batch is retried and cancelled as any other") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let (first, second) = (try await bench.takeOne(), try await bench.takeOne())
            try await first.fail("no")
            try await second.fail("no")
            let runs = RunSelection(try await bench.key())
            try requireEqual(
                try await bench.inventory.retry(BatchSelection(runs: runs, ids: [first.id])),
                [first.id],
                "what is retried"
            )
            try requireEqual(try await bench.record(first).failures, 0, "its failures")
            try requireEqual(try await bench.take().id, first.id, "what is due at once")
            let stuck = BatchSelection(runs: runs, cause: .stuck)
            try requireEqual(
                try await bench.store.batches(stuck).map(\.id),
                [second.id],
                "what is listed"
            )
            try await bench.inventory.cancel(batch: second.id)
            try requireEqual(try await bench.record(second).cause, .cancelled, "the cause")
            try requireEqual(try await bench.store.batches(stuck), [], "what is left")
        },
        ConformanceCase("Extended retries of what is split are refused") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let policy = RunPolicy(onExhausted: .split, extendedRetries: .seconds(300))
            try await requireRefused(.invalidArgument, "both") {
                try await bench.take(BatchRequest(job: "job", policy: policy))
            }
        },
    ]
}

extension Bench {
    /// Acquires one item of a run whose batches are stuck after one failure; in turn, a stuck one
    /// first.
    fileprivate func takeOne(inTurn: Bool = false) async throws -> Batch {
        var request = BatchRequest(
            job: "job",
            limit: BatchLimit(count: 1),
            policy: RunPolicy(maxAttempts: 1, extendedRetries: .seconds(300))
        )
        let handOuts = try await store.batches(BatchSelection()).reduce(0) { $0 + $1.attempt }
        request.token = (0...).lazy.map { "\(handOuts) \($0)" }.first {
            AcquireRequest.Slot(token: $0).takesStuck == inTurn
        }
        return try await take(request)
    }
}
