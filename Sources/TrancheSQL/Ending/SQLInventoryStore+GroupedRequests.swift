package import FoundationEssentials
package import Tranche

extension SQLInventoryStore: SharingStore {
    package func succeed(
        _ endings: @escaping @Sendable () -> [AttemptSuccess]
    ) async throws -> [BatchRecord?] {
        let (endings, ends, rows) = try await wrapping {
            try await database.withConnection { connection in
                let endings = endings()
                let ends = try succeeding(endings, returning: batchColumns)
                let rows = try await connection.atomically(ends.statements, isWriting: true)
                return (endings, ends, rows)
            }
        }
        var records: [Int64: BatchRecord] = [:]
        for var row in ends.rows(in: rows[...]) {
            let record = try batch(&row)
            records[record.id] = record
        }
        return endings.map { records[$0.holding.batch] }
    }

    package func fail(
        _ endings: @escaping @Sendable () -> [AttemptFailure]
    ) async throws -> [BatchRecord?] {
        try await wrapping {
            try await database.writers.withTransaction {
                let reads = try FailureReads(endings(), in: self)
                return (reads.batch.statements, reads)
            } _: { connection, rows, reads in
                var records = [BatchRecord?](repeating: nil, count: reads.endings.count)
                guard var runRow = rows[reads.run].first, var clock = rows[reads.clock].first else {
                    return records
                }
                var run = try run(&runRow)
                let now = try clock.instant()
                let success = try await lastSuccess(reads.endings, of: run, on: connection)
                var writes: [SQLStatement] = []
                for read in reads.held {
                    let (row, root) = (rows[read.batch], rows[read.root])
                    let ending = reads.endings[read.place]
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
    private func lastSuccess(
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
        guard var row = batches.first, var root = roots.first else { return nil }
        let batch = try batch(&row)
        guard batch.status == .running, batch.attempt == ending.holding.attempt,
            batch.key == run.key
        else { return nil }
        let number = try root.integer()
        var evidence = success
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

    package func heartbeat(
        _ holdings: @escaping @Sendable () -> [AttemptKey]
    ) async throws -> [Date?] {
        try await wrapping {
            try await database.withConnection { connection in
                let holdings = holdings()
                let places = holdings.indices.sorted { holdings[$0].batch < holdings[$1].batch }
                let statements = places.map { extending(holdings[$0]) }
                let rows = try await connection.atomically(statements, isWriting: true)
                var ends = [Date?](repeating: nil, count: holdings.count)
                for (number, place) in places.enumerated() {
                    if var row = rows[number].first { ends[place] = try row.instant() }
                }
                return ends
            }
        }
    }
}

/// What is read of attempts that end badly, in one round trip; the run's lock stands first.
private struct FailureReads: Sendable {
    let endings: [AttemptFailure]
    private(set) var batch = StatementBatch()
    let run: StatementBatch.Place
    /// The batches in the order of their numbers, as all who lock several batches do, with the
    /// places of their endings.
    let held: [(place: Int, batch: StatementBatch.Place, root: StatementBatch.Place)]
    let clock: StatementBatch.Place

    /// Puts the statements together.
    ///
    /// - Parameters:
    ///   - endings: The attempts, of one run; at least one.
    ///   - store: The store.
    /// - Throws: `TrancheError` `.invalidArgument` for a result that is not JSON.
    init(
        _ endings: [AttemptFailure],
        in store: SQLInventoryStore<some SQLDatabase>
    ) throws {
        for ending in endings { try store.requireJSON(ending.failure.result) }
        self.endings = endings
        run = batch.add(store.lockRun(ofBatch: endings[0].holding.batch))
        var held: [(place: Int, batch: StatementBatch.Place, root: StatementBatch.Place)] = []
        let places = endings.indices.sorted {
            endings[$0].holding.batch < endings[$1].holding.batch
        }
        for place in places {
            let number = endings[place].holding.batch
            let row = batch.add(store.selectBatch(number))
            held.append((place, row, batch.add(store.selectRoot(of: number))))
        }
        self.held = held
        clock = batch.add(store.readClock)
    }
}
