import FoundationEssentials
import Tranche

/// What an alert sends.
struct AlertDocument: Codable, Sendable, Hashable {
    /// The pipeline's name.
    var pipeline: String
    /// The alert's name.
    var alert: String
    /// `began`, `again` or `over`.
    var event: AlertState.Event
    /// The job, and its run and source as the inventory has them; of an input, empty texts and its
    /// log.
    var job: String
    var run: String
    var meta: String
    /// The input, and the process that gives its events; `nil` of a job.
    var input: String?
    var worker: String?
    /// The condition's word; of several bounds of a lag in the alert, with the one that is meant.
    var condition: String
    /// When the condition began, and when this was written.
    var since: Date?
    var at: Date
    /// How many batches of the run there are; `nil` of an input, and where nobody looks any more.
    var counts: Counts?
    /// For how long something has been there that is not done, or an input has failed; `nil` where
    /// that was not asked for.
    var lagSeconds: Double?
    /// Why nothing is handed out, or nobody looks any more; `nil` where something is.
    var reason: String?
    /// The error of the last batch that failed, or of the input; `nil` if none has.
    var error: String?

    struct Counts: Codable, Sendable, Hashable {
        var succeeded = 0
        var running = 0
        var failed = 0
        var quarantined = 0
        var stuck = 0
    }

    private enum CodingKeys: String, CodingKey {
        case pipeline, alert, event, job, run, meta, input, worker, condition, since, at, counts
        case lagSeconds = "lag_seconds"
        case reason, error
    }

    /// Writes every key, also of what is not known.
    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(pipeline, forKey: .pipeline)
        try values.encode(alert, forKey: .alert)
        try values.encode(event, forKey: .event)
        try values.encode(job, forKey: .job)
        try values.encode(run, forKey: .run)
        try values.encode(meta, forKey: .meta)
        try values.encode(input, forKey: .input)
        try values.encode(worker, forKey: .worker)
        try values.encode(condition, forKey: .condition)
        try values.encode(since, forKey: .since)
        try values.encode(at, forKey: .at)
        try values.encode(counts, forKey: .counts)
        try values.encode(lagSeconds, forKey: .lagSeconds)
        try values.encode(reason, forKey: .reason)
        try values.encode(error, forKey: .error)
    }
}
