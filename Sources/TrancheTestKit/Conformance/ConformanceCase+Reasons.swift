import Tranche

extension ConformanceCase {
    /// Why there is no batch.
    static let reasons: [ConformanceCase] = [
        ConformanceCase("An empty source is complete") { subject in
            let bench = try await Bench(subject, [SourceRow]())
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
            try requireEqual(try await bench.run().cursor, nil, "the cursor")
            try await bench.source.insert([SourceRow(1)])
            try requireEqual(try await bench.ids(bench.take()), [1], "the ids that came")
        },
        ConformanceCase("A run is complete when all its batches have ended") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let first = try await bench.take(2)
            let second = try await bench.take(2)
            try requireEqual(
                try await bench.takeNone(),
                .waiting(until: subject.time(in: 60)),
                "the reason while both run"
            )
            try await first.succeed()
            bench.clock.advance(by: .seconds(10))
            try requireEqual(
                try await bench.takeNone(),
                .waiting(until: subject.time(in: 50)),
                "the reason while one runs"
            )
            try await second.succeed()
            try requireEqual(try await bench.takeNone(), .complete, "the reason at the end")
            try await bench.source.insert([SourceRow(5)])
            try requireEqual(try await bench.ids(bench.take()), [5], "the ids that came later")
        },
        ConformanceCase("Waiting lasts until the first lease or retry") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let first = try await bench.take(2)
            _ = try await bench.take(2)
            try await first.fail("no")
            let retry = subject.time(in: 5)
            try requireEqual(try await bench.takeNone(), .waiting(until: retry), "the reason")
        },
        ConformanceCase("A batch that failed for good does not keep a run from completing") {
            subject in
            let bench = try await Bench(subject, ids: 1...2)
            let request = BatchRequest(job: "job", policy: RunPolicy(maxAttempts: 1))
            try await bench.take(request).fail("no")
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
        },
        ConformanceCase("A bounded run waits for what runs, then is complete") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            let ids = IDBounds(2...3)
            let request = BatchRequest(job: "job", run: "again", ids: ids)
            let batch = try await bench.take(request)
            try requireEqual(
                try await bench.takeNone(request),
                .waiting(until: subject.time(in: 60)),
                "the reason while it runs"
            )
            try await batch.succeed()
            try requireEqual(try await bench.takeNone(request), .complete, "the reason at the end")
        },
        ConformanceCase("A paused run hands out nothing until it is resumed") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let first = try await bench.take(1)
            let second = try await bench.take(1)
            try await first.release()
            let key = try await bench.key()
            try await bench.inventory.pause(key, reason: "a look at the disk")
            try requireEqual(
                try await bench.takeNone(),
                .paused(reason: "a look at the disk"),
                "the reason"
            )
            try requireEqual(try await bench.run().pauseReason, "a look at the disk", "the record")
            _ = try await second.heartbeat()
            try await second.succeed()
            _ = try await bench.take(1, run: "again")
            try await bench.inventory.resume(key)
            try requireEqual(try await bench.take(1).id, first.id, "the batch after")
            try await bench.inventory.pause(key)
            try requireEqual(try await bench.takeNone(), .paused(reason: ""), "without a reason")
        },
        ConformanceCase("A source that was rewound holds the run") { subject in
            let bench = try await Bench(subject, ids: 1...5)
            try await bench.take(weight: 100).succeed()
            try await bench.source.delete([3, 4, 5])
            guard case .held(let reason, nil) = try await bench.takeNone() else {
                throw ConformanceFailure("not held")
            }
            try require(reason.contains("rewound"), "the reason '\(reason)' does not say so")
            try requireEqual(try await bench.run().cursor, 5, "the cursor")
            try await bench.source.insert([SourceRow(6)])
            try requireEqual(try await bench.ids(bench.take()), [6], "the ids above the cursor")
        },
        ConformanceCase("A source that was emptied holds the run") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            try await bench.take().succeed()
            try await bench.source.delete([1, 2])
            guard case .held = try await bench.takeNone() else {
                throw ConformanceFailure("not held")
            }
        },
        ConformanceCase("A bounded run at its end is not held when its source is rewound") {
            subject in
            let bench = try await Bench(subject, ids: 1...5)
            let request = BatchRequest(job: "job", run: "again", ids: IDBounds(1...4))
            try await bench.take(request).succeed()
            try await bench.source.delete([2, 3, 4, 5])
            try requireEqual(try await bench.takeNone(request), .complete, "the reason")
        },
    ]

    /// What is fixed when a batch is handed out.
    static let fixedItems: [ConformanceCase] = [
        ConformanceCase("The next attempt has the ids that were handed out") { subject in
            let bench = try await Bench(subject, ids: [1, 2, 4, 6])
            let first = try await bench.take(3)
            try await first.fail("no")
            bench.clock.advance(by: .seconds(5))
            try await bench.source.insert([SourceRow(3), SourceRow(5)])
            try await bench.source.delete([2])
            let again = try await bench.take()
            try requireEqual(try await again.items.map(\.id), [1, 4], "the items")
            try requireEqual(again.count, 3, "the count")
            try requireEqual(again.weight, 3, "the weight")
            try requireEqual(bench.ids(again), [1, 2, 4], "the ids")
        },
        ConformanceCase("A dense batch that lost an item is read without it") { subject in
            let bench = try await Bench(subject, ids: 1...5)
            try await bench.take(4).release()
            try await bench.source.delete([1, 3])
            let again = try await bench.take()
            try requireEqual(try await again.items.map(\.id), [2, 4], "the items")
        },
        ConformanceCase("A batch whose items have all vanished succeeds empty") { subject in
            let bench = try await Bench(subject, ids: 1...5)
            let first = try await bench.take(2)
            try await first.release()
            try await bench.source.delete([1, 2])
            try requireEqual(try await bench.ids(bench.take(2)), [3, 4], "the next ids")
            let record = try await bench.record(first)
            try requireEqual(record.status, .succeeded, "the status of the empty batch")
            try requireEqual(record.attempt, 2, "its attempt")
            try require(
                record.logging?.contains("vanished") == true,
                "its logging does not say why"
            )
        },
        ConformanceCase("A filter that changed its answer changes no batch in hand") { subject in
            let light = SourceFilter("weight < 5") { $0.weight < 5 }
            let rows = [SourceRow(1), SourceRow(2, weight: 9), SourceRow(3)]
            let bench = try await Bench(subject, rows, filter: light)
            let first = try await bench.take()
            try requireEqual(bench.ids(first), [1, 3], "the ids")
            try await first.release()
            try await bench.source.delete([3])
            try await bench.source.insert([SourceRow(3, weight: 50)])
            let again = try await bench.take()
            try requireEqual(try await again.items.map(\.id), [1, 3], "the items")
            try requireEqual(again.weight, 2, "the weight")
        },
        ConformanceCase("A very large batch is read in steps, each item once") { subject in
            let ids = (Int64(1)...9000).filter { $0 % 7 != 0 }
            let bench = try await Bench(subject, ids: ids)
            try await bench.take().release()
            try await bench.source.insert([SourceRow(7), SourceRow(14)])
            let again = try await bench.take()
            var read: [Int64] = []
            for try await item in again.itemStream { read.append(item.id) }
            try requireEqual(read, ids, "the items")
        },
    ]
}
