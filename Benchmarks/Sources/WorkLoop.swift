import Tranche

/// Acquires and succeeds batch after batch, and notes how long each took.
struct WorkLoop {
    /// Seconds that each acquire with its items and its success took.
    private(set) var times: [Double] = []
    /// Seconds that each acquire took.
    private(set) var acquires: [Double] = []
    /// Seconds that the whole loop took.
    private(set) var elapsed = 0.0

    var batchesPerSecond: Double { elapsed > 0 ? Double(times.count) / elapsed : 0 }

    /// Works on batches of weight 100: about 100 items.
    ///
    /// - Parameters:
    ///   - inventory: The inventory.
    ///   - source: The items.
    ///   - job: The job.
    ///   - batches: Most batches.
    ///   - limit: The longest time.
    /// - Throws: What the work throws.
    mutating func run(
        _ inventory: Inventory,
        _ source: some MetaSourceDescription,
        job: String,
        batches: Int = .max,
        for limit: Duration = .seconds(60)
    ) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        while times.count < batches, clock.now - start < limit {
            let began = clock.now
            let batch = try await inventory.acquireBatch(
                from: source,
                job: job,
                limit: .weight(100)
            )
            guard let batch else { break }
            acquires.append((clock.now - began).seconds)
            guard try await batch.items.count == batch.count else {
                throw BenchError("batch \(batch.id) has other items than it was handed out with")
            }
            try await batch.succeed()
            times.append((clock.now - began).seconds)
        }
        elapsed += (clock.now - start).seconds
    }

    /// Works as ``run(_:_:job:batches:for:)`` does, each success being recorded with the next
    /// acquire.
    mutating func runFused(
        _ inventory: Inventory,
        _ source: some MetaSourceDescription,
        job: String,
        for limit: Duration
    ) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let request = BatchRequest(job: job, limit: BatchLimit(weight: 100))
        var began = start
        var answer = try await inventory.acquire(request, from: source)
        while case .batch(let batch) = answer {
            times.append((clock.now - began).seconds)
            acquires.append((clock.now - began).seconds)
            guard try await batch.items.count == batch.count else {
                throw BenchError("batch \(batch.id) has other items than it was handed out with")
            }
            began = clock.now
            if began - start >= limit {
                try await batch.succeed()
                break
            }
            answer = try await batch.succeed(thenAcquire: request, from: source)
        }
        elapsed += (clock.now - start).seconds
    }
}
