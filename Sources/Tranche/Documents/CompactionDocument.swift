/// What a compaction did, or would do.
package struct CompactionDocument: Codable, Sendable, Hashable {
    package let isDryRun: Bool
    package let batches: Int
    package let archiveRows: Int
    package let archivedBytes: Int
    package let attempts: Int
    package let kept: Int
    package let results: Int

    /// Makes the document of a compaction.
    package init(_ report: CompactionReport, isDryRun: Bool) {
        self.isDryRun = isDryRun
        batches = report.batches
        archiveRows = report.archiveRows
        archivedBytes = report.archivedBytes
        attempts = report.attempts
        kept = report.kept
        results = report.results
    }

    enum CodingKeys: String, CodingKey {
        case isDryRun = "dry_run"
        case batches
        case archiveRows = "archive_rows"
        case archivedBytes = "archived_bytes"
        case attempts, kept, results
    }
}
