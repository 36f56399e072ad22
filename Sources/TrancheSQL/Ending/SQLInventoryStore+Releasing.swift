import FoundationEssentials
package import Tranche

/// Batches that somebody gives back for those that hold them.
extension SQLInventoryStore {
    package func release(
        _ holdings: [AttemptKey],
        _ note: ChangeNote
    ) async throws -> [BatchRecord] {
        guard let first = holdings.first else { return [] }
        var reads = StatementBatch()
        let locked = reads.add(lockRun(ofBatch: first.batch))
        // In the order of their numbers, as all who lock several batches do.
        let places = Set(holdings).sorted { $0.batch < $1.batch }.map { holding in
            let row = reads.add(selectBatch(holding.batch))
            return (holding, batch: row, root: reads.add(selectRoot(of: holding.batch)))
        }
        let clock = reads.add(readClock)
        let statements = reads.statements
        return try await wrapping {
            try await database.withTransaction(statements) { connection, rows in
                guard var runRow = rows[locked].first, var clockRow = rows[clock].first else {
                    return []
                }
                var ends = Releases(run: try run(&runRow), now: try clockRow.instant())
                for (holding, batch, root) in places {
                    try add(holding, rows[batch], rows[root], to: &ends)
                }
                return try await commit(ends, note, on: connection)
            }
        }
    }

    /// Adds a batch that an attempt holds to those that are given back.
    private func add(
        _ holding: AttemptKey,
        _ batch: SQLRows,
        _ root: SQLRows,
        to ends: inout Releases
    ) throws {
        let ending = AttemptFailure(holding, BatchFailure(BatchRecord.begunReleaseText))
        guard let held = try failing(ending, batch, root, of: ends.run, .init(), at: ends.now)
        else { return }
        guard held.batch.begunAt != nil else {
            ends.released.append(holding)
            return
        }
        // What may have been executed is not offered to others.
        let failed = try held.outcome()
        ends.writes += try write(failed, of: held)
        ends.run.outage = failed.outage
        ends.failed.append(failed.batch)
    }

    private func commit(
        _ ends: Releases,
        _ note: ChangeNote,
        on connection: isolated Database.Connection
    ) async throws -> [BatchRecord] {
        let ids = (ends.released.map(\.batch) + ends.failed.map(\.id)).map { (ends.run.key, $0) }
        if ids.isEmpty { return [] }
        let releases = releasing(ends.released)
        let answers = try await connection.commit(
            releases.statements + ends.writes + noting("release", ofBatches: ids, note)
        )
        let released = try releases.rows(in: answers[...]).map { row in
            var row = row
            return try batch(&row)
        }
        return (released + ends.failed).sorted { $0.id < $1.id }
    }
}

/// Batches of a run that are given back.
private struct Releases {
    var run: RunRecord
    let now: Date
    /// Those that are offered at once.
    var released: [AttemptKey] = []
    /// Those that had begun, as they are then.
    var failed: [BatchRecord] = []
    /// What is written of these.
    var writes: [SQLStatement] = []

    init(run: RunRecord, now: Date) {
        (self.run, self.now) = (run, now)
    }
}
