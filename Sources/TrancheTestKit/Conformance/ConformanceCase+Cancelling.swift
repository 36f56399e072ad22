import Tranche

extension ConformanceCase {
    /// What becomes of a run, or a batch, that is cancelled.
    static let cancelling: [ConformanceCase] = [
        ConformanceCase("A cancelled run hands out nothing until it is resumed") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            let held = try await bench.take(1)
            let key = try await bench.key()
            try requireEqual(
                try await bench.inventory.cancel(key, reason: "wrong file"),
                [held.id],
                "the batches"
            )
            guard case .cancelled(let cancellation) = try await bench.takeNone() else {
                throw ConformanceFailure("not cancelled")
            }
            try requireEqual(cancellation.note.reason, "wrong file", "the reason")
            try requireEqual(try await bench.run().cancellation, cancellation, "the run's")
            _ = try await bench.take(1, run: "again")
            try await bench.inventory.resume(key)
            try requireEqual(try await bench.run().cancellation, nil, "what is left of it")
            try requireEqual(try bench.ids(try await bench.take(1)), [2], "what goes on")
        },
        ConformanceCase("Who holds a batch that was cancelled is told so, and ends it no more") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let batch = try await bench.take(2)
            try await bench.inventory.cancel(try await bench.key(), reason: "no")
            for (what, end) in batch.everyEnd {
                let error = try await requireRefused(.cancelled, what) { try await end() }
                try require(error.message.contains(": no"), "'\(error)' does not say why")
            }
            let record = try await bench.record(batch)
            try requireEqual(record.status, .failed, "the status")
            try requireEqual(record.cause, .cancelled, "the cause")
            try requireEqual(record.failures, 0, "the failures")
            try requireEqual(record.isFinal, true, "whether it has ended")
            let attempt = try await bench.store.attempts(of: batch.id).first
            try requireEqual(attempt?.outcome, .cancelled, "the attempt's outcome")
            try requireEqual(attempt?.endedAt, subject.now, "when it ended")
            try require(attempt?.error?.contains("no") == true, "the attempt does not say why")
        },
        ConformanceCase("What was due is cancelled too, and a retry makes all of it due again") {
            subject in
            let bench = try await Bench(subject, ids: 1...20)
            let (failed, released) = (try await bench.take(2), try await bench.take(2))
            let (expired, done) = (try await bench.take(2), try await bench.take(2))
            let final = try await bench.take(1)
            try await failed.fail("once")
            try await released.release()
            try await done.succeed()
            try await final.fail(BatchFailure("for good", isFinal: true))
            bench.clock.advance(by: .seconds(61))
            let key = try await bench.key()
            let open = [failed.id, released.id, expired.id]
            try requireEqual(try await bench.inventory.cancel(key), open, "the cancelled")
            try requireEqual(try await bench.inventory.cancel(key), [], "said again")
            try await bench.inventory.resume(key)
            let summary = try await bench.store.summaries(RunSelection(key)).first
            try requireEqual(summary?.causes[.cancelled]?.batches, 3, "the count")
            try requireEqual(summary?.nextDue, nil, "what is due")
            let runs = RunSelection(key)
            try requireEqual(
                try await bench.inventory.retry(BatchSelection(runs: runs)),
                [final.id],
                "what a plain retry takes"
            )
            try requireEqual(
                try await bench.inventory.retry(BatchSelection(runs: runs, cause: .cancelled))
                    .sorted(),
                open,
                "what is retried"
            )
            try requireEqual(try await bench.record(failed).failures, 1, "the failures kept")
            for id in open + [final.id] {
                let again = try await bench.take()
                try requireEqual(again.id, id, "the batch")
                try requireEqual(again.attempt, 2, "its attempt")
                try requireEqual(try await bench.record(again).cause, nil, "its cause")
            }
        },
        ConformanceCase("One batch is cancelled, and all others go on") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            let (first, second) = (try await bench.take(2), try await bench.take(2))
            let record = try await bench.inventory.cancel(batch: first.id)
            try requireEqual(record.cause, .cancelled, "the cause")
            try requireEqual(try await bench.inventory.cancel(batch: first.id), record, "again")
            try await second.heartbeat()
            try await second.succeed()
            try await requireRefused(.invalidArgument, "one that has succeeded") {
                try await bench.inventory.cancel(batch: second.id)
            }
            try await bench.take().succeed()
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
        },
        ConformanceCase("What failed for good is closed by itself, and a retry brings it back") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            let (first, second) = (try await bench.take(2), try await bench.take(3))
            try await first.fail(BatchFailure("never", isFinal: true))
            try await second.fail("bad", badItems: [4])
            let key = try await bench.key()
            let quarantined = BatchSelection(runs: RunSelection(key), status: .quarantined)
            let bad = try await bench.inventory.batches(quarantined).map(\.id)
            try requireEqual(bad.count, 1, "the number of bad items")
            let closed = [first.id] + bad
            for id in closed {
                let record = try await bench.inventory.cancel(batch: id, reason: "hopeless")
                try requireEqual(record.status, .failed, "the status")
                try requireEqual(record.cause, .cancelled, "the cause")
                try requireEqual(try await bench.inventory.cancel(batch: id), record, "again")
            }
            try requireEqual(try await bench.record(first).failures, 1, "the failures")
            let attempt = try await bench.store.attempts(of: first.id).first
            try requireEqual(attempt?.outcome, .failed, "the attempt's outcome")
            try require(attempt?.error?.contains("never") == true, "the attempt does not say why")
            let summary = try await bench.store.summaries(RunSelection(key)).first
            try requireEqual(summary?.failedBatches, 0, "what has failed")
            try requireEqual(summary?.causes[.cancelled]?.batches, 2, "the cancelled")
            let changes = try await bench.inventory.changes(.of(.run(key)))
            try requireEqual(changes.map(\.what), ["cancelled", "cancelled"], "the changes")
            let cancelled = BatchSelection(runs: RunSelection(key), cause: .cancelled)
            let offered = try await bench.inventory.retry(cancelled)
            try requireEqual(offered.sorted(), closed, "what is retried")
            for id in closed {
                let isFinal = try await bench.inventory.batch(id).isFinal
                try requireEqual(isFinal, false, "whether it has ended")
            }
        },
        ConformanceCase("Pausing and cancelling are two things, and one resume ends both") {
            subject in
            let bench = try await Bench(subject, ids: 1...6)
            try await bench.take(1).succeed()
            let key = try await bench.key()
            try await bench.inventory.pause(key, reason: "lunch")
            try await bench.inventory.cancel(key)
            guard case .cancelled = try await bench.takeNone() else {
                throw ConformanceFailure("not cancelled")
            }
            try requireEqual(try await bench.run().pauseReason, "lunch", "the pause")
            try await bench.inventory.resume(key)
            _ = try await bench.take(1)
        },
        ConformanceCase("Cancelling is a change that says who and why, and so is taking it back") {
            subject in
            let bench = try await Bench(subject, ids: 1...6)
            let batch = try await bench.take(1)
            let key = try await bench.key()
            try await bench.inventory.cancel(batch: batch.id, reason: "one")
            try await bench.inventory.cancel(key, reason: "all")
            try await bench.inventory.cancel(key, reason: "again")
            try await bench.inventory.resume(key, reason: "go on")
            try await bench.inventory.resume(key, reason: "again")
            let changes = try await bench.inventory.changes(.of(.run(key)))
            let by = bench.inventory.configuration.worker
            try requireEqual(
                changes.map { "\($0.what) \($0.old ?? "-") \($0.new ?? "-") \($0.note)" },
                [
                    "cancelled run - \(ChangeNote(by: by, reason: "go on"))",
                    "cancelled - run \(ChangeNote(by: by, reason: "all"))",
                    "cancelled - batch \(batch.id) \(ChangeNote(by: by, reason: "one"))",
                ],
                "the changes"
            )
            try await requireRefused(.unknownRun, "an unknown run") {
                try await bench.inventory.cancel(RunKey(metaTable: "none", job: "none"))
            }
        },
        ConformanceCase("A part that was never handed out is so again after a cancel") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let batch = try await bench.take(4)
            try await batch.fail("bad", badItems: [2])
            let key = try await bench.key()
            try requireEqual(try await bench.inventory.cancel(key).count, 1, "the batches")
            try await bench.inventory.resume(key)
            let cancelled = BatchSelection(runs: RunSelection(key), cause: .cancelled)
            _ = try await bench.inventory.retry(cancelled)
            try requireEqual(try await bench.take().attempt, 1, "the attempt")
        },
        ConformanceCase("Nothing downstream sees a cancelled batch") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let (first, second) = (try await bench.take(2), try await bench.take(2))
            try await first.succeed()
            let key = try await bench.key()
            try await bench.inventory.cancel(key)
            let job = JobKey(metaTable: key.metaTable, job: key.job)
            try requireEqual(try await bench.store.numberCompletions(of: job), 1, "the last")
            try requireEqual(try await bench.record(second).completion, nil, "its completion")
        },
        ConformanceCase("A batch that was cancelled meanwhile is not split") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let batch = try await bench.take(4)
            try await batch.fail("no")
            try await bench.inventory.cancel(try await bench.key(), reason: "no")
            let parts = [
                BatchPart(ids: IDRuns(1...2), weight: 0), BatchPart(ids: IDRuns(3...4), weight: 0),
            ]
            try await requireRefused(.cancelled, "to split it") {
                _ = try await bench.store.split(batch.holding, into: parts)
            }
            try requireEqual(try await bench.record(batch).status, .failed, "the batch")
        },
    ]
}

extension Batch {
    /// All ways to end or extend a batch, by name.
    fileprivate var everyEnd: [(String, @Sendable () async throws -> Void)] {
        [
            ("heartbeat", { _ = try await heartbeat() }),
            ("succeed", { _ = try await succeed() }),
            ("fail", { _ = try await fail("no") }),
            ("release", { _ = try await release() }),
        ]
    }
}
