import Tranche

/// Runs a process of the pipeline on the items of a job, each as an event.
struct JobProcessHandler: BatchHandler {
    /// The job's name, which stands as the events' trigger.
    let job: String
    /// Where the events are said to be from.
    let location: String
    let process: GatedProcess

    func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
        let events: EventBatch
        do {
            let items = try await batch.items
            events = EventBatch(
                events: try items.map { try event(of: $0) },
                numbers: items.map(\.id),
                batch: batch,
                link: Link(from: job, to: process.process.name),
                progress: progress
            )
        } catch {
            return try .unread(error)
        }
        return try await process.verdict(on: events, progress)
    }

    private func event(of item: Item) throws -> Event {
        Event(
            location: location,
            operation: .create,
            id: "\(item.id)",
            trigger: job,
            payload: try item.eventPayload
        )
    }
}
