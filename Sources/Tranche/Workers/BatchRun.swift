import FoundationEssentials

/// Has a batch worked on, and records any end but a success.
struct BatchRun: Sendable {
    let batch: Batch
    let handler: any BatchHandler
    let watcher: (any WorkWatcher)?
    let configuration: WorkerGroup.Configuration
    let stop: StopSource

    /// An end: recorded, or a success that is still to be.
    enum Outcome: Sendable {
        case recorded(BatchReport)
        case succeeded(Success)
    }

    /// A success that is to be recorded.
    struct Success: Sendable {
        let done: Batch.Done
        /// The report for when it is.
        let report: BatchReport

        /// The report where the batch was lost before.
        func lost(_ error: TrancheError) -> BatchReport {
            BatchReport(batch: report.batch, end: BatchEnd(loss: error), elapsed: report.elapsed)
        }
    }

    /// Works on the batch.
    ///
    /// - Throws: Errors that are not the batch's own. The batch is given back then.
    func run() async throws -> Outcome {
        let stopwatch = batch.inventory.stopwatch
        let start = stopwatch.elapsed
        let end: BatchEnd
        var retryAt: Date?
        do {
            // A repeated request may be given its batch that has ended meanwhile.
            guard batch.record.status == .running else { throw batch.hasEnded }
            let verdict = try await watched { try await handled() }
            if case .succeeded(let success) = verdict, success.parts.isEmpty {
                let ending = AttemptSuccess(
                    batch.holding,
                    result: success.result,
                    logging: success.note,
                    output: success.output
                )
                let report = BatchReport(
                    batch: batch,
                    end: .succeeded(success),
                    elapsed: stopwatch.elapsed - start
                )
                return .succeeded(Success(done: Batch.Done(batch, ending), report: report))
            }
            (end, retryAt) = try await record(verdict)
        } catch let error as TrancheError where error.isLoss {
            end = BatchEnd(loss: error)
        } catch is CancellationError where stop.stage == .ending && !Task.isCancelled {
            end = try await release()
        } catch {
            // Its lease ends by itself where this fails; the first error says more.
            _ = try? await batch.release()
            throw error
        }
        var report = BatchReport(batch: batch, end: end, elapsed: stopwatch.elapsed - start)
        report.retryAt = retryAt
        return .recorded(report)
    }

    /// Tells the watcher that there is work.
    private func watched<R>(_ work: () async throws -> R) async rethrows -> R {
        watcher?.began(batch)
        defer { watcher?.finished(batch) }
        return try await work()
    }

    private func record(_ verdict: BatchVerdict) async throws -> (BatchEnd, retryAt: Date?) {
        switch verdict {
        case .succeeded(let success) where !success.parts.isEmpty:
            let failure = BatchFailure(inPart: success)
            let record = try await batch.succeed(inPart: failure)
            guard record.status == .split else { return (BatchEnd(failure, as: record), nil) }
            return (.succeededInPart(success, failure), nil)
        case .succeeded(let success), .recorded(let success): return (.succeeded(success), nil)
        case .failed(let failure):
            let record = try await batch.fail(failure)
            return (BatchEnd(failure, as: record), record.status == .failed ? record.retryAt : nil)
        case .released(let output):
            if let output, output.note != nil { try await batch.keep(output) }
            return (try await release(), nil)
        case .deferred(let deferral): return (BatchEnd(try await batch.release(deferral)), nil)
        }
    }

    /// Gives the batch back; one that has begun is failed by that.
    private func release() async throws -> BatchEnd {
        let record = try await batch.release()
        guard record.cause == .begun else { return .released }
        return BatchEnd(BatchFailure(record.logging ?? ""), as: record)
    }

    // MARK: - The handler

    /// Has the handler work, once it is noted that it begins where that happens at most once.
    private func handle(_ progress: BatchProgress) async throws -> BatchVerdict {
        if batch.execution == .atMostOnce { try await batch.begin() }
        return try await handler.handle(batch, progress)
    }

    /// What the handler made of the batch; its time may have run out.
    private func handled() async throws -> BatchVerdict {
        let progress = BatchProgress(batch.inventory.stopwatch)
        let time = HandlerTime(batch, progress, configuration)
        let heartbeat: @Sendable () async throws -> Void = { try await time.heartbeat() }
        let (result, timeOut) = try await batch.whileHeld(by: heartbeat) {
            await bounded(by: time, progress)
        }
        guard let timeOut else { return try result.get() }
        switch result {
        case .failure(is CancellationError): return .failed(timeOut)
        case .success(.released(let output)):
            var failure = timeOut
            failure.output = output
            return .failed(failure)
        case .success(.failed(var failure)):
            failure.message = "\(timeOut.message): \(failure.message)"
            failure.code = timeOut.code
            return .failed(failure)
        case .success(let verdict): return verdict
        case .failure(let error): throw error
        }
    }

    private enum Part: Sendable {
        case handled(Result<BatchVerdict, any Error>)
        case timeIsUp(Result<BatchFailure, any Error>)
        case stopped
    }

    /// Runs the handler, cancelled when its time is up or all is to end.
    private func bounded(
        by time: HandlerTime,
        _ progress: BatchProgress
    ) async -> (Result<BatchVerdict, any Error>, timeOut: BatchFailure?) {
        if stop === StopSource.never, !time.isBounded {
            return (await Result { try await handle(progress) }, nil)
        }
        return await withTaskGroup(of: Part.self) { group in
            group.addTask {
                .handled(await Result { try await handle(progress) })
            }
            group.addTask {
                await stop.reached(.ending)
                return .stopped
            }
            if time.isBounded {
                group.addTask { .timeIsUp(await Result { try await time.runOut() }) }
            }
            defer { group.cancelAll() }
            var timeOut: BatchFailure?
            while let part = await group.next() {
                switch part {
                case .handled(let result): return (result, timeOut)
                case .timeIsUp(.success(let failure)):
                    timeOut = failure
                    group.cancelAll()
                // Where it cannot be told whether there was progress, the heartbeats find that out.
                case .timeIsUp(.failure): break
                case .stopped: group.cancelAll()
                }
            }
            return (.failure(CancellationError()), timeOut)
        }
    }
}
