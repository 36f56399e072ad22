import Tranche

/// The tasks of a plan as items: their ids are their numbers from the first on, as the plan lists
/// them.
struct TaskSource: MetaSourceDescription {
    /// The plan's name.
    let name: String
    /// The tasks, by the names from the plan to each.
    let paths: [String]

    /// Under which inventories know it.
    var table: String { "tasks:\(name)" }

    func open(beside store: any InventoryStore) async throws -> any MetaSource {
        TaskMetaSource(self)
    }
}

private struct TaskMetaSource: MetaSource {
    let definition: SourceDefinition
    private let items: [Item]

    init(_ source: TaskSource) {
        definition = SourceDefinition(
            database: "program",
            table: source.table,
            uid: "number",
            item: source.paths.joined(separator: "\n")
        )
        items = source.paths.enumerated().map { Item(id: Int64($0 + 1), item: .text($1)) }
    }

    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        var planner = RangePlanner(after: cursor, limit: limit, batches: batches)
        let lower = max(bounds.lower ?? .min, cursor.map { $0 == .max ? $0 : $0 + 1 } ?? .min)
        for item in items where item.id >= lower && item.id <= bounds.upper ?? .max {
            if try !planner.offer(item) { return planner.finish(reachedEnd: false) }
        }
        return planner.finish(reachedEnd: true)
    }

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        Array(items.filter { range.contains($0.id) }.prefix(limit))
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] {
        items.filter { ids.contains($0.id) }
    }

    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        Array(items.filter { item in ranges.contains { $0.contains(item.id) } }.prefix(limit))
    }

    func highestID() async throws -> Int64? { items.last?.id }
}
