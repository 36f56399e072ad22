import FoundationEssentials
import Synchronization

/// Tells the observers of an inventory what happens to it.
///
/// An inventory without observers has no reporter, so that an event costs a look at an optional.
final class EventReporter: Sendable {
    /// How long a close waits for observers.
    private static let patience = Duration.seconds(5)

    private let inventory: String
    private let now: @Sendable () -> Date
    private let stopwatch: Stopwatch
    private let queues: [ObserverQueue]
    /// The events that any of them receives.
    private let names: Set<InventoryEvent.Name>
    /// Since when runs are held, as they were last seen.
    private let held = Mutex<[RunKey: Duration]>([:])

    /// Makes the reporter of an inventory; `nil` where nobody observes it.
    init?(_ configuration: Inventory.Configuration, of inventory: String, _ stopwatch: Stopwatch) {
        if configuration.observers.isEmpty { return nil }
        self.inventory = inventory
        self.stopwatch = stopwatch
        now = configuration.store.now ?? { Date() }
        let limit = max(configuration.eventLimit, 1)
        queues = configuration.observers.map { ObserverQueue($0, limit: limit) }
        names = queues.reduce(into: []) { $0.formUnion($1.names) }
    }

    /// This process's time, for durations.
    var elapsed: Duration { stopwatch.elapsed }

    /// Reports an event of a run.
    func report(
        _ name: InventoryEvent.Name,
        of run: RunKey?,
        _ fill: (inout InventoryEvent) -> Void = { _ in }
    ) {
        guard names.contains(name) else { return }
        send(InventoryEvent(name, at: now(), inventory: inventory, run: run), fill)
    }

    /// Reports an event of a batch.
    func report(
        _ name: InventoryEvent.Name,
        _ batch: BatchRecord,
        _ fill: (inout InventoryEvent) -> Void = { _ in }
    ) {
        guard names.contains(name) else { return }
        let event = InventoryEvent(
            name,
            at: now(),
            inventory: inventory,
            run: batch.key,
            batch: batch
        )
        send(event, fill)
    }

    /// Waits until the observers have received all events, for some seconds at most.
    func drain(_ clock: any Clock<Duration>) async {
        await clock.limit(to: Self.patience) { for queue in self.queues { await queue.drain() } }
    }

    private func send(_ event: InventoryEvent, _ fill: (inout InventoryEvent) -> Void) {
        var event = event
        fill(&event)
        for queue in queues where queue.names.contains(event.name) { queue.send(event) }
    }
}

// MARK: - Hand-outs

extension EventReporter {
    /// Reports the batches of a store's answer.
    ///
    /// - Parameters:
    ///   - handedOut: The batches.
    ///   - source: What their items come from.
    ///   - definition: What the source is, as the request has it.
    ///   - start: When they were asked for, by ``elapsed``.
    func report(
        _ handedOut: [AcquireOutcome.HandedOut],
        from source: any MetaSource,
        _ definition: SourceDefinition,
        since start: Duration
    ) {
        let duration = elapsed - start
        let place = (source as? any PlacedSource)?.place
        // What a token was given before and has ended is in nobody's hands.
        for batch in handedOut where batch.record.status == .running {
            report(.acquired, batch.record) { event in
                event.duration = duration
                event.source = definition
                event.sourcePlace = place
            }
            if batch.hasExpired { report(.expired, batch.record) }
            if batch.record.kind == .late, batch.record.attempt == 1 {
                report(.late, batch.record) { $0.count = batch.record.count }
            }
        }
    }

    /// Reports that a run hands out nothing, or does again, where that has changed.
    ///
    /// - Parameters:
    ///   - reason: Why there was no batch; `nil` where there was one.
    ///   - key: The run.
    func note(_ reason: NoBatchReason?, of key: RunKey) {
        switch reason {
        case .paused(let words): noteHold(words, until: nil, of: key)
        case .cancelled(let by): noteHold(by.note.cancelWords, until: nil, of: key)
        case .held(let words, let until): noteHold(words, until: until, of: key)
        case .heldBack(let probe, let answer, let until):
            noteHold(Probe.words(of: probe, answer), until: until, of: key)
        default:
            guard let since = held.withLock({ $0.removeValue(forKey: key) }) else { return }
            report(.resumed, of: key) { $0.duration = elapsed - since }
        }
    }

    private func noteHold(_ words: String, until: Date?, of key: RunKey) {
        let isNew = held.withLock { held in
            guard held[key] == nil else { return false }
            held[key] = elapsed
            return true
        }
        guard isNew else { return }
        report(.held, of: key) { event in
            event.message = words
            event.until = until
        }
    }
}
