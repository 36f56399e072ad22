package import Foundation
package import Tranche

extension SQLInventoryStore: SharingStore {
    package func succeed(_ endings: [GoodEnding]) async throws -> [BatchRecord?] {
        for ending in endings { try requireJSON(ending.result) }
        // In the order of their numbers, as all who lock several batches do.
        let places = endings.indices.sorted {
            endings[$0].holding.batch < endings[$1].holding.batch
        }
        var statements: [SQLStatement] = []
        var firsts: [Int] = []
        for place in places {
            let ending = endings[place]
            firsts.append(statements.count)
            statements += succeeding(
                ending.holding,
                result: ending.result,
                logging: ending.logging
            )
        }
        let asked = statements
        let rows = try await wrapping { try await database.write(asked) }
        var records = [BatchRecord?](repeating: nil, count: endings.count)
        for (place, first) in zip(places, firsts) {
            if var row = rows[first].first { records[place] = try batch(&row) }
        }
        return records
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
