/// What an audit of a run found.
package struct AuditDocument: Codable, Sendable, Hashable {
    package let job: String
    package let meta: String
    package let run: String
    package let tiles: Int
    package let ids: Int
    package let compared: Int
    package let appeared: IDsDocument
    package let vanished: IDsDocument
    package let doubled: IDsDocument
    package let queued: Int
    package let uncertain: [Batch]
    package let finished: Bool
    package let nextID: Int64?
    package let risks: [SourceRisk]

    /// Makes the document of an audit.
    package init(_ report: AuditReport, of key: RunKey, risks: [SourceRisk]) {
        job = key.job
        meta = key.metaTable
        run = key.run
        tiles = report.tiles
        ids = report.ids
        compared = report.compared
        appeared = IDsDocument(report.appeared)
        vanished = IDsDocument(report.vanished)
        doubled = IDsDocument(report.doubled)
        queued = report.queued
        uncertain = report.uncertain.map(Batch.init)
        finished = report.isFinished
        nextID = report.position?.id
        self.risks = risks
    }

    /// A batch whose row does not say which ids it was given.
    package struct Batch: Codable, Sendable, Hashable {
        package let batch: Int64
        package let idStart: Int64
        package let idEnd: Int64
        package let count: Int
        package let present: Int

        init(_ batch: AuditReport.UncertainBatch) {
            self.batch = batch.batch
            idStart = batch.range.lowerBound
            idEnd = batch.range.upperBound
            count = batch.count
            present = batch.present
        }

        enum CodingKeys: String, CodingKey {
            case batch
            case idStart = "id_start"
            case idEnd = "id_end"
            case count, present
        }
    }

    enum CodingKeys: String, CodingKey {
        case job, meta, run, tiles, ids, compared, appeared, vanished, doubled, queued
        case uncertain, finished
        case nextID = "next_id"
        case risks
    }
}
