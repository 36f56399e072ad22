public import FoundationEssentials

/// A batch as the inventory keeps it: one row.
public struct BatchRecord: Sendable, Hashable {
    /// The batch's number.
    public var id: Int64
    /// The key of its run.
    public var key: RunKey
    /// How it came to be.
    public var kind: BatchKind
    /// The state of the batch.
    public var status: BatchStatus
    /// The hand-out that holds or last held it: 1, 2, ….
    public var attempt: Int
    /// How many attempts failed or expired.
    public var failures: Int
    /// The id of its first item.
    public var idStart: Int64
    /// The id of its last item.
    public var idEnd: Int64
    /// The id after which its tile begins; `nil` from the source's start.
    public var coverStart: Int64?
    /// The ids handed out; `nil` when the range says it all, or for an adopted row, unknown.
    public var itemIDs: IDRuns?
    /// How many items it has.
    public var count: Int
    /// The items' weight at the hand-out; `nil` for adopted rows without.
    public var weight: Double?
    /// The worker that holds the batch, or held it last.
    public var worker: String?
    /// The caller's own name for the work.
    public var jobIdentifier: String?
    /// When its current or last attempt began.
    public var startedAt: Date
    /// When its last attempt ended.
    public var endedAt: Date?
    /// When the lease ends, while it is running.
    public var leaseExpiresAt: Date?
    /// When its next attempt is due, after a failure that is not final or a deferral.
    public var retryAt: Date?
    /// The result, as JSON.
    public var result: String?
    /// Free text of the last attempt: a log, or the error.
    public var logging: String?
    /// The batch that it was split from or made again of.
    public var parent: Int64?
    /// Its number among the successes of its job, once a downstream job asked.
    public var completion: Int64?
    /// Why it is what it is, where that is not how its work ended.
    public var cause: BatchCause?
    /// How often in a row it was put off.
    public var deferrals: Int
    /// When that was first so; `nil` where it was not.
    public var deferredSince: Date?
    /// When work on it began that must not be repeated; `nil` where none has, and always under
    /// ``RunPolicy/Execution/atLeastOnce``.
    public var begunAt: Date?
    /// The key of its items in text form; `nil` for NULL, and where the run's source has no key
    /// column.
    ///
    /// The archive does not keep it.
    public var itemKey: String?
    /// The time in which its items lie; `nil` where the run has neither a step such as an hour nor
    /// both bounds of time.
    ///
    /// The archive does not keep it.
    public var interval: BatchInterval?
    /// Whether it comes from the archive, which does not keep when it began: ``startedAt`` is when
    /// it ended then.
    package var isPacked = false

    /// Makes a record.
    public init(
        id: Int64,
        key: RunKey,
        kind: BatchKind,
        status: BatchStatus,
        attempt: Int,
        failures: Int,
        idStart: Int64,
        idEnd: Int64,
        coverStart: Int64?,
        itemIDs: IDRuns?,
        count: Int,
        weight: Double?,
        worker: String? = nil,
        jobIdentifier: String? = nil,
        startedAt: Date,
        endedAt: Date? = nil,
        leaseExpiresAt: Date? = nil,
        retryAt: Date? = nil,
        result: String? = nil,
        logging: String? = nil,
        parent: Int64? = nil,
        completion: Int64? = nil,
        cause: BatchCause? = nil,
        deferrals: Int = 0,
        deferredSince: Date? = nil,
        begunAt: Date? = nil,
        itemKey: String? = nil,
        interval: BatchInterval? = nil
    ) {
        self.id = id
        self.key = key
        self.kind = kind
        self.status = status
        self.attempt = attempt
        self.failures = failures
        self.idStart = idStart
        self.idEnd = idEnd
        self.coverStart = coverStart
        self.itemIDs = itemIDs
        self.count = count
        self.weight = weight
        self.worker = worker
        self.jobIdentifier = jobIdentifier
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.leaseExpiresAt = leaseExpiresAt
        self.retryAt = retryAt
        self.result = result
        self.logging = logging
        self.parent = parent
        self.completion = completion
        self.cause = cause
        self.deferrals = deferrals
        self.deferredSince = deferredSince
        self.begunAt = begunAt
        self.itemKey = itemKey
        self.interval = interval
    }

    /// Whether the batch was cut at the run's cursor, and so has a tile.
    public var isTile: Bool { kind == .incremental || kind == .backfill }

    /// The attempt that its next hand-out is: parts of a batch begin as released without ever
    /// having been handed out.
    public var nextAttempt: Int { status == .released && endedAt == nil ? attempt : attempt + 1 }

    /// Whether no attempt will follow.
    public var isFinal: Bool {
        switch status {
        case .succeeded, .split, .quarantined: true
        case .failed: retryAt == nil
        case .running, .released: false
        }
    }

    /// The ids from the first to the last; a row that has them turned round is read all the same.
    public var range: ClosedRange<Int64> { min(idStart, idEnd)...max(idStart, idEnd) }

    /// The ids handed out; for an adopted row that does not say, `nil`.
    public var ids: IDRuns? {
        if let itemIDs { return itemIDs }
        let (span, overflow) = idEnd.subtractingReportingOverflow(idStart)
        guard !overflow, span >= 0, span == Int64(count) &- 1 else { return nil }
        return IDRuns(idStart...idEnd)
    }
}

extension BatchRecord {
    /// What an attempt is told that held the batch when it was cancelled.
    package var cancelled: TrancheError {
        TrancheError(
            .cancelled,
            "batch \(id) of \(key), attempt \(attempt): \(logging ?? "cancelled"); nothing was "
                + "changed, discard this attempt's work"
        )
    }
}

/// One hand-out of a batch.
public struct AttemptRecord: Sendable, Hashable {
    /// The batch's number.
    public var batch: Int64
    /// Which hand-out: 1, 2, ….
    public var attempt: Int
    /// The worker that held it.
    public var worker: String?
    /// When it was handed out.
    public var startedAt: Date
    /// When it ended; `nil` while it runs.
    public var endedAt: Date?
    /// How it ended.
    public var outcome: Outcome
    /// The error of a failure.
    public var error: String?

    /// Makes a record.
    public init(
        batch: Int64,
        attempt: Int,
        worker: String?,
        startedAt: Date,
        endedAt: Date?,
        outcome: Outcome,
        error: String?
    ) {
        self.batch = batch
        self.attempt = attempt
        self.worker = worker
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.outcome = outcome
        self.error = error
    }

    /// How an attempt ended.
    public enum Outcome: String, Sendable, Hashable, Codable, CaseIterable {
        /// It has not ended.
        case running
        /// It succeeded.
        case succeeded
        /// It failed.
        case failed
        /// It was given back.
        case released
        /// Its lease ended and the batch was handed out again, or failed for good.
        case expired
        /// Somebody cancelled the batch or its run.
        case cancelled
        /// It was given back until later.
        case deferred
    }
}
