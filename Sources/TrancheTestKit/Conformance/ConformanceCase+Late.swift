import Tranche

extension ConformanceCase {
    /// Ids that appear behind the cursor.
    static let late: [ConformanceCase] = [
        ConformanceCase("An id that appears behind the cursor is handed out in a late batch") {
            subject in
            let bench = try await Bench(subject, [1, 2, 4, 5].map { SourceRow($0) })
            try await bench.take().succeed()
            try await bench.source.insert([SourceRow(3, weight: 7)])
            let late = try await bench.take()
            try requireEqual(late.kind, .late, "the kind")
            try requireEqual(try await late.items.map(\.id), [3], "the items")
            try requireEqual(late.weight, 7, "the weight")
            try await late.succeed()
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
            try requireEqual(try await bench.run().cursor, 5, "the cursor")
        },
        ConformanceCase("What may still come late is needed of a source, until it was looked for") {
            subject in
            let bench = try await Bench(subject, [1, 2, 4].map { SourceRow($0) })
            try await bench.take().succeed()
            try requireEqual(try await bench.done(above: 0), 4, "done at first")
            bench.clock.advance(by: .seconds(2))
            try requireEqual(try await bench.done(above: 0), 2, "done while a look is due")
            try requireEqual(try await bench.done(above: 3), 4, "done above what is cleaned")
            _ = try await bench.takeNone()
            try requireEqual(try await bench.done(above: 0), 4, "done after the look")
            try await bench.source.insert([SourceRow(3)])
            bench.clock.advance(by: .seconds(10))
            let late = try await bench.take()
            try requireEqual(try await bench.done(above: 0), 2, "done while it is held")
            try await late.succeed()
            try requireEqual(try await bench.done(above: 0), 4, "done in the end")
        },
        ConformanceCase("Rows that come under ids watched again are handed out, and others are not")
        {
            subject in
            let bench = try await Bench(subject, (1...6).map { SourceRow($0) })
            try await bench.take().succeed()
            try await bench.source.delete([3, 4, 5])
            let key = try await bench.key()
            let ids = IDRuns(4...5).union(IDRuns(9...9))
            // What follows the cursor is handed out anyway.
            try requireEqual(try await bench.store.watchAgain(ids, of: key), 2, "watched")
            try requireEqual(try await bench.store.watchAgain(ids, of: key), 2, "once more")
            try requireEqual(try await bench.takeNone(), .complete, "the reason before")
            try await bench.source.insert([SourceRow(3), SourceRow(5)])
            bench.clock.advance(by: .seconds(20))
            let late = try await bench.take()
            try requireEqual(late.kind, .late, "the kind")
            try requireEqual(try await late.items.map(\.id), [5], "the items")
            try await late.succeed()
            try requireEqual(try await bench.takeNone(), .complete, "the reason after")
            try await bench.source.insert([SourceRow(4)])
            bench.clock.advance(by: .seconds(60))
            try requireEqual(try await bench.take().items.map(\.id), [4], "the last")
        },
        ConformanceCase("To watch again wants a run that there is") { subject in
            let bench = try await Bench(subject, [1].map { SourceRow($0) })
            try await bench.take().succeed()
            var key = try await bench.key()
            key.run = "none"
            try await requireRefused(.unknownRun, "watching again") {
                _ = try await bench.store.watchAgain(IDRuns(1...1), of: key)
            }
        },
        ConformanceCase("A late batch holds as much as is asked for, and the rest follows") {
            subject in
            let bench = try await Bench(subject, [1, 9].map { SourceRow($0) })
            try await bench.take().succeed()
            try await bench.source.insert((3...7).map { SourceRow($0) })
            var found: [[Int64]] = []
            for _ in 0..<3 { found.append(try await bench.take(2).items.map(\.id)) }
            try requireEqual(found, [[3, 4], [5, 6], [7]], "the late batches")
            try await bench.source.insert([SourceRow(2), SourceRow(8)])
            // Gaps in which nothing was found are looked at ever more seldom.
            bench.clock.advance(by: .seconds(20))
            try requireEqual(try await bench.take().items.map(\.id), [2, 8], "the next")
        },
        ConformanceCase("A batch that is tried again never picks up what a late batch holds") {
            subject in
            let bench = try await Bench(subject, [1, 2, 4].map { SourceRow($0) })
            let first = try await bench.take()
            try await first.fail("no")
            try await bench.source.insert([SourceRow(3)])
            bench.clock.advance(by: .seconds(2))
            let late = try await bench.take()
            try requireEqual(try await late.items.map(\.id), [3], "the late items")
            bench.clock.advance(by: .seconds(5))
            let again = try await bench.take()
            try requireEqual(again.id, first.id, "the batch")
            try requireEqual(try await again.items.map(\.id), [1, 2, 4], "its items")
        },
        ConformanceCase("Ids before the first item are found") { subject in
            let bench = try await Bench(subject, ids: 10...12)
            try await bench.take().succeed()
            try await bench.source.insert([SourceRow(-5), SourceRow(9)])
            try requireEqual(try await bench.take().items.map(\.id), [-5, 9], "the late items")
        },
        ConformanceCase("A bounded run takes late ids within its bounds only") { subject in
            let bench = try await Bench(subject, [10, 20].map { SourceRow($0) })
            try await bench.take(run: "some", ids: IDBounds(5...25)).succeed()
            try await bench.source.insert([
                SourceRow(4), SourceRow(5), SourceRow(15), SourceRow(26),
            ])
            let late = try await bench.take(run: "some", ids: IDBounds(5...25))
            try requireEqual(try await late.items.map(\.id), [5, 15], "the late items")
        },
        ConformanceCase("What a filter admits is found behind it, and nothing else") { subject in
            let bench = try await Bench(
                subject,
                [1, 2, 3, 7, 8].map { SourceRow($0) },
                filter: .even
            )
            try await bench.take().succeed()
            try await bench.source.insert([SourceRow(5), SourceRow(6)])
            try requireEqual(try await bench.take().items.map(\.id), [6], "the late items")
            try requireEqual(
                try await bench.takeNone(),
                .waiting(until: subject.time(in: 60)),
                "next"
            )
        },
        ConformanceCase("Ids behind a fruitless scan are found") { subject in
            let bench = try await Bench(subject, [1, 3, 5].map { SourceRow($0) }, filter: .even)
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
            try await bench.source.insert([SourceRow(4)])
            bench.clock.advance(by: .seconds(3))
            try requireEqual(try await bench.take().items.map(\.id), [4], "the late items")
            try await bench.source.insert([SourceRow(2), SourceRow(6)])
            bench.clock.advance(by: .seconds(2))
            try requireEqual(try await bench.take().items.map(\.id), [2], "late again")
            try requireEqual(try await bench.take().items.map(\.id), [6], "behind the cursor")
            try await bench.source.insert([SourceRow(0)])
            bench.clock.advance(by: .seconds(2))
            try requireEqual(try await bench.take().items.map(\.id), [0], "before all")
        },
        ConformanceCase("A gap is watched for as long as the run says, and then left to the audit")
        {
            subject in
            let bench = try await Bench(subject, [1, 3].map { SourceRow($0) })
            let request = BatchRequest(job: "job", policy: RunPolicy(watch: .seconds(100)))
            try await bench.take(request).succeed()
            bench.clock.advance(by: .seconds(101))
            try requireEqual(try await bench.takeNone(request), .complete, "the reason")
            try requireEqual(try await bench.store.gaps(of: bench.key()).count, 0, "the gaps")
            try await bench.source.insert([SourceRow(2)])
            try requireEqual(try await bench.takeNone(request), .complete, "the reason then")
            let report = try await bench.audit(AuditOptions(isRepairing: true))
            try requireEqual(report.appeared.packed, "2", "what appeared")
            try requireEqual(try await bench.take(request).items.map(\.id), [2], "the late items")
        },
        ConformanceCase("Ids in steps make few gaps") { subject in
            let bench = try await Bench(subject, (1...200).map { SourceRow($0 * 1000) })
            for _ in 0..<4 { try await bench.take(50).succeed() }
            let gaps = try await bench.store.gaps(of: bench.key())
            try require(gaps.count <= 5, "there are \(gaps.count) gaps")
            try await bench.source.insert([SourceRow(77_500), SourceRow(3)])
            bench.clock.advance(by: .seconds(2))
            try requireEqual(try await bench.take().items.map(\.id), [3, 77_500], "the late items")
        },
        ConformanceCase("However many gaps there are, a bounded number is kept and nothing is lost")
        {
            subject in
            let bench = try await Bench(subject, (1...1200).map { SourceRow($0 * 2) })
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 10))
            _ = try await bench.drain(request)
            let gaps = try await bench.store.gaps(of: bench.key())
            try require(gaps.count <= 1000, "there are \(gaps.count) gaps")
            try await bench.source.insert([SourceRow(1001)])
            bench.clock.advance(by: .seconds(700))
            let late = try await bench.take()
            try requireEqual(try await late.items.map(\.id), [1001], "the late items")
        },
        ConformanceCase("With a settle lag, ids are handed out once they were known that long") {
            subject in
            let bench = try await Bench(subject, ids: 1...2)
            let request = BatchRequest(job: "job", policy: RunPolicy(settleLag: .seconds(30)))
            try requireEqual(
                try await bench.takeNone(request),
                .unsettled(until: subject.time(in: 30)),
                "the reason"
            )
            bench.clock.advance(by: .seconds(20))
            try await bench.source.insert([SourceRow(3)])
            _ = try await bench.takeNone(request)
            bench.clock.advance(by: .seconds(10))
            try requireEqual(try await bench.take(request).items.map(\.id), [1, 2], "the items")
            bench.clock.advance(by: .seconds(30))
            try requireEqual(try await bench.take(request).items.map(\.id), [3], "the next")
        },
    ]
}

extension Bench {
    /// The id up to which the run needs nothing of its source any more.
    fileprivate func done(above floor: Int64) async throws -> Int64? {
        let source = try await run().key.metaTable
        return try await inventory.needs(ofSource: source, above: floor).first?.done
    }
}
