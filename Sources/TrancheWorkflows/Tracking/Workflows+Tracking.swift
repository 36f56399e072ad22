import Tranche

extension Workflows {
    /// Works while trackers are told of it: when it begins, at their intervals, at the first
    /// failure, and when it ends.
    func withTracking<Result: Sendable>(
        of handle: WorkflowHandle,
        _ options: WorkflowOptions,
        _ failures: FirstFailure,
        _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        if options.trackers.isEmpty { return try await work() }
        let clock = inventory.configuration.clock
        let calls = options.trackers.map { TrackerCalls($0, handle, clock, options.onNotice) }
        let result: Swift.Result<Result, any Error> = await withTaskGroup(of: Void.self) { group in
            for call in calls {
                group.addTask { await call.repeatedly() }
                group.addTask {
                    if await failures.happens() { await call.tell(.firstFailure) }
                }
            }
            defer { group.cancelAll() }
            do {
                return .success(try await work())
            } catch {
                return .failure(error)
            }
        }
        await withTaskGroup(of: Void.self) { group in
            for call in calls { group.addTask { await call.tell(.ended) } }
        }
        return try result.get()
    }
}

/// The calls of one tracker.
private struct TrackerCalls: Sendable {
    let tracker: any Tracker
    let handle: WorkflowHandle
    let clock: any Clock<Duration>
    let onNotice: (@Sendable (String) -> Void)?

    init(
        _ tracker: any Tracker,
        _ handle: WorkflowHandle,
        _ clock: any Clock<Duration>,
        _ onNotice: (@Sendable (String) -> Void)?
    ) {
        self.tracker = tracker
        self.handle = handle
        self.clock = clock
        self.onNotice = onNotice
    }

    /// Tells it now, and again whenever its interval has passed, until the task is cancelled.
    func repeatedly() async {
        await tell(.started)
        // A sleep that was cut short is the end.
        while !Task.isCancelled, (try? await clock.sleep(for: tracker.interval)) != nil {
            await tell(.interval)
        }
    }

    private enum Outcome: Sendable {
        case told
        case failed(String)
        case late
    }

    /// Tells it, and waits for it no longer than it may take.
    ///
    /// The call is a task of its own: one that takes no notice of its cancellation would otherwise
    /// keep the work from ending.
    func tell(_ moment: TrackerMoment) async {
        let (stream, continuation) = AsyncStream<Outcome>.makeStream()
        let call = Task {
            do {
                try await tracker.track(moment, try await handle.progress())
                continuation.yield(.told)
            } catch {
                continuation.yield(.failed("\(error)"))
            }
            continuation.finish()
        }
        let outcome = await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await stream.first { _ in true } }
            group.addTask {
                (try? await clock.sleep(for: tracker.patience)).map { Outcome.late }
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        call.cancel()
        switch outcome {
        case .told, nil: break
        case .failed(let words): onNotice?("a tracker failed: \(words)")
        case .late:
            let time = tracker.patience.seconds.plain
            onNotice?("a tracker took longer than \(time) s, and is not waited for")
        }
    }
}
