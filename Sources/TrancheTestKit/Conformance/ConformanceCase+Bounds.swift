import Tranche

extension ConformanceCase {
    /// Bounded runs, and ids at the ends of what 64 bits hold.
    static let bounds: [ConformanceCase] = [
        ConformanceCase("A bounded run never overruns its bounds") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            let request = BatchRequest(
                job: "job",
                run: "again",
                ids: IDBounds(2...5),
                limit: BatchLimit(count: 3)
            )
            try requireEqual(try await bench.drain(request), [[2, 3, 4], [5]], "the ids")
            for _ in 0..<3 {
                try requireEqual(try await bench.takeNone(request), .complete, "the reason")
            }
            try await bench.source.insert([SourceRow(10)])
            try requireEqual(try await bench.takeNone(request), .complete, "the reason later")
        },
        ConformanceCase("Bounds that hold no item are complete") { subject in
            let bench = try await Bench(subject, ids: [1, 2, 50, 51])
            for (run, ids) in [("gap", 10...20), ("after", 60...70), ("before", -9...0)]
                as [(String, ClosedRange<Int64>)]
            {
                let request = BatchRequest(job: "job", run: run, ids: IDBounds(ids))
                try requireEqual(
                    try await bench.takeNone(request),
                    .complete,
                    "the reason in \(ids)"
                )
            }
            let late = BatchRequest(job: "job", run: "after", ids: IDBounds(60...70))
            try await bench.source.insert([SourceRow(65), SourceRow(71)])
            try requireEqual(try await bench.drain(late), [[65]], "the ids that came later")
        },
        ConformanceCase("Either end of the bounds may be open") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            let from = BatchRequest(job: "job", run: "from", ids: IDBounds(7...))
            try requireEqual(try await bench.drain(from), [[7, 8, 9]], "the ids from 7")
            let through = BatchRequest(job: "job", run: "through", ids: IDBounds(...3))
            try requireEqual(try await bench.drain(through), [[1, 2, 3]], "the ids through 3")
            let all = BatchRequest(job: "job", run: "all")
            try requireEqual(try await bench.drain(all), [Array(1...9)], "all ids")
            try await bench.source.insert([SourceRow(10)])
            try requireEqual(try await bench.drain(from), [[10]], "what came later from 7")
        },
        ConformanceCase("The last id may be the lower bound") { subject in
            let bench = try await Bench(subject, ids: 0...9)
            let last = BatchRequest(job: "job", run: "last", ids: IDBounds(9...))
            try requireEqual(try await bench.drain(last), [[9]], "the ids from 9")
            let one = BatchRequest(job: "job", run: "one", ids: IDBounds(9...9))
            try requireEqual(try await bench.drain(one), [[9]], "the ids in 9...9")
            let first = BatchRequest(job: "job", run: "first", ids: IDBounds(0...0))
            try requireEqual(try await bench.drain(first), [[0]], "the ids in 0...0")
        },
        ConformanceCase("The first id may be 0, negative, or the lowest of all") { subject in
            for first: Int64 in [0, -1, -5, .min, .min + 1] {
                let bench = try await Bench(subject, ids: [first, first + 1, first + 3])
                let request = BatchRequest(job: "job", limit: BatchLimit(count: 1))
                try requireEqual(
                    try await bench.drain(request),
                    [[first], [first + 1], [first + 3]],
                    "the ids from \(first)"
                )
                let all = BatchRequest(job: "job", run: "all", ids: IDBounds(first...(first + 1)))
                try requireEqual(
                    try await bench.drain(all),
                    [[first, first + 1]],
                    "the bounded ids"
                )
            }
        },
        ConformanceCase("The last id may be the highest of all") { subject in
            let bench = try await Bench(subject, ids: [.max - 3, .max - 1, .max])
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 2))
            try requireEqual(
                try await bench.drain(request),
                [[.max - 3, .max - 1], [.max]],
                "the ids"
            )
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
            let all = BatchRequest(job: "job", run: "all", ids: IDBounds((.max)...))
            try requireEqual(try await bench.drain(all), [[.max]], "the bounded ids")
            try requireEqual(try await bench.takeNone(all), .complete, "the bounded run's reason")
        },
        ConformanceCase("A batch may span all ids") { subject in
            let bench = try await Bench(subject, ids: [.min, -1, 0, 1, .max])
            let batch = try await bench.take()
            try requireEqual(batch.ids, .min ... .max, "the range")
            try requireEqual(try bench.ids(batch), [.min, -1, 0, 1, .max], "the ids")
            try await batch.release()
            let again = try await bench.take()
            try requireEqual(try await again.items.map(\.id), [.min, -1, 0, 1, .max], "the items")
        },
        ConformanceCase("A bounded run goes on under its name") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            _ = try await bench.take(2, run: "again", ids: IDBounds(2...5))
            let other = subject.makeInventory(worker: "other")
            let request = BatchRequest(job: "job", run: "again", ids: IDBounds(2...5))
            guard case .batch(let batch) = try await other.acquire(request, from: bench.description)
            else { throw ConformanceFailure("no batch") }
            try requireEqual(bench.ids(batch), [4, 5], "the ids")
            try requireEqual(batch.record.coverStart, 3, "where the tile begins")
        },
        ConformanceCase("Bounds that hold nothing, or without a name, are refused") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            let requests = [
                BatchRequest(job: "job", run: "", ids: IDBounds(2...5)),
                BatchRequest(job: "job", run: "again", ids: IDBounds(lower: 5, upper: 2)),
                BatchRequest(job: ""),
                BatchRequest(job: String(repeating: "j", count: 129)),
            ]
            for request in requests {
                try await requireRefused(.invalidArgument, "\(request)") {
                    try await bench.inventory.acquire(request, from: bench.description)
                }
            }
            try requireEqual(try await bench.store.runs(RunSelection()).count, 0, "the runs")
        },
    ]
}
