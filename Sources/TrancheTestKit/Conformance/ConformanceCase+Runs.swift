import Tranche

extension ConformanceCase {
    /// Runs, jobs and sources side by side.
    static let independence: [ConformanceCase] = [
        ConformanceCase("A backfill and the incremental run do not disturb each other") {
            subject in
            let bench = try await Bench(subject, ids: 1...8)
            let incremental = try await bench.take(3)
            let backfill = try await bench.take(2, run: "again", ids: IDBounds(2...7))
            try requireEqual(bench.ids(incremental), [1, 2, 3], "the incremental batch's ids")
            try requireEqual(bench.ids(backfill), [2, 3], "the backfill batch's ids")
            try await backfill.release()
            try requireEqual(try await bench.ids(bench.take(3)), [4, 5, 6], "the next incremental")
            let again = try await bench.take(2, run: "again", ids: IDBounds(2...7))
            try requireEqual(again.id, backfill.id, "the offered backfill batch")
            try requireEqual(try await bench.run().cursor, 6, "the incremental cursor")
            try requireEqual(try await bench.run("again").cursor, 3, "the backfill's cursor")
        },
        ConformanceCase("Jobs do not disturb each other") { subject in
            let bench = try await Bench(subject, ids: 1...5)
            for (job, count) in [("a", 2), ("b", 3), ("ä b'\"", 1)] {
                let request = BatchRequest(job: job, limit: BatchLimit(count: count))
                let ids = try await bench.ids(bench.take(request))
                try requireEqual(ids, Array(1...Int64(count)), "the ids of job \(job)")
            }
        },
        ConformanceCase("Sources do not disturb each other") { subject in
            let bench = try await Bench(subject, ids: 1...5)
            let other = try await subject.makeSource([SourceRow(3), SourceRow(4)])
            let description = other.describe(hasWeights: true, filter: nil)
            _ = try await bench.take()
            let batch = try await bench.take(BatchRequest(job: "job"), from: description)
            try requireEqual(bench.ids(batch), [3, 4], "the other source's ids")
            try requireEqual(
                try await bench.store.runs(RunSelection(job: "job")).count,
                2,
                "the job's runs"
            )
        },
        ConformanceCase("Two inventories over one store share its runs") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            let inventories = [subject.makeInventory(), subject.makeInventory(worker: "other")]
            var ids: [[Int64]] = []
            for turn in 0..<6 {
                let request = BatchRequest(job: "job", limit: BatchLimit(count: 1))
                let answer = try await inventories[turn % 2].acquire(
                    request,
                    from: bench.description
                )
                guard case .batch(let batch) = answer else { throw ConformanceFailure("no batch") }
                ids.append(try bench.ids(batch))
            }
            try requireEqual(ids, (1...6).map { [$0] }, "the ids")
        },
    ]

    /// Several workers at the same time.
    static let concurrency: [ConformanceCase] = [
        ConformanceCase("Concurrent acquires never overlap, never skip and never fail") { subject in
            try await workAtOnce(subject) { bench, worker in
                try await work(
                    bench,
                    through: bench.subject.makeInventory(worker: "worker \(worker)"),
                    BatchLimit(weight: Double(3 + worker), count: 1 + worker)
                )
            }
        },
        ConformanceCase("Tasks of one inventory never overlap, never skip and never fail") {
            subject in
            try await workAtOnce(subject) { bench, _ in
                try await work(bench, through: bench.inventory, BatchLimit(count: 3))
            }
        },
        ConformanceCase("Concurrent acquires of what is free again give each batch once") {
            subject in
            let bench = try await Bench(subject, ids: 1...24)
            for _ in 0..<24 { try await bench.take(1).release() }
            let taken = try await withThrowingTaskGroup(of: Batch.self) { group in
                for _ in 0..<8 { group.addTask { try await bench.take(1) } }
                return try await group.reduce(into: [Int64]()) { $0.append($1.id) }
            }
            try requireEqual(Set(taken).count, 8, "the batches in hand")
        },
        ConformanceCase("Of concurrent ends of one attempt one is recorded") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let batch = try await bench.take()
            let ends = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        do {
                            if number.isMultiple(of: 2) {
                                return try await batch.succeed().status.rawValue
                            }
                            return try await batch.fail("no").status.rawValue
                        } catch let error as TrancheError where error.code == .batchLost {
                            return "lost"
                        }
                    }
                }
                return try await group.reduce(into: [String]()) { $0.append($1) }
            }
            let status = try await bench.record(batch).status.rawValue
            try requireEqual(ends.filter { $0 == status }.count, 4, "the ends as recorded")
            try requireEqual(ends.filter { $0 == "lost" }.count, 4, "the ends refused")
        },
    ]

    /// Has eight work on the same items, and checks that each item was in one batch.
    private static func workAtOnce(
        _ subject: ConformanceSubject,
        _ work: @escaping @Sendable (Bench, Int) async throws -> [BatchRecord]
    ) async throws {
        let bench = try await Bench(subject, (1...200).map { SourceRow($0 * 3, weight: 2) })
        let batches = try await withThrowingTaskGroup(of: [BatchRecord].self) { group in
            for worker in 0..<8 { group.addTask { try await work(bench, worker) } }
            return try await group.reduce(into: [BatchRecord]()) { $0 += $1 }
        }
        let ids = batches.flatMap { $0.ids?.runs.flatMap { Array($0) } ?? [] }.sorted()
        try requireEqual(ids, (1...200).map { $0 * 3 }, "the ids of all batches")
        try await requireChainOfTiles(bench)
        try requireEqual(try await bench.takeNone(), .complete, "the reason")
    }

    /// Acquires and ends batches until there is none.
    private static func work(
        _ bench: Bench,
        through inventory: Inventory,
        _ limit: BatchLimit
    ) async throws -> [BatchRecord] {
        let request = BatchRequest(job: "job", limit: limit)
        var records: [BatchRecord] = []
        var released = 0
        while case .batch(let batch) = try await inventory.acquire(request, from: bench.description)
        {
            if released < 2 {
                released += 1
                try await batch.release()
            } else {
                records.append(try await batch.succeed())
            }
        }
        return records
    }

    private static func requireChainOfTiles(_ bench: Bench) async throws {
        var end: Int64?
        for batch in try await bench.store.batches(BatchSelection()).reversed() {
            try requireEqual(batch.coverStart, end, "where the tile of batch \(batch.id) begins")
            end = batch.idEnd
        }
    }
}
