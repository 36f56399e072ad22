import Synchronization

/// Runs an actor on a thread that lasts as long as there is something to run, for calls that block
/// as long as something outside lasts; see ``OwnThread``.
package final class OwnThreadExecutor: SerialExecutor {
    private let waiting = Mutex((jobs: [UnownedJob](), isRunning: false))

    package init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isFirst = waiting.withLock { waiting in
            waiting.jobs.append(job)
            defer { waiting.isRunning = true }
            return !waiting.isRunning
        }
        if isFirst { OwnThread.run { self.runAll() } }
    }

    private func runAll() {
        while let job = next() { job.runSynchronously(on: asUnownedSerialExecutor()) }
    }

    private func next() -> UnownedJob? {
        waiting.withLock { waiting in
            guard waiting.jobs.isEmpty else { return waiting.jobs.removeFirst() }
            waiting.isRunning = false
            return nil
        }
    }
}
