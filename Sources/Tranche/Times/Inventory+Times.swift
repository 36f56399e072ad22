extension Inventory {
    /// A request whose run is bounded by time, with the ids that were found for it.
    public struct TimedRequest: Sendable {
        /// The request, with its ids.
        public var request: BatchRequest
        /// Whether an index found them; `nil` where nothing was looked for, or that is not known.
        public var hasIndex: Bool?
        /// The statement that makes an index, where none found them; `nil` where none is missing.
        public var missingIndex: String?
        /// Whether the run has not begun.
        public var isNew: Bool
    }

    /// Finds the ids of a run that is bounded by time.
    ///
    /// A run keeps what was found when it began. Each acquire does this by itself; call it to
    /// learn of the ids, or that there are none, before.
    ///
    /// - Parameters:
    ///   - request: What is to be asked for, without ids.
    ///   - description: Where the items are listed, with the bounds.
    /// - Returns: The request with ids; `nil` where no entry lies within the bounds and the run has
    ///   not begun. Where the source has no bounds of time, the request as it is.
    /// - Throws: ``TrancheError`` `.invalidArgument` where a run without a name is bounded, or ids
    ///   are given as well; `.invalidSource`, `.invalidItem` and others of the source.
    public func timed(
        _ request: BatchRequest,
        from description: some MetaSourceDescription
    ) async throws -> TimedRequest? {
        try await timed(request, from: description, onWait: {})
    }

    /// Finds the ids as ``timed(_:from:)`` does.
    ///
    /// - Parameters:
    ///   - request: What is to be asked for, without ids.
    ///   - description: Where the items are listed, with the bounds.
    ///   - onWait: Told once, after 2 s of waiting for writers that are at work.
    /// - Returns: As ``timed(_:from:)``.
    /// - Throws: As ``timed(_:from:)``, and what `onWait` throws.
    package func timed(
        _ request: BatchRequest,
        from description: some MetaSourceDescription,
        onWait: () throws -> Void
    ) async throws -> TimedRequest? {
        try await timed(request, in: try await source(description), onWait: onWait)
    }

    private func timed(
        _ request: BatchRequest,
        in source: any MetaSource,
        onWait: () throws -> Void = {}
    ) async throws -> TimedRequest? {
        guard let time = source.definition.time, time.isBounded, request.ids.isOpen else {
            return TimedRequest(request: request, isNew: false)
        }
        guard !request.run.isEmpty else {
            throw TrancheError(
                .invalidArgument,
                "the bounds \(time.bounds ?? "") need the name of a run: the incremental run is "
                    + "open-ended"
            )
        }
        let key = request.key(of: source)
        var asked = request
        if let known = try await store.runs(RunSelection(key)).first, known.definition != nil {
            asked.ids = known.bounds
            return TimedRequest(request: asked, isNew: false)
        }
        let found = try await timedIDs(
            in: source,
            waiting: request.policy.settleWait,
            onWait: onWait
        )
        guard let found, let ids = found.ids else { return nil }
        asked.ids = IDBounds(ids)
        return TimedRequest(
            request: asked,
            hasIndex: found.hasIndex,
            missingIndex: found.missingIndex,
            isNew: true
        )
    }

    /// Finds the ids of a source's bounds of time; `nil` where it has no times.
    ///
    /// - Parameters:
    ///   - source: The source.
    ///   - settleWait: How long writers are waited for that are at work: what they commit may lie
    ///     within the bounds, beyond the ids that are there.
    ///   - onWait: Told once, after 2 s of it.
    /// - Returns: The ids.
    /// - Throws: The source's failure; what `onWait` throws; `CancellationError`.
    package func timedIDs(
        in source: any MetaSource,
        waiting settleWait: Duration,
        onWait: () throws -> Void = {}
    ) async throws -> TimedIDs? {
        guard let timed = source as? any TimedSource else { return nil }
        try await letWritersEnd(of: source, within: settleWait, onWait)
        return try await retrying { _ in try await timed.timedIDs() }
    }

    /// Finds an entry that has no time, and that bounds of time therefore leave out.
    ///
    /// - Parameter source: The source.
    /// - Returns: The lowest id of such; `nil` where there is none, or the source has no times.
    /// - Throws: The source's failure; `CancellationError`.
    package func idWithoutTime(in source: any MetaSource) async throws -> Int64? {
        guard let timed = source as? any TimedSource else { return nil }
        return try await retrying { _ in try await timed.idWithoutTime() }
    }

    /// Waits until the writers have ended that are at work now; later ones draw higher ids.
    private func letWritersEnd(
        of source: any MetaSource,
        within limit: Duration,
        _ onWait: () throws -> Void
    ) async throws {
        guard let settling = source.settling else { return }
        func writers() async throws -> Set<String> {
            try await retrying { _ in try await settling.observeWriters(lag: .zero).holders }
        }
        var open = try await writers()
        var waited = Duration.zero
        var pause = Duration.milliseconds(20)
        var isTold = false
        while !open.isEmpty, waited < limit {
            if waited >= .seconds(2), !isTold {
                try onWait()
                isTold = true
            }
            try await configuration.clock.sleep(for: pause)
            waited += pause
            pause = min(pause * 2, .milliseconds(500))
            open.formIntersection(try await writers())
        }
    }

    /// The request with the ids of its time; looked for once, and known from then on.
    ///
    /// - Throws: As ``timed(_:from:)``, and `.invalidArgument` where there are none.
    func requireTimed(
        _ request: BatchRequest,
        in source: any MetaSource
    ) async throws -> BatchRequest {
        guard let time = source.definition.time, time.isBounded, request.ids.isOpen else {
            return request
        }
        let mark = RunMemory.TimedRun(key: request.key(of: source), time: time)
        if let ids = memory.timedIDs(of: mark) {
            var known = request
            known.ids = ids
            return known
        }
        guard let timed = try await timed(request, in: source) else {
            throw TrancheError(
                .invalidArgument,
                "'\(source.definition.table)' has no entry from \(time.bounds ?? ""); nothing was "
                    + "recorded"
            )
        }
        memory.note(timed.request.ids, of: mark)
        return timed.request
    }
}
