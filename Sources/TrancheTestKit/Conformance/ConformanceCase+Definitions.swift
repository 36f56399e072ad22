import Tranche

extension ConformanceCase {
    /// What a run was begun with.
    static let definitions: [ConformanceCase] = [
        ConformanceCase("Another filter or column is refused") { subject in
            let bench = try await Bench(subject, ids: 1...6, filter: .even)
            _ = try await bench.take(1)
            let others = [
                bench.source.describe(hasWeights: true, filter: nil),
                bench.source.describe(hasWeights: true, filter: .notThirds),
                bench.source.describe(hasWeights: false, filter: .even),
            ]
            let before = try await bench.run()
            for other in others {
                let error = try await requireRefused(.redefined, "another definition") {
                    try await bench.inventory.acquire(BatchRequest(job: "job"), from: other)
                }
                try require(error.message.contains("job"), "no job in '\(error.message)'")
            }
            try requireEqual(try await bench.run(), before, "the run")
            try requireEqual(try await bench.ids(bench.take(1)), [4], "the ids after")
        },
        ConformanceCase("Other bounds are refused") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            _ = try await bench.take(1, run: "again", ids: IDBounds(2...5))
            for ids in [IDBounds(2...6), IDBounds(1...5), IDBounds(2...), IDBounds()] {
                try await requireRefused(.redefined, "the bounds \(ids)") {
                    try await bench.inventory.acquire(
                        BatchRequest(job: "job", run: "again", ids: ids),
                        from: bench.description
                    )
                }
            }
            try requireEqual(try await bench.run("again").bounds, IDBounds(2...5), "the bounds")
        },
        ConformanceCase("A new run of a job is bound to the job's definition") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            _ = try await bench.take(1)
            let other = bench.source.describe(hasWeights: true, filter: .even)
            let request = BatchRequest(job: "job", run: "again")
            try await requireRefused(.redefined, "another definition") {
                try await bench.inventory.acquire(request, from: other)
            }
            try requireEqual(try await bench.store.runs(RunSelection()).count, 1, "the runs")
            let batch = try await bench.take(BatchRequest(job: "other"), from: other)
            try requireEqual(bench.ids(batch), [2, 4, 6], "another job's ids")
        },
        ConformanceCase("A redefined job goes on with its new definition in all its runs") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            _ = try await bench.take(1)
            _ = try await bench.take(1, run: "again", ids: IDBounds(3...9))
            let other = bench.source.describe(hasWeights: true, filter: .even)
            try await bench.inventory.redefine(try await bench.key(), source: other)
            let batch = try await bench.take(BatchRequest(job: "job"), from: other)
            try requireEqual(bench.ids(batch), [2, 4, 6, 8], "the incremental run's ids")
            let again = BatchRequest(job: "job", run: "again", ids: IDBounds(3...9))
            try requireEqual(
                try await bench.ids(bench.take(again, from: other)),
                [4, 6, 8],
                "the other run's ids"
            )
            try await requireRefused(.redefined, "the old definition") {
                try await bench.inventory.acquire(BatchRequest(job: "job"), from: bench.description)
            }
        },
        ConformanceCase("Redefined bounds hold for one run") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            let narrow = BatchRequest(job: "job", run: "a", ids: IDBounds(2...3))
            try requireEqual(try await bench.drain(narrow), [[2, 3]], "the ids in 2...3")
            _ = try await bench.take(1, run: "b", ids: IDBounds(2...3))
            try await bench.inventory.redefine(try await bench.key(run: "a"), ids: IDBounds(2...5))
            let wide = BatchRequest(job: "job", run: "a", ids: IDBounds(2...5))
            try requireEqual(try await bench.drain(wide), [[4, 5]], "the ids in 2...5")
            try requireEqual(try await bench.run("b").bounds, IDBounds(2...3), "the other's bounds")
        },
        ConformanceCase("A run that has passed ids is given no lower end below them") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            _ = try await bench.take(1, run: "a", ids: IDBounds(4...6))
            let key = try await bench.key(run: "a")
            for bounds in [IDBounds(2...6), IDBounds(...6)] {
                try await requireRefused(.invalidArgument, "a lower end") {
                    try await bench.inventory.redefine(key, ids: bounds)
                }
            }
            try requireEqual(try await bench.run("a").bounds, IDBounds(4...6), "the bounds")
            try await bench.inventory.redefine(key, ids: IDBounds(6...7))
            // What lies ahead of it all is free.
            try await bench.inventory.redefine(key, ids: IDBounds(5...7))
            try requireEqual(try await bench.run("a").bounds, IDBounds(5...7), "the bounds ahead")
        },
        ConformanceCase("The policy is the run's, until it is redefined") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            let first = RunPolicy(
                lease: .milliseconds(10_500),
                maxAttempts: 1,
                backoff: .milliseconds(1),
                backoffLimit: .seconds(1)
            )
            let limit = BatchLimit(count: 1)
            let batch = try await bench.take(BatchRequest(job: "job", limit: limit, policy: first))
            try requireEqual(batch.lease, .milliseconds(10_500), "the lease")
            try requireEqual(batch.record.leaseExpiresAt, subject.time(in: 10.5), "its end")
            try requireEqual(try await bench.run().policy, first, "the policy")
            let second = RunPolicy(lease: .seconds(99), maxAttempts: 7)
            let request = BatchRequest(job: "job", limit: limit, policy: second)
            try requireEqual(try await bench.take(request).lease, first.lease, "the next lease")
            try await bench.inventory.redefine(try await bench.key(), policy: second)
            let third = try await bench.take(request)
            try requireEqual(third.lease, .seconds(99), "the lease after")
            try requireEqual(try await bench.run().policy, second, "the policy after")
            try requireEqual(
                try await bench.record(batch).leaseExpiresAt,
                batch.record.leaseExpiresAt,
                "the end of a lease in hand"
            )
        },
        ConformanceCase("What is not known cannot be redefined or paused") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let key = try await bench.key()
            try await requireRefused(.unknownRun, "redefining") {
                try await bench.store.redefine(
                    key,
                    definition: nil,
                    bounds: nil,
                    policy: RunPolicy()
                )
            }
            try await requireRefused(.unknownRun, "pausing") {
                try await bench.store.setPause("x", of: key)
            }
        },
    ]
}
