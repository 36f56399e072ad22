import FoundationEssentials
import Synchronization
import Tranche

/// What is known of the parts of an orchestrator while it runs.
final class OrchestratorReports: Sendable {
    private let parts = Mutex<[String: OrchestratorStatus.Part]>([:])
    private let now: @Sendable () -> Date
    /// The last errors; the oldest go where nobody reads them.
    let errors: AsyncStream<OrchestratorError>
    private let continuation: AsyncStream<OrchestratorError>.Continuation
    /// Called with each attempt of a link's job that ended.
    private let onBatch: (@Sendable (LinkJob, BatchReport) -> Void)?
    /// Called with what keeps a batch from going on, now and then.
    private let onTrouble: (@Sendable (String, BatchRecord, String) -> Void)?
    /// When that was last told of a job.
    private let told = Mutex<[String: Date]>([:])
    /// Called when a job has completed something.
    private let completed: @Sendable (LinkJob) -> Void

    /// How long nothing more is told of a job whose batches do not go on.
    private static let pause = Duration.seconds(10)

    init(
        now: @escaping @Sendable () -> Date,
        keptErrors: Int,
        onBatch: (@Sendable (LinkJob, BatchReport) -> Void)?,
        onTrouble: (@Sendable (String, BatchRecord, String) -> Void)? = nil,
        completed: @escaping @Sendable (LinkJob) -> Void
    ) {
        self.now = now
        self.onBatch = onBatch
        self.onTrouble = onTrouble
        self.completed = completed
        (errors, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingNewest(keptErrors)
        )
    }

    /// How a part is.
    func part(_ name: String) -> OrchestratorStatus.Part {
        parts.withLock { $0[name] ?? OrchestratorStatus.Part(name: name) }
    }

    private func change(_ name: String, _ body: (inout OrchestratorStatus.Part) -> Void) {
        parts.withLock { body(&$0[name, default: OrchestratorStatus.Part(name: name)]) }
    }

    func set(_ name: String, _ state: OrchestratorStatus.State, restarts: Int? = nil) {
        change(name) { part in
            part.state = state
            part.restarts = restarts ?? part.restarts
            if state == .running { part.startedAt = now() }
        }
    }

    /// A part has failed, or has ended by itself.
    func failed(_ name: String) {
        let now = now()
        change(name) { part in
            if part.isHealthy(at: now) { (part.failures, part.failingSince) = (0, nil) }
            part.failures += 1
            part.failingSince = part.failingSince ?? now
        }
    }

    /// What is wrong with a part; `nil` where it has not failed, or has run for a minute since.
    func trouble(of name: String) -> PartTrouble? {
        let part = part(name)
        guard let since = part.failingSince, !part.isHealthy(at: now()) else { return nil }
        return PartTrouble(
            failures: part.failures,
            since: since,
            isOver: part.state == .stopped,
            error: part.error
        )
    }

    /// A link or a job has ended by itself.
    func drained(_ name: String, _ reason: NoBatchReason?) {
        change(name) { $0.reason = reason }
    }

    func note(_ error: OrchestratorError) {
        change(error.part) { part in
            part.error = error.message
            part.failedAt = now()
        }
        continuation.yield(error)
    }

    /// Tells what keeps a batch of a job from going on, unless something like it was told just now.
    func tell(_ name: String, _ batch: BatchRecord, _ words: String) {
        guard let onTrouble else { return }
        let now = now()
        let isNews = told.withLock { told in
            if let last = told[name], last <= now, now < last + Self.pause.seconds { return false }
            told[name] = now
            return true
        }
        if isNews { onTrouble(name, batch, words) }
    }

    func began(_ name: String) { change(name) { $0.running += 1 } }

    func left(_ name: String) { change(name) { $0.running -= 1 } }

    func ended(_ job: LinkJob, _ report: BatchReport) {
        ended(job.name, report)
        if case .succeeded = report.end { completed(job) }
        onBatch?(job, report)
    }

    /// Takes in the end of an attempt of a job.
    func ended(_ name: String, _ report: BatchReport) {
        if case .succeeded = report.end { change(name) { $0.succeeded += 1 } }
        if let failure = report.end.failure {
            change(name) { $0.failed += 1 }
            note(OrchestratorError(name, batch: report.batch.id, message: failure.message))
        }
    }

    func finish() { continuation.finish() }
}

extension OrchestratorStatus.Part {
    /// Whether it has run for so long that what was wrong before is over.
    fileprivate func isHealthy(at now: Date) -> Bool {
        guard state == .running, let startedAt else { return false }
        return startedAt.addingTimeInterval(Supervision().healthy.seconds) <= now
    }
}
