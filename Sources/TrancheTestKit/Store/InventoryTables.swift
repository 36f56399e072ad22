import Foundation
import Tranche

/// The reference store's rows.
struct InventoryTables {
    /// In the order in which they began.
    var runs: [RunRecord] = []
    /// In the order of their numbers.
    var rows: [Row] = []
    /// In the order in which they were handed out.
    var attempts: [AttemptRecord] = []

    /// A batch with the token under which it was handed out last.
    struct Row {
        var batch: BatchRecord
        var token: String
    }

    /// The batches of a run, oldest first.
    func batches(of key: RunKey) -> [BatchRecord] {
        rows.map(\.batch).filter { $0.key == key }
    }

    /// Writes a batch over the row with its number.
    mutating func keep(_ batch: BatchRecord, token: String? = nil) {
        for index in rows.indices where rows[index].batch.id == batch.id {
            rows[index].batch = batch
            if let token { rows[index].token = token }
        }
    }

    /// Writes a run over the row with its key, or adds it.
    mutating func keep(_ run: RunRecord) {
        if let index = runs.firstIndex(where: { $0.key == run.key }) {
            runs[index] = run
        } else {
            runs.append(run)
        }
    }

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
    /// The time that lies a duration later, in whole milliseconds.
    func advanced(by duration: Duration) -> Date {
        Date(milliseconds: milliseconds + duration.milliseconds)
    }
}
