/// The hand-out of a batch, for observers: how it ended is reported once, whatever is repeated.
package struct HandOut: Sendable {
    let watch: BatchWatch
    let events: EventReporter

    /// Reports how the hand-out ended, and what became of the batch's items where it failed.
    ///
    /// - Parameters:
    ///   - name: How it ended.
    ///   - record: The batch as recorded.
    ///   - failure: How it failed, or which of its items did; `nil` (the default) for neither.
    package func end(
        _ name: InventoryEvent.Name,
        _ record: BatchRecord,
        _ failure: BatchFailure? = nil
    ) {
        guard end(name, record, message: failure?.message), let failure else { return }
        if record.status == .split {
            events.report(.split, record) { $0.count = failure.parts.count }
        }
        let bad = record.status == .quarantined ? record.count : failure.parts.count(where: \.isBad)
        if bad > 0 { events.report(.quarantined, record) { $0.count = bad } }
    }

    /// Reports how the hand-out ended.
    ///
    /// - Parameters:
    ///   - name: How it ended.
    ///   - record: The batch as recorded.
    ///   - message: Why, in words; `nil` where nothing is to be said.
    /// - Returns: Whether it had not ended before.
    @discardableResult
    package func end(
        _ name: InventoryEvent.Name,
        _ record: BatchRecord,
        message: String?
    ) -> Bool {
        guard let duration = watch.end(at: events.elapsed) else { return false }
        events.report(name, record) { event in
            event.duration = duration
            event.message = message
        }
        return true
    }

    /// Reports the success of a hand-out that was reported as lost, since its lease was over.
    ///
    /// - Parameters:
    ///   - record: The batch as recorded.
    ///   - failure: Which of its items failed; `nil` (the default) for none.
    package func succeedAfterAll(_ record: BatchRecord, _ failure: BatchFailure? = nil) {
        watch.reopen()
        end(.succeeded, record, failure)
    }
}

extension Batch {
    /// The hand-out, for observers; `nil` where there are none.
    package var handOut: HandOut? {
        guard let events = inventory.events, let watch else { return nil }
        return HandOut(watch: watch, events: events)
    }
}
