public import Tranche

/// How a stage tries a batch again within its lease, before the batch fails.
public struct StageRetry: Sendable, Hashable {
    /// How often it is tried in all; above 0; 1 by default.
    public var attempts: Int
    /// The wait before the second time, doubled with each further one; 1 s by default.
    public var backoff: Duration
    /// The categories of errors after which it is tried again; transient ones by default.
    public var categories: Set<ErrorCategory>
    /// The names of error codes after which it is tried again, whatever their category.
    public var codes: Set<String>
    /// The names of error codes after which it is not tried again, whatever their category.
    public var neverCodes: Set<String>

    /// Makes a retry.
    public init(
        attempts: Int = 1,
        backoff: Duration = .seconds(1),
        categories: Set<ErrorCategory> = [.transient],
        codes: Set<String> = [],
        neverCodes: Set<String> = []
    ) {
        self.attempts = attempts
        self.backoff = backoff
        self.categories = categories
        self.codes = codes
        self.neverCodes = neverCodes
    }

    func validate() throws {
        guard (1...100).contains(attempts), backoff >= .zero, backoff <= .seconds(3600) else {
            throw TrancheError(
                .invalidArgument,
                "a stage tries a batch 1 to 100 times, with at most 1 h between"
            )
        }
    }

    /// Whether trying again may help after an error.
    func covers(_ error: any Error) -> Bool {
        let code = (error as? TrancheError)?.code
        // Who is asked to come back later is left alone until then.
        if error is BatchDeferral { return false }
        // Whoever was given the batch meanwhile works on it.
        if error is CancellationError || (error as? TrancheError)?.isLoss == true { return false }
        if let code, neverCodes.contains(code.description) { return false }
        if let code, codes.contains(code.description) { return true }
        let category = (error as? any CategorizedError)?.category
        return category.map { categories.contains($0) } ?? false
    }

    /// Does something, and again where it fails with an error that this covers.
    ///
    /// - Parameters:
    ///   - clock: Waits between the times.
    ///   - progress: Receives progress while the batch waits.
    ///   - body: What is done.
    /// - Returns: What `body` returns.
    /// - Throws: The last error of `body`; `CancellationError`.
    func run<Result: Sendable>(
        _ clock: any Clock<Duration>,
        _ progress: BatchProgress,
        _ body: () async throws -> Result
    ) async throws -> Result {
        var wait = backoff
        for _ in 1..<max(attempts, 1) {
            do {
                return try await body()
            } catch  where covers(error) {
                let pause = wait
                try await progress.whileWaiting { try await clock.sleep(for: pause) }
                wait = min(wait * 2, .seconds(3600))
            }
        }
        return try await body()
    }
}
