extension Inventory: InventoryReader {
    /// The name of the inventory, for messages; without credentials.
    public var name: String { store.name }

    /// Reads runs, and tries again while the store cannot be reached; see ``InventoryReader``.
    public func runs(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [RunRecord] {
        try await retrying { _ in try await store.runs(selection, after: mark, limit: limit) }
    }

    /// Reads runs with what their batches add up to; see ``InventoryReader``.
    public func summaries(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [RunSummary] {
        try await retrying { _ in try await store.summaries(selection, after: mark, limit: limit) }
    }

    /// The lowest id that a run was given; `nil` where none was.
    package func lowestID(of run: RunRecord) async throws -> Int64? {
        if let lower = run.bounds.lower { return lower }
        let tiles = try await tiles(of: run.key, endingAfter: nil, meeting: nil, limit: 1)
        guard let tile = tiles.first else { return nil }
        if let first = tile.ids?.first { return first }
        // The tile itself covers all that is below its batch.
        return try await batch(tile.batch).idStart
    }

    /// Reads batches, newest first; see ``InventoryReader``.
    public func batches(_ selection: BatchSelection) async throws -> [BatchRecord] {
        try await retrying { _ in try await store.batches(selection) }
    }

    /// Reads the batches of an item, oldest first; see ``InventoryReader``.
    public func batches(holding id: Int64, of metaTable: String) async throws -> [BatchRecord] {
        try await retrying { _ in try await store.batches(holding: id, of: metaTable) }
    }

    /// Reads a batch's attempts, oldest first; see ``InventoryReader``.
    public func attempts(
        of batch: Int64,
        after mark: Int?,
        limit: Int
    ) async throws -> [AttemptRecord] {
        try await retrying { _ in try await store.attempts(of: batch, after: mark, limit: limit) }
    }

    /// Reads the gaps of a run, ascending; see ``InventoryReader``.
    public func gaps(of key: RunKey, after mark: Gap?, limit: Int) async throws -> [Gap] {
        try await retrying { _ in try await store.gaps(of: key, after: mark, limit: limit) }
    }

    /// Reads tiles of a run, ascending; see ``InventoryReader``.
    public func tiles(
        of key: RunKey,
        endingAfter end: Int64?,
        meeting range: ClosedRange<Int64>?,
        limit: Int
    ) async throws -> [Tile] {
        try await retrying { _ in
            try await store.tiles(of: key, endingAfter: end, meeting: range, limit: limit)
        }
    }

    /// Reads numbered successes of a job, ascending; see ``InventoryReader``.
    public func completions(
        of job: JobKey,
        in range: ClosedRange<Int64>,
        limit: Int
    ) async throws -> [BatchRecord] {
        try await retrying { _ in try await store.completions(of: job, in: range, limit: limit) }
    }
}
