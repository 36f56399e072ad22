package import Tranche

/// What a migration did, or would do.
package struct MigrationDocument: Codable, Sendable, Hashable {
    package let isDryRun: Bool
    package let steps: [String]
    package let sql: [String]
    package let adopted: Adoption?
    package let removed: [Loss]

    /// Makes the document of a migration; its SQL is told in a dry run only.
    package init(_ report: MigrationReport, isDryRun: Bool) {
        self.isDryRun = isDryRun
        steps = report.steps
        sql = isDryRun ? report.sql : []
        adopted = report.adopted.map(Adoption.init)
        removed = report.losses.map {
            Loss(job: $0.job, what: $0.what, count: $0.count)
        }
    }

    /// Rows that are removed, or lose columns.
    package struct Loss: Codable, Sendable, Hashable {
        package let job: String
        package let what: String
        package let count: Int
    }

    /// What was taken over.
    package struct Adoption: Codable, Sendable, Hashable {
        package let rows: Int
        package let runs: [Run]
        package let overlaps: [Overlap]

        init(_ adoption: MigrationReport.Adoption) {
            rows = adoption.rows
            runs = adoption.runs.map(Run.init)
            overlaps = adoption.overlaps.map(Overlap.init)
        }
    }

    /// An adopted run.
    package struct Run: Codable, Sendable, Hashable {
        package let job: String
        package let meta: String
        package let run: String
        package let bounds: BoundsDocument
        package let cursor: Int64
        package let running: Int
        package let failed: Int

        init(_ adopted: MigrationReport.Run) {
            job = adopted.key.job
            meta = adopted.key.metaTable
            run = adopted.key.run
            bounds = BoundsDocument(adopted.bounds)
            cursor = adopted.cursor
            running = adopted.running
            failed = adopted.failed
        }
    }

    /// Two batches that share ids.
    package struct Overlap: Codable, Sendable, Hashable {
        package let job: String
        package let meta: String
        package let run: String
        package let batches: [Int64]
        package let idStart: Int64
        package let idEnd: Int64

        init(_ overlap: MigrationReport.Overlap) {
            job = overlap.key.job
            meta = overlap.key.metaTable
            run = overlap.key.run
            batches = overlap.batches
            idStart = overlap.ids.lowerBound
            idEnd = overlap.ids.upperBound
        }

        enum CodingKeys: String, CodingKey {
            case job, meta, run, batches
            case idStart = "id_start"
            case idEnd = "id_end"
        }
    }

    enum CodingKeys: String, CodingKey {
        case isDryRun = "dry_run"
        case steps, sql, adopted, removed
    }
}
