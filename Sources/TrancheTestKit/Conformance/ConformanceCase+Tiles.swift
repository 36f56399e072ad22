import Tranche

extension ConformanceCase {
    /// Tiles and filters.
    static let tiles: [ConformanceCase] = [
        ConformanceCase("The tiles of a run leave nothing out") { subject in
            let bench = try await Bench(subject, ids: [3, 4, 9, 20, 21, 50])
            var records: [BatchRecord] = []
            for _ in 0..<3 { records.append(try await bench.take(2).record) }
            try requireEqual(records.map(\.coverStart), [nil, 4, 20], "where the tiles begin")
            try requireEqual(records.map(\.idStart), [3, 9, 21], "the first ids")
            try requireEqual(records.map(\.idEnd), [4, 20, 50], "the last ids")
            try requireEqual(try await bench.run().cursor, 50, "the cursor")
            try requireEqual(try await bench.run().tileEnd, 50, "the last tile's end")
        },
        ConformanceCase("A filter leaves out items, not ids") { subject in
            let bench = try await Bench(subject, ids: 1...9, filter: .even)
            let first = try await bench.take(2)
            let second = try await bench.take(2)
            try requireEqual(bench.ids(first), [2, 4], "the first batch's ids")
            try requireEqual(bench.ids(second), [6, 8], "the second batch's ids")
            try requireEqual(second.record.coverStart, 4, "where its tile begins")
            try requireEqual(second.count, 2, "its count")
            try requireEqual(second.weight, 2, "its weight")
            try requireEqual(try await second.items.map(\.id), [6, 8], "its items")
            try require(!second.isExact, "a filtered batch claims to be exact")
        },
        ConformanceCase("Sparse ids are kept as they were handed out") { subject in
            let bench = try await Bench(subject, ids: [-3, -2, 0, 5, 6, 7])
            let batch = try await bench.take()
            try requireEqual(batch.record.itemIDs?.packed, "-3--2,0,5-7", "the packed ids")
            try requireEqual(try await bench.record(batch), batch.record, "the record")
            try requireEqual(try await batch.items.map(\.id), [-3, -2, 0, 5, 6, 7], "the items")
        },
        ConformanceCase("Dense ids are kept as a range") { subject in
            let bench = try await Bench(subject, ids: 1...5)
            let batch = try await bench.take(4)
            try requireEqual(batch.record.itemIDs, nil, "the list of ids")
            try require(batch.isExact, "a dense batch is not exact")
        },
        ConformanceCase("How far a fruitless scan came is kept") { subject in
            let bench = try await Bench(subject, ids: [1, 3, 5], filter: .even)
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
            try requireEqual(try await bench.run().cursor, 5, "the cursor")
            try requireEqual(try await bench.run().tileEnd, nil, "the last tile's end")
            try await bench.source.insert([SourceRow(2), SourceRow(6), SourceRow(7)])
            let batch = try await bench.take()
            try requireEqual(bench.ids(batch), [6], "the ids")
            try requireEqual(batch.record.coverStart, nil, "where the tile begins")
            try requireEqual(
                try await bench.takeNone(),
                .waiting(until: subject.time(in: 60)),
                "then"
            )
            try requireEqual(try await bench.run().cursor, 7, "the cursor then")
            try await bench.source.insert([SourceRow(8)])
            try requireEqual(try await bench.take().record.coverStart, 6, "where the next begins")
        },
        ConformanceCase("A long stretch of left-out items is passed over") { subject in
            let rows = (Int64(1)...3000).map { SourceRow($0 * 2 + 1) } + [SourceRow(6004)]
            let bench = try await Bench(subject, rows, filter: .even)
            let batch = try await bench.take(1)
            try requireEqual(bench.ids(batch), [6004], "the ids")
            try requireEqual(batch.record.coverStart, nil, "where the tile begins")
        },
        ConformanceCase("A batch says how it came to be") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            try requireEqual(try await bench.take(1).kind, .incremental, "the kind of a batch")
            let batch = try await bench.take(run: "again", ids: IDBounds(1...2))
            try requireEqual(batch.kind, .backfill, "the kind of a backfill's batch")
            try requireEqual(batch.run, "again", "its run")
        },
        ConformanceCase("A plan made for another cursor hands out nothing") { subject in
            let bench = try await Bench(subject, ids: 1...5)
            let source = try await bench.inventory.source(bench.description)
            let limit = BatchLimit(count: 2)
            let plan = try await source.nextRange(
                after: nil,
                within: IDBounds(),
                limit: limit,
                batches: 1
            )
            _ = try await bench.take(1)
            let request = try AcquireRequest(
                key: await bench.key(),
                definition: source.definition,
                limit: limit,
                slots: [.init(token: "late")]
            )
            let input = AcquireInput(plan: plan)
            switch try await bench.store.acquire(request, from: source, with: input) {
            case .needsPlan(let demand):
                try requireEqual(demand.cursor, 1, "the cursor to plan from")
            case .batches(let batches):
                // A store that reads the source itself needs no plan.
                try requireEqual(batches.map(\.record.idStart), [2], "the first id")
            case .none(let reason):
                throw ConformanceFailure("no batch, because \(reason)")
            case .needsGapCheck, .needsSplit, .needsEnding:
                throw ConformanceFailure("no batch, because of something that comes first")
            }
        },
        ConformanceCase("A run at its end needs no plan") { subject in
            let bench = try await Bench(subject, ids: 1...5)
            let ids = IDBounds(1...3)
            let batch = try await bench.take(run: "again", ids: ids)
            let source = try await bench.inventory.source(bench.description)
            let request = try AcquireRequest(
                key: batch.record.key,
                definition: source.definition,
                bounds: ids,
                slots: [.init(token: "end")]
            )
            for expected in [NoBatchReason.waiting(until: subject.time(in: 60)), .complete] {
                let outcome = try await bench.store.acquire(
                    request,
                    from: source,
                    with: AcquireInput()
                )
                guard case .none(expected) = outcome else {
                    throw ConformanceFailure("\(outcome), not \(expected)")
                }
                try await batch.succeed()
            }
        },
    ]

    /// Too little for a batch.
    static let lingering: [ConformanceCase] = [
        ConformanceCase("Too little is handed out when it has waited") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            let until = subject.time(in: 60)
            try requireEqual(
                try await bench.takeNone(.lingering),
                .waiting(until: until),
                "the reason"
            )
            bench.clock.advance(by: .milliseconds(59_999))
            try await bench.source.insert([SourceRow(4)])
            try requireEqual(
                try await bench.takeNone(.lingering),
                .waiting(until: until),
                "the reason later"
            )
            bench.clock.advance(by: .milliseconds(1))
            try requireEqual(try await bench.take(.lingering).count, 4, "the count at last")
        },
        ConformanceCase("Enough is handed out at once") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            _ = try await bench.takeNone(.lingering)
            try await bench.source.insert([SourceRow(10)])
            try requireEqual(try await bench.take(.lingering).count, 10, "the count")
        },
        ConformanceCase("The wait begins anew after a batch") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            _ = try await bench.takeNone(.lingering)
            bench.clock.advance(by: .seconds(60))
            try await bench.take(.lingering).succeed()
            try await bench.source.insert([SourceRow(4)])
            try requireEqual(
                try await bench.takeNone(.lingering),
                .waiting(until: subject.time(in: 60)),
                "the reason"
            )
        },
        ConformanceCase("A range that its limit cut does not wait for more") { subject in
            let bench = try await Bench(subject, ids: 1...5)
            var request = BatchRequest.lingering
            request.limit = BatchLimit(count: 2)
            try requireEqual(try await bench.ids(bench.take(request)), [1, 2], "the first ids")
            try requireEqual(try await bench.ids(bench.take(request)), [3, 4], "the second ids")
            try requireEqual(
                try await bench.takeNone(request),
                .waiting(until: subject.time(in: 60)),
                "the reason for the rest"
            )
        },
        ConformanceCase("What is free again does not wait for more") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            let first = try await bench.take(2)
            try await first.release()
            try requireEqual(try await bench.take(.lingering).id, first.id, "the batch")
        },
        ConformanceCase("Draining hands out too little at once") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            _ = try await bench.takeNone(.lingering)
            let answer = try await bench.inventory.nextBatch(
                .lingering,
                from: bench.description,
                end: .whenComplete
            )
            guard case .batch(let batch) = answer else {
                throw ConformanceFailure("no batch, but \(answer)")
            }
            try requireEqual(batch.count, 3, "the count")
        },
        ConformanceCase("Of several batches only the last may be too little, and waits") {
            subject in
            let bench = try await Bench(subject, ids: 1...5)
            var request = BatchRequest.lingering
            request.limit = BatchLimit(count: 2)
            let batches = try await bench.inventory.acquireBatches(
                count: 5,
                request,
                from: bench.description
            )
            try requireEqual(
                try batches.map { try bench.ids($0) },
                [[1, 2], [3, 4]],
                "the batches' ids"
            )
            bench.clock.advance(by: .seconds(59))
            for batch in batches { try await batch.succeed() }
            try requireEqual(
                try await bench.takeNone(request),
                .waiting(until: subject.time(in: 1)),
                "the reason for the rest"
            )
        },
        ConformanceCase("A linger time may be longer than time can be told: the rest waits") {
            subject in
            let bench = try await Bench(subject, ids: 1...3)
            for linger in [Duration.milliseconds(Int64.max), .seconds(Int64.max)] {
                let request = BatchRequest(job: "job", minWeight: 10, linger: linger)
                guard case .waiting(let until) = try await bench.takeNone(request) else {
                    throw ConformanceFailure("the rest of \(linger) does not wait")
                }
                try require(until > subject.time(in: 31_536_000), "it is waited for: \(until)")
            }
        },
    ]
}

extension BatchRequest {
    /// Waits a minute for a weight of 10.
    fileprivate static let lingering = BatchRequest(job: "job", minWeight: 10, linger: .seconds(60))
}
