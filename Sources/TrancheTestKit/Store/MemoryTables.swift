import Foundation
import Tranche

/// The reference store's rows.
struct MemoryTables {
    /// In the order in which they began.
    var runs: [RunRecord] = []
    /// In the order of their numbers.
    var rows: [Row] = []
    /// In the order in which they were handed out.
    var attempts: [AttemptRecord] = []
    /// What was written during attempts.
    var outputs: [AttemptKey: AttemptOutput] = [:]
    /// In the order of their numbers.
    var gaps: [GapRow] = []
    /// Batches that are long done, in the order in which they were packed.
    var archive: [BatchRecord] = []
    /// In the order in which they were made.
    var budgets: [Budget] = []
    /// The named budgets that runs refer to.
    var runBudgets: [RunKey: Set<String>] = [:]
    /// What budgets let in, in that order.
    var entries: [BudgetEntry] = []
    /// Which runs wait for room in a budget.
    var waits: [Budget.Owner: [RunKey: BudgetWait]] = [:]
    /// By name.
    var probes: [String: Probe] = [:]
    /// In the order in which they were made.
    var changes: [ChangeRecord] = []
    /// The lists of pages, by name.
    var pageLists: [String: PageList] = [:]
    /// The logs of inputs, by name.
    var inputLogs: [String: InputLog] = [:]
    /// The descriptions of runs that are workflows, in the order in which they began.
    var workflows: [WorkflowRecord] = []
    /// The descriptions of pipelines, in the order in which they were applied.
    var pipelines: [PipelineRecord] = []
    /// What the alerts of pipelines have sent.
    var alerts: [AlertRecord] = []
    /// The weights of runs whose batches have a target time.
    var sizings: [RunKey: BatchSizing] = [:]
    private var lastBatch: Int64 = 0
    private var lastGap: Int64 = 0
    private var lastRun: Int64 = 0

    /// A batch with the token under which it was handed out last.
    struct Row {
        var batch: BatchRecord
        var token: String
        /// The token of the request by which work on it began.
        var begunToken: String?
    }

    /// An attempt that a budget let in.
    struct BudgetEntry {
        var owner: Budget.Owner
        var attempt: AttemptKey
    }

    /// A gap with its run.
    struct GapRow {
        var key: RunKey
        var gap: Gap
    }

    // MARK: Batches

    /// The batches of a run, oldest first; none of the archive.
    func batches(of key: RunKey) -> [BatchRecord] {
        rows.map(\.batch).filter { $0.key == key }
    }

    /// The batches of a run, those of the archive too.
    func allBatches(of key: RunKey) -> [BatchRecord] {
        archive.filter { $0.key == key } + batches(of: key)
    }

    func batch(_ id: Int64) -> BatchRecord? {
        rows.first { $0.batch.id == id }?.batch
    }

    /// Adds a batch under the next number.
    mutating func add(_ batch: BatchRecord, token: String = "") -> BatchRecord {
        lastBatch += 1
        var batch = batch
        batch.id = lastBatch
        rows.append(Row(batch: batch, token: token))
        return batch
    }

    /// Writes a batch over the row with its number.
    mutating func keep(_ batch: BatchRecord, token: String? = nil) {
        for index in rows.indices where rows[index].batch.id == batch.id {
            rows[index].batch = batch
            if let token { rows[index].token = token }
        }
    }

    // MARK: Runs

    func run(_ key: RunKey) -> RunRecord? {
        runs.first { $0.key == key }
    }

    /// Writes a run over the row with its key, or adds it.
    mutating func keep(_ run: RunRecord) {
        if let index = runs.firstIndex(where: { $0.key == run.key }) {
            runs[index] = run
        } else {
            var run = run
            lastRun += 1
            run.id = lastRun
            runs.append(run)
        }
    }

    // MARK: Gaps

    /// The gaps of a run, ascending by their first id.
    func gaps(of key: RunKey) -> [Gap] {
        gaps.filter { $0.key == key }.map(\.gap)
            .sorted { ($0.range.lowerBound, $0.id) < ($1.range.lowerBound, $1.id) }
    }

    /// Writes a gap over the row with its number, or adds it under the next one.
    mutating func keep(_ gap: Gap, of key: RunKey) {
        if let index = gaps.firstIndex(where: { $0.gap.id == gap.id }) {
            gaps[index].gap = gap
        } else {
            lastGap += 1
            var gap = gap
            gap.id = lastGap
            gaps.append(GapRow(key: key, gap: gap))
        }
    }

    mutating func removeGaps(_ ids: [Int64]) {
        gaps.removeAll { ids.contains($0.gap.id) }
    }

    // MARK: Attempts

    /// Notes that a batch was handed out.
    mutating func beginAttempt(of batch: BatchRecord) {
        attempts.append(
            AttemptRecord(
                batch: batch.id,
                attempt: batch.attempt,
                worker: batch.worker,
                startedAt: batch.startedAt,
                endedAt: nil,
                outcome: .running,
                error: nil
            )
        )
    }

    /// Notes how the attempt ended that holds the batch, if it has not ended.
    mutating func endAttempt(
        of batch: BatchRecord,
        _ outcome: AttemptRecord.Outcome,
        error: String? = nil,
        now: Date
    ) {
        for index in attempts.indices
        where attempts[index].batch == batch.id && attempts[index].outcome == .running {
            attempts[index].endedAt = now
            attempts[index].outcome = outcome
            attempts[index].error = error
        }
    }
}

extension Date {
    /// The time that lies a duration later, in whole milliseconds; the last one if it lies beyond.
    func advanced(by duration: Duration) -> Date {
        Date(milliseconds: milliseconds.addingClamped(duration.milliseconds))
    }
}
