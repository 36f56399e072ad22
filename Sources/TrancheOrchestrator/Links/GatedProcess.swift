import Tranche
import TrancheChains

/// A process that runs beside so many others at most.
struct GatedProcess: Sendable {
    let process: any EventProcess
    /// The name of the job for whose batches it runs.
    let job: String
    /// Lets so many processes run at once.
    let gate: StageGate
    let reports: OrchestratorReports

    /// Waits for its turn, and runs on the events of a batch.
    ///
    /// - Returns: How the batch ends; it is given back where the wait was cut off.
    func verdict(on events: EventBatch, _ progress: BatchProgress) async throws -> BatchVerdict {
        do {
            try await progress.whileWaiting { try await gate.enter() }
        } catch {
            return .released()
        }
        defer { gate.leave() }
        reports.began(job)
        defer { reports.left(job) }
        var events = events
        events.tell = { [reports, job, batch = events.batch.record] words in
            reports.tell(job, batch, words)
        }
        return try await process.verdict(on: events)
    }
}
