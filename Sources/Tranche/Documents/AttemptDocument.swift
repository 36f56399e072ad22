package import FoundationEssentials

/// An attempt of a batch.
package struct AttemptDocument: Codable, Sendable, Hashable {
    package let attempt: Int
    package let outcome: AttemptRecord.Outcome
    package let worker: String?
    package let startedAt: Date
    package let endedAt: Date?
    package let error: String?

    /// Makes the document of an attempt.
    package init(_ record: AttemptRecord) {
        attempt = record.attempt
        outcome = record.outcome
        worker = record.worker
        startedAt = record.startedAt
        endedAt = record.endedAt
        error = record.error
    }

    enum CodingKeys: String, CodingKey {
        case attempt, outcome, worker
        case startedAt = "started_at"
        case endedAt = "ended_at"
        case error
    }
}
