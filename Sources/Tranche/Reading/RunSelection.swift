/// Which runs are meant; a `nil` part means any.
public struct RunSelection: Sendable, Hashable {
    /// The source's name.
    public var metaTable: String?
    /// The job's name.
    public var job: String?
    /// The run's name; empty for the incremental run.
    public var run: String?

    /// Makes a selection; without arguments, all runs.
    public init(metaTable: String? = nil, job: String? = nil, run: String? = nil) {
        self.metaTable = metaTable
        self.job = job
        self.run = run
    }

    /// Makes the selection of one run.
    public init(_ key: RunKey) {
        self.init(metaTable: key.metaTable, job: key.job, run: key.run)
    }
}
