/// The result of a compaction.
public struct CompactionReport: Sendable, Hashable {
    /// Batches that were packed.
    public var batches = 0
    /// Bytes that they take in the archive.
    public var archivedBytes = 0
    /// Rows of the archive that were made.
    public var archiveRows = 0
    /// Attempts that were given up with their errors.
    public var attempts = 0
    /// Batches whose result or log was given up.
    public var results = 0
    /// Batches that are old enough and stay, because a downstream run has not finished with them.
    public var kept = 0

    /// Makes an empty report.
    public init() {}
}
