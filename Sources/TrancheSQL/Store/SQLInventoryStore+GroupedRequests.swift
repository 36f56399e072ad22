package import Foundation
package import Tranche

extension SQLInventoryStore: SharingStore {
    package func succeed(_ endings: [GoodEnding]) async throws -> [BatchRecord?] {
        let ends = try succeeding(endings, returning: batchColumns)
        let rows = try await wrapping { try await database.write(ends.statements) }
        var records: [Int64: BatchRecord] = [:]
        for var row in ends.rows(in: rows[...]) {
            let record = try batch(&row)
            records[record.id] = record
        }
        return endings.map { records[$0.holding.batch] }
    }

    package func fail(_ endings: [BadEnding]) async throws -> [BatchRecord?] {
        for ending in endings { try requireJSON(ending.failure.result) }
        guard let first = endings.first else { return [] }
        let places = endings.indices.sorted {
            endings[$0].holding.batch < endings[$1].holding.batch
        }
        var statements = [lockRun(ofBatch: first.holding.batch)]
        for place in places {
            let batch = endings[place].holding.batch
            statements += [selectBatch(batch), selectRoot(of: batch)]
        }
        let asked = statements + [readClock]
        return try await wrapping {
            try await database.withTransaction(asked) { connection, rows in
                var records = [BatchRecord?](repeating: nil, count: endings.count)
                guard var runRow = rows[0].first, var clock = rows.last?.first else {
                    return records
                }
                var run = try run(&runRow)
                let now = try clock.instant()
                var writes: [SQLStatement] = []
                for (number, place) in places.enumerated() {
                    let (holding, failure) = (endings[place].holding, endings[place].failure)
                    guard var row = rows[1 + 2 * number].first else { continue }
                    let batch = try batch(&row)
                    guard batch.status == .running, batch.attempt == holding.attempt,
                        batch.key == run.key
                    else { continue }
                    var root = rows[2 + 2 * number][0]
                    let failing = FailingBatch(
                        batch: batch,
                        run: run,
                        root: try root.integer(),
                        failure: failure,
                        now: now
                    )
                    let failed = try failing.outcome()
                    writes += try write(failed, of: failing)
                    run.outage = failed.outage
                    records[place] = failed.batch
                }
                if !writes.isEmpty { _ = try await connection.commit(writes) }
                return records
            }
        }
    }

    package func heartbeat(_ holdings: [Holding]) async throws -> [Date?] {
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
