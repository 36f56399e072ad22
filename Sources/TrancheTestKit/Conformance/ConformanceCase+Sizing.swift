import Tranche

extension ConformanceCase {
    private static let timed = {
        var request = BatchRequest(job: "job")
        request.targetTime = TargetTime(.seconds(10), least: 2, most: 50)
        return request
    }()

    /// Weights that are found from how long batches took.
    static let sizing: [ConformanceCase] = [
        ConformanceCase("The weight grows to what takes the target time, by a fifth at once") {
            subject in
            let bench = try await Bench(subject, ids: 1...4000)
            var last = 2.0
            for _ in 0..<30 {
                let weight = try await work(bench, perItem: 0.5)
                // Items weigh 1: the limit lies less than one above the batch.
                try require(weight <= (last + 1) * 1.2, "from \(last) to \(weight) at once")
                last = weight
            }
            try requireEqual(last, 20, "the weight at 2 items a second")
            for _ in 0..<20 { last = try await work(bench, perItem: 2) }
            try requireEqual(last, 5, "the weight at half an item a second")
            for _ in 0..<50 { last = try await work(bench, perItem: 0.01) }
            try requireEqual(last, 50, "the most weight")
        },
        ConformanceCase("A batch that takes five times the target, or times out, halves the weight")
        {
            subject in
            let bench = try await Bench(subject, ids: 1...2000)
            for _ in 0..<30 { _ = try await work(bench, perItem: 0.5) }
            var batch = try await bench.take(timed)
            subject.clock.advance(by: .seconds(51))
            try await batch.succeed()
            subject.clock.advance(by: .seconds(1))
            batch = try await bench.take(timed)
            try requireEqual(batch.weight, 10, "the weight after a slow batch")
            subject.clock.advance(by: .seconds(2))
            try await batch.fail("timed out after 2 s")
            subject.clock.advance(by: .seconds(1))
            try requireEqual(try await bench.take(timed).weight, 5, "the weight after a time-out")
            // It counts once.
            subject.clock.advance(by: .seconds(1))
            try requireEqual(try await bench.take(timed).weight, 5, "the weight later")
        },
        ConformanceCase("All who ask for batches of a run, and who plan, agree on their weight") {
            subject in
            let bench = try await Bench(subject, ids: 1...2000)
            for _ in 0..<10 { _ = try await work(bench, perItem: 0.5) }
            let own = try await bench.take(timed).weight
            let other = subject.makeInventory(worker: "other")
            let planned = try await other.plan(timed, from: bench.description, batches: 1)
            try requireEqual(planned.ranges.first?.weight, own, "the planned weight")
            let theirs = try await other.acquire(timed, from: bench.description)
            guard case .batch(let batch) = theirs else {
                throw ConformanceFailure("no batch: \(theirs)")
            }
            try requireEqual(batch.weight, own, "the weight of another process's batch")
        },
        ConformanceCase("What is kept of a weight is compared with what it was found from") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            try await bench.take(1).succeed()
            let key = try await bench.key()
            let first = BatchSizing(weight: 3, measuredTo: subject.time(in: 1))
            let second = BatchSizing(weight: 4, measuredTo: subject.time(in: 2))
            try await bench.store.note(first, insteadOf: nil, of: key)
            try await bench.store.note(second, insteadOf: nil, of: key)
            try requireEqual(try await bench.store.sizing(of: key).known, first, "who came first")
            try await bench.store.note(second, insteadOf: first, of: key)
            try requireEqual(try await bench.store.sizing(of: key).known, second, "who knew it")
            let none = try await bench.store.sizing(of: RunKey(metaTable: "none", job: "none"))
            try requireEqual(none.known, nil, "of a run that there is not")
        },
    ]

    /// Works on the next batch.
    ///
    /// - Returns: Its weight.
    private static func work(_ bench: Bench, perItem seconds: Double) async throws -> Double {
        let batch = try await bench.take(timed)
        bench.clock.advance(by: .seconds(batch.weight * seconds))
        try await batch.succeed()
        bench.clock.advance(by: .seconds(1))
        return batch.weight
    }
}
