/// The key of a job: the pair of its source and its name.
public struct JobKey: Sendable, Hashable {
    /// The source's name as it was given.
    public var metaTable: String
    /// The job's name.
    public var job: String

    /// Makes a key.
    public init(metaTable: String, job: String) {
        self.metaTable = metaTable
        self.job = job
    }
}
