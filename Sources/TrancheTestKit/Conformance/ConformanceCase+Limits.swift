import Tranche

extension ConformanceCase {
    /// How large a new batch is.
    static let limits: [ConformanceCase] = [
        ConformanceCase("A batch is the longest range within the weight") { subject in
            let rows = [3.0, 3, 4, 9, 2, 0.5, 0.25].enumerated().map {
                SourceRow(Int64($0.offset + 1), weight: $0.element)
            }
            let bench = try await Bench(subject, rows)
            let request = BatchRequest(job: "job", limit: BatchLimit(weight: 10))
            let batches = [
                try await bench.take(request), try await bench.take(request),
                try await bench.take(request),
            ]
            try requireEqual(
                try batches.map { try bench.ids($0) },
                [[1, 2, 3], [4], [5, 6, 7]],
                "the ids"
            )
            try requireEqual(batches.map(\.weight), [10, 9, 2.75], "the weights")
            try requireEqual(batches.map(\.count), [3, 1, 3], "the counts")
        },
        ConformanceCase("A batch has at most as many items as asked for") { subject in
            let bench = try await Bench(subject, ids: 1...5)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 2))
            try requireEqual(try await bench.drain(request), [[1, 2], [3, 4], [5]], "the ids")
        },
        ConformanceCase("The tighter of two limits wins") { subject in
            let rows = [1.0, 1, 1, 9, 1].enumerated().map {
                SourceRow(Int64($0.offset + 1), weight: $0.element)
            }
            let bench = try await Bench(subject, rows)
            let request = BatchRequest(job: "job", limit: BatchLimit(weight: 9, count: 2))
            try requireEqual(try await bench.drain(request), [[1, 2], [3], [4], [5]], "the ids")
        },
        ConformanceCase("An item heavier than the limit is a batch by itself") { subject in
            let rows = [1.0, 100, 1, 1, 50].enumerated().map {
                SourceRow(Int64($0.offset + 1), weight: $0.element)
            }
            let bench = try await Bench(subject, rows)
            let request = BatchRequest(job: "job", limit: BatchLimit(weight: 10))
            try requireEqual(try await bench.drain(request), [[1], [2], [3, 4], [5]], "the ids")
        },
        ConformanceCase("Without limits a batch is all that is there") { subject in
            let bench = try await Bench(subject, ids: 1...2500)
            let batch = try await bench.take()
            try requireEqual(batch.count, 2500, "the count")
            try requireEqual(batch.ids, 1...2500, "the range")
            try requireEqual(try await batch.items.map(\.id), Array(1...2500), "the items")
        },
        ConformanceCase("Limits change from one batch to the next") { subject in
            let bench = try await Bench(subject, ids: 1...10)
            try requireEqual(try await bench.ids(bench.take(1)), [1], "the first")
            try requireEqual(try await bench.ids(bench.take(weight: 3)), [2, 3, 4], "the second")
            try requireEqual(try await bench.take().count, 6, "the third's count")
        },
        ConformanceCase("Limits that hold nothing are refused") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            let limits = [
                BatchLimit(weight: 0), BatchLimit(weight: -1), BatchLimit(weight: .nan),
                BatchLimit(weight: .infinity), BatchLimit(count: 0), BatchLimit(count: -1),
            ]
            for limit in limits {
                try await requireRefused(.invalidArgument, "the limit \(limit)") {
                    try await bench.inventory.acquire(
                        BatchRequest(job: "job", limit: limit),
                        from: bench.description
                    )
                }
            }
            try requireEqual(try await bench.store.runs(RunSelection()).count, 0, "the runs")
        },
        ConformanceCase("An item keeps its payload") { subject in
            let rows = [SourceRow(1, item: "größe 'x' \"y\"\n\\"), SourceRow(2, item: "")]
            let bench = try await Bench(subject, rows)
            let batch = try await bench.take()
            try requireEqual(try await batch.items, rows.map(\.asItem), "the items")
            try await batch.release()
            let again = try await bench.take()
            try requireEqual(try await again.items, rows.map(\.asItem), "the items read again")
        },
    ]

    /// Weights that are missing or wrong.
    static let weights: [ConformanceCase] = [
        ConformanceCase("A missing weight counts 0") { subject in
            let rows = [
                SourceRow(5, weight: nil), SourceRow(6, weight: 3), SourceRow(7, weight: 9),
                SourceRow(8, weight: nil),
            ]
            let bench = try await Bench(subject, rows)
            let first = try await bench.take(weight: 5)
            try requireEqual(bench.ids(first), [5, 6], "the first batch's ids")
            try requireEqual(first.weight, 3, "the first batch's weight")
            let second = try await bench.take(weight: 9)
            try requireEqual(bench.ids(second), [7, 8], "the second batch's ids")
            try requireEqual(second.count, 2, "the second batch's count")
        },
        ConformanceCase("A source without weights weighs 0, and refuses limits of weight") {
            subject in
            let bench = try await Bench(subject, ids: 1...3)
            let plain = bench.source.describe(hasWeights: false, filter: nil)
            let limited = BatchRequest(job: "job", limit: BatchLimit(weight: 2))
            try await requireRefused(.invalidArgument, "a limit of weight") {
                try await bench.inventory.acquire(limited, from: plain)
            }
            let batch = try await bench.take(BatchRequest(job: "job"), from: plain)
            try requireEqual(bench.ids(batch), [1, 2, 3], "the ids")
            try requireEqual(batch.weight, 0, "the weight")
        },
        ConformanceCase("A negative weight is refused, naming the id, behind what stands before it")
        {
            subject in
            let rows = [SourceRow(1), SourceRow(2), SourceRow(17, weight: -0.5), SourceRow(18)]
            let bench = try await Bench(subject, rows)
            try requireEqual(try await bench.ids(bench.take()), [1, 2], "the ids before it")
            let error = try await requireRefused(.invalidItem, "a negative weight") {
                try await bench.inventory.acquire(BatchRequest(job: "job"), from: bench.description)
            }
            try require(error.message.contains("17"), "no id in the message '\(error.message)'")
            try requireEqual(
                try await bench.store.batches(BatchSelection()).count,
                1,
                "the batches"
            )
            try requireEqual(try await bench.run().cursor, 2, "the cursor")
            try await bench.source.delete([17])
            try requireEqual(try await bench.ids(bench.take()), [18], "the ids without it")
        },
        ConformanceCase("A wrong weight behind a batch does not keep it back") { subject in
            let rows = [SourceRow(1), SourceRow(2), SourceRow(3), SourceRow(4, weight: -1)]
            let bench = try await Bench(subject, rows)
            try requireEqual(try await bench.ids(bench.take(2)), [1, 2], "the ids")
            try requireEqual(try await bench.ids(bench.take(2)), [3], "the ids before it")
            try await requireRefused(.invalidItem, "a negative weight") {
                try await bench.inventory.acquire(BatchRequest(job: "job"), from: bench.description)
            }
            try requireEqual(try await bench.run().cursor, 3, "the cursor")
        },
        ConformanceCase("Weights whose sum is beyond all numbers add up to a very high one") {
            subject in
            let rows = (1...4).map { SourceRow($0, weight: 1e308) }
            let bench = try await Bench(subject, rows)
            for _ in 1...2 { try await bench.take(2).succeed() }
            let batches = try await bench.store.batches(BatchSelection())
            try requireEqual(
                batches.map(\.weight),
                [.greatestFiniteMagnitude, .greatestFiniteMagnitude],
                "the weights"
            )
            let totals = try await bench.store.summaries(RunSelection()).first?.totals[.succeeded]
            let sum = totals?.weight ?? 0
            try require(sum.isFinite && sum > 1.7e308, "the sum is \(sum)")
            try requireEqual(totals?.items, 4, "the items")
        },
    ]
}
