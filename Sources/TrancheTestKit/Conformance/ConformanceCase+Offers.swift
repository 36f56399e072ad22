import Tranche

extension ConformanceCase {
    /// What was handed out before comes before what is new.
    static let offers: [ConformanceCase] = [
        ConformanceCase("A batch has one holder") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let first = try await bench.take(2)
            let second = try await bench.take(2)
            try requireEqual(bench.ids(first), [1, 2], "the first batch's ids")
            try requireEqual(bench.ids(second), [3, 4], "the second batch's ids")
            try require(first.id != second.id, "two batches have the number \(first.id)")
            _ = try await bench.takeNone()
        },
        ConformanceCase("A released batch comes before new ones, whatever limits are asked for") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            let first = try await bench.take(3)
            try await first.release()
            let again = try await bench.take(1)
            try requireEqual(again.id, first.id, "the offered batch")
            try requireEqual(bench.ids(again), [1, 2, 3], "its ids")
            try requireEqual(again.attempt, 2, "its attempt")
            try requireEqual(try await bench.ids(bench.take(1)), [4], "the next batch's ids")
        },
        ConformanceCase("What is due for longest is offered first, however it became free") {
            subject in
            let bench = try await Bench(subject, ids: 1...10)
            let policy = RunPolicy(lease: .seconds(60), backoff: .seconds(60))
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 2), policy: policy)
            var batches: [Batch] = []
            for _ in 0..<4 { batches.append(try await bench.take(request)) }
            try await batches[3].release()
            bench.clock.advance(by: .seconds(1))
            try await batches[1].fail("no")
            try await batches[2].release()
            bench.clock.advance(by: .seconds(60))
            for place in [3, 2, 0, 1] {
                let offered = try await bench.take(request)
                try requireEqual(offered.id, batches[place].id, "the offered batch")
            }
            try requireEqual(try await bench.ids(bench.take(2)), [9, 10], "the new batch's ids")
        },
        ConformanceCase("An offered batch is as it was handed out, but for its holder") { subject in
            let bench = try await Bench(subject, ids: [1, 2, 4])
            let first = try await bench.take()
            bench.clock.advance(by: .seconds(1))
            try await first.fail("no", result: ["n": 1])
            bench.clock.advance(by: .seconds(5))
            let request = BatchRequest(job: "job", worker: "other", jobIdentifier: "mine")
            let again = try await bench.take(request)
            var expected = first.record
            expected.attempt = 2
            expected.failures = 1
            expected.worker = "other"
            expected.jobIdentifier = "mine"
            expected.startedAt = subject.now
            expected.leaseExpiresAt = subject.time(in: 60)
            try requireEqual(again.record, expected, "the offered batch")
            try requireEqual(try await bench.record(again), expected, "its record")
        },
        ConformanceCase("A failed batch waits for its time, and the next range is handed out") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let first = try await bench.take(2)
            try await first.fail("no")
            bench.clock.advance(by: .milliseconds(4999))
            try requireEqual(try await bench.ids(bench.take(1)), [3], "the ids before the retry")
            bench.clock.advance(by: .milliseconds(1))
            try requireEqual(try await bench.take(1).id, first.id, "the batch at the retry")
            try requireEqual(try await bench.ids(bench.take(1)), [4], "the ids after the retry")
        },
        ConformanceCase("Several batches are handed out in one request") { subject in
            let bench = try await Bench(subject, ids: 1...7)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 2))
            let batches = try await bench.inventory.acquireBatches(
                count: 3,
                request,
                from: bench.description
            )
            try requireEqual(
                try batches.map { try bench.ids($0) },
                [[1, 2], [3, 4], [5, 6]],
                "the batches' ids"
            )
            let items = try await batches.last?.items.map(\.id)
            try requireEqual(items, [5, 6], "the last batch's items")
            let rest = try await bench.inventory.acquireBatches(
                count: 3,
                request,
                from: bench.description
            )
            try requireEqual(try rest.map { try bench.ids($0) }, [[7]], "the rest's ids")
            let none = try await bench.inventory.acquireBatches(
                count: 3,
                request,
                from: bench.description
            )
            try requireEqual(none.count, 0, "the batches after the last")
        },
        ConformanceCase("Several offers are handed out in one request, before new ones") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 2))
            let first = try await bench.take(2)
            let second = try await bench.take(2)
            try await second.release()
            try await first.release()
            // Whether new ones join them in the same answer is the store's own choice.
            let batches = try await bench.inventory.acquireBatches(
                count: 3,
                request,
                from: bench.description
            )
            try requireEqual(
                Array(batches.map(\.id).prefix(2)),
                [first.id, second.id],
                "the offered batches"
            )
            if batches.count > 2 {
                try requireEqual(try bench.ids(batches[2]), [5, 6], "the new batch's ids")
            }
            let one = try await bench.inventory.acquireBatches(
                count: 1,
                request,
                from: bench.description
            )
            let next: [Int64] = batches.count > 2 ? [7, 8] : [5, 6]
            try requireEqual(try one.map { try bench.ids($0) }, [next], "the next batch's ids")
        },
    ]
}
