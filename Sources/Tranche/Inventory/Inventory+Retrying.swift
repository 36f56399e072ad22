import Synchronization

extension Inventory {
    /// Repeats a request while the store or the source cannot be reached or is locked, within a
    /// bound.
    ///
    /// Give `body` no capture list: with one, a closure leaves the actor of its caller (Swift
    /// 6.3.1), which costs two changes of thread.
    ///
    /// - Parameters:
    ///   - limit: The longest time from the first request to the last; ``Configuration/retryLimit``
    ///     when `nil`.
    ///   - others: What else is waited for to pass, beside the store's and the source's errors that
    ///     do; nothing by default.
    ///   - body: The request; told whether it may have been made before.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, once the bound is reached.
    package func retrying<R: Sendable>(
        within limit: Duration? = nil,
        passing others: Set<TrancheError.Code> = [],
        _ body: (_ isRepeated: Bool) async throws -> R
    ) async throws -> R {
        let limit = limit ?? configuration.retryLimit
        // So short that work goes on soon once a server is back: an acquire may meet several of
        // these waits.
        var backoff = Backoff(limit: limit, longest: .seconds(1))
        var failed: Set<TrancheError.Code> = []
        defer { if !failed.isEmpty { outages.withLock { $0.giveUp(failed) } } }
        while true {
            let began = stopwatch.elapsed
            do {
                let result = try await body(!failed.isEmpty)
                noteSuccess(after: failed)
                failed = []
                return result
            } catch let error as TrancheError
                where error.code.isPassing || others.contains(error.code)
            {
                let isFirst = failed.insert(error.code).inserted
                note(error, isFirst: isFirst, since: began, within: limit)
                backoff.spend(stopwatch.elapsed - began)
                guard let wait = backoff.next(configuration.randomness()) else { throw error }
                try await configuration.clock.sleep(for: wait)
            }
        }
    }

    /// How long what ends a batch of a lease is repeated: it is held for as long at least.
    func endingLimit(_ lease: Duration) -> Duration {
        max(lease, configuration.retryLimit)
    }

    private func note(
        _ error: TrancheError,
        isFirst: Bool,
        since began: Duration,
        within limit: Duration
    ) {
        guard let events else { return }
        let now = stopwatch.elapsed
        let isTold = outages.withLock {
            $0.note(error.code, isFirst: isFirst, since: began, now: now)
        }
        if isTold, limit > .zero { events.report(error, repeatedFor: limit) }
    }

    private func noteSuccess(after failed: Set<TrancheError.Code>) {
        guard events != nil else { return }
        let now = stopwatch.elapsed
        report(over: outages.withLock { $0.end(failed, now: now) })
    }

    /// Notes that a source answered, whose outage may have been given up.
    func noteSourceAnswer() {
        guard events != nil else { return }
        let now = stopwatch.elapsed
        report(over: outages.withLock { $0.endOfSource(now: now) })
    }

    private func report(over outages: [(code: TrancheError.Code, length: Duration)]) {
        for outage in outages { events?.reportEnd(of: outage.code, after: outage.length) }
    }
}

extension EventReporter {
    /// Reports that the store, a source or a sink is away, and for how long it is asked again.
    func report(_ error: TrancheError, repeatedFor limit: Duration) {
        report(.storeLost, of: nil) { event in
            event.duration = limit
            event.code = error.code
            event.message = error.message
        }
    }

    /// Reports that it answers again.
    func reportEnd(of code: TrancheError.Code, after length: Duration) {
        report(.storeFound, of: nil) { event in
            event.duration = length
            event.code = code
        }
    }
}

extension TrancheError.Code {
    /// Whether the same request may be made again a moment later.
    var isPassing: Bool {
        [.storeUnavailable, .storeBusy, .sourceUnavailable].contains(self)
    }
}
