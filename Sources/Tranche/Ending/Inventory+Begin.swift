package import FoundationEssentials

extension Inventory {
    /// Notes that work on a batch begins, if the answer comes within half its lease.
    ///
    /// Where work must not begin that has not, that is taken back: it is as if nobody had asked.
    ///
    /// - Parameters:
    ///   - holding: The attempt that holds the batch.
    ///   - lease: How long it may be held without a heartbeat.
    /// - Returns: When the lease ends now; `nil` where the answer came too late.
    /// - Throws: As ``BeginningStore/begin(_:token:)``; `CancellationError`. Work must not begin.
    package func begin(_ holding: AttemptKey, lease: Duration) async throws -> Date? {
        let token = configuration.makeToken()
        let start = stopwatch.elapsed
        do {
            let end = try await retrying(within: lease / 2) { _ in
                try await store.begin(holding, token: token)
            }
            try Task.checkCancellation()
            if stopwatch.elapsed - start <= lease / 2 { return end }
        } catch let error as TrancheError where error.isLoss {
            throw error
        } catch {
            await takeBackBegin(holding, token, within: lease)
            throw error
        }
        await takeBackBegin(holding, token, within: lease)
        return nil
    }

    /// Takes back that work begins, in a task that is not cancelled.
    private func takeBackBegin(
        _ holding: AttemptKey,
        _ token: String,
        within lease: Duration
    ) async {
        await Task {
            do {
                try await retrying(within: lease) { _ in
                    try await store.takeBackBegin(holding, token: token)
                }
            } catch {
                // Nothing is repeated by that: the batch is failed as one that may have been
                // executed.
            }
        }.value
    }
}
