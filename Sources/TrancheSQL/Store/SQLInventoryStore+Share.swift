package import Foundation
package import Tranche

extension SQLInventoryStore: SharingStore {
    package func succeed(_ endings: [GoodEnding]) async throws -> [BatchRecord?] {
        let ends = try succeeding(endings, returning: batchColumns)
        let rows = try await wrapping { try await database.write(ends.statements) }
        var records: [Int64: BatchRecord] = [:]
        for var row in ends.rows(in: rows) {
            let record = try batch(&row)
            records[record.id] = record
        }
        return endings.map { records[$0.holding.batch] }
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
