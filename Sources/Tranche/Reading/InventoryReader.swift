/// Reads what an inventory holds, and changes nothing.
///
/// An ``Inventory`` is one, and so is a store. Each listing has an order and a mark: ask for
/// `limit` entries, hand the last one back as the mark, and the next page follows; an empty page,
/// or one shorter than its limit, is the last. A page is found by its mark and not by counting, so
/// that it costs the same however far it is. What is added or removed between two pages is read or
/// not, and moves nothing from one page to another.
///
/// Every request may throw a ``TrancheError`` of the store, `.storeUnavailable` or `.storeBusy`
/// (transient), and `CancellationError`.
public protocol InventoryReader: Sendable {
    /// The name of the inventory, for messages; without credentials.
    var name: String { get }

    /// Reads runs, in order of source, job and name, as the store compares text.
    ///
    /// - Parameters:
    ///   - selection: Which runs.
    ///   - mark: The run after which the page begins; `nil` from the first.
    ///   - limit: Most runs; above 0.
    /// - Returns: The runs; empty where there is none.
    /// - Throws: ``TrancheError`` of the store.
    func runs(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [RunRecord]

    /// Reads runs with what their batches add up to, archived ones too; in order of source, job and
    /// name.
    ///
    /// - Parameters:
    ///   - selection: Which runs.
    ///   - mark: The run after which the page begins; `nil` from the first.
    ///   - limit: Most runs; above 0. A page adds up the batches of its own runs alone.
    /// - Returns: The runs; empty where there is none.
    /// - Throws: ``TrancheError`` of the store.
    func summaries(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [RunSummary]

    /// Reads batches, newest first, without archived ones.
    ///
    /// - Parameter selection: Which batches; ``BatchSelection/before`` is the mark of a page.
    /// - Returns: The batches; empty where there is none.
    /// - Throws: ``TrancheError`` of the store.
    func batches(_ selection: BatchSelection) async throws -> [BatchRecord]

    /// Reads the batches whose ids include one, or may for adopted rows; oldest first, archived
    /// ones too.
    ///
    /// - Parameters:
    ///   - id: The item's id.
    ///   - metaTable: The source's name as it was given.
    /// - Returns: The batches: for each run one tile at most, and late, split and redriven batches.
    /// - Throws: ``TrancheError`` of the store.
    func batches(holding id: Int64, of metaTable: String) async throws -> [BatchRecord]

    /// Reads changes of budgets and runs, the latest first.
    ///
    /// - Parameters:
    ///   - selection: Which.
    ///   - before: The id below which theirs are: the last change of the page before; `nil` from
    ///     the latest.
    ///   - limit: Most changes.
    /// - Returns: The changes.
    /// - Throws: ``TrancheError`` of the store.
    func changes(
        _ selection: ChangeSelection,
        before: Int64?,
        limit: Int
    ) async throws -> [ChangeRecord]

    /// Reads a batch's attempts, oldest first, the one that runs at last.
    ///
    /// - Parameters:
    ///   - batch: The batch's number.
    ///   - mark: The attempt after which the page begins; `nil` from the first.
    ///   - limit: Most attempts; above 0.
    /// - Returns: The attempts; empty for a batch that is archived, or that there is not.
    /// - Throws: ``TrancheError`` of the store.
    func attempts(
        of batch: Int64,
        after mark: Int?,
        limit: Int
    ) async throws -> [AttemptRecord]

    /// Reads the gaps of a run, ascending by their first id; a run has some thousand at most.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - mark: The gap after which the page begins; `nil` from the first.
    ///   - limit: Most gaps; above 0.
    /// - Returns: The gaps; empty where there is none, or no such run.
    /// - Throws: ``TrancheError`` of the store.
    func gaps(of key: RunKey, after mark: Gap?, limit: Int) async throws -> [Gap]

    /// Reads tiles of a run, ascending by the id at which they end.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - end: The id after which a tile must end: the end of the last of the page before; `nil`
    ///     from the beginning.
    ///   - range: The ids that a tile must have one of; `nil` for any.
    ///   - limit: Most tiles; above 0.
    /// - Returns: The tiles, archived ones too; empty at the end.
    /// - Throws: ``TrancheError`` of the store.
    func tiles(
        of key: RunKey,
        endingAfter end: Int64?,
        meeting range: ClosedRange<Int64>?,
        limit: Int
    ) async throws -> [Tile]

    /// Reads numbered successes of a job, ascending by number; archived ones too, without result
    /// and log.
    ///
    /// - Parameters:
    ///   - job: The job, over all its runs.
    ///   - range: The numbers.
    ///   - limit: Most batches; above 0.
    /// - Returns: The batches; empty where there is none.
    /// - Throws: ``TrancheError`` of the store.
    func completions(
        of job: JobKey,
        in range: ClosedRange<Int64>,
        limit: Int
    ) async throws -> [BatchRecord]
}

// MARK: - Without pages

extension InventoryReader {
    /// Reads all runs that are meant; see ``runs(_:after:limit:)``.
    public func runs(_ selection: RunSelection = RunSelection()) async throws -> [RunRecord] {
        try await runs(selection, after: nil, limit: .max)
    }

    /// Reads all runs that are meant with what their batches add up to; see
    /// ``summaries(_:after:limit:)``.
    public func summaries(
        _ selection: RunSelection = RunSelection()
    ) async throws -> [RunSummary] {
        try await summaries(selection, after: nil, limit: .max)
    }

    /// Reads all of a batch's attempts, oldest first.
    public func attempts(of batch: Int64) async throws -> [AttemptRecord] {
        try await attempts(of: batch, after: nil, limit: .max)
    }

    /// Reads all gaps of a run, ascending by their first id.
    public func gaps(of key: RunKey) async throws -> [Gap] {
        try await gaps(of: key, after: nil, limit: .max)
    }
}

// MARK: - One of them

extension InventoryReader {
    /// Reads one batch.
    ///
    /// - Parameter id: The batch's number.
    /// - Returns: The batch.
    /// - Throws: ``TrancheError`` `.unknownBatch`, also for one that is packed.
    public func batch(_ id: Int64) async throws -> BatchRecord {
        guard let batch = try await batches(BatchSelection(ids: [id])).first else {
            throw try await missing(batch: id)
        }
        return batch
    }

    /// Why a batch cannot be read: it is packed, or there is none.
    private func missing(batch id: Int64) async throws -> TrancheError {
        var reader: any InventoryReader = self
        if let inventory = self as? Inventory { reader = inventory.store }
        let archive = reader as? any PackedBatchReader
        guard let packed = try await archive?.packedBatch(id) else {
            return TrancheError(.unknownBatch, "there is no batch \(id) in \(name)")
        }
        let ended = packed.endedAt.map { " at \($0.utcText)" } ?? ""
        return TrancheError(
            .unknownBatch,
            "batch \(id) of \(packed.key) is packed: it succeeded\(ended), and its result, its "
                + "attempts and what its program wrote are given up, so that it can be neither "
                + "offered again nor changed. 'tranche history' with one of its ids "
                + "(\(HumanText.ids(packed.idStart, packed.idEnd))) shows what is left of it"
        )
    }

    /// Reads what happened to one item: its batches, oldest first, with their attempts.
    ///
    /// - Parameters:
    ///   - id: The item's id.
    ///   - metaTable: The source's name as it was given.
    /// - Returns: The batches with their attempts.
    /// - Throws: As reading batches does.
    public func history(
        of id: Int64,
        in metaTable: String
    ) async throws -> [(batch: BatchRecord, attempts: [AttemptRecord])] {
        var history: [(batch: BatchRecord, attempts: [AttemptRecord])] = []
        for batch in try await batches(holding: id, of: metaTable) {
            history.append((batch, try await attempts(of: batch.id)))
        }
        return history
    }

    /// Finds the one run that is meant.
    ///
    /// - Parameter selection: What is known of it; a `nil` run means the incremental run.
    /// - Returns: The run.
    /// - Throws: ``TrancheError`` `.unknownRun`, or `.ambiguousJob` when several sources have the
    ///   job.
    public func run(_ selection: RunSelection) async throws -> RunRecord {
        var selection = selection
        selection.run = selection.run ?? ""
        let asked = selection
        let runs = try await runs(asked)
        let words = asked.run.flatMap { $0.isEmpty ? nil : "run '\($0)'" } ?? "incremental run"
        guard let first = runs.first else {
            throw TrancheError(
                .unknownRun,
                "there is no \(words) of job '\(selection.job ?? "")' in \(name); "
                    + "'tranche status' lists what there is"
            )
        }
        guard runs.count == 1 else {
            let tables = runs.map { "'\($0.key.metaTable)'" }.joined(separator: ", ")
            throw TrancheError(
                .ambiguousJob,
                "job '\(selection.job ?? "")' has several sources (\(tables)); name one with --meta"
            )
        }
        return first
    }
}

/// A reader that finds a packed batch by its number.
package protocol PackedBatchReader: InventoryReader {
    /// Reads a packed batch.
    ///
    /// - Parameter id: The batch's number.
    /// - Returns: What is left of it; `nil` where no packed batch has the number.
    /// - Throws: ``TrancheError`` of the store.
    func packedBatch(_ id: Int64) async throws -> BatchRecord?
}
