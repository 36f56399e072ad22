/// Which batches are offered again, in a word.
package enum RetryAim: String, CaseIterable, Codable, Sendable {
    /// Those that failed for good, and were not cancelled.
    case failed
    /// Those that have used up their attempts and are tried once more now and then.
    case stuck
    /// Those that somebody cancelled.
    case cancelled
    /// Those that wait for their next attempt.
    case waiting
    /// Those that are done: other batches of their items are made.
    case succeeded

    /// What batches may be that it means.
    package var statuses: [BatchStatus] {
        switch self {
        case .failed, .stuck, .cancelled: [.failed]
        case .waiting: [.failed, .released]
        case .succeeded: [.succeeded]
        }
    }

    /// Whether it means a batch that is one of these.
    package func means(_ batch: BatchRecord) -> Bool {
        switch self {
        case .failed: batch.cause == .stuck || batch.isFinal && batch.cause != .cancelled
        case .stuck: batch.cause == .stuck
        case .cancelled: batch.cause == .cancelled
        case .waiting: batch.cause != .stuck && batch.retryAt != nil
        case .succeeded: true
        }
    }
}
