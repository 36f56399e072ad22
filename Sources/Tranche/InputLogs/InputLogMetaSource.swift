/// The events of a log, by number, as a source.
struct InputLogMetaSource: MetaSource {
    let definition: SourceDefinition
    private let log: String
    private let delay: Duration
    private let after: Int64
    private let store: any InventoryStore

    /// What a definition names as the id.
    static let uid = "event"
    private static let pageSize = 1024

    init(
        log: String,
        delay: Duration,
        after: Int64?,
        store: any InventoryStore,
        identity: String
    ) {
        self.log = log
        self.delay = delay
        self.after = after ?? 0
        self.store = store
        definition = SourceDefinition(
            database: identity,
            table: InputLogSource.prefix + log,
            uid: Self.uid,
            item: "content",
            weight: "weight",
            filter: after.map { "\(InputLogSource.afterMark)\($0)" }
        )
    }

    /// Events are numbered in the order in which they are committed.
    var promise: SourcePromise { .settled }

    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        var planner = RangePlanner(after: cursor, limit: limit, batches: batches)
        var highest = bounds.upper ?? .max
        if delay > .zero {
            let old = try await store.lastEvent(of: log, keptFor: delay.milliseconds)
            highest = min(highest, old ?? 0)
        }
        let wanted = (limit.count ?? Self.pageSize).multipliedReportingOverflow(by: batches)
        let size = min(wanted.overflow ? .max : wanted.partialValue, Self.pageSize) + 1
        while true {
            try Task.checkCancellation()
            let lower = max(planner.position ?? 0, after, max(bounds.lower ?? 1, 1) - 1) + 1
            guard lower <= highest else { return planner.finish(reachedEnd: true) }
            let events = try await store.events(of: log, in: lower...highest, limit: size)
            // Numbers leave nothing out: where the first is another, some may have been cleaned.
            // The floor is read after the events, so that none goes between.
            if events.first?.number != lower, planner.isEmpty,
                let lost = try await lost(behind: cursor, within: bounds)
            {
                // What was cleaned before it was read is a batch that fails.
                if planner.cutUnread(lost) { return planner.finish(reachedEnd: false) }
                continue
            }
            for event in events where try !planner.offer(event.item) {
                return planner.finish(reachedEnd: false)
            }
            if events.count < size { return planner.finish(reachedEnd: true) }
        }
    }

    /// The events that were cleaned although a run has not come so far; `nil` where there are none.
    private func lost(
        behind cursor: Int64?,
        within bounds: IDBounds
    ) async throws -> ClosedRange<Int64>? {
        // Without any of these a run begins at the floor.
        let begin = cursor ?? bounds.lower?.addingClamped(-1) ?? (after > 0 ? after : nil)
        guard let begin, let record = try await store.inputLog(log), record.floor < record.last
        else { return nil }
        let first = max(begin, 0, bounds.lower?.addingClamped(-1) ?? 0) + 1
        let end = min(record.floor, bounds.upper ?? .max)
        return first <= end ? first...end : nil
    }

    func highestID() async throws -> Int64? {
        guard let last = try await store.inputLog(log)?.last, last > 0 else { return nil }
        return last
    }

    func floor() async throws -> Int64? {
        try await store.inputLog(log)?.floor
    }

    // MARK: Reading

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        let items = try await store.events(of: log, in: range, limit: limit).map(\.item)
        // What was cleaned must not look as if nobody had ever needed it.
        if items.count < limit { try await requireKept(from: range.lowerBound) }
        return items
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] {
        try await itemsInRuns(withIDs: ids)
    }

    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        var items: [Item] = []
        for range in ranges where items.count < limit && range.upperBound > after {
            let range = max(range.lowerBound, after + 1)...range.upperBound
            let left = limit - items.count
            // What was cleaned is not missed.
            items += try await store.events(of: log, in: range, limit: left).map(\.item)
        }
        return items
    }

    private func requireKept(from number: Int64) async throws {
        // Who reads from before the first event looks for what there is.
        guard number > 0, let record = try await store.inputLog(log), number <= record.floor,
            number < record.last
        else { return }
        throw TrancheError(
            .invalidItem,
            "events of the input '\(log)' up to number \(record.floor) were cleaned, "
                + "event \(number) among them; send again the events to be processed again"
        )
    }
}
