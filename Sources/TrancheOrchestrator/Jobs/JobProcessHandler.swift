import Tranche
import TrancheConnectors

/// Runs a process of the pipeline on the items of a job, each as an event.
struct JobProcessHandler: BatchHandler {
    /// The job's name, which stands as the events' trigger.
    let job: String
    /// Where the items are from: where the events are said to be from, unless they are events.
    let source: SourceSpec
    /// Which operations the input gives whose log the items are of; all, with an empty set.
    let operations: Set<Event.Operation>
    /// Whether the job is drained.
    let drains: Bool
    let process: GatedProcess

    func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
        var events: EventBatch
        do {
            var found = try await batch.items.map { (number: $0.id, event: try event(of: $0)) }
            if !operations.isEmpty {
                let count = found.count
                found = found.filter { operations.contains($0.event.operation) }
                if found.isEmpty, count > 0 {
                    let words = HumanText.count(count, "event")
                    let note = "\(words) of no operation that the input gives"
                    return .succeeded(BatchSuccess(note: note))
                }
            }
            events = EventBatch(
                events: found.map(\.event),
                numbers: found.map(\.number),
                batch: batch,
                link: Link(from: job, to: process.process.name),
                progress: progress
            )
            events.isOfDrain = drains
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
