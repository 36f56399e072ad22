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
    /// Whether the link is drained.
    let drains: Bool
    let reports: OrchestratorReports

    func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
        let events: EventBatch
        let leftOut: LeftOutEvents
        do {
            (events, leftOut) = try await read(batch, progress)
        } catch {
            return try .unread(error)
        }
        guard !events.events.isEmpty else {
            return .succeeded(BatchSuccess(note: leftOut.words(ofAll: true)))
        }
        let verdict = try await process.verdict(on: events, progress)
        guard !leftOut.superseded.isEmpty, case .succeeded(var success) = verdict else {
            return verdict
        }
        success.note = success.note ?? leftOut.words(ofAll: false)
        return .succeeded(success)
    }

    /// Reads the events that the process is to run on.
    ///
    /// - Returns: The events, and those that it is not to run on.
    private func read(
        _ batch: Batch,
        _ progress: BatchProgress
    ) async throws -> (EventBatch, LeftOutEvents) {
        var found = try await batch.items.map { (number: $0.id, event: try event($0)) }
        var leftOut = LeftOutEvents()
        let all = found.count
        for meant in [operations, job.link.operations] where !meant.isEmpty {
            found = found.filter { meant.contains($0.event.operation) }
        }
        leftOut.others = all - found.count
        if job.link.coalesce != nil {
            let last = try await batch.inventory.lastEvents(of: job.input, found.map(\.number))
            leftOut.superseded = found.compactMap { entry in
                guard let later = last[entry.number], later > entry.number else { return nil }
                return (number: entry.number, by: later)
            }
            let superseded = Set(leftOut.superseded.map(\.number))
            found = found.filter { !superseded.contains($0.number) }
        }
        var events = EventBatch(
            events: found.map(\.event),
            numbers: found.map(\.number),
            batch: batch,
            link: job.link,
            progress: progress
        )
        events.isOfDrain = drains
        return (events, leftOut)
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
