package import FoundationEssentials
package import Tranche

extension SQLInventoryStore: SharingStore {
    package func succeed(_ endings: [AttemptSuccess]) async throws -> [BatchRecord?] {
        let ends = try succeeding(endings, returning: batchColumns)
        let rows = try await wrapping { try await database.write(ends.statements) }
        var records: [AttemptKey: BatchRecord] = [:]
        for var row in ends.rows(in: rows[...]) {
            let record = try batch(&row)
            records[AttemptKey(batch: record.id, attempt: record.attempt)] = record
        }
        return endings.map { records[$0.holding] }
    }

    package func fail(_ endings: [AttemptFailure]) async throws -> [BatchRecord?] {
        for ending in endings { try requireJSON(ending.failure.result) }
        guard let first = endings.first else { return [] }
        var batch = StatementBatch()
        let locked = batch.add(lockRun(ofBatch: first.holding.batch))
        // In the order of their numbers, as all who lock several batches do.
        let reads = endings.indices
            .sorted { endings[$0].holding.batch < endings[$1].holding.batch }
            .map { place in
                let number = endings[place].holding.batch
                let row = batch.add(selectBatch(number))
                return (place: place, batch: row, root: batch.add(selectRoot(of: number)))
            }
        let clock = batch.add(readClock)
        let statements = batch.statements
        let areDivided = endings.contains { !$0.failure.parts.isEmpty }
        return try await wrapping {
            try await withTransaction(statements, makingBatches: areDivided) { connection, rows in
                var records = [BatchRecord?](repeating: nil, count: endings.count)
                guard var runRow = rows[locked].first, var clock = rows[clock].first else {
                    return records
                }
                var run = try run(&runRow)
                let now = try clock.instant()
                let success = try await lastSuccess(endings, of: run, on: connection)
                var writes: [SQLStatement] = []
                var seen: Set<AttemptKey> = []
                for read in reads {
                    let (row, root) = (rows[read.batch], rows[read.root])
                    let ending = endings[read.place]
                    // One that is said twice is a repetition: its caller is to ask alone.
                    guard seen.insert(ending.holding).inserted else { continue }
                    let found = try failing(ending, row, root, of: run, success, at: now)
                    guard let failing = found else { continue }
                    let failed = try failing.outcome()
                    writes += try write(failed, of: failing)
                    run.outage = failed.outage
                    records[read.place] = failed.batch
                }
                if !writes.isEmpty { _ = try await connection.commit(writes) }
                return records
            }
        }
    }

    /// When something of the run last succeeded, and its number; only ends that blame every item,
    /// or most, ask, and those of batches that stay whole when several have failed.
    func lastSuccess(
        _ endings: [AttemptFailure],
        of run: RunRecord,
        on connection: isolated Database.Connection
    ) async throws -> FailingBatch.Evidence {
        let isWhole = run.policy.onExhausted == .fail
        guard
            endings.contains(where: \.failure.maySpeakOfOutage)
                || isWhole && run.outage.needsLastSuccess(ending: endings.count)
        else { return FailingBatch.Evidence() }
        let rows = try await connection.run([selectLastSuccess(of: run.key)])[0]
        guard var row = rows.first else { return FailingBatch.Evidence() }
        return FailingBatch.Evidence(
            lastSuccess: try row.optionalInstant(),
            lastSucceeded: try row.optionalInteger()
        )
    }

    /// The batch that an attempt fails; `nil` where it is not held by the attempt, or is another
    /// run's.
    func failing(
        _ ending: AttemptFailure,
        _ batches: SQLRows,
        _ roots: SQLRows,
        of run: RunRecord,
        _ success: FailingBatch.Evidence,
        at now: Date
    ) throws -> FailingBatch? {
        guard var row = batches.first, let root = roots.first else { return nil }
        let batch = try batch(&row)
        guard batch.status == .running, batch.attempt == ending.holding.attempt,
            batch.key == run.key
        else { return nil }
        return try failing(ending, batch, root, of: run, success, at: now)
    }

    /// A batch that an attempt fails which holds it.
    func failing(
        _ ending: AttemptFailure,
        _ batch: BatchRecord,
        _ root: SQLRow,
        of run: RunRecord,
        _ success: FailingBatch.Evidence,
        at now: Date
    ) throws -> FailingBatch {
        var (root, evidence) = (root, success)
        let number = try root.integer()
        evidence.hasWorked = try root.boolean()
        return FailingBatch(
            batch: batch,
            run: run,
            root: number,
            failure: ending.failure,
            evidence: evidence,
            now: now
        )
    }

    package func heartbeat(_ holdings: [AttemptKey]) async throws -> [Date?] {
        let places = holdings.indices.sorted { holdings[$0].batch < holdings[$1].batch }
        let statements = places.map { extending(holdings[$0]) }
        let rows = try await wrapping { try await database.write(statements) }
        var ends = [Date?](repeating: nil, count: holdings.count)
        for (number, place) in places.enumerated() {
            if var row = rows[number].first { ends[place] = try row.instant() }
        }
        return ends
    }
}
