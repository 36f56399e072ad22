extension Inventory {
    /// Makes finally failed batches due at once, with their failures forgotten.
    ///
    /// Cancelled ones are left alone, unless the selection names that cause; they keep their
    /// failures. So are those that may have been executed, unless they may be once more.
    ///
    /// - Parameters:
    ///   - selection: Which batches; those that are not finally failed are left alone.
    ///   - mayRepeat: Whether those are meant, too, that have begun under
    ///     ``RunPolicy/Execution/atMostOnce``; no by default.
    ///   - reason: The reason, for the list of changes.
    /// - Returns: The batches' numbers.
    /// - Throws: ``TrancheError`` of the store.
    public func retry(
        _ selection: BatchSelection,
        mayRepeat: Bool = false,
        reason: String? = nil
    ) async throws -> [Int64] {
        let note = note(reason)
        return try await retrying { _ in
            try await store.retry(selection, mayRepeat: mayRepeat, note)
        }
    }

    /// Stops handing out batches of a run; batches in hand may be ended.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - reason: The reason; workers of the run see it, and it is kept in the list of changes.
    /// - Throws: ``TrancheError`` `.unknownRun`.
    public func pause(_ key: RunKey, reason: String = "") async throws {
        let note = note(reason.isEmpty ? nil : reason)
        try await retrying { _ in try await store.setPause(reason, of: key, note) }
    }

    /// Lets a run go on that was paused, cancelled or both, or is held by an outage.
    ///
    /// Batches that were cancelled stay so; see ``retry(_:mayRepeat:reason:)``.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - reason: The reason, for the list of changes.
    /// - Throws: ``TrancheError`` `.unknownRun`.
    public func resume(_ key: RunKey, reason: String? = nil) async throws {
        let note = note(reason)
        try await retrying { _ in try await store.takeBackCancel(of: key, note) }
        try await retrying { _ in try await store.setPause(nil, of: key, note) }
    }

    /// Changes what was set when a run was first acquired from.
    ///
    /// - Parameters:
    ///   - key: The run whose bounds and policy change.
    ///   - source: The source of all runs of the job from now on; `nil` leaves it.
    ///   - ids: The run's bounds; `nil` leaves them.
    ///   - policy: The run's policy; `nil` leaves it. Batches in hand keep their lease, and are
    ///     executed as when they were handed out.
    /// - Throws: ``TrancheError`` `.unknownRun`, `.invalidArgument`, also for a run that is to
    ///   become at most once while batches are held or offered again, and for bounds that begin
    ///   below the present ones once the run has passed ids: begin another run for those.
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
        let request = try await requireTimed(request, in: source)
        let key = request.key(of: source)
        try await requireName(of: key)
        let run = try await store.runs(RunSelection(key)).first
        try run?.requireSame(
            definition: source.definition,
            bounds: request.ids,
            rootIDs: request.rootIDs
        )
        try await requireSameSource(key, source)
        let asked = try await sized(request, from: source, isPlanning: true)
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
                within: asked.ids,
                limit: asked.limit,
                batches: min(batches - forecast.ranges.count, 64)
            )
            forecast.ranges += plan.ranges
            cursor = plan.ranges.last?.ids.last ?? plan.scannedTo ?? cursor
            if plan.reachedEnd {
                forecast.reachedEnd = true
                // What is open may still say how the source goes on.
                if forecast.batches == 0 { forecast.hold = plan.openEnd?.reason }
                break
            }
        }
        if forecast.ranges.isEmpty, forecast.hold == nil, let run, !run.isAtEnd {
            forecast.hold = run.rewinding(to: try await source.highestID())
        }
        return forecast
    }

    /// The answer that a request would get.
    public struct Forecast: Sendable {
        /// Batches that are held, released or due for a retry, oldest first.
        public var open: [BatchRecord] = []
        /// New ranges, ascending.
        public var ranges: [PlannedRange] = []
        /// Whether the source has nothing after the ranges.
        public var reachedEnd = false
        /// Why nothing new is handed out, where the source was rewound, or ends without saying so;
        /// `nil` elsewhere.
        public var hold: String?

        /// How many batches there are, the open ones among them.
        package var batches: Int { open.count + ranges.count }
        /// How many items they hold.
        package var items: Int {
            open.reduce(0) { $0 + $1.count } + ranges.reduce(0) { $0 + $1.count }
        }
        /// What they weigh, as far as that is known.
        package var weight: Double {
            let weights = open.map { $0.weight ?? 0 } + ranges.map(\.weight)
            return weights.reduce(0) { $0.addingClamped($1) }
        }
    }
}
