/// A batch as held by one attempt.
public struct AttemptKey: Sendable, Hashable {
    /// The batch's number.
    public var batch: Int64
    /// The hand-out: 1, 2, ….
    public var attempt: Int

    /// Makes a holding.
    public init(batch: Int64, attempt: Int) {
        self.batch = batch
        self.attempt = attempt
    }
}

/// How an attempt ended well.
public struct AttemptSuccess: Sendable, Hashable {
    /// The attempt.
    public var holding: AttemptKey
    /// The result, as JSON.
    public var result: String?
    /// Free text.
    public var logging: String?
    /// The output of the attempt; `nil` (the default) if there is none.
    public var output: AttemptOutput?

    /// Makes an ending.
    public init(
        _ holding: AttemptKey,
        result: String?,
        logging: String?,
        output: AttemptOutput? = nil
    ) {
        self.holding = holding
        self.result = result
        self.logging = logging
        self.output = output
    }
}

/// How an attempt ended badly.
public struct AttemptFailure: Sendable {
    /// The attempt.
    public var holding: AttemptKey
    /// The error of the attempt.
    public var failure: BatchFailure

    /// Makes an ending.
    public init(_ holding: AttemptKey, _ failure: BatchFailure) {
        self.holding = holding
        self.failure = failure
    }
}
