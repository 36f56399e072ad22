import Tranche

extension ConformanceCase {
    /// Looking at what is recorded.
    static let records: [ConformanceCase] = [
        ConformanceCase("Batches are listed newest first, as selected") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            var batches: [Batch] = []
            for _ in 0..<3 { batches.append(try await bench.take(1)) }
            batches.append(try await bench.take(1, run: "again"))
            try await batches[1].succeed()
            let all = try await bench.store.batches(BatchSelection())
            try requireEqual(all.map(\.id), batches.map(\.id).reversed(), "all batches")
            let run = RunSelection(try await bench.key())
            let ofRun = try await bench.store.batches(BatchSelection(runs: run))
            try requireEqual(ofRun.map(\.id), batches.prefix(3).map(\.id).reversed(), "a run's")
            let running = try await bench.store.batches(
                BatchSelection(runs: run, status: .running, limit: 1)
            )
            try requireEqual(running.map(\.id), [batches[2].id], "the newest that runs")
            let one = try await bench.store.batches(BatchSelection(ids: [batches[0].id]))
            try requireEqual(one, [batches[0].record], "one")
            let none = try await bench.store.batches(BatchSelection(runs: RunSelection(job: "no")))
            try requireEqual(none, [], "those of a job that does not exist")
        },
        ConformanceCase("The batches of an item are found by its id, oldest first") { subject in
            let bench = try await Bench(subject, ids: [1, 2, 4, 5])
            let first = try await bench.take(3)
            let second = try await bench.take(run: "again", ids: IDBounds(2...5))
            let table = try await bench.key().metaTable
            for (id, found) in [
                (4, [first, second]), (3, []), (1, [first]), (5, [second]), (9, []),
            ] as [(Int64, [Batch])] {
                let batches = try await bench.store.batches(holding: id, of: table)
                try requireEqual(batches.map(\.id), found.map(\.id), "the batches of \(id)")
            }
            let elsewhere = try await bench.store.batches(holding: 4, of: table + "x")
            try requireEqual(elsewhere, [], "the batches of another source")
        },
        ConformanceCase("Runs are found by source, job and name") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            _ = try await bench.take(1)
            _ = try await bench.take(1, run: "again", ids: IDBounds(1...2))
            _ = try await bench.take(BatchRequest(job: "other"))
            func names(_ selection: RunSelection) async throws -> Set<String> {
                Set(try await bench.store.runs(selection).map { "\($0.key.job)/\($0.key.run)" })
            }
            let all: Set = ["job/", "job/again", "other/"]
            try requireEqual(try await names(RunSelection()), all, "all runs")
            try requireEqual(
                try await names(RunSelection(job: "job")),
                ["job/", "job/again"],
                "a job's runs"
            )
            try requireEqual(
                try await names(RunSelection(run: "")),
                ["job/", "other/"],
                "incremental runs"
            )
            let run = try await bench.run("again")
            try requireEqual(run.bounds, IDBounds(1...2), "the bounds")
            try requireEqual(run.createdAt, subject.now, "when it began")
            let definition = try await bench.inventory.source(bench.description).definition
            try requireEqual(run.definition, try definition.canonicalText, "the definition")
        },
        ConformanceCase("Jobs whose names differ in their Unicode form alone are two") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            for job in ["\u{E9}", "e\u{301}"] {
                let batch = try await bench.take(BatchRequest(job: job))
                try requireEqual(batch.ids, 1...2, "the ids")
                try await batch.succeed()
            }
            let runs = try await bench.store.runs(RunSelection())
            try requireEqual(runs.map(\.cursor), [2, 2], "the cursors")
            try requireEqual(Set(runs.map(\.key)).count, 2, "the number of keys")
        },
        ConformanceCase("A summary adds up a run's batches") { subject in
            let bench = try await Bench(subject, (1...6).map { SourceRow($0, weight: 2) })
            let first = try await bench.take(1)
            let second = try await bench.take(2)
            let third = try await bench.take(2)
            bench.clock.advance(by: .seconds(10))
            try await first.succeed()
            bench.clock.advance(by: .seconds(10))
            try await second.succeed()
            let lastSuccess = subject.now
            bench.clock.advance(by: .seconds(10))
            try await third.fail("no")
            let key = RunSelection(try await bench.key())
            let summary = try requireSome(try await bench.store.summaries(key).first, "the summary")
            typealias Totals = RunSummary.Totals
            let totals = summary.totals.filter { $0.value.batches > 0 }
            try requireEqual(
                totals,
                [
                    .succeeded: Totals(batches: 2, items: 3, weight: 6),
                    .failed: Totals(batches: 1, items: 2, weight: 4),
                ],
                "the totals"
            )
            try requireEqual(summary.nextDue, subject.time(in: 5), "what is due next")
            try requireEqual(summary.lastSuccess, lastSuccess, "the last success")
            try require(summary.weightPerSecond ?? 0 > 0, "there is no pace of weight")
            try require(summary.itemsPerSecond ?? 0 > 0, "there is no pace of items")
            try requireEqual(summary.run, try await bench.run(), "the run")
            bench.clock.advance(by: .seconds(5))
            let later = try await bench.store.summaries(key).first
            try requireEqual(later?.nextDue, nil, "what is due next, once all may be taken")
        },
        ConformanceCase("A summary tells what ended in the last hour, and what runs again") {
            subject in
            let bench = try await Bench(subject, (1...6).map { SourceRow($0, weight: 2) })
            let old = try await bench.take(1)
            try await old.succeed()
            bench.clock.advance(by: .seconds(3000))
            let second = try await bench.take(2)
            let third = try await bench.take(1)
            try await second.succeed()
            try await third.fail("no")
            let key = RunSelection(try await bench.key())
            func summary() async throws -> RunSummary {
                try requireSome(try await bench.store.summaries(key).first, "the summary")
            }
            let before = try await summary()
            try requireEqual(before.lastHour.succeeded.items, 3, "what is of the hour")
            try requireEqual(before.lastHour.seconds, 3000, "the time since the run began")
            try requireEqual(before.lastHour.failures, 1, "what failed")
            try requireEqual(before.runningAgain, 0, "what runs again")
            bench.clock.advance(by: .seconds(1200))
            let again = try await bench.take(1)
            try requireEqual(again.id, third.id, "the batch that is tried again")
            let after = try await summary()
            try requireEqual(after.runningAgain, 1, "what runs again")
            try requireEqual(after.retrying.batches, 0, "what is to be tried again")
            typealias Totals = RunSummary.Totals
            try requireEqual(
                after.lastHour.succeeded,
                Totals(batches: 1, items: 2, weight: 4),
                "what is of the hour now"
            )
            try requireEqual(after.lastHour.seconds, 3600, "the hour")
            bench.clock.advance(by: .seconds(3600))
            let late = try await summary()
            try requireEqual(late.lastHour.succeeded.batches, 0, "what is of the hour at last")
            try requireEqual(late.lastHour.failures, 0, "what failed at last")
        },
        ConformanceCase("A summary tells of batches whose lease is over, and since when") {
            subject in
            let bench = try await Bench(subject, (1...4).map { SourceRow($0, weight: 2) })
            _ = try await bench.take(3)
            let key = RunSelection(try await bench.key())
            func summary() async throws -> RunSummary {
                try requireSome(try await bench.store.summaries(key).first, "the summary")
            }
            let held = try await summary()
            try requireEqual(held.lapsed, RunSummary.Totals(), "what is held by nobody")
            try requireEqual(held.dueSince, nil, "since when it could be taken")
            bench.clock.advance(by: .seconds(90))
            let lapsed = try await summary()
            typealias Totals = RunSummary.Totals
            let own = Totals(batches: 1, items: 3, weight: 6)
            try requireEqual(lapsed.totals[.running], own, "what runs")
            try requireEqual(lapsed.lapsed, own, "what is held by nobody now")
            try requireEqual(lapsed.dueSince, subject.time(in: -30), "the end of the lease")
            let again = try await bench.take(3)
            try requireEqual(again.count, 3, "what was offered again")
            try requireEqual(try await summary().lapsed, Totals(), "once it is taken")
        },
        ConformanceCase("What succeeds in part is of the last hour") { subject in
            let bench = try await Bench(subject, (1...6).map { SourceRow($0, weight: 1) })
            let batch = try await bench.take(6)
            _ = try await batch.fail("they are rotten", badItems: [2, 5])
            let rest = try await bench.take(6)
            try await rest.succeed()
            let key = RunSelection(try await bench.key())
            let summary = try requireSome(try await bench.store.summaries(key).first, "the summary")
            try requireEqual(
                summary.lastHour.succeeded,
                RunSummary.Totals(batches: 1, items: 4, weight: 4),
                "what is of the hour"
            )
        },
        ConformanceCase("A run without batches has a summary") { subject in
            let bench = try await Bench(subject, [SourceRow]())
            _ = try await bench.takeNone()
            let summary = try await bench.store.summaries(RunSelection()).first
            try requireEqual(summary?.totals.values.reduce(0) { $0 + $1.batches }, 0, "the batches")
            try requireEqual(summary?.nextDue, nil, "what is due next")
            try requireEqual(summary?.weightPerSecond, nil, "the pace")
        },
    ]
}
