import FoundationEssentials
import Synchronization

/// The time that a handler has for a batch; while the batch only waits, none of it passes.
///
/// A heartbeat that somebody else sent for the batch, such as its own program, is progress, too: it
/// shows as a lease that ends at another time than this process's own heartbeat said.
final class HandlerTime: Sendable {
    private let batch: Batch
    private let progress: BatchProgress
    private let timeout: Duration?
    private let idle: Duration?
    private let grace: Duration
    private let state: Mutex<State>

    private struct State {
        /// When the lease ends as far as this process knows.
        var leaseEnd: Date?
        /// When the time was up.
        var overAt: Duration?
    }

    init(_ batch: Batch, _ progress: BatchProgress, _ configuration: WorkerGroup.Configuration) {
        self.batch = batch
        self.progress = progress
        timeout = configuration.timeout?.time(for: batch.weight)
        idle = configuration.idle
        grace = configuration.grace
        state = Mutex(State(leaseEnd: batch.record.leaseExpiresAt))
    }

    /// Whether there is any bound.
    var isBounded: Bool { timeout != nil || idle != nil }

    /// Waits until the time is up.
    ///
    /// - Returns: What the batch fails with.
    /// - Throws: `CancellationError` when it is not up before the task is cancelled.
    func runOut() async throws -> BatchFailure {
        let (clock, stopwatch) = (batch.inventory.configuration.clock, batch.inventory.stopwatch)
        let start = stopwatch.elapsed
        while true {
            try await progress.goesOn()
            let spent = stopwatch.elapsed - start - progress.waited
            if let timeout, spent >= timeout { return over("after \(timeout.seconds.plain) s") }
            if let idle, progress.idleTime >= idle {
                try await lookForHeartbeats()
                guard progress.idleTime < idle else {
                    return over("after \(idle.seconds.plain) s without progress")
                }
            }
            let left = [timeout.map { $0 - spent }, idle.map { $0 - progress.idleTime }]
            try await clock.sleep(for: left.compactMap { $0 }.min() ?? .zero)
        }
    }

    /// Sends a heartbeat, unless the time has been up for longer than the grace.
    ///
    /// A handler that takes no notice loses its batch by that.
    func heartbeat() async throws {
        let overAt = state.withLock { $0.overAt }
        if let overAt, batch.inventory.stopwatch.elapsed - overAt > grace { return }
        if idle != nil { try await lookForHeartbeats() }
        let leaseEnd = try await batch.heartbeat()
        state.withLock { $0.leaseEnd = leaseEnd }
    }

    private func lookForHeartbeats() async throws {
        let selection = BatchSelection(ids: [batch.id])
        let leaseEnd = try await batch.inventory.retrying(within: batch.lease) { _ in
            try await batch.inventory.store.batches(selection).first?.leaseExpiresAt
        }
        let isAnothers = state.withLock { state in
            defer { state.leaseEnd = leaseEnd }
            return leaseEnd != state.leaseEnd
        }
        if isAnothers { progress.report() }
    }

    private func over(_ words: String) -> BatchFailure {
        state.withLock { $0.overAt = batch.inventory.stopwatch.elapsed }
        return BatchFailure("\(BatchTime.timeOutMark) \(words)", code: .timedOut)
    }
}
