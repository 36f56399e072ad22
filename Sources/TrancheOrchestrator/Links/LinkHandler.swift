import Tranche
import TrancheChains

/// Runs a process on the batches of a link.
struct LinkHandler: BatchHandler {
    let job: LinkJob
    /// The process that runs.
    let process: GatedProcess
    /// Which operations the input gives; all, with an empty set.
    let operations: Set<Event.Operation>
    /// Makes an event of an item of the link's source.
    let event: @Sendable (Item) throws -> Event
    let reports: OrchestratorReports

    func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
        let events: EventBatch
        let superseded: Int
        do {
            (events, superseded) = try await read(batch, progress)
        } catch {
            return try .unread(error)
        }
        guard !events.events.isEmpty else {
            let words =
                superseded > 0 ? "superseded by later events" : "of no operation of the link"
            return .succeeded(BatchSuccess(note: "all \(batch.count) events are \(words)"))
        }
        let verdict = try await process.verdict(on: events, progress)
        guard superseded > 0, case .succeeded(var success) = verdict else { return verdict }
        success.note = success.note ?? "\(superseded) events are superseded by later ones"
        return .succeeded(success)
    }

    /// Reads the events that the process is to run on.
    ///
    /// - Returns: The events, and how many were superseded.
    private func read(
        _ batch: Batch,
        _ progress: BatchProgress
    ) async throws -> (EventBatch, superseded: Int) {
        var found = try await batch.items.map { (number: $0.id, event: try event($0)) }
        for meant in [operations, job.link.operations] where !meant.isEmpty {
            found = found.filter { meant.contains($0.event.operation) }
        }
        let all = found.count
        if job.link.coalesce != nil {
            let last = try await batch.inventory.lastEvents(of: job.input, found.map(\.number))
            found = found.filter { last[$0.number] ?? $0.number <= $0.number }
        }
        let events = EventBatch(
            events: found.map(\.event),
            numbers: found.map(\.number),
            batch: batch,
            link: job.link,
            progress: progress
        )
        return (events, all - found.count)
    }

    // MARK: - Telling

    func ended(_ report: BatchReport) throws { reports.ended(job, report) }

    func couldNotRecord(_ batch: Batch, _ error: any Error) {
        reports.note(OrchestratorError(job.name, "batch \(batch.id)", error))
    }
}

extension Inventory {
    /// The last events of a log about the same as some of its events, by the numbers of these.
    func lastEvents(of input: String, _ numbers: [Int64]) async throws -> [Int64: Int64] {
        try await retrying { _ in
            var last: [Int64: Int64] = [:]
            for run in IDRuns(numbers).runs {
                last.merge(try await store.lastEvents(likeThoseIn: run, of: input)) { $1 }
            }
            return last
        }
    }
}
