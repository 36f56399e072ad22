import FoundationEssentials

/// The result of an acquire: a batch, or the reason why there is none.
public enum Acquired: Sendable {
    /// A batch, held by the caller.
    case batch(Batch)
    /// No batch now.
    case noBatch(NoBatchReason)
}

extension Inventory {
    /// Acquires the next batch of a job.
    ///
    /// Batches that were given back, whose lease has ended or whose retry is due come first, oldest
    /// first, as they were handed out; then the next range after the run's cursor.
    ///
    /// - Parameters:
    ///   - source: Where the items are listed.
    ///   - job: Name of the job; 1 to 128 UTF-8 bytes.
    ///   - run: The run; the incremental one by default.
    ///   - limit: How large the batch may be, such as `.weight(64 << 20)`; any size by default.
    /// - Returns: The batch, or `nil` when there is none now; ``acquire(_:from:)`` says why.
    /// - Throws: ``TrancheError`` with `.invalidArgument`, `.invalidSource`, `.invalidItem`,
    ///   `.redefined` (permanent), `.storeBusy`, `.storeUnavailable` (transient, after bounded
    ///   waits); `CancellationError`.
    /// - Complexity: O(n + log m), n items handed out, m items in the source.
    public func acquireBatch(
        from source: some MetaSourceDescription,
        job: String,
        run: Run = .incremental,
        limit: BatchLimit = BatchLimit()
    ) async throws -> Batch? {
        let request = BatchRequest(job: job, run: run, limit: limit)
        return try await acquire(upTo: 1, request, from: source).batches.first
    }

    /// Acquires the next batch, or says why there is none.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - source: Where the items are listed.
    /// - Returns: The batch or the reason.
    /// - Throws: ``TrancheError`` with `.invalidArgument`, `.invalidSource`, `.invalidItem`,
    ///   `.redefined` (permanent), `.storeBusy`, `.storeUnavailable` (transient, after bounded
    ///   waits); `CancellationError`.
    public func acquire(
        _ request: BatchRequest,
        from source: some MetaSourceDescription
    ) async throws -> Acquired {
        try await acquire(request, from: source, isDraining: false)
    }

    /// Acquires several batches in one transaction.
    ///
    /// - Parameters:
    ///   - count: Most batches; above 0.
    ///   - request: What is asked for; the limits are each batch's.
    ///   - source: Where the items are listed.
    /// - Returns: The batches, in the order of offers; empty when there is none now.
    /// - Throws: As ``acquire(_:from:)``.
    public func acquireBatches(
        count: Int,
        _ request: BatchRequest,
        from source: some MetaSourceDescription
    ) async throws -> [Batch] {
        guard count > 0 else {
            throw TrancheError(.invalidArgument, "\(count) batches asked for; give 1 or more")
        }
        let (request, source) = try await prepare(request, from: source)
        let key = request.key(of: source)
        if try await holdOfSource(key, source) != nil { return [] }
        try await askKnownProbes(of: key)
        let asked = try await sized(request, from: source)
        return try await handOut(asked, from: source, batches: count).batches
    }

    /// Acquires several batches of a job in one transaction.
    ///
    /// See ``acquireBatches(count:_:from:)``.
    public func acquireBatches(
        count: Int,
        from source: some MetaSourceDescription,
        job: String,
        limit: BatchLimit = BatchLimit()
    ) async throws -> [Batch] {
        let request = BatchRequest(job: job, limit: limit)
        return try await acquireBatches(count: count, request, from: source)
    }

    package func acquire(
        _ request: BatchRequest,
        from source: some MetaSourceDescription,
        isDraining: Bool,
        after done: Batch.Done? = nil
    ) async throws -> Acquired {
        let answer = try await acquire(
            upTo: 1,
            request,
            from: source,
            isDraining: isDraining,
            after: done
        )
        return answer.batches.first.map { .batch($0) } ?? .noBatch(answer.reason)
    }

    /// Records that the last batch succeeded, if there is one, and acquires the next.
    ///
    /// See ``Batch/succeed(result:logging:thenAcquire:from:)``.
    package func acquire(
        upTo count: Int,
        _ request: BatchRequest,
        from source: some MetaSourceDescription,
        isDraining: Bool = false,
        after done: Batch.Done? = nil
    ) async throws -> (batches: [Batch], reason: NoBatchReason) {
        if let done, done.batch.execution == .atMostOnce {
            try await done.batch.succeed(done.ending)
        } else if let done {
            do {
                let answer = try await end(
                    done.ending,
                    andAcquire: count,
                    request,
                    from: source,
                    isDraining: isDraining
                )
                if let answer {
                    done.batch.reportSuccess(done.ending)
                    return answer
                }
            } catch {
                // Whether it has ended is not known; who has lost the batch is told that first.
                try await done.batch.succeed(done.ending)
                throw error
            }
            try await done.batch.succeed(done.ending)
        }
        let description = source
        let (request, source) = try await prepare(request, from: description)
        let key = request.key(of: source)
        if let reason = try await holdOfSource(key, source) { return ([], reason) }
        try await auditALittle(request, from: description)
        try await askKnownProbes(of: key)
        let asked = try await sized(request, from: source)
        return try await handOut(asked, from: source, batches: count, isDraining: isDraining)
    }

    /// Records that an attempt ended well and acquires batches, in one transaction.
    ///
    /// - Returns: The answer; `nil` when that cannot be one transaction, and nothing was done.
    /// - Throws: As ``acquire(_:from:)``; whether the attempt has ended is not known then.
    private func end(
        _ ending: AttemptSuccess,
        andAcquire count: Int,
        _ request: BatchRequest,
        from description: some MetaSourceDescription,
        isDraining: Bool
    ) async throws -> (batches: [Batch], reason: NoBatchReason)? {
        // A plan takes its time, and so may an audit: what has ended is recorded before. That of a
        // source without gaps reads up to the end of one batch.
        let opened = try await source(description)
        guard store.readsUnderLock(opened) || opened.isSeamless,
            !isAuditDue(request, from: opened), !areProbesDue(of: request.key(of: opened))
        else { return nil }
        let (request, source) = try await prepare(request, from: description)
        guard try await holdOfSource(request.key(of: source), source) == nil else { return nil }
        let asked = try await sized(request, from: source)
        do {
            return try await handOut(
                asked,
                from: source,
                batches: count,
                isDraining: isDraining,
                ending: ending
            )
        } catch is EndingRefused {
            return nil
        }
    }

    /// Checks a request, opens its source, and finds the ids where it is bounded by time.
    func prepare(
        _ request: BatchRequest,
        from description: some MetaSourceDescription
    ) async throws -> (request: BatchRequest, source: any MetaSource) {
        try request.validate()
        let source = try await source(description)
        try request.requireWeights(in: source.definition)
        try request.requireKey(in: source.definition)
        try request.requireNoLag(in: source.definition)
        try await requireName(of: request.key(of: source))
        try source.require(request.promise)
        try await requireNoLoop(from: source, to: request.job)
        return (try await requireTimed(request, in: source), source)
    }
}

extension Inventory {
    /// Refuses the name of a new run that would be taken for another; a run that is there, such as
    /// one that was made by an older program, goes on under its own, over new files, too.
    ///
    /// - Parameter key: The run; its source is not looked at.
    /// - Throws: ``TrancheError`` `.invalidArgument`, and of the store.
    package func requireName(of key: RunKey) async throws {
        do {
            try key.requireNewName()
        } catch {
            let named = RunSelection(job: key.job, run: key.run)
            let known = try await retrying { _ in
                try await store.runs(named, after: nil, limit: 1)
            }
            if known.isEmpty { throw error }
        }
    }
}

extension BatchRequest {
    /// The run that is asked for.
    func key(of source: any MetaSource) -> RunKey {
        RunKey(metaTable: source.definition.table, job: job, run: run)
    }
}
