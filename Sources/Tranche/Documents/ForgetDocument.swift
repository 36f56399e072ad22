/// What was, or would be, lost with runs that are forgotten.
package struct ForgetDocument: Codable, Sendable, Hashable {
    package let isDryRun: Bool
    package let runs: [Run]
    package let batches: Int
    package let items: Int
    package let attempts: Int
    package let gaps: Int
    package let held: Int
    package let probes: Int

    /// A run.
    package struct Run: Codable, Sendable, Hashable {
        package let job: String
        package let meta: String
        package let run: String
    }

    /// Makes the document of a report.
    package init(_ report: ForgetReport, isDryRun: Bool) {
        self.isDryRun = isDryRun
        runs = report.runs.map { Run(job: $0.job, meta: $0.metaTable, run: $0.run) }
        batches = report.batches
        items = report.items
        attempts = report.attempts
        gaps = report.gaps
        held = report.held
        probes = report.probes
    }

    enum CodingKeys: String, CodingKey {
        case isDryRun = "dry_run"
        case runs, batches, items, attempts, gaps, held, probes
    }
}
