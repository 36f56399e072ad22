import Tranche
import TrancheConnectors

/// Runs a process of the pipeline on the items of a job, each as an event.
struct JobProcessHandler: BatchHandler {
    /// The job's name, which stands as the events' trigger.
    let job: String
    /// Where the items are from: where the events are said to be from, unless they are events.
    let source: SourceSpec
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

    /// The item as an event; one of an input's log is what a link over that would be given.
    private func event(of item: Item) throws -> Event {
        if "\(source.scheme):" == InputLogSource.prefix { return try Event(json: item.text) }
        return Event(
            location: source.location,
            operation: .create,
            id: "\(item.id)",
            trigger: job,
            payload: try item.eventPayload
        )
    }
}
