import FoundationEssentials

/// The successes of a job, numbered, as a source.
struct CompletionSource: MetaSource {
    let definition: SourceDefinition
    let upstream: JobKey
    private let run: String?
    private let rootIDs: IDBounds
    private let store: any InventoryStore

    private static let pageSize = 1024

    init(
        upstream: JobKey,
        run: String?,
        rootIDs: IDBounds,
        store: any InventoryStore,
        identity: String
    ) {
        self.upstream = upstream
        self.run = run
        self.rootIDs = rootIDs
        self.store = store
        definition = SourceDefinition(
            database: identity + InventorySource.tableMark(of: upstream.job)
                + "\(upstream.metaTable)'",
            table: InventorySource.prefix + upstream.job,
            uid: "completion",
            item: "batch",
            weight: "batch_weight",
            filter: run.map { InventorySource.runMark + $0 }
        )
    }

    /// A completion is given only to what is committed.
    var promise: SourcePromise { .settled }

    // MARK: Planning

    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        var planner = RangePlanner(after: cursor, limit: limit, batches: batches)
        guard let highest = try await store.numberCompletions(of: upstream) else {
            return planner.finish(reachedEnd: true)
        }
        while true {
            try Task.checkCancellation()
            let lower = max(planner.position.map { $0 + 1 } ?? 1, bounds.lower ?? 1)
            let upper = min(highest, bounds.upper ?? highest)
            guard lower <= upper else { return planner.finish(reachedEnd: true) }
            let page = try await store.completions(
                of: upstream,
                in: lower...upper,
                limit: Self.pageSize
            )
            for batch in page {
                let item = try item(batch)
                guard try await matches(batch) else {
                    planner.passOver(to: item.id)
                    continue
                }
                if try !planner.offer(item) { return planner.finish(reachedEnd: false) }
            }
            if page.count < Self.pageSize { return planner.finish(reachedEnd: true) }
        }
    }

    func highestID() async throws -> Int64? {
        try await store.numberCompletions(of: upstream)
    }

    // MARK: Reading

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        try await store.completions(of: upstream, in: range, limit: limit).map(item)
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] {
        try await itemsInRuns(withIDs: ids)
    }

    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        var items: [Item] = []
        for range in ranges {
            var left: ClosedRange<Int64>? = range
            while let next = left, items.count < limit {
                let page = try await store.completions(
                    of: upstream,
                    in: next,
                    limit: Self.pageSize
                )
                for batch in page where items.count < limit {
                    if try await matches(batch) { items.append(try item(batch)) }
                }
                left = nil
                if page.count == Self.pageSize, let last = page.last?.completion,
                    last < range.upperBound
                {
                    left = (last + 1)...range.upperBound
                }
            }
        }
        return items
    }

    // MARK: Items

    /// Whether a batch is of the run and of the ids at the root that are asked for.
    private func matches(_ batch: BatchRecord) async throws -> Bool {
        if let run, batch.key.run != run { return false }
        if rootIDs.isOpen { return true }
        return try await holdsRootID(batch, depth: 0)
    }

    private func holdsRootID(_ batch: BatchRecord, depth: Int) async throws -> Bool {
        let asked = (rootIDs.lower ?? .min)...(rootIDs.upper ?? .max)
        let table = batch.key.metaTable
        guard table.hasPrefix(InventorySource.prefix), depth < 100 else {
            let range = batch.range
            return batch.ids.map { $0.intersection(asked).count > 0 } ?? range.overlaps(asked)
        }
        let own = JobKey(metaTable: table, job: batch.key.job)
        guard let key = try await store.upstream(of: own) else { return false }
        for range in (batch.ids ?? IDRuns(batch.range)).runs {
            for upstream in try await store.completions(
                of: key,
                in: range,
                limit: range.clampedCount
            )
            where try await holdsRootID(upstream, depth: depth + 1) {
                return true
            }
        }
        return false
    }

    private func item(_ batch: BatchRecord) throws -> Item {
        // A sum of weights may be beyond all numbers.
        let weight = (batch.weight ?? 0).clamped
        let payload = UpstreamBatch(
            batch: batch.id,
            run: batch.key.run,
            idStart: batch.idStart,
            idEnd: batch.idEnd,
            ids: batch.ids?.packed,
            count: batch.count,
            weight: weight,
            attempt: batch.attempt
        )
        var text = try JSONText.encode(payload)
        // The result is JSON already, unless somebody else has written it.
        let result = try batch.result.map { JSONText.isValid($0) ? $0 : try JSONText.encode($0) }
        text = String(text.dropLast()) + ",\"result\":\(result ?? "null")}"
        return Item(
            id: batch.completion ?? 0,
            item: .text(text),
            weight: weight,
            holdsJSON: true
        )
    }

    /// The payload of an item, without the result.
    private struct UpstreamBatch: Encodable {
        var batch: Int64
        var run: String
        var idStart: Int64
        var idEnd: Int64
        var ids: String?
        var count: Int
        var weight: Double
        var attempt: Int

        enum CodingKeys: String, CodingKey {
            case batch, run, ids, count, weight, attempt
            case idStart = "id_start"
            case idEnd = "id_end"
        }
    }
}
