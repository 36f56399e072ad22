import Tranche

extension ConformanceCase {
    /// Batches whose handlers start at most once.
    static let atMostOnce: [ConformanceCase] = [
        ConformanceCase("A batch is begun by who holds it, and by nobody else") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let lost = try await bench.takeAtMostOnce()
            try requireEqual(lost.execution, .atMostOnce, "the execution")
            bench.clock.advance(by: lost.lease)
            try await requireRefused(.batchLost, "the end of the lease") { try await lost.begin() }
            let batch = try await bench.takeAtMostOnce()
            try requireEqual(batch.id, lost.id, "what is offered again")
            try await requireRefused(.batchLost, "the attempt before") { try await lost.begin() }
            try requireEqual(try await bench.record(batch).begunAt, nil, "when it was begun")
            try await batch.begin()
            try requireEqual(try await bench.record(batch).begunAt, subject.now, "when it begins")
            try await requireRefused(.batchLost, "who begins again") { try await batch.begin() }
            try await batch.succeed()
            try await requireRefused(.batchLost, "who has ended it") { try await batch.begin() }
            let cancelled = try await bench.takeAtMostOnce()
            try await bench.inventory.cancel(batch: cancelled.id)
            try await requireRefused(.cancelled, "a cancelled one") { try await cancelled.begin() }
        },
        ConformanceCase("To begin may be repeated by who began, and extends the lease") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let batch = try await bench.takeAtMostOnce()
            bench.clock.advance(by: .seconds(10))
            let end = subject.time(in: 60)
            for word in ["the lease", "the lease again"] {
                let until = try await bench.store.begin(batch.holding, token: "mine")
                try requireEqual(until, end, word)
            }
            try requireEqual(try await bench.record(batch).leaseExpiresAt, end, "the lease kept")
            try await bench.store.takeBackBegin(batch.holding, token: "another's")
            try requireEqual(try await bench.record(batch).begunAt, subject.now, "another's token")
            try await bench.store.takeBackBegin(batch.holding, token: "mine")
            try requireEqual(try await bench.record(batch).begunAt, nil, "what is taken back")
            try await batch.begin()
        },
        ConformanceCase("What has begun and expires is failed for good, and handed out no more") {
            subject in
            let bench = try await Bench(subject, ids: 1...2)
            let batch = try await bench.takeAtMostOnce()
            try await batch.begin()
            bench.clock.advance(by: batch.lease)
            let next = try await bench.takeAtMostOnce()
            try requireEqual(try bench.ids(next), [2], "what is handed out")
            try await next.begin()
            try await next.succeed()
            bench.clock.advance(by: .seconds(86_400))
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
            try await bench.requireBegun(batch, saying: "may have been executed")
            let attempt = try await bench.store.attempts(of: batch.id).last
            try requireEqual(attempt?.outcome, .expired, "the attempt's outcome")
            try await requireRefused(.batchLost, "its late success") { try await batch.succeed() }
            let runs = RunSelection(try await bench.key())
            let summary = try await bench.store.summaries(runs).first
            try requireEqual(summary?.totals[.failed]?.batches, 1, "what is failed")
            try requireEqual(summary?.causes[.begun]?.batches, 1, "what had begun")
            try requireEqual(summary?.retrying.batches, 0, "what is tried again")
            try requireEqual(summary?.nextDue, nil, "what is due")
        },
        ConformanceCase("What has not begun is offered again, and counts its attempts") { subject in
            let bench = try await Bench(subject, ids: 1...1)
            for attempt in 1...3 {
                let batch = try await bench.takeAtMostOnce()
                try requireEqual(batch.attempt, attempt, "the attempt")
                bench.clock.advance(by: batch.lease)
            }
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
            let batch = try requireSome(
                try await bench.store.batches(BatchSelection(status: .failed)).first,
                "the failed batch"
            )
            try requireEqual(batch.cause, nil, "its cause")
            try requireEqual(try await bench.inventory.retry(BatchSelection()), [1], "the retry")
            try await bench.takeAtMostOnce().release()
            try await bench.takeAtMostOnce().begin()
        },
        ConformanceCase("However a batch ends that has begun, it is not offered again") { subject in
            let bench = try await Bench(subject, ids: 1...8)
            let ends: [(String, @Sendable (Batch) async throws -> BatchRecord)] = [
                ("no luck", { try await $0.fail("no luck") }),
                ("not now", { try await $0.fail(BatchFailure("not now", isTransient: true)) }),
                (
                    "two are bad",
                    { try await $0.fail("two are bad", badItems: [$0.ids.lowerBound]) }
                ),
                ("given back", { try await $0.release() }),
                ("busy", { try await $0.release(for: .seconds(30), reason: "busy") }),
            ]
            for (words, end) in ends {
                let batch = try await bench.takeAtMostOnce()
                try await batch.begin()
                let record = try await end(batch)
                try requireEqual(try await bench.record(batch), record, "the record of '\(words)'")
                try requireEqual(record.failures, 1, "the failures after '\(words)'")
                try await bench.requireBegun(batch, saying: words)
                try requireEqual(try await end(batch), record, "'\(words)' said again")
            }
            bench.clock.advance(by: .seconds(86_400))
            try requireEqual(try bench.ids(try await bench.takeAtMostOnce()), [6], "what follows")
        },
        ConformanceCase("What has begun and failed otherwise cannot be given back") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let failed = try await bench.takeAtMostOnce()
            try await failed.begin()
            try await failed.fail("no luck")
            let expired = try await bench.takeAtMostOnce()
            try await expired.begin()
            bench.clock.advance(by: expired.lease)
            try requireEqual(try bench.ids(try await bench.takeAtMostOnce()), [3], "what follows")
            for batch in [failed, expired] {
                let record = try await bench.record(batch)
                try requireEqual(record.cause, .begun, "the cause")
                try await requireRefused(.batchLost, "a release") { try await batch.release() }
                try requireEqual(try await bench.record(batch), record, "the record")
            }
        },
        ConformanceCase("What may have been executed is retried where that may be repeated") {
            subject in
            let bench = try await Bench(subject, ids: 1...3)
            let (first, second) = (
                try await bench.takeAtMostOnce(), try await bench.takeAtMostOnce()
            )
            for batch in [first, second] { try await batch.begin() }
            try await first.fail("no luck")
            try await bench.inventory.cancel(batch: second.id)
            let all = BatchSelection(runs: RunSelection(try await bench.key()))
            var cancelled = all
            cancelled.cause = .cancelled
            for selection in [all, cancelled] {
                try requireEqual(try await bench.inventory.retry(selection), [], "a retry")
            }
            try await bench.requireBegun(first, saying: "no luck")
            try requireEqual(
                try await bench.inventory.retry(all, mayRepeat: true),
                [first.id],
                "a retry that may repeat"
            )
            try requireEqual(
                try await bench.inventory.retry(cancelled, mayRepeat: true),
                [second.id],
                "one of what was cancelled"
            )
            for id in [first.id, second.id].sorted() {
                let batch = try await bench.takeAtMostOnce()
                try requireEqual(batch.attempt, 2, "the attempt of batch \(id)")
                try requireEqual(batch.record.begunAt, nil, "when batch \(id) was begun")
                try await batch.begin()
            }
        },
        ConformanceCase("What may have been executed is split where that may be repeated") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let batch = try await bench.takeAtMostOnce(4)
            try await batch.begin()
            let record = try await batch.fail("no luck")
            try await requireRefused(.invalidArgument, "a split") {
                try await bench.inventory.split(record, from: bench.description)
            }
            try requireEqual(try await bench.record(batch), record, "the record")
            let parts = try await bench.inventory.split(
                record,
                from: bench.description,
                mayRepeat: true
            )
            try requireEqual(parts.map(\.begunAt), [nil, nil], "when the parts were begun")
            try await bench.takeAtMostOnce().begin()
        },
        ConformanceCase("A run becomes at most once when nothing of it is open") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let (batch, key) = (try await bench.take(1), try await bench.key())
            let policy = RunPolicy(execution: .atMostOnce)
            for _ in 1...2 {
                try await requireRefused(.invalidArgument, "an open batch") {
                    try await bench.inventory.redefine(key, policy: policy)
                }
                try requireEqual(try await bench.run().policy.execution, .atLeastOnce, "the run's")
                if try await bench.record(batch).status == .running { try await batch.release() }
            }
            try await bench.take().succeed()
            try await bench.inventory.redefine(key, policy: policy)
            let next = try await bench.take(1)
            try requireEqual(next.execution, .atMostOnce, "the execution")
            try await next.begin()
            // What has begun stays so, whatever the run becomes.
            try await bench.inventory.redefine(key, policy: RunPolicy())
            bench.clock.advance(by: next.lease)
            try requireEqual(try bench.ids(try await bench.take(1)), [3], "what is handed out")
            try await bench.requireBegun(next, saying: "may have been executed")
        },
        ConformanceCase("A run that begins anew executes as before") { subject in
            let bench = try await Bench(subject, ids: 1...1)
            try await bench.takeAtMostOnce().begin()
            _ = try await bench.inventory.restart(try await bench.key())
            try requireEqual(try await bench.take(1).execution, .atMostOnce, "the execution")
        },
        ConformanceCase("What contradicts at most once is refused") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            for policy in [
                RunPolicy(onExhausted: .split, execution: .atMostOnce),
                RunPolicy(extendedRetries: .seconds(300), execution: .atMostOnce),
            ] {
                try await requireRefused(.invalidArgument, "\(policy)") {
                    try await bench.take(BatchRequest(job: "job", policy: policy))
                }
            }
        },
    ]
}

extension Bench {
    /// Acquires a batch of a run that is at most once.
    func takeAtMostOnce(_ count: Int = 1) async throws -> Batch {
        try await take(
            BatchRequest(
                job: "job",
                limit: BatchLimit(count: count),
                policy: RunPolicy(execution: .atMostOnce)
            )
        )
    }

    /// Checks that a batch is failed for good since it had begun.
    fileprivate func requireBegun(_ batch: Batch, saying words: String) async throws {
        let record = try await record(batch)
        try requireEqual(record.status, .failed, "the status")
        try requireEqual(record.cause, .begun, "the cause")
        try requireEqual(record.isFinal, true, "whether it has ended")
        try require(record.logging?.contains(words) == true, "it says '\(record.logging ?? "")'")
    }
}
