/// A run as sinks see it, before it is worked on and when no more of it is worked on here.
public struct SinkRun: Sendable {
    /// The run.
    public let key: RunKey
    /// Whether it is a part of one job over several sources, which all write to one place.
    public let spansJob: Bool
    /// Whether more is to come, as far as is known: what others left is not replaced yet.
    package var isUnfinished = false
    private let store: any InventoryStore

    /// Makes it.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - store: The inventory's store.
    ///   - spansJob: Whether the runs of the job's other sources, under the same name, belong to
    ///     it.
    public init(_ key: RunKey, in store: any InventoryStore, spansJob: Bool = false) {
        self.key = key
        self.store = store
        self.spansJob = spansJob
    }

    /// The runs that write to one place with this one, and this one: as far as the inventory has
    /// them.
    ///
    /// - Returns: The runs with what their batches add up to, in order of their sources' names;
    ///   none before the first batch.
    /// - Throws: ``TrancheError`` of the store.
    public func together() async throws -> [RunSummary] {
        var selection = RunSelection(key)
        if spansJob { selection.metaTable = nil }
        return try await store.summaries(selection)
            .sorted { $0.run.key.metaTable < $1.run.key.metaTable }
    }

    /// The run of a batch that was acquired.
    ///
    /// - Parameter key: What names the run.
    /// - Returns: The run.
    /// - Throws: ``TrancheError`` `.unknownRun` when it was removed meanwhile; of the store.
    package func record(of key: RunKey) async throws -> RunRecord {
        guard let run = try await store.runs(RunSelection(key)).first else {
            throw TrancheError(.unknownRun, "\(key) was removed while it was worked on")
        }
        return run
    }

    /// The batches that a batch does again.
    ///
    /// None of them is packed: what was made of a batch again is found by it.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - throughSplits: Whether a part of a batch that failed does again what that one did; such
    ///     a batch is none of those returned.
    /// - Returns: Their numbers, the one that it was made of first, and what that did again behind
    ///   it; the last one is what all began with. Empty where the batch does none again.
    /// - Throws: ``TrancheError`` of the store.
    package func origins(
        of batch: BatchRecord,
        throughSplits: Bool = false
    ) async throws -> [Int64] {
        var origins: [Int64] = []
        var next: BatchRecord? = batch
        while let last = next, last.kind == .redrive || throughSplits && last.kind == .split,
            let origin = last.parent, origin < last.id
        {
            if last.kind == .redrive { origins.append(origin) }
            next = try await store.batches(BatchSelection(ids: [origin])).first
        }
        return origins
    }

    /// Which of some batches did not succeed.
    ///
    /// - Parameters:
    ///   - ids: The batches' numbers.
    ///   - key: The run that they are of; this one by default.
    /// - Returns: Those that failed, were split or quarantined, or are not done.
    /// - Throws: ``TrancheError`` of the store.
    public func unsuccessful(
        among ids: [Int64],
        of key: RunKey? = nil
    ) async throws -> Set<Int64> {
        // Batches that were packed are not found any more; they succeeded.
        let found = try await batches(ids, of: key ?? self.key)
        return Set(found.filter { $0.status != .succeeded }.map(\.id))
    }

    /// Some batches of a run, as far as they are not packed.
    ///
    /// - Parameters:
    ///   - ids: The batches' numbers.
    ///   - key: The run that they are of.
    /// - Returns: The batches.
    /// - Throws: ``TrancheError`` of the store.
    package func batches(_ ids: [Int64], of key: RunKey) async throws -> [BatchRecord] {
        var found: [BatchRecord] = []
        var rest = ids[...]
        while !rest.isEmpty {
            let page = BatchSelection(runs: RunSelection(key), ids: Array(rest.prefix(500)))
            found += try await store.batches(page)
            rest = rest.dropFirst(500)
        }
        return found
    }
}
