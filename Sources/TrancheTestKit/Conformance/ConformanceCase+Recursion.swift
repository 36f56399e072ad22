import Tranche

extension ConformanceCase {
    /// The inventory of one job as the source of another.
    static let recursion: [ConformanceCase] = [
        ConformanceCase("The successes of one job are the items of the next") { subject in
            let bench = try await Bench(subject, (1...6).map { SourceRow($0, weight: 2) })
            let clean = BatchRequest(job: "clean", limit: BatchLimit(count: 2))
            for _ in 0..<3 { try await bench.take(clean).succeed(result: ["rows": 7]) }
            let batch = try await bench.take(
                BatchRequest(job: "load", limit: BatchLimit(weight: 8)),
                from: InventorySource(job: "clean")
            )
            try requireEqual(batch.record.key.metaTable, "inventory:clean", "the source's name")
            let items = try await batch.items
            try requireEqual(items.map(\.id), [1, 2], "the completions")
            try requireEqual(items.map(\.weight), [4, 4], "the weights")
            let text = try requireSome(items.first?.text, "the payload")
            for part in [#""id_start":1"#, #""id_end":2"#, #""result":{"#, #""rows""#] {
                try require(text.contains(part), "the payload '\(text)' has no \(part)")
            }
        },
        ConformanceCase("A batch that succeeds late comes downstream, too, once") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            let clean = BatchRequest(job: "clean", limit: BatchLimit(count: 2))
            let first = try await bench.take(clean)
            try await bench.take(clean).succeed()
            let load = BatchRequest(job: "load")
            let early = try await bench.take(load, from: InventorySource(job: "clean"))
            try requireEqual(try await early.items.count, 1, "the items")
            try await early.succeed()
            _ = try await bench.takeNone(load, from: InventorySource(job: "clean"))
            try await first.fail("no")
            bench.clock.advance(by: .seconds(6))
            try await bench.take(clean).succeed()
            let late = try await bench.take(load, from: InventorySource(job: "clean"))
            try requireEqual(try await late.items.map(\.id), [2], "the completions")
            let text = try await late.items.first?.text ?? ""
            try require(text.contains(#""attempt":2"#), "the payload is '\(text)'")
        },
        ConformanceCase("What an upstream backfill does again comes downstream by itself") {
            subject in
            let bench = try await Bench(subject, ids: 1...6)
            _ = try await bench.drain(BatchRequest(job: "a", limit: BatchLimit(count: 3)))
            let chain: [(job: String, from: InventorySource)] = [
                ("b", .init(job: "a")), ("c", .init(job: "b")), ("d", .init(job: "c")),
            ]
            for link in chain {
                let taken = try await bench.drain(
                    BatchRequest(job: link.job, limit: BatchLimit(count: 1)),
                    from: link.from
                )
                try requireEqual(taken, [[1], [2]], "the first pass of \(link.job)")
            }
            let again = BatchRequest(job: "a", run: "again", ids: IDBounds(2...4))
            _ = try await bench.drain(again)
            for link in chain {
                let taken = try await bench.drain(
                    BatchRequest(job: link.job, limit: BatchLimit(count: 1)),
                    from: link.from
                )
                try requireEqual(taken, [[3]], "the second pass of \(link.job)")
            }
        },
        ConformanceCase("Splits upstream neither skip nor repeat a completion") { subject in
            let bench = try await Bench(subject, ids: 1...8)
            let load = BatchRequest(job: "load", limit: BatchLimit(count: 1))
            let request = bench.splitting(maxAttempts: 1)
            var seen: [[Int64]] = []
            for round in 0..<8 {
                if case .batch(let batch) = try await bench.inventory.acquire(
                    request,
                    from: bench.description
                ) {
                    if round == 0 { try await batch.fail("no") } else { try await batch.succeed() }
                }
                seen += try await bench.drain(load, from: InventorySource(job: "job"))
            }
            try requireEqual(seen, [[1], [2]], "the completions")
        },
        ConformanceCase("A source that leads back to its own job is refused") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            try await bench.take(BatchRequest(job: "a")).succeed()
            try await bench.take(BatchRequest(job: "b"), from: InventorySource(job: "a")).succeed()
            for job in ["a", "b"] {
                _ = try await requireRefused(.invalidSource, "the request") {
                    try await bench.takeNone(
                        BatchRequest(job: job),
                        from: InventorySource(job: "b")
                    )
                }
            }
        },
        ConformanceCase("A job that is not there has no inventory to take from") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            _ = try await requireRefused(.unknownRun, "the request") {
                _ = try await bench.takeNone(
                    BatchRequest(job: "b"),
                    from: InventorySource(job: "a")
                )
            }
        },
        ConformanceCase("A downstream backfill takes completions, or ids at the root") { subject in
            let bench = try await Bench(subject, ids: 1...10)
            _ = try await bench.drain(BatchRequest(job: "a", limit: BatchLimit(count: 2)))
            _ = try await bench.drain(
                BatchRequest(job: "b", limit: BatchLimit(count: 1)),
                from: InventorySource(job: "a")
            )
            let some = try await bench.drain(
                BatchRequest(job: "b", run: "some", ids: IDBounds(2...3)),
                from: InventorySource(job: "a")
            )
            try requireEqual(some, [[2, 3]], "the completions")
            // What the backfills of b did again is among what c takes.
            for (job, source, completions) in [
                ("b", "a", [2, 3, 4]), ("c", "b", [2, 3, 4, 6, 7]),
            ] as [(String, String, [Int64])] {
                let roots = IDBounds(4...7)
                let taken = try await bench.drain(
                    BatchRequest(job: job, run: "roots", rootIDs: roots),
                    from: InventorySource(job: source, rootIDs: roots)
                )
                try requireEqual(taken, [completions], "by the ids at the root, of \(job)")
            }
        },
        ConformanceCase("Compaction leaves what an unfinished downstream run may read") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            _ = try await bench.drain(BatchRequest(job: "a", limit: BatchLimit(count: 1)))
            let load = BatchRequest(job: "b", limit: BatchLimit(count: 2))
            let source = InventorySource(job: "a")
            try await bench.take(load, from: source).succeed()
            let held = try await bench.take(load, from: source)
            bench.clock.advance(by: .seconds(10))
            let report = try await bench.inventory.compact(
                RunSelection(job: "a"),
                keep: .zero
            )
            try requireEqual(report.batches, 2, "what was packed")
            try requireEqual(try await held.items.map(\.id), [3, 4], "what is still read")
            try await held.succeed()
            try requireEqual(
                try await bench.drain(load, from: source),
                [[5, 6]],
                "what follows"
            )
            bench.clock.advance(by: .seconds(10))
            _ = try await bench.inventory.compact(RunSelection(job: "a"), keep: .zero)
            let anew = try await bench.drain(BatchRequest(job: "c"), from: source)
            try requireEqual(anew, [[1, 2, 3, 4, 5, 6]], "what another job reads of the archive")
        },
    ]
}
