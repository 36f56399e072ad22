import Tranche

extension ConformanceCase {
    /// Batches that are offered before their time or again, and found by what they say.
    static let offering: [ConformanceCase] = [
        ConformanceCase("A batch that waits for its next try is offered at once") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let (failed, deferred) = (try await bench.take(2), try await bench.take(2))
            try await failed.fail("once")
            _ = try await bench.store.release(
                deferred.holding,
                BatchDeferral(for: .seconds(60), parking: nil, reason: "later"),
                jitter: .zero,
                ChangeNote()
            )
            guard case .waiting = try await bench.takeNone() else {
                throw ConformanceFailure("not waiting")
            }
            let found = [try await bench.record(failed), try await bench.record(deferred)]
            let offered = try await bench.inventory.offer(found)
            try requireEqual(offered.map(\.id), [failed.id, deferred.id], "what is offered")
            try requireEqual(offered.map(\.failures), [1, 0], "the failures")
            try requireEqual(try await bench.take().id, failed.id, "the first")
            try requireEqual(try await bench.take().id, deferred.id, "the second")
        },
        ConformanceCase("A batch that succeeded is made again, once, also downstream") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let batch = try await bench.take(4)
            try await batch.succeed()
            let load = BatchRequest(job: "load")
            let source = InventorySource(job: "job")
            try await bench.take(load, from: source).succeed()
            let done = try await bench.record(batch)
            let made = try await bench.inventory.offer([done])
            try requireEqual(made.map(\.parent), [batch.id], "the origin")
            try requireEqual(made.map(\.kind), [.redrive], "the kind")
            try requireEqual(
                try await bench.inventory.offer([done]).map(\.id),
                made.map(\.id),
                "said again"
            )
            try requireEqual(try await bench.record(batch), done, "the batch that succeeded")
            let again = try await bench.take()
            try requireEqual(again.id, made.first?.id, "the new batch")
            try requireEqual(try await again.items.map(\.id), [1, 2, 3, 4], "its items")
            _ = try await bench.takeNone(load, from: source)
            try await again.succeed()
            let late = try await bench.take(load, from: source)
            try requireEqual(try await late.items.map(\.id), [2], "the completion")
            let third = try await bench.inventory.offer([done])
            try require(third.first?.id != again.id, "what has ended is not made again")
        },
        ConformanceCase("What was handed out since it was looked at is left alone") {
            subject in
            let bench = try await Bench(subject, ids: 1...6)
            let batch = try await bench.take(2)
            try await batch.fail("once")
            let found = try await bench.record(batch)
            bench.clock.advance(by: .seconds(6))
            let again = try await bench.take(2)
            try requireEqual(again.id, batch.id, "the batch")
            try requireEqual(try await bench.inventory.offer([found]), [], "one that is held")
            try await again.succeed()
            try requireEqual(try await bench.inventory.offer([found]), [], "one that has succeeded")
            let held = try await bench.take(2)
            let running = try await bench.record(held)
            try requireEqual(try await bench.inventory.offer([running]), [], "one in work")
            try await held.heartbeat()
        },
        ConformanceCase("Who did what with batches and runs is kept, with the reason") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let policy = RunPolicy(maxAttempts: 1)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 2), policy: policy)
            let first = try await bench.take(request)
            try await first.fail("no")
            let second = try await bench.take(request)
            let key = try await bench.key()
            let inventory = bench.inventory
            _ = try await inventory.retry(BatchSelection(ids: [first.id]), reason: "mended")
            _ = try await inventory.retry(BatchSelection(ids: [first.id]), reason: "again")
            let held = try await bench.record(second)
            _ = try await inventory.release(found: [held, held], reason: "the host is gone")
            try await inventory.pause(key, reason: "disk")
            try await inventory.pause(key, reason: "disk")
            try await inventory.resume(key, lettingThrough: 2, reason: "a try")
            try await inventory.resume(key)
            try await inventory.resume(key)
            let by = inventory.configuration.worker
            let kept = try await inventory.changes(.of(.run(key))).map { change in
                "\(change.what) \(change.old ?? "-") \(change.new ?? "-") "
                    + "\(change.note.by == by) \(change.note.reason ?? "-")"
            }
            try requireEqual(
                kept,
                [
                    "pause paused after 2 batches - true -",
                    "pause paused paused after 2 batches true a try",
                    "pause - paused true disk",
                    "release - batch \(second.id) true the host is gone",
                    "retry - batch \(first.id) true mended",
                ],
                "the changes"
            )
            let several = [try await bench.take(request), try await bench.take(request)]
            _ = try await inventory.release(found: several.map(\.record), reason: nil)
            try requireEqual(
                try await inventory.changes(.of(.run(key)), limit: 1).first?.new,
                ChangeRecord.words(ofBatches: several.map(\.id)),
                "several batches"
            )
            try await requireRefused(.unknownRun, "an unknown run") {
                try await inventory.pause(RunKey(metaTable: "none", job: "none"))
            }
        },
        ConformanceCase("A paused run lets so many batches through, and is paused again") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            let failed = try await bench.take(1)
            try await failed.release()
            let key = try await bench.key()
            try await bench.inventory.pause(key, reason: "disk")
            try await bench.inventory.resume(key, lettingThrough: 3)
            try requireEqual(try await bench.take(1).id, failed.id, "one that was given back")
            try requireEqual(try bench.ids(try await bench.take(1)), [2], "a new one")
            try requireEqual(try await bench.run().letThrough, 1, "what is left")
            try requireEqual(try bench.ids(try await bench.take(1)), [3], "the last")
            try requireEqual(try await bench.takeNone(), .paused(reason: "disk"), "then")
            _ = try await bench.take(1, run: "other")
            try await bench.inventory.resume(key)
            try requireEqual(try bench.ids(try await bench.take(1)), [4], "after a resume")
        },
        ConformanceCase("Letting through bounds a run that was cancelled, and a pause ends it") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            try await bench.take(1).succeed()
            let key = try await bench.key()
            try await bench.inventory.cancel(key)
            try await bench.inventory.resume(key, lettingThrough: 1)
            try await bench.take(1).succeed()
            try requireEqual(try await bench.takeNone(), .paused(reason: ""), "then")
            try await bench.inventory.resume(key, lettingThrough: 5)
            try await bench.inventory.pause(key, reason: "enough")
            try requireEqual(try await bench.takeNone(), .paused(reason: "enough"), "at once")
            try await requireRefused(.invalidArgument, "none") {
                try await bench.inventory.resume(key, lettingThrough: 0)
            }
            try await requireRefused(.unknownRun, "an unknown run") {
                let none = RunKey(metaTable: "none", job: "none")
                try await bench.inventory.resume(none, lettingThrough: 1)
            }
        },
        ConformanceCase("Batches are found by their error, worker and time") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            let first = try await bench.take(1)
            try await first.fail("disk 100% full")
            bench.clock.advance(by: .seconds(2))
            let second = try await bench.take(1)
            try await second.fail("Disk is fine, no route")
            let third = try await bench.take(1)
            func found(_ selection: BatchSelection) async throws -> [Int64] {
                try await bench.store.batches(selection).map(\.id)
            }
            try requireEqual(try await found(.init(text: "100% full")), [first.id], "a part")
            try requireEqual(try await found(.init(text: "disk")), [first.id], "in these letters")
            try requireEqual(try await found(.init(text: "100_ full")), [], "no pattern")
            let own = bench.inventory.configuration.worker
            try requireEqual(try await found(.init(worker: own)).count, 3, "the worker's")
            try requireEqual(try await found(.init(worker: own + "x")), [], "another's")
            let since = subject.time(in: -1)
            try requireEqual(
                try await found(.init(since: since)),
                [third.id, second.id],
                "since then"
            )
            try requireEqual(try await found(.init(until: since)), [first.id], "until then")
        },
    ]

    /// What is left of runs that are forgotten.
    static let forgetting: [ConformanceCase] = [
        ConformanceCase("A run that is forgotten leaves nothing, and begins anew") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            try await bench.take(2).succeed(result: ["rows": 2])
            try await bench.take(2).fail("once")
            try await bench.take(2, run: "other").succeed()
            let key = try await bench.key()
            try await bench.inventory.setParallelism(3, of: key)
            let plan = try await bench.inventory.forget(RunSelection(key), isDryRun: true)
            try requireEqual(plan.runs, [key], "the runs")
            try requireEqual(plan.batches, 2, "the batches")
            try requireEqual(plan.items, 4, "the items")
            try requireEqual(plan.attempts, 2, "the attempts")
            try requireEqual(try await bench.store.batches(BatchSelection()).count, 3, "all")
            let report = try await bench.inventory.forget(RunSelection(key))
            try requireEqual(report, plan, "what was lost")
            try requireEqual(try await bench.store.runs(RunSelection(key)), [], "the run")
            let left = try await bench.store.batches(BatchSelection())
            try requireEqual(left.map(\.key.run), ["other"], "what is left")
            try requireEqual(try await bench.store.attempts(of: 1), [], "the attempts kept")
            try requireEqual(try await bench.inventory.changes(.of(.run(key))), [], "the changes")
            try requireEqual(
                try await bench.inventory.forget(RunSelection(key)).batches,
                0,
                "said again"
            )
            let again = try await bench.take()
            try requireEqual(try bench.ids(again), [1, 2, 3, 4, 5, 6], "the ids")
            try require(again.id > 3, "a number is given again")
            try requireEqual(try await bench.run().isLimited, false, "whether it is limited")
        },
        ConformanceCase("A run that is forgotten takes along its own probes, and no others") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            try await bench.inventory.setBudget("b", BudgetLimits(batches: 5))
            try await bench.take(2).succeed()
            let key = try await bench.key()
            let question = ProbeQuestion.http("http://h/up")
            try await bench.inventory.setProbe(Probe("own", of: .run(key), question))
            try await bench.inventory.setProbe(Probe("shared", of: .name("b"), question))
            let plan = try await bench.inventory.forget(RunSelection(key), isDryRun: true)
            try requireEqual(plan.probes, 1, "the probes")
            let report = try await bench.inventory.forget(RunSelection(key))
            try requireEqual(report, plan, "what was lost")
            let left = try await bench.inventory.probes().map(\.name)
            try requireEqual(left, ["shared"], "what is left")
            _ = try await bench.take(2)
            // Nothing of it keeps the name.
            let again = try await bench.key()
            try await bench.inventory.setProbe(Probe("own", of: .run(again), question))
            try await bench.inventory.removeProbe("own")
            _ = try await bench.take(2)
        },
        ConformanceCase("What fell into parts is counted once among what is forgotten") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            try await bench.take(4).fail("once")
            let failed = try await bench.store.batches(BatchSelection())
            for batch in failed {
                _ = try await bench.inventory.split(batch, from: bench.description)
            }
            try requireEqual(failed.count, 1, "the batches that failed")
            let plan = try await bench.inventory.forget(RunSelection(job: "job"), isDryRun: true)
            try requireEqual(plan.items, 4, "the items")
        },
        ConformanceCase("What is packed is forgotten, too") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            _ = try await bench.drain(BatchRequest(job: "job", limit: BatchLimit(count: 2)))
            bench.clock.advance(by: .seconds(60))
            _ = try await bench.inventory.compact(keep: .seconds(1))
            let report = try await bench.inventory.forget(RunSelection(job: "job"))
            try requireEqual(report.batches, 3, "the batches")
            try requireEqual(report.items, 6, "the items")
            let table = try await bench.key().metaTable
            try requireEqual(try await bench.store.batches(holding: 3, of: table), [], "item 3")
        },
        ConformanceCase("What is held, or another job takes from, is not forgotten") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            let held = try await bench.take(2)
            try await bench.take(2).succeed()
            let selection = RunSelection(job: "job")
            try requireEqual(
                try await bench.inventory.forget(selection, isDryRun: true).held,
                1,
                "the held"
            )
            try await requireRefused(.invalidArgument, "one that is held") {
                try await bench.inventory.forget(selection)
            }
            try await held.succeed()
            let load = BatchRequest(job: "load")
            try await bench.take(load, from: InventorySource(job: "job")).succeed()
            let takers = try await bench.inventory.forget(selection, isDryRun: true).takers
            try requireEqual(takers.map(\.job), ["load"], "the takers")
            try await requireRefused(.invalidArgument, "one that another takes from") {
                try await bench.inventory.forget(selection)
            }
            try requireEqual(try await bench.store.batches(BatchSelection()).count, 3, "all")
            _ = try await bench.inventory.forget(RunSelection(job: "load"))
            _ = try await bench.inventory.forget(selection)
            try requireEqual(try await bench.store.runs(RunSelection()), [], "what is left")
        },
    ]
}
