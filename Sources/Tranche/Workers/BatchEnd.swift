public import FoundationEssentials

/// How an attempt at a batch ended, as it is recorded.
public enum BatchEnd: Sendable, Hashable {
    /// It succeeded.
    case succeeded(BatchSuccess)
    /// It succeeded for all items but the bad ones, which are quarantined; the failure says what
    /// is wrong with them.
    case succeededInPart(BatchSuccess, BatchFailure)
    /// It failed, and is tried again.
    case failed(BatchFailure)
    /// It failed as often as it may.
    case failedForGood(BatchFailure)
    /// It failed, and the batch fell into parts.
    case split(BatchFailure)
    /// It failed, and the batch's single item is quarantined.
    case quarantined(BatchFailure)
    /// It was given back, and nothing is counted.
    case released
    /// It was given back until later; the text says why, and why a budget was not parked.
    case deferred(until: Date, String)
    /// Somebody else was given the batch, or ended it; the text says what was found.
    case lost(String)
    /// The batch or its run was cancelled; the text names the author.
    case cancelled(String)

    /// The outcome of a batch that an attempt no longer holds.
    init(loss error: TrancheError) {
        self = error.code == .cancelled ? .cancelled(error.message) : .lost(error.message)
    }

    /// The outcome of a batch that was to come back later.
    init(_ deferred: DeferredBatch) {
        let words = [deferred.record.logging, deferred.complaint].compactMap { $0 }
            .joined(separator: "; ")
        if deferred.record.status == .released, let due = deferred.record.retryAt {
            self = .deferred(until: due, words)
        } else {
            self.init(BatchFailure(words, isTransient: true), as: deferred.record)
        }
    }

    /// The outcome of a batch that failed.
    init(_ failure: BatchFailure, as record: BatchRecord) {
        self =
            switch record.status {
            case .split: .split(failure)
            case .quarantined: .quarantined(failure)
            default: record.isFinal ? .failedForGood(failure) : .failed(failure)
            }
    }

    /// How it failed; `nil` when it did not.
    public var failure: BatchFailure? {
        switch self {
        case .failed(let failure), .failedForGood(let failure), .split(let failure),
            .quarantined(let failure):
            failure
        case .succeeded, .succeededInPart, .released, .deferred, .lost, .cancelled: nil
        }
    }

    /// Whether it succeeded, be it but in part.
    var hasSucceeded: Bool {
        switch self {
        case .succeeded, .succeededInPart: true
        default: false
        }
    }

    /// Whether nothing is left to do for the worker that held the batch.
    public var isFinished: Bool {
        switch self {
        case .succeeded, .succeededInPart, .lost, .cancelled: true
        default: false
        }
    }
}

/// An attempt that a group made, and how it ended.
public struct BatchReport: Sendable {
    /// The batch, as it was handed out.
    public let batch: Batch
    /// How the attempt ended.
    public let end: BatchEnd
    /// How long its handler took.
    public let elapsed: Duration
    /// When it is tried again; `nil` where it did not fail, or no attempt follows by itself.
    public internal(set) var retryAt: Date?
}
