import Synchronization
import Tranche

/// The calls of one tracker: one after the other, each waited for as long as the tracker may take.
final class TrackerCalls: Sendable {
    private let tracker: any Tracker
    private let handle: WorkflowHandle
    private let clock: any Clock<Duration>
    private let onNotice: (@Sendable (String) -> Void)?
    private let moments = Mutex(TrackerMoments())
    private let (bell, ringer) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

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

    /// Takes note of what happened.
    func note(_ body: @Sendable (inout TrackerMoments) -> Void) {
        moments.withLock { body(&$0) }
        ringer.yield()
    }

    /// Tells the tracker of each moment, until it was told of the end.
    ///
    /// To be run by a task that nobody cancels: the end is told however the work ended.
    func tellAll() async {
        var rings = bell.makeAsyncIterator()
        while true {
            while let moment = moments.withLock({ $0.next() }) {
                await tell(moment)
                if moment == .ended { return }
            }
            await rings.next()
        }
    }

    /// Notes whenever the tracker's interval has passed, until the task is cancelled.
    func tick() async {
        while !Task.isCancelled {
            do {
                try await clock.sleep(for: tracker.interval)
            } catch {
                return
            }
            note { $0.tick() }
        }
    }

    private enum Outcome: Sendable {
        case told
        case failed(String)
        case late
    }

    /// Tells it, and waits for it no longer than it may take; reading the progress is not counted.
    ///
    /// The call is a task of its own: one that takes no notice of its cancellation would otherwise
    /// keep the work from ending.
    private func tell(_ moment: TrackerMoment) async {
        let progress: WorkflowProgress
        do {
            progress = try await handle.progress()
        } catch {
            moments.withLock { $0.callReturned() }
            let why = "the progress of \(handle.key) cannot be read: \(redacted("\(error)"))"
            onNotice?("a tracker is not told of '\(moment.rawValue)': \(why)")
            return
        }
        let (stream, continuation) = AsyncStream<Outcome>.makeStream()
        let call = Task {
            do {
                try await tracker.track(moment, progress)
                continuation.yield(.told)
            } catch {
                continuation.yield(.failed("\(error)"))
            }
            continuation.finish()
            moments.withLock { $0.callReturned() }
        }
        let outcome = await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await stream.first { _ in true } }
            group.addTask { [clock, tracker] in
                do {
                    try await clock.sleep(for: tracker.patience)
                    return .late
                } catch {
                    return nil
                }
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        call.cancel()
        switch outcome {
        case .told, nil: break
        case .failed(let words): onNotice?("a tracker failed: \(redacted(words))")
        case .late:
            let time = tracker.patience.seconds.plain
            onNotice?("a tracker took longer than \(time) s, and is not waited for")
        }
    }
}

/// All trackers of a process that works.
struct TrackerGroup: Sendable {
    let calls: [TrackerCalls]

    /// Takes note of how an attempt ended.
    func note(_ report: BatchReport) {
        guard report.end.failure != nil else { return }
        for call in calls { call.note { $0.fail() } }
    }
}
