import Tranche

/// Numbers as records, ten a batch, whose reading takes a time.
struct SlowNumbers: MetaSourceDescription {
    let count: Int64
    let pause: Duration

    func open(beside store: any InventoryStore) async throws -> any MetaSource {
        Numbers(count: count, pause: pause, records: try RecordFields(["id"]))
    }

    private struct Numbers: RecordMetaSource {
        let count: Int64
        let pause: Duration
        let records: RecordFields

        var fields: RecordFields? { records }
        var definition: SourceDefinition {
            SourceDefinition(database: "", table: "numbers", uid: "id")
        }

        func nextRange(
            after cursor: Int64?,
            within bounds: IDBounds,
            limit: BatchLimit,
            batches: Int
        ) async throws -> RangePlan {
            var planner = RangePlanner(after: cursor, limit: limit, batches: batches)
            let first = (cursor ?? 0) + 1
            let most = Int64((limit.count ?? 1) * batches) + 1
            for id in first..<max(first, min(count + 1, first + most)) {
                guard try planner.offer(Item(id: id)) else { break }
            }
            return planner.finish(reachedEnd: first + most > count)
        }

        func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
            try await matchingItems(in: [range], limit: limit)
        }

        func items(withIDs ids: [Int64]) async throws -> [Item] {
            ids.map { Item(id: $0) }
        }

        func highestID() async throws -> Int64? { count }

        func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
            // What lies beyond the last number, as a range without an end does, is none.
            let known = ranges.filter { $0.lowerBound <= count }.map { $0.clamped(to: 1...count) }
            return known.flatMap { Array($0) }.prefix(limit).map { Item(id: $0) }
        }

        func records(
            of batch: BatchRecord,
            onFault: @escaping (RecordFault) throws -> Void
        ) async throws -> ChunkReader<Record> {
            try await ContinuousClock().sleep(for: pause)
            var left = [batch.range][...]
            return ChunkReader {
                guard let range = left.popFirst() else { return nil }
                var builder = RecordBlockBuilder(records)
                for id in range { builder.add(id, [.integer(id)]) }
                return builder.build().records
            }
        }
    }
}
