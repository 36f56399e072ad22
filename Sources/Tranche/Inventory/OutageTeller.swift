import Synchronization

/// Tells observers what cannot be reached, and when it can be again: each outage once, whoever
/// meets it.
package final class OutageTeller: Sendable {
    /// The time that outages are measured by.
    let stopwatch: Stopwatch
    /// Tells observers; `nil` where there is none.
    let events: EventReporter?
    private let log = Mutex(OutageLog())

    /// Makes the teller of an inventory.
    ///
    /// - Parameters:
    ///   - configuration: Its clock and its observers.
    ///   - place: Where it is, without credentials.
    init(_ configuration: Inventory.Configuration, of place: String) {
        stopwatch = Stopwatch(configuration.clock)
        events = EventReporter(configuration, of: place, stopwatch)
    }

    /// Notes a request that failed.
    ///
    /// - Parameters:
    ///   - error: Why.
    ///   - isFirst: Whether this request had not failed so before.
    ///   - began: When it was made.
    ///   - limit: How long it is repeated; what is asked once is not told to be asked again.
    func note(
        _ error: TrancheError,
        isFirst: Bool,
        since began: Duration,
        within limit: Duration
    ) {
        guard let events else { return }
        let now = stopwatch.elapsed
        let isTold = log.withLock {
            $0.note(error.code, isFirst: isFirst, since: began, now: now)
        }
        guard isTold, limit > .zero else { return }
        events.report(.storeLost, of: nil) { event in
            event.duration = limit
            event.code = error.code
            event.message = error.message
        }
    }

    /// Notes a request that succeeded, after it had failed in some ways.
    func noteSuccess(after failed: Set<TrancheError.Code>) {
        guard events != nil else { return }
        let now = stopwatch.elapsed
        report(over: log.withLock { $0.end(failed, now: now) })
    }

    /// Notes a request that is repeated no more, and has not succeeded.
    func noteGivingUp(after failed: Set<TrancheError.Code>) {
        log.withLock { $0.giveUp(failed) }
    }

    /// Notes that a source answered, whose outage may have been given up.
    func noteSourceAnswer() {
        guard events != nil else { return }
        let now = stopwatch.elapsed
        report(over: log.withLock { $0.endOfSource(now: now) })
    }

    private func report(over outages: [(code: TrancheError.Code, length: Duration)]) {
        for (code, length) in outages {
            events?.report(.storeFound, of: nil) { event in
                event.duration = length
                event.code = code
            }
        }
    }
}
