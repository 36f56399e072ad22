import Synchronization

/// What became of batches that were worked on one after the other.
public struct ProcessReport: Sendable, Hashable {
    /// Batches that succeeded.
    public var succeeded = 0
    /// Batches that failed; their runs' policy says what follows.
    public var failed = 0
    /// Batches that were handed out to somebody else meanwhile.
    public var lost = 0
    /// Items of the batches that succeeded.
    public var items = 0
    /// Why there was no further batch; `nil` where the sequence's limit was reached.
    public var reason: NoBatchReason?

    /// Makes an empty report.
    public init() {}
}

extension Batches {
    /// Works on each batch, keeps its lease meanwhile, and ends it.
    ///
    /// That a batch succeeded is recorded in the transaction that acquires the next one, where inventory and
    /// source are in the same database: one round of requests and one commit a batch fewer than a loop over the
    /// sequence needs. A batch whose work throws fails, and the others are gone on with.
    ///
    /// - Parameters:
    ///   - workers: How many batches are worked on at once; above 0.
    ///   - work: Given a batch. What it returns, if it is `Encodable`, is the batch's result. It is cancelled
    ///     when the batch is lost, and must not end the batch itself.
    /// - Returns: What became of the batches.
    /// - Throws: ``TrancheError`` as ``Inventory/acquire(_:from:)``, once the other workers have ended their
    ///   batches; `CancellationError` when the task was cancelled, after batches in hand were given back.
    @discardableResult
    public func process<Result: Sendable>(
        workers: Int = 1,
        _ work: @escaping @Sendable (Batch) async throws -> Result
    ) async throws -> ProcessReport {
        guard workers > 0 else {
            throw TrancheError(.invalidArgument, "\(workers) workers asked for; give 1 or more")
        }
        let left = Left(limit)
        return try await withThrowingTaskGroup(of: ProcessReport.self) { group in
            for number in 1...workers {
                group.addTask {
                    do {
                        return try await process(as: workers > 1 ? number : nil, left, work)
                    } catch {
                        left.end()
                        throw error
                    }
                }
            }
            var whole = ProcessReport()
            var failure: (any Error)?
            while let part = await group.nextResult() {
                switch part {
                case .success(let part): whole.add(part)
                case .failure(let error): failure = failure ?? error
                }
            }
            if let failure { throw failure }
            return whole
        }
    }

    private func process<Result: Sendable>(
        as number: Int?,
        _ left: Left,
        _ work: @escaping @Sendable (Batch) async throws -> Result
    ) async throws -> ProcessReport {
        var request = request
        if let number {
            request.worker = "\(request.worker ?? inventory.configuration.worker)/\(number)"
        }
        var report = ProcessReport()
        var done: Batch.Done?
        while left.take() {
            let last = done
            done = nil
            let answer = try await report.unlessLost {
                try await inventory.nextBatch(request, from: source, end: end, after: last)
            }
            if answer != nil { report.add(last) }
            guard case .batch(let batch) = answer else {
                left.giveBack()
                guard case .some(.none(let reason)) = answer else { continue }
                report.reason = reason
                return report
            }
            switch try await report.unlessLost({ try await batch.attempt { try await work(batch) } }
            ) {
            case .success(let success): done = success
            case .failure: report.failed += 1
            case nil: break
            }
        }
        if let done {
            let ended = try await report.unlessLost { try await done.batch.succeed(done.ending) }
            if ended != nil { report.add(done) }
        }
        return report
    }
}

extension ProcessReport {
    /// Counts a batch that was lost.
    ///
    /// - Returns: What `body` returns; `nil` when a batch was lost.
    fileprivate mutating func unlessLost<R>(_ body: () async throws -> R) async throws -> R? {
        do {
            return try await body()
        } catch let error as TrancheError where error.code == .batchLost {
            lost += 1
            return nil
        }
    }

    fileprivate mutating func add(_ done: Batch.Done?) {
        guard let done else { return }
        succeeded += 1
        items += done.batch.count
    }

    fileprivate mutating func add(_ part: ProcessReport) {
        succeeded += part.succeeded
        failed += part.failed
        lost += part.lost
        items += part.items
        reason = reason ?? part.reason
    }
}

/// How many batches may still be acquired.
private final class Left: Sendable {
    private let count: Mutex<Int>

    init(_ count: Int) {
        self.count = Mutex(count)
    }

    func take() -> Bool {
        count.withLock { count in
            guard count > 0 else { return false }
            count -= 1
            return true
        }
    }

    func giveBack() {
        count.withLock { $0 += 1 }
    }

    func end() {
        count.withLock { $0 = 0 }
    }
}
