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
}
