/// What an event of a run tells.
///
/// `RUNNING` and `OTHER` are never told: heartbeats would be most of all events.
enum LineageEventType: String, Sendable {
    case start = "START"
    case complete = "COMPLETE"
    case fail = "FAIL"
    case abort = "ABORT"
}

/// How jobs, and the program that tells of them, are named.
struct LineageNames: Sendable, Hashable {
    /// The name space of jobs.
    var namespace: String
    /// The program's version.
    var version: String
    /// What has started the program, where known.
    var root: LineageParent?

    /// Who makes the events: a URI.
    var producer: String { "urn:tranche:\(version)" }

    /// The job of which each attempt is a run; its parent is the run of the job itself.
    static func batchJob(of job: String) -> String { "\(job).batch" }
}
