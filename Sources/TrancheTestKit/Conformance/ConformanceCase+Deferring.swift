import Tranche

extension ConformanceCase {
    /// Batches that come back later.
    static let deferring: [ConformanceCase] = [
        ConformanceCase("A batch that is put off is due then, and no failure is counted") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let batch = try await bench.take(4)
            let record = try await batch.release(for: .seconds(30), reason: "busy")
            try requireEqual(record.status, .released, "the status")
            try requireEqual(record.cause, .deferred, "the cause")
            try requireEqual(record.failures, 0, "the failures")
            try requireEqual(record.deferrals, 1, "the deferrals")
            try requireEqual(record.retryAt, subject.time(in: 30), "when it is due")
            try requireEqual(try await bench.record(batch), record, "the record")
            try requireEqual(
                try await batch.release(for: .seconds(30), reason: "busy"),
                record,
                "said again"
            )
            try requireEqual(
                try await bench.takeNone(),
                .waiting(until: subject.time(in: 30)),
                "the reason"
            )
            let attempt = try await bench.store.attempts(of: batch.id).first
            try requireEqual(attempt?.outcome, .deferred, "the attempt's outcome")
            try require(attempt?.error?.contains("busy") == true, "the attempt does not say why")
            bench.clock.advance(by: .seconds(30))
            let again = try await bench.take()
            try requireEqual(again.attempt, 2, "the next attempt")
            try requireEqual(try await bench.record(again).cause, nil, "its cause")
            try requireEqual(try await bench.record(again).deferrals, 1, "its deferrals")
            try await again.fail("no")
            try requireEqual(try await bench.record(again).deferrals, 0, "those after a failure")
        },
        ConformanceCase("A batch that is put off parks a budget of its run, and shortens none") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            let (first, second) = (try await bench.take(1), try await bench.take(1))
            let (third, key) = (try await bench.take(1), try await bench.key())
            try await bench.inventory.setBudget("api", BudgetLimits(batches: 8))
            try await bench.inventory.setBudgets(["api"], of: key)
            try await first.release(parking: "api", for: .seconds(60), reason: "429")
            let parking = try await bench.inventory.budgets(of: key).first?.parking
            let long = BudgetParking(until: subject.time(in: 60), reason: "429")
            try requireEqual(parking, long, "the parking")
            guard case .limited("api", long.until) = try await bench.takeNone() else {
                throw ConformanceFailure("not limited until then")
            }
            // Due at its end, as it is shorter.
            let record = try await second.release(parking: "api", for: .seconds(10))
            try requireEqual(record.retryAt, long.until, "when it is due")
            try requireEqual(
                try await bench.inventory.budgets(of: key).first?.parking,
                long,
                "the parking after a shorter one"
            )
            try await third.release(parking: "api", for: .seconds(90))
            try requireEqual(
                try await bench.inventory.budgets(of: key).first?.parking?.until,
                subject.time(in: 90),
                "the parking after a longer one"
            )
            let parked = try await bench.inventory.changes(.of(.name("api"))).filter {
                $0.what == "parked"
            }
            try requireEqual(parked.map(\.new), ["for 90 s", "for 60 s"], "the changes")
        },
        ConformanceCase("A budget that is none of the run's is not parked, and an error says so") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            let batch = try await bench.take(1)
            try await bench.inventory.setBudget("other", BudgetLimits(batches: 8))
            let error = try await requireRefused(.unknownBudget, "another's budget") {
                try await batch.release(parking: "other", for: .seconds(60))
            }
            try require(error.message.contains("'other'"), "the error '\(error)' does not name it")
            try requireEqual(
                try await bench.inventory.budgets().first?.parking,
                nil,
                "its parking"
            )
            let record = try await bench.record(batch)
            try requireEqual(record.retryAt, subject.time(in: 60), "when the batch is due")
            // That of all is the run's, as it names none.
            try await bench.inventory.setBudget(Budget.ofAll, BudgetLimits(batches: 8))
            let next = try await bench.take(1)
            try await next.release(parking: Budget.ofAll, for: .seconds(60))
            guard case .limited("*", _) = try await bench.takeNone() else {
                throw ConformanceFailure("not limited")
            }
        },
        ConformanceCase("A hundred deferrals in a row are a failure, and so is a day of them") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            var batch = try await bench.take(2)
            for count in 1..<BatchDeferral.most {
                let record = try await batch.release(for: .seconds(1))
                try requireEqual(record.deferrals, count, "the deferrals")
                bench.clock.advance(by: .seconds(1))
                batch = try await bench.take()
            }
            let failed = try await batch.release(for: .seconds(1), reason: "busy")
            try requireEqual(failed.status, .failed, "the status")
            try requireEqual(failed.failures, 1, "the failures")
            try requireEqual(failed.deferrals, 0, "the deferrals after it")
            try require(failed.logging?.contains("busy") == true, "it does not say why")
            try requireEqual(try await batch.release(for: .seconds(1)), failed, "said again")
            let outcome = try await bench.store.attempts(of: batch.id).last?.outcome
            try requireEqual(outcome, .failed, "the last attempt's outcome")
            bench.clock.advance(by: .seconds(60))
            batch = try await bench.take()
            try await batch.release(for: .seconds(900))
            bench.clock.advance(by: .seconds(86_400))
            batch = try await bench.take()
            try requireEqual(
                try await batch.release(for: .seconds(900)).failures,
                2,
                "those after a day"
            )
        },
        ConformanceCase("Deferrals count in a row: a lease that ended in between begins anew") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            var batch = try await bench.take(2)
            for _ in 1...2 {
                try await batch.release(for: .seconds(1))
                bench.clock.advance(by: .seconds(1))
                batch = try await bench.take()
            }
            bench.clock.advance(by: batch.lease)
            batch = try await bench.take()
            let before = subject.now
            bench.clock.advance(by: .seconds(1))
            let record = try await batch.release(for: .seconds(1))
            try requireEqual(record.deferrals, 1, "the deferrals")
            try require(record.deferredSince ?? before > before, "they count from before the end")
        },
        ConformanceCase("Deferrals that are a failure count as one, and split nothing") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let request = bench.splitting(maxAttempts: 3)
            for failures in [1, 2, 2] {
                let failed = try await bench.putOffForADay(request)
                try requireEqual(failed.status, .failed, "the status")
                try requireEqual(failed.failures, failures, "the failures")
                try require(failed.retryAt ?? subject.now > subject.now, "it is due at once")
                bench.clock.advance(by: .seconds(60))
            }
            let batch = try await bench.take(request)
            try requireEqual(batch.kind, .incremental, "the kind of what is handed out")
            // Its items' own failure is the last that it may have.
            try requireEqual(try await batch.fail("no").failures, 3, "the failures of its own")
        },
        ConformanceCase("Deferrals of what has begun hold no run of which something succeeds") {
            subject in
            let bench = try await Bench(subject, ids: 1...20)
            for count in 1...OutageGuard.threshold {
                if count > 1 {
                    let good = try await bench.takeAtMostOnce()
                    try await good.begin()
                    try await good.succeed()
                }
                let batch = try await bench.takeAtMostOnce()
                try await batch.begin()
                let record = try await batch.release(for: .seconds(4), reason: "429")
                try requireEqual(record.cause, .begun, "the cause")
            }
            _ = try await bench.takeAtMostOnce()
        },
        ConformanceCase("Who is late to put a batch off that is packed is told that it was lost") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let batch = try await bench.take(2)
            try await batch.succeed()
            bench.clock.advance(by: .seconds(1))
            let report = try await bench.inventory.compact(keep: .zero)
            try requireEqual(report.batches, 1, "what was packed")
            try await requireRefused(.batchLost, "a deferral") {
                try await batch.release(for: .seconds(30), reason: "busy")
            }
        },
        ConformanceCase("Deferrals that leave a batch stuck may be said again") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let policy = RunPolicy(maxAttempts: 1, extendedRetries: .seconds(300))
            let request = BatchRequest(job: "job", policy: policy)
            let batch = try await bench.take(request)
            try await batch.release(for: .seconds(900))
            bench.clock.advance(by: .seconds(86_400))
            let again = try await bench.take(request)
            let stuck = try await again.release(for: .seconds(900), reason: "busy")
            try requireEqual(stuck.cause, .stuck, "the cause")
            try requireEqual(
                try await again.release(for: .seconds(900), reason: "busy"),
                stuck,
                "said again"
            )
        },
        ConformanceCase("Who has ended a batch otherwise cannot put it off") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            try await bench.inventory.setBudget("api", BudgetLimits(batches: 8))
            let ends: [(String, @Sendable (Batch) async throws -> BatchRecord)] = [
                ("done", { try await $0.succeed() }),
                ("no luck", { try await $0.fail("no luck") }),
                ("never", { try await $0.fail(BatchFailure("never", isFinal: true)) }),
                ("not now", { try await $0.fail(BatchFailure("not now", isTransient: true)) }),
                ("bad", { try await $0.fail("bad", badItems: [$0.ids.lowerBound]) }),
            ]
            for (words, end) in ends {
                let batch = try await bench.take(1)
                try await bench.inventory.setBudgets(["api"], of: bench.key())
                _ = try await end(batch)
                let ended = try await bench.record(batch)
                try await requireRefused(.batchLost, words) {
                    try await batch.release(for: .seconds(30), reason: "busy")
                }
                try await requireRefused(.batchLost, "\(words), parking a budget") {
                    try await batch.release(parking: "api", for: .seconds(30))
                }
                try requireEqual(try await bench.record(batch), ended, "the record of '\(words)'")
            }
            let parking = try await bench.inventory.budgets(of: bench.key()).first?.parking
            try requireEqual(parking, nil, "the parking")
        },
        ConformanceCase("What has begun and failed cannot be put off") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let batch = try await bench.takeAtMostOnce()
            try await batch.begin()
            try await batch.fail("no luck")
            let failed = try await bench.record(batch)
            try await requireRefused(.batchLost, "a deferral") {
                try await batch.release(for: .seconds(30), reason: "busy")
            }
            try requireEqual(try await bench.record(batch), failed, "the record")
        },
        ConformanceCase("Who lost a batch, or had it cancelled, cannot put it off") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let lost = try await bench.take(1)
            bench.clock.advance(by: lost.lease + .seconds(1))
            let again = try await bench.take()
            try await requireRefused(.batchLost, "the old attempt") {
                try await lost.release(for: .seconds(1))
            }
            try await bench.inventory.cancel(batch: again.id)
            try await requireRefused(.cancelled, "the cancelled one") {
                try await again.release(for: .seconds(1))
            }
        },
    ]
}

extension Bench {
    /// Acquires a batch, and puts it off until that is a failure.
    fileprivate func putOffForADay(_ request: BatchRequest) async throws -> BatchRecord {
        try await take(request).release(for: .seconds(900))
        clock.advance(by: .seconds(86_400))
        return try await take(request).release(for: .seconds(900))
    }
}
