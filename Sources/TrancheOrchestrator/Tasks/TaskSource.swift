import Tranche

/// A task of a plan as an item.
struct TaskSource: MetaSourceDescription {
    /// Under which inventories know it.
    let table: String
    /// The names from the plan to the task.
    let path: String
    /// The item's id: the task's number in the plan, from the first on, when its run began.
    let number: Int64
    /// What the definition says of the items: the names of all tasks when the task's job began.
    let names: String

    /// Under which inventories know the tasks of a plan.
    static func table(of plan: String) -> String { "tasks:\(plan)" }

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
            item: source.names
        )
        items = [Item(id: source.number, item: .text(source.path))]
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
