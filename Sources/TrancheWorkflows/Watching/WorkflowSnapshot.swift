public import FoundationEssentials
import Tranche

/// A run with all its batches at one time: progress, results and failures.
public struct WorkflowSnapshot: Sendable, Hashable, Codable {
    /// How far the run is.
    public var progress: WorkflowProgress
    /// Whether nothing is left to do.
    public var isDone: Bool
    /// The id up to which the run has passed; `nil` before the first batch.
    public var offset: Int64?
    /// The batches, by their numbers.
    public var batches: [Batch]
    /// The batches that failed for good, with their errors.
    public var errors: [WorkflowProgress.Failure]

    /// A batch.
    public struct Batch: Sendable, Hashable, Codable {
        /// Its number.
        public var id: Int64
        /// Its lowest id.
        public var idStart: Int64
        /// Its highest id.
        public var idEnd: Int64
        /// How many items it has.
        public var count: Int
        /// The weight of the batch.
        public var weight: Double
        /// Its status, such as `succeeded`.
        public var status: String
        /// Which hand-out its last one is.
        public var attempt: Int
        /// The worker that holds it, or held it last.
        public var worker: String?
        /// When it was handed out last.
        public var startedAt: Date
        /// When its last attempt ended.
        public var endedAt: Date?

        enum CodingKeys: String, CodingKey {
            case id
            case idStart = "id_start"
            case idEnd = "id_end"
            case count, weight, status, attempt, worker
            case startedAt = "started_at"
            case endedAt = "ended_at"
        }
    }

    enum CodingKeys: String, CodingKey {
        case progress
        case isDone = "done"
        case offset, batches, errors
    }
}

extension WorkflowSnapshot {
    private static let batchesAtOnce = 1000

    /// Reads the batches of a run, page by page.
    init(_ progress: WorkflowProgress, of key: RunKey, in inventory: Inventory) async throws {
        let selection = RunSelection(key)
        self.progress = progress
        isDone = progress.state == "complete"
        offset = try await inventory.runs(selection, after: nil, limit: 1).first?.cursor
        (batches, errors) = ([], [])
        var mark: Int64?
        repeat {
            let page = try await inventory.batches(
                BatchSelection(runs: selection, before: mark, limit: Self.batchesAtOnce)
            )
            for batch in page {
                batches.append(Batch(batch))
                let hasFailed = batch.isFinal && [.failed, .quarantined].contains(batch.status)
                if hasFailed { errors.append(WorkflowProgress.Failure(batch)) }
            }
            mark = page.count == Self.batchesAtOnce ? page.last?.id : nil
        } while mark != nil
        batches.reverse()
        errors.reverse()
    }
}

extension WorkflowSnapshot.Batch {
    fileprivate init(_ record: BatchRecord) {
        self.init(
            id: record.id,
            idStart: record.idStart,
            idEnd: record.idEnd,
            count: record.count,
            weight: record.weight ?? 0,
            status: record.status.rawValue,
            attempt: record.attempt,
            worker: record.worker,
            startedAt: record.startedAt,
            endedAt: record.endedAt
        )
    }
}
