import Synchronization

/// One worker of a group: works on a batch, while others are kept ahead of it.
///
/// That a batch has succeeded is recorded with the acquire that follows, or at once where it is
/// executed at most once.
final class Worker: Sendable {
    private let group: WorkerGroup
    private let number: Int
    private let request: BatchRequest
    private let ahead = Mutex(PrefetchBuffer<Batch>())

    init(_ number: Int, of group: WorkerGroup) {
        self.group = group
        self.number = number
        request = group.request(of: number)
    }

    private var inventory: Inventory { group.inventory }

    /// Works until there is nothing more, or no more is wanted.
    func run() async throws {
        var last: BatchRun.Success?
        do {
            try await work(&last)
            try await record(last)
        } catch {
            // What went wrong first is thrown.
            await recordBesides(last)
            await giveBack()
            throw error
        }
        await giveBack()
    }

    private func work(_ last: inout BatchRun.Success?) async throws {
        var changes = group.changes
        var step = group.step(.free(worker: number, holding: 0))
        while true {
            try Task.checkCancellation()
            // What changes from here on is not known to the next step.
            let known = changes
            changes = group.changes
            switch step {
            case .acquire:
                step = try await acquire(after: &last)
                continue
            case .work: if let batch = take() { try await work(on: batch, &last) }
            case .wait(let pause): await group.waitForChange(after: known, upTo: pause)
            case .rest:
                try await record(&last)
                await giveBack()
                await group.waitForChange(after: known, upTo: nil)
            case .end: return
            }
            step = group.step(.free(worker: number, holding: countAhead()))
        }
    }

    // Neither is inlined, as those of `MicroBatcher`: they are called between waits.

    @inline(never)
    private func take() -> Batch? { ahead.withLock { $0.take() } }

    @inline(never)
    private func countAhead() -> Int { ahead.withLock { $0.count } }

    private func keep(_ batches: [Batch]) {
        let now = inventory.stopwatch.elapsed
        ahead.withLock { ahead in
            for batch in batches { ahead.add(batch, id: batch.id, lease: batch.lease, now: now) }
        }
    }

    // MARK: - Acquiring

    /// Records the last success and asks for a batch.
    ///
    /// - Returns: What to do next.
    private func acquire(
        after last: inout BatchRun.Success?
    ) async throws -> WorkerGroupState.Step {
        if let watcher = group.watcher, watcher.isBehind {
            return try await wait(for: watcher, &last)
        }
        if try await inventory.isAuditDue(request, from: group.source) {
            try await record(&last)
            // A step that is cut short goes on where it was.
            let source = group.source
            _ = try await group.stop.run(until: .stopping) { [self] in
                try await inventory.auditALittle(request, from: source)
            }
        }
        let success = last
        last = nil
        await group.takeOver()
        await group.addUp()
        await group.keepRecorded()
        let answer = try await acquire(upTo: 1, after: success)
        guard let batch = answer.batches.first else {
            let now = inventory.now
            let reason = await group.telling(answer.reason)
            let step = group.step(.foundNone(worker: number, reason, now: now))
            if case .wait = step { await group.tellWait(reason) }
            return step
        }
        let step = group.step(.acquired(worker: number))
        if step == .work {
            keep([batch])
        } else {
            // The stop came between the question and its answer.
            try await batch.release()
            group.handler.gaveBack([batch], failure: nil)
        }
        return step
    }

    /// Waits, with nothing in hand, until who watches has got rid of what it was told.
    ///
    /// - Returns: What to do next.
    private func wait(
        for watcher: any WorkWatcher,
        _ last: inout BatchRun.Success?
    ) async throws -> WorkerGroupState.Step {
        try await record(&last)
        _ = try await group.stop.run(until: .stopping) { await watcher.caughtUp() }
        // Nothing was asked for, and meanwhile it may be wanted no more.
        group.step(.filled(asked: 1, given: 0))
        return group.step(.free(worker: number, holding: countAhead()))
    }

    /// Records a success and acquires.
    ///
    /// - Returns: The answer.
    private func acquire(
        upTo count: Int,
        isAhead: Bool = false,
        after success: BatchRun.Success?
    ) async throws -> (batches: [Batch], reason: NoBatchReason) {
        var (request, success) = (request, success)
        request.isAhead = isAhead
        while true {
            let answer: (batches: [Batch], reason: NoBatchReason)
            do {
                answer = try await inventory.acquire(
                    upTo: count,
                    request,
                    from: group.source,
                    isDraining: group.configuration.end == .whenComplete,
                    after: success?.done
                )
            } catch let error as TrancheError where error.isLoss && success != nil {
                if let success { try group.report(success.lost(error)) }
                success = nil
                continue
            } catch {
                // What was asked for may be asked for again, and the success stands all the same.
                group.step(.filled(asked: count, given: 0))
                await recordBesides(success)
                throw error
            }
            do {
                if let success { try group.report(success.report) }
            } catch {
                // Whoever asked does not hear of these: where one cannot be given back, its lease
                // ends.
                for batch in answer.batches { _ = try? await batch.release() }
                throw error
            }
            return answer
        }
    }

    // MARK: - Working

    private func work(on batch: Batch, _ last: inout BatchRun.Success?) async throws {
        let run = BatchRun(
            batch: batch,
            handler: group.handler,
            watcher: group.watcher,
            configuration: group.configuration,
            stop: group.stop
        )
        let outcome: BatchRun.Outcome
        if group.configuration.prefetch > 0 {
            let success = last
            last = nil
            outcome = try await fill(after: success) { try await run.run() }
        } else {
            outcome = try await run.run()
        }
        switch outcome {
        case .recorded(let report): try group.report(report)
        case .succeeded(let success):
            guard batch.execution == .atMostOnce else {
                last = success
                return
            }
            // What is not recorded when the process ends is taken for what may have failed.
            try await record(success)
        }
    }

    private enum Part: Sendable {
        case worked(Result<BatchRun.Outcome, any Error>)
        case filled(Result<Void, any Error>)
        case kept
        /// Nothing more is to be acquired.
        case stopped
    }

    /// Acquires ahead while this works on a batch, and keeps the leases of what is held meanwhile.
    private func fill(
        after success: BatchRun.Success?,
        while work: @escaping @Sendable () async throws -> BatchRun.Outcome
    ) async throws -> BatchRun.Outcome {
        let held = ahead.withLock { $0.ids }
        var (worked, filled): (Result<BatchRun.Outcome, any Error>?, Result<Void, any Error>?)
        await withTaskGroup(of: Part.self) { tasks in
            tasks.addTask { .worked(await Result { try await work() }) }
            tasks.addTask { [self] in .filled(await Result { try await fill(after: success) }) }
            tasks.addTask { [self] in
                await keepLeases(of: held)
                return .kept
            }
            tasks.addTask { [group] in
                await group.stop.reached(.stopping)
                return .stopped
            }
            while worked == nil || filled == nil, let part = await tasks.next() {
                switch part {
                case .worked(let result): worked = result
                case .filled(let result):
                    filled = result
                    if group.stop.stage >= .stopping { await giveBack() }
                    let added = ahead.withLock { $0.ids }.subtracting(held)
                    tasks.addTask { [self] in
                        await keepLeases(of: added)
                        return .kept
                    }
                // Somebody else may have them while this one ends its last.
                case .stopped: await giveBack()
                case .kept: break
                }
            }
            tasks.cancelAll()
        }
        return try await both(worked, filled)
    }

    /// What came of the work, where what was done beside it went well.
    private func both(
        _ worked: Result<BatchRun.Outcome, any Error>?,
        _ filled: Result<Void, any Error>?
    ) async throws -> BatchRun.Outcome {
        let outcome = try (worked ?? .failure(CancellationError())).get()
        do {
            try filled?.get()
        } catch {
            // What has succeeded is recorded, whatever else went wrong.
            if case .succeeded(let success) = outcome { await recordBesides(success) }
            throw error
        }
        return outcome
    }

    /// Acquires as many batches as may be held ahead.
    private func fill(after success: BatchRun.Success?) async throws {
        let room = group.configuration.prefetch - ahead.withLock { $0.count }
        guard room > 0, group.watcher?.isBehind != true,
            case .acquire(let count) = group.step(.hasRoom(worker: number, room))
        else { return try await record(success) }
        let answer = try await acquire(upTo: count, isAhead: true, after: success)
        group.step(.filled(asked: count, given: answer.batches.count))
        keep(answer.batches)
    }

    // MARK: - What is held ahead

    /// Heartbeats until cancelled, as long as any of some batches is held.
    ///
    /// One that is lost is held no more, and neither is one whose heartbeats did not get through:
    /// its lease ends.
    private func keepLeases(of ids: Set<Int64>) async {
        while let next = ahead.withLock({ $0.nextDue(among: ids) }), !Task.isCancelled {
            let left = next.at - inventory.stopwatch.elapsed
            // Being cancelled is how this ends.
            let clock = inventory.configuration.clock
            guard (try? await clock.sleep(for: max(left, .zero))) != nil else { return }
            do {
                var batch = next.batch
                batch.record.leaseExpiresAt = try await batch.heartbeat()
                let renewed = batch
                let now = inventory.stopwatch.elapsed
                ahead.withLock { $0.renew(renewed, id: next.id, now: now) }
            } catch is CancellationError {
                return
            } catch {
                ahead.withLock { $0.drop(next.id) }
            }
        }
    }

    /// Gives back what was acquired ahead.
    private func giveBack() async {
        let left = ahead.withLock { $0.takeAll() }
        if left.isEmpty { return }
        var failure: (any Error)?
        for batch in left {
            do { try await batch.release() } catch { failure = failure ?? error }
        }
        group.handler.gaveBack(left, failure: failure)
    }

    // MARK: - Recording

    /// Records a success by itself.
    private func record(_ success: BatchRun.Success?) async throws {
        guard let success else { return }
        do {
            try await success.done.batch.succeed(success.done.ending)
        } catch let error as TrancheError where error.isLoss {
            return try group.report(success.lost(error))
        }
        try group.report(success.report)
    }

    private func record(_ success: inout BatchRun.Success?) async throws {
        let done = success
        success = nil
        try await record(done)
    }

    /// Records a success where something else went wrong, which is what the group ends with.
    private func recordBesides(_ success: BatchRun.Success?) async {
        guard let success else { return }
        do {
            try await record(success)
        } catch {
            group.handler.couldNotRecord(success.done.batch, error)
        }
    }
}
