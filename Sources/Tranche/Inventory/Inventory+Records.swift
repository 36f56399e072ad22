import Foundation

extension Inventory {
    /// Reads runs with what their batches add up to.
    public func summaries(_ selection: RunSelection = RunSelection()) async throws -> [RunSummary] {
        try await retrying { _ in try await store.summaries(selection) }
    }

    /// Reads batches, newest first.
    public func batches(_ selection: BatchSelection) async throws -> [BatchRecord] {
        try await retrying { _ in try await store.batches(selection) }
    }

    /// Reads one batch.
    ///
    /// - Parameter id: The batch's number.
    /// - Returns: The batch.
    /// - Throws: ``TrancheError`` `.unknownBatch`.
    public func batch(_ id: Int64) async throws -> BatchRecord {
        guard let batch = try await batches(BatchSelection(ids: [id])).first else {
            throw TrancheError(.unknownBatch, "there is no batch \(id) in \(store.name)")
        }
        return batch
    }

    /// Reads a batch's attempts, oldest first.
    public func attempts(of batch: Int64) async throws -> [AttemptRecord] {
        try await retrying { _ in try await store.attempts(of: batch) }
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
        for batch in try await retrying({ _ in try await store.batches(holding: id, of: metaTable) }
        ) {
            history.append((batch, try await attempts(of: batch.id)))
        }
        return history
    }

    /// Finds the one run that is meant.
    ///
    /// - Parameter selection: What is known of it; a `nil` run means the incremental run.
    /// - Returns: The run.
    /// - Throws: ``TrancheError`` `.unknownRun`, or `.ambiguousJob` when several sources have the job.
    public func run(_ selection: RunSelection) async throws -> RunRecord {
        var selection = selection
        selection.run = selection.run ?? ""
        let asked = selection
        let runs = try await retrying { _ in try await store.runs(asked) }
        let words = asked.run.flatMap { $0.isEmpty ? nil : "run '\($0)'" } ?? "incremental run"
        guard let first = runs.first else {
            throw TrancheError(
                .unknownRun,
                "there is no \(words) of job '\(selection.job ?? "")' in \(store.name); "
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

    /// Makes finally failed batches due at once, with their failures forgotten.
    ///
    /// - Parameter selection: Which batches; those that are not finally failed are left alone.
    /// - Returns: The batches' numbers.
    /// - Throws: ``TrancheError`` of the store.
    public func retry(_ selection: BatchSelection) async throws -> [Int64] {
        try await retrying { _ in try await store.retry(selection) }
    }

    /// Stops handing out batches of a run; batches in hand may be ended.
    public func pause(_ key: RunKey, reason: String = "") async throws {
        try await retrying { _ in try await store.setPause(reason, of: key) }
    }

    /// Lets a paused run go on.
    public func resume(_ key: RunKey) async throws {
        try await retrying { _ in try await store.setPause(nil, of: key) }
    }

    /// Changes what was set when a run was first acquired from.
    ///
    /// - Parameters:
    ///   - key: The run whose bounds and policy change.
    ///   - source: The source of all runs of the job from now on; `nil` leaves it.
    ///   - ids: The run's bounds; `nil` leaves them.
    ///   - policy: The run's policy; `nil` leaves it. Batches in hand keep their lease.
    /// - Throws: ``TrancheError`` `.unknownRun`, `.invalidArgument`.
    public func redefine(
        _ key: RunKey,
        source: (any MetaSourceDescription)? = nil,
        ids: IDBounds? = nil,
        policy: RunPolicy? = nil
    ) async throws {
        try ids?.validate()
        try policy?.validate()
        if key.run.isEmpty, let ids, !ids.isOpen {
            throw TrancheError(.invalidArgument, "the incremental run is open-ended: no bounds")
        }
        var definition: SourceDefinition?
        if let source { definition = try await source.open(beside: store).definition }
        let asked = definition
        try await redefine(key, definition: asked, ids: ids, policy: policy)
    }

    /// Changes what was set when a run was first acquired from, its source given by its definition.
    ///
    /// See ``redefine(_:source:ids:policy:)``.
    package func redefine(
        _ key: RunKey,
        definition: SourceDefinition?,
        ids: IDBounds? = nil,
        policy: RunPolicy? = nil
    ) async throws {
        try await retrying { _ in
            try await store.redefine(key, definition: definition, bounds: ids, policy: policy)
        }
        forgetSource(key)
    }

    /// Plans the batches that a request would be given, and hands out nothing.
    ///
    /// - Parameters:
    ///   - request: What would be asked for.
    ///   - description: Where the items are listed.
    ///   - batches: Most batches to plan.
    /// - Returns: New ranges, ascending; and the batches that would be offered before them.
    /// - Throws: As ``acquire(_:from:)``.
    public func plan(
        _ request: BatchRequest,
        from description: some MetaSourceDescription,
        batches: Int
    ) async throws -> Forecast {
        try request.validate()
        let source = try await source(description)
        try request.requireWeights(in: source.definition)
        try await requireNoLoop(from: source, to: request.job)
        let key = request.key(of: source)
        let run = try await store.runs(RunSelection(key)).first
        try run?.requireSame(
            definition: source.definition,
            bounds: request.ids,
            rootIDs: request.rootIDs
        )
        try await requireSameSource(key, source)
        var forecast = Forecast()
        for status in [BatchStatus.running, .released, .failed] {
            let open = BatchSelection(runs: RunSelection(key), status: status)
            forecast.open += try await store.batches(open).filter { !$0.isFinal }
        }
        forecast.open.sort { $0.id < $1.id }
        var cursor = run?.cursor
        while forecast.ranges.count < batches {
            try Task.checkCancellation()
            let plan = try await source.nextRange(
                after: cursor,
                within: request.ids,
                limit: request.limit,
                batches: min(batches - forecast.ranges.count, 64)
            )
            forecast.ranges += plan.ranges
            cursor = plan.ranges.last?.ids.last ?? plan.scannedTo ?? cursor
            if plan.reachedEnd {
                forecast.reachedEnd = true
                break
            }
        }
        return forecast
    }

    /// What a request would be given.
    public struct Forecast: Sendable {
        /// Batches that are held, released or due for a retry, oldest first.
        public var open: [BatchRecord] = []
        /// New ranges, ascending.
        public var ranges: [PlannedRange] = []
        /// Whether the source has nothing after the ranges.
        public var reachedEnd = false
    }
}
