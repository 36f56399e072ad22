import Tranche

/// One worker of a crew: works on a batch, while others are kept ahead of it.
///
/// That a batch has succeeded is recorded with the acquire that follows.
struct CrewWorker {
    private let crew: Crew
    private let request: BatchRequest
    private let ahead = BatchesAhead()
    /// The batch before, until it is recorded that it succeeded.
    private var last: BatchRun.Success?

    init(crew: Crew, request: BatchRequest) {
        self.crew = crew
        self.request = request
    }

    /// Works until there is nothing more, or no more is wanted.
    mutating func work() async throws {
        do {
            try await workOn()
            try await record(last)
        } catch {
            // What went wrong first is told.
            _ = try? await record(last)
            await giveBack()
            throw error
        }
        await giveBack()
    }

    private mutating func workOn() async throws {
        while let batch = try await next() {
            let run = BatchRun(
                batch: batch,
                inventory: crew.inventory,
                source: crew.source,
                program: crew.program,
                progress: crew.progress,
                report: crew.report
            )
            if crew.prefetch > 0 {
                try await fill { try await run.run() }
            } else {
                last = try await run.run()
            }
        }
    }

    /// Gives back what was acquired ahead.
    private func giveBack() async {
        let left = ahead.takeAll()
        if left.isEmpty { return }
        var failure: (any Error)?
        for batch in left {
            do { try await batch.release() } catch { failure = failure ?? error }
        }
        let words = HumanText.count(left.count, "batch that was", "batches that were")
        // What cannot be given back comes back when its lease ends.
        let end = failure.map { "; not all could be: \(redacted("\($0)"))" } ?? ""
        crew.progress.update("gave back \(words) acquired ahead\(end)", isAlwaysShown: true)
    }

    // MARK: - Acquiring

    /// The next batch; `nil` when there will be none.
    private mutating func next() async throws -> Batch? {
        var looks = 0
        while crew.shutdown.stage == .working {
            if let batch = ahead.take() { return batch }
            if try await crew.inventory.isAuditDue(request, from: crew.source) {
                try await record(takeLast())
                try await crew.audit(request)
            }
            guard let answer = try await acquire(upTo: 1, after: takeLast()) else { return nil }
            if let batch = answer.batches.first {
                if crew.shutdown.stage == .working { return batch }
                try await batch.release()
                return nil
            }
            guard let pause = crew.pause(for: answer.reason, after: looks) else {
                crew.end(answer.reason)
                return nil
            }
            looks += 1
            _ = try await crew.shutdown.run(until: .stopping) { try await Task.sleep(for: pause) }
        }
        return nil
    }

    /// Acquires ahead while this works on a batch, and keeps the leases of what is held meanwhile.
    private mutating func fill(
        while work: @escaping @Sendable () async throws -> BatchRun.Success?
    ) async throws {
        let done = takeLast()
        let (worker, ahead) = (self, ahead)
        let clock = crew.inventory.configuration.clock
        let held = ahead.batches
        var (worked, filled): (Result<BatchRun.Success?, any Error>?, Result<Void, any Error>?)
        await withTaskGroup(of: Part.self) { group in
            group.addTask { .worked(await Result { try await work() }) }
            group.addTask { .filled(await Result { try await worker.fill(after: done) }) }
            group.addTask {
                await ahead.keepLeases(of: held, clock: clock)
                return .kept
            }
            group.addTask { [crew] in
                await crew.shutdown.reached(.stopping)
                return .told
            }
            while worked == nil || filled == nil, let part = await group.next() {
                switch part {
                case .worked(let result): worked = result
                case .filled(let result):
                    filled = result
                    let added = ahead.batches.filter { !held.map(\.id).contains($0.id) }
                    group.addTask {
                        await ahead.keepLeases(of: added, clock: clock)
                        return .kept
                    }
                // Somebody else may have them while this one ends its last.
                case .told: await worker.giveBack()
                case .kept: break
                }
            }
            group.cancelAll()
        }
        last = try worked?.get()
        try filled?.get()
    }

    private enum Part: Sendable {
        case worked(Result<BatchRun.Success?, any Error>)
        case filled(Result<Void, any Error>)
        case kept
        /// Nothing more is to be acquired.
        case told
    }

    /// Acquires as many batches as may be held ahead.
    private func fill(after done: BatchRun.Success?) async throws {
        let room = crew.prefetch - ahead.count
        guard room > 0, crew.shutdown.stage == .working else { return try await record(done) }
        if let answer = try await acquire(upTo: room, after: done) { ahead.add(answer.batches) }
    }

    /// Records a success and acquires.
    ///
    /// - Returns: The answer; `nil` when this was told to end before there was one.
    private func acquire(
        upTo count: Int,
        after last: BatchRun.Success?
    ) async throws -> (batches: [Batch], reason: NoBatchReason)? {
        var last = last
        while true {
            do {
                // What was handed out must be known, to be given back: an acquire is not cut short at once.
                let answer = try await crew.shutdown.run(
                    until: .terminating,
                    patience: .seconds(5)
                ) { [last] in
                    try await crew.inventory.acquire(
                        upTo: count,
                        request,
                        from: crew.source,
                        isDraining: !crew.follows,
                        after: last?.done
                    )
                }
                do {
                    try last?.tell()
                } catch {
                    // Whoever asked does not hear of these.
                    for batch in answer?.batches ?? [] { try await batch.release() }
                    throw error
                }
                return answer
            } catch let error as WriteError {
                throw error
            } catch let error as TrancheError where error.code == .batchLost && last != nil {
                try last?.tell(error)
                last = nil
            } catch {
                // The success stands all the same.
                await recordBesides(last)
                throw error
            }
        }
    }

    private mutating func takeLast() -> BatchRun.Success? {
        defer { last = nil }
        return last
    }

    /// Records a success where something else went wrong, which is what the command ends with.
    private func recordBesides(_ success: BatchRun.Success?) async {
        do {
            try await record(success)
        } catch {
            let batch = success.map { "batch \($0.done.batch.id)" } ?? "a batch"
            crew.progress.update(
                "the success of \(batch) could not be recorded: \(redacted("\(error)"))",
                isAlwaysShown: true
            )
        }
    }

    /// Records a success by itself.
    private func record(_ success: BatchRun.Success?) async throws {
        guard let success else { return }
        do {
            try await success.done.batch.succeed(success.done.ending)
            try success.tell()
        } catch let error as TrancheError where error.code == .batchLost {
            try success.tell(error)
        }
    }
}
