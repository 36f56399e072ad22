/// The pages of a list, by number, as a source.
struct PageMetaSource: MetaSource {
    let definition: SourceDefinition
    let list: String
    private let store: any InventoryStore

    /// What a definition names as the id.
    static let uid = "number"

    init(list: String, store: any InventoryStore, identity: String) {
        self.list = list
        self.store = store
        definition = SourceDefinition(
            database: identity,
            table: PagedSource.prefix + list,
            uid: Self.uid,
            item: "cursor",
            weight: "weight"
        )
    }

    /// Pages are numbered one by one: no lower number can appear.
    var promise: SourcePromise { .settled }

    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        var planner = RangePlanner(after: cursor, limit: limit, batches: batches)
        let upper = bounds.upper ?? .max
        let wanted = (limit.count ?? 63).multipliedReportingOverflow(by: batches)
        let size = min(wanted.overflow ? .max : wanted.partialValue, 1023) + 1
        while true {
            try Task.checkCancellation()
            let lower = max(planner.position ?? 0, max(bounds.lower ?? 1, 1) - 1) + 1
            guard lower <= upper else { return planner.finish(reachedEnd: true) }
            let pages = try await store.pages(of: list, in: lower...upper, limit: size)
            for page in pages where try !planner.offer(page.item) {
                return planner.finish(reachedEnd: false)
            }
            guard pages.count < size else { continue }
            let position = planner.position
            var plan = planner.finish(reachedEnd: true)
            guard plan.ranges.isEmpty else { return plan }
            let last = try await store.lastPage(of: list)
            // One that was named meanwhile is still to be read.
            if let last, (lower...upper).contains(last.number), last.number > position ?? 0 {
                continue
            }
            // Where the pages end without an end, and the run goes further.
            if let last, last.number < upper { plan.openEnd = Self.openEnd(at: last, of: list) }
            return plan
        }
    }

    /// What stands in the way behind a list's last page; `nil` where it is the end.
    static func openEnd(at last: PageRecord, of list: String) -> RangePlan.OpenEnd? {
        guard last.end == nil else { return nil }
        let option = "--meta \(RunKey.quoted(PagedSource.prefix + list))"
        return RangePlan.OpenEnd(
            id: last.number,
            reason: "discovery stopped at page \(last.number): nobody has named its successor or "
                + "the end; 'tranche retry' offers the page again if its batch has failed, and "
                + "'tranche page next \(option) --after \(last.number) CURSOR', or --end, names "
                + "it by hand"
        )
    }

    /// Why a run that has nothing in hand, and nothing to be tried again, is held: it has passed
    /// the last page, and nobody has named what follows.
    ///
    /// - Parameter run: The run.
    /// - Returns: The reason; `nil` where it may go on, or is at the end.
    /// - Throws: ``TrancheError`` of the store.
    func hold(of run: RunRecord) async throws -> String? {
        guard let cursor = run.cursor, let last = try await store.lastPage(of: list),
            last.number <= cursor, last.number < run.bounds.upper ?? .max
        else { return nil }
        return Self.openEnd(at: last, of: list)?.reason
    }

    func highestID() async throws -> Int64? {
        try await store.lastPage(of: list)?.number
    }

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        try await store.pages(of: list, in: range, limit: limit).map(\.item)
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] {
        try await itemsInRuns(withIDs: ids)
    }

    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        try await unfilteredItems(in: ranges, limit: limit)
    }
}
