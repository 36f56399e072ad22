import Tranche

extension ConformanceCase {
    /// Who may end a batch.
    static let fencing: [ConformanceCase] = [
        ConformanceCase("Who lost a batch cannot end it") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let lost = try await bench.take()
            bench.clock.advance(by: .seconds(60))
            let held = try await bench.take()
            try requireEqual(held.id, lost.id, "the batch")
            for (what, end) in lost.ends {
                let error = try await requireRefused(.batchLost, what) { try await end() }
                try require(error.category == .conflict, "\(what): category \(error.category)")
                try require(
                    error.message.contains("\(lost.id)") && error.message.contains("attempt"),
                    "\(what): the message '\(error.message)' does not name batch and attempt"
                )
            }
            try requireEqual(try await bench.record(held), held.record, "the batch after")
            let ended = try await held.succeed()
            for (what, end) in lost.ends {
                try await requireRefused(.batchLost, "\(what) at the end") { try await end() }
            }
            try requireEqual(try await bench.record(held), ended, "the batch at the end")
        },
        ConformanceCase("Who released a batch has lost it") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let first = try await bench.take()
            try await first.release()
            _ = try await bench.take()
            for (what, end) in first.ends {
                try await requireRefused(.batchLost, what) { try await end() }
            }
        },
        ConformanceCase("A late success counts while nobody else was given the batch") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let batch = try await bench.take()
            bench.clock.advance(by: .seconds(3600))
            let record = try await batch.succeed()
            try requireEqual(record.status, .succeeded, "the status")
            try requireEqual(record.failures, 0, "the failures")
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
        },
        ConformanceCase("A batch that ended one way does not end in another") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            let batches = [
                try await bench.take(1), try await bench.take(1), try await bench.take(1),
            ]
            try await batches[0].succeed()
            try await batches[1].fail("no")
            try await batches[2].release()
            for (own, batch) in zip(["succeed", "fail", "release"], batches) {
                let before = try await bench.record(batch)
                for (what, end) in batch.ends where what != own {
                    try await requireRefused(.batchLost, "\(what) after \(own)") { try await end() }
                }
                try requireEqual(try await bench.record(batch), before, "the batch after \(own)")
            }
        },
        ConformanceCase("A batch that does not exist is unknown") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            _ = try await bench.take()
            let nobody = AttemptKey(batch: 4711, attempt: 1)
            try await requireRefused(.unknownBatch, "succeed") {
                try await bench.store.succeed(nobody, result: nil, logging: nil)
            }
            try await requireRefused(.unknownBatch, "fail") {
                try await bench.store.fail(nobody, with: BatchFailure("no"))
            }
            try await requireRefused(.unknownBatch, "release") {
                try await bench.store.release(nobody)
            }
            try await requireRefused(.unknownBatch, "heartbeat") {
                try await bench.store.heartbeat(nobody)
            }
        },
    ]

    /// Requests that are made again.
    static let repeating: [ConformanceCase] = [
        ConformanceCase("The same token gives the same batch") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 2), token: "one")
            let first = try await bench.take(request)
            bench.clock.advance(by: .seconds(1))
            let again = try await bench.take(request)
            try requireEqual(again.record, first.record, "the batch")
            try requireEqual(try await again.items.map(\.id), [1, 2], "its items")
            try requireEqual(try await bench.ids(bench.take(2)), [3, 4], "the next batch's ids")
        },
        ConformanceCase("A token gives its batch as it is now") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 2), token: "one")
            let ended = try await bench.take(request).succeed(result: ["n": 1], logging: "fine")
            let again = try await bench.take(request)
            try requireEqual(again.record, ended, "the batch")
        },
        ConformanceCase("A token gives its batches, in order") { subject in
            let bench = try await Bench(subject, ids: 1...30)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 2), token: "many")
            let first = try await bench.inventory.acquireBatches(
                count: 12,
                request,
                from: bench.description
            )
            let again = try await bench.inventory.acquireBatches(
                count: 12,
                request,
                from: bench.description
            )
            let ids = stride(from: Int64(1), to: 25, by: 2).map { $0...$0 + 1 }
            try requireEqual(first.map(\.ids), ids, "the ids of the batches")
            try requireEqual(again.map(\.record), first.map(\.record), "the batches")
        },
        ConformanceCase("A token does not fetch a batch that was handed to somebody else") {
            subject in
            let bench = try await Bench(subject, ids: 1...6)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 2), token: "one")
            let first = try await bench.take(request)
            bench.clock.advance(by: .seconds(60))
            let other = try await bench.take(2)
            try requireEqual(other.id, first.id, "the batch")
            try requireEqual(try await bench.ids(bench.take(request)), [3, 4], "the token's ids")
        },
        ConformanceCase("An end that is repeated gives what is recorded") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let request = BatchRequest(
                job: "job",
                limit: BatchLimit(count: 1),
                policy: RunPolicy(maxAttempts: 1)
            )
            let done = try await bench.take(request)
            let failed = try await bench.take(request)
            let given = try await bench.take(request)
            let records = [
                try await done.succeed(result: ["n": 1], logging: "fine"),
                try await failed.fail("no"),
                try await given.release(),
            ]
            try requireEqual(records.map(\.status), [.succeeded, .failed, .released], "the ends")
            bench.clock.advance(by: .seconds(1))
            let again = [
                try await done.succeed(result: ["n": 2], logging: "other"),
                try await failed.fail("other"),
                try await given.release(),
            ]
            try requireEqual(again, records, "the ends repeated")
            for record in records {
                let attempts = try await bench.store.attempts(of: record.id)
                try requireEqual(attempts.count, 1, "the attempts of batch \(record.id)")
                try requireEqual(attempts.first?.endedAt, record.endedAt, "when its attempt ended")
            }
        },
        ConformanceCase("A failure that is repeated counts once") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let batch = try await bench.take()
            let record = try await batch.fail("no")
            bench.clock.advance(by: .seconds(1))
            try requireEqual(try await batch.fail("no"), record, "the batch")
            try requireEqual(record.failures, 1, "its failures")
        },
    ]
}

extension Batch {
    /// All ways to end or extend a batch, by name.
    fileprivate var ends: [(String, @Sendable () async throws -> Void)] {
        [
            ("succeed", { _ = try await succeed() }),
            ("fail", { _ = try await fail("no") }),
            ("release", { _ = try await release() }),
            ("heartbeat", { _ = try await heartbeat() }),
        ]
    }
}
