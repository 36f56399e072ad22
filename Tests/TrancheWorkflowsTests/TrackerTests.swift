import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheWorkflows

@Suite("Trackers", .timeLimit(.minutes(5)))
struct TrackerTests {
    /// Notes what it is told.
    final class NotingTracker: Tracker {
        let interval: Duration
        let calls = Mutex<[TrackerMoment]>([])
        let done = Mutex<[Double]>([])

        init(interval: Duration = .seconds(3600)) {
            self.interval = interval
        }

        func track(_ moment: TrackerMoment, _ progress: WorkflowProgress) async throws {
            calls.withLock { $0.append(moment) }
            done.withLock { $0.append(progress.donePercent ?? -1) }
        }
    }

    struct FailingTracker: Tracker {
        struct Fault: Error {}

        func track(_ moment: TrackerMoment, _ progress: WorkflowProgress) async throws {
            throw Fault()
        }
    }

    /// Takes no notice of anything.
    struct HangingTracker: Tracker {
        let latch: Latch
        let patience = Duration.milliseconds(20)

        func track(_ moment: TrackerMoment, _ progress: WorkflowProgress) async throws {
            await latch.opens()
        }
    }

    @Test("A tracker is told of the start, of the first failure alone, and of the end")
    func moments() async throws {
        try await withWorkflowWorld { world in
            let tracker = NotingTracker()
            let isTold = Latch()
            let policy = #","policy":{"max_attempts":1}"#
            let handle = try await world.workflows.start(world.workflow(handler: "one", policy))
            var options = WorkflowOptions(trackers: [tracker])
            options.handlers["one"] = { _ in
                ClosureHandler { batch, _ in
                    // The start is told beside the work.
                    while tracker.calls.withLock({ $0.isEmpty }) { await Task.yield() }
                    if batch.id == 2 || batch.id == 3 {
                        throw TrancheError(.sourceFailed, "no luck")
                    }
                    if batch.id == 4 {
                        while tracker.calls.withLock({ $0.count < 2 }) { await Task.yield() }
                        isTold.open()
                    }
                }
            }
            _ = try await world.workflows.work(on: handle, options)
            await isTold.opens()
            #expect(tracker.calls.withLock { $0 } == [.started, .firstFailure, .ended])
            #expect(tracker.done.withLock { $0.last ?? 0 } > 60)
        }
    }

    @Test("A tracker that throws or hangs is told of, and the work goes on to its end")
    func faults() async throws {
        try await withWorkflowWorld { world in
            let latch = Latch()
            let notices = Mutex<Set<String>>([])
            var options = WorkflowOptions(
                trackers: [FailingTracker(), HangingTracker(latch: latch)]
            )
            options.onNotice = { words in notices.withLock { _ = $0.insert(words) } }
            let result = try await world.workflows.run(world.workflow(), options)
            #expect(result.ending == .complete)
            #expect(
                notices.withLock { $0 }.sorted() == [
                    "a tracker failed: Fault()",
                    "a tracker took longer than 0.02 s, and is not waited for",
                ]
            )
            latch.open()
        }
    }

    /// Hangs in its first interval.
    final class StuckTracker: Tracker {
        let interval = Duration.milliseconds(1)
        let patience = Duration.milliseconds(20)
        let calls = Mutex<[TrackerMoment]>([])
        let isStuck = Latch()
        let latch = Latch()

        func track(_ moment: TrackerMoment, _ progress: WorkflowProgress) async throws {
            calls.withLock { $0.append(moment) }
            guard moment == .interval else { return }
            isStuck.open()
            await latch.opens()
        }
    }

    // tracker                           work
    // is told of the start
    //                                   the first batch waits
    // hangs in an interval
    //                                   fails, and ends
    // is told of both, in their order
    @Test("An interval that hangs is not told again, and the rest in order all the same")
    func stuck() async throws {
        try await withWorkflowWorld { world in
            let tracker = StuckTracker()
            let policy = #","policy":{"max_attempts":1}"#
            let handle = try await world.workflows.start(world.workflow(handler: "one", policy))
            var options = WorkflowOptions(trackers: [tracker])
            options.handlers["one"] = { _ in
                ClosureHandler { batch, _ in
                    await tracker.isStuck.opens()
                    if batch.id > 4 { throw TrancheError(.sourceFailed, "no luck") }
                }
            }
            let result = try await world.workflows.work(on: handle, options)
            #expect(result.ending == .completeWithFailures)
            tracker.latch.open()
            #expect(
                tracker.calls.withLock { $0 } == [.started, .interval, .firstFailure, .ended]
            )
        }
    }

    @Test("A run that fails and ends at once is told of whole")
    func atOnce() async throws {
        try await withWorkflowWorld { world in
            let tracker = NotingTracker()
            let more = #","policy":{"max_attempts":1},"count":100"#
            let workflow = try world.workflow(handler: "one", more, weight: 1600)
            let handle = try await world.workflows.start(workflow)
            var options = WorkflowOptions(trackers: [tracker])
            options.handlers["one"] = { _ in
                ClosureHandler { _, _ in throw TrancheError(.sourceFailed, "no luck") }
            }
            let result = try await world.workflows.work(on: handle, options)
            #expect(result.progress.failed.batches == 1)
            #expect(tracker.calls.withLock { $0 } == [.started, .firstFailure, .ended])
        }
    }

    @Test("A process that is cancelled tells of the end all the same")
    func cancelled() async throws {
        try await withWorkflowWorld { world in
            let tracker = NotingTracker()
            let handle = try await world.workflows.start(world.workflow(handler: "one"))
            let isAtWork = Latch()
            var options = WorkflowOptions(trackers: [tracker])
            options.handlers["one"] = { _ in
                ClosureHandler { _, _ in
                    isAtWork.open()
                    try await Task.sleep(for: .seconds(600))
                }
            }
            let asked = options
            let work = Task { try await world.workflows.work(on: handle, asked) }
            await isAtWork.opens()
            work.cancel()
            await #expect(throws: CancellationError.self) { try await work.value }
            #expect(tracker.calls.withLock { $0 } == [.started, .ended])
        }
    }
}
