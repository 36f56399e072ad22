/// A batch held by this process until it is ended, or its lease ends.
public struct Batch: Sendable {
    /// The batch as it was when it was acquired.
    public internal(set) var record: BatchRecord
    /// How long it may be held without a heartbeat.
    public let lease: Duration
    /// How often its handler may start: under ``RunPolicy/Execution/atMostOnce``, the worker calls
    /// ``begin()`` right before the work.
    public let execution: RunPolicy.Execution
    package let source: any MetaSource
    package let inventory: Inventory
    /// How the hand-out goes; `nil` where nobody observes the inventory.
    let watch: BatchWatch?
    private var readItems: [Item]?

    init(_ handedOut: AcquireOutcome.HandedOut, source: any MetaSource, inventory: Inventory) {
        record = handedOut.record
        lease = handedOut.lease
        execution = handedOut.execution
        readItems = handedOut.items
        self.source = source
        self.inventory = inventory
        watch = inventory.events.map { BatchWatch(since: $0.elapsed) }
    }

    /// The batch's number.
    public var id: Int64 { record.id }
    /// Which hand-out this is: 1, 2, ….
    public var attempt: Int { record.attempt }
    /// The job's name.
    public var job: String { record.key.job }
    /// The run's name; empty for the incremental run.
    public var run: String { record.key.run }
    /// How the batch came to be.
    public var kind: BatchKind { record.kind }
    /// The ids from the first item's to the last's.
    public var ids: ClosedRange<Int64> { record.range }
    /// How many items were handed out.
    public var count: Int { record.count }
    /// The time in which its items lie; `nil` where the run has neither a step such as an hour nor
    /// both bounds of time.
    ///
    /// It was fixed when the batch was cut, and is the same for each attempt, for late batches of
    /// that time, and for what is split or made of the batch.
    public var interval: BatchInterval? { record.interval }
    /// Their total weight at the hand-out.
    public var weight: Double { record.weight ?? 0 }

    /// Whether an unfiltered reader of ``ids`` sees just these items.
    ///
    /// True where the ids leave nothing out, and for the first attempt of a source without a
    /// filter, where the batch is not part of another and did not come late: others then hold what
    /// lies between.
    ///
    /// Never where uids are numbered: no reader of the table knows the numbers.
    public var isExact: Bool {
        if source.numbered != nil { return false }
        if record.ids?.isDense == true { return true }
        if source.isSeamless, record.itemIDs == nil { return true }
        return record.isTile && record.attempt == 1 && !source.definition.leavesOut
            && record.ids != nil
    }

    /// The items, ascending by id; those that have vanished from the source are left out.
    ///
    /// For very large batches, ``itemStream`` needs less memory.
    public var items: [Item] {
        get async throws {
            if let readItems { return readItems }
            var items: [Item] = []
            items.reserveCapacity(count)
            for try await item in itemStream { items.append(item) }
            return items
        }
    }

    /// The items, ascending by id, read in steps of some thousand as they are asked for.
    public var itemStream: BatchItems {
        if let readItems { return BatchItems(read: readItems) }
        return BatchItems(record: record, source: source, inventory: inventory, within: lease)
    }

    package var holding: AttemptKey { AttemptKey(batch: id, attempt: attempt) }

    /// Looks whether a batch that is handed out again still has items; one that has none succeeds.
    ///
    /// - Returns: The batch, with its items where they are few; `nil` when all have vanished.
    func withRemainingItems() async throws -> Batch? {
        guard readItems == nil, attempt > 1 || !record.isTile, record.status == .running,
            !source.isSeamless
        else {
            return self
        }
        var found: [Item] = []
        do {
            for try await item in itemStream {
                found.append(item)
                if count > BatchItems.pageSize { return self }
            }
        } catch let error as TrancheError where error.code == .invalidItem {
            // It is this batch that fails, in the hands of whoever works on it.
            return self
        }
        if found.isEmpty {
            try await succeed(logging: "all \(count) items have vanished from the source")
            return nil
        }
        var batch = self
        batch.readItems = found
        return batch
    }
}
