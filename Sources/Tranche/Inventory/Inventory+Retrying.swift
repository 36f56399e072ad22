/// What repeats requests: an inventory, and what opens one.
package protocol RequestRepeater {
    /// How long requests are repeated, and by which clock.
    var configuration: Inventory.Configuration { get }
    /// Tells observers what cannot be reached.
    var outages: OutageTeller { get }
}

extension RequestRepeater {
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
        defer { if !failed.isEmpty { outages.noteGivingUp(after: failed) } }
        while true {
            let began = outages.stopwatch.elapsed
            do {
                let result = try await body(!failed.isEmpty)
                outages.noteSuccess(after: failed)
                failed = []
                return result
            } catch let error as TrancheError
                where error.code.isPassing || others.contains(error.code)
            {
                let isFirst = failed.insert(error.code).inserted
                outages.note(error, isFirst: isFirst, since: began, within: limit)
                backoff.spend(outages.stopwatch.elapsed - began)
                guard let wait = backoff.next(configuration.randomness()) else { throw error }
                try await configuration.clock.sleep(for: wait)
            }
        }
    }
}

extension Inventory: RequestRepeater {
    /// How long what ends a batch of a lease is repeated: it is held for as long at least.
    func endingLimit(_ lease: Duration) -> Duration {
        max(lease, configuration.retryLimit)
    }
}

extension TrancheError.Code {
    /// Whether the same request may be made again a moment later.
    fileprivate var isPassing: Bool {
        [.storeUnavailable, .storeBusy, .sourceUnavailable].contains(self)
    }
}
