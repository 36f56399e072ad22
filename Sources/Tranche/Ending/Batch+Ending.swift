public import FoundationEssentials

extension Batch {
    /// Records success, finally.
    ///
    /// - Parameters:
    ///   - result: What came out of it; kept as JSON. What not every reader takes, such as a text
    ///     with a NUL or more than 500 values within each other, is kept as a text that holds it.
    ///   - logging: Free text, kept with the batch.
    /// - Returns: The batch as recorded.
    /// - Throws: ``TrancheError`` `.batchLost` (conflict) when the batch was handed out again or
    ///   ended otherwise; nothing was changed then.
    @discardableResult
    public func succeed(result: (any Encodable)? = nil, logging: String? = nil) async throws
        -> BatchRecord
    {
        let text = try jsonText(of: result)
        return try await succeed(AttemptSuccess(holding, result: text, logging: logging))
    }

    /// Records success, finally, and acquires the next batch of the run: one transaction, where it
    /// can be.
    ///
    /// That it is where the inventory and the source are in the same database. The success is
    /// recorded whatever becomes of the acquire.
    ///
    /// - Parameters:
    ///   - result: What came out of it; kept as JSON.
    ///   - logging: Free text, kept with the batch.
    ///   - request: What is asked for; of the same job and run.
    ///   - source: Where the items are listed.
    /// - Returns: The next batch, or why there is none.
    /// - Throws: ``TrancheError`` as ``succeed(result:logging:)``, nothing being acquired then; or,
    ///   with the success recorded, as ``Inventory/acquire(_:from:)``.
    public func succeed(
        result: (any Encodable)? = nil,
        logging: String? = nil,
        thenAcquire request: BatchRequest,
        from source: some MetaSourceDescription
    ) async throws -> Acquired {
        let text = try jsonText(of: result)
        let ending = AttemptSuccess(holding, result: text, logging: logging)
        return try await inventory.acquire(
            request,
            from: source,
            isDraining: false,
            after: Done(self, ending)
        )
    }

    /// Records success of all items but the bad ones, finally: one transaction.
    ///
    /// The batch is split: the good items are a part that has succeeded, and are not worked on
    /// again; each bad one is quarantined.
    ///
    /// - Parameters:
    ///   - result: What came out of it; kept as JSON, with the good items too.
    ///   - reasons: What is wrong with each bad item, by its id; with none, all are good.
    /// - Returns: The batch as recorded.
    /// - Throws: As ``succeed(result:logging:)``; ``TrancheError`` `.invalidArgument` for a bad
    ///   item that is not the batch's.
    @discardableResult
    public func succeed(
        result: (any Encodable)? = nil,
        blaming reasons: [Int64: String]
    ) async throws -> BatchRecord {
        guard !reasons.isEmpty else { return try await succeed(result: result) }
        var success = BatchSuccess(result: try jsonText(of: result))
        success.parts = try await parts(doneBut: reasons.mapValues(Optional.some))
        return try await succeed(inPart: BatchFailure(inPart: success))
    }

    /// Records success of all items but the bad ones.
    @discardableResult
    package func succeed(inPart failure: BatchFailure) async throws -> BatchRecord {
        try await reporting(.succeeded, failure) {
            try await end {
                try await $0.requests.fail(AttemptFailure(holding, failure), of: record.key)
            }
        }
    }

    @discardableResult
    package func succeed(_ ending: AttemptSuccess) async throws -> BatchRecord {
        try await reporting(.succeeded) {
            try await end { try await $0.requests.succeed(ending) }
        }
    }

    /// A result as it is kept.
    package func jsonText(of result: (any Encodable)?) throws -> String? {
        try result.map {
            let text = try JSONText.encode($0)
            return StrictJSON.fault(in: text) == nil ? text : try JSONText.encode(text)
        }
    }

    /// Records failure; the run's policy says when the batch is tried again.
    ///
    /// An error that is a ``CategorizedError`` of the category transient says nothing about the
    /// items: it does not count towards splitting.
    ///
    /// - Parameters:
    ///   - error: What went wrong; its description is kept.
    ///   - badItems: The ids of the items to blame, when they are known: each is quarantined, and
    ///     all the rest is a batch again at once.
    /// - Returns: The batch as recorded.
    /// - Throws: As ``succeed(result:logging:)``; ``TrancheError`` `.invalidArgument` for a bad
    ///   item that is not the batch's.
    @discardableResult
    public func fail(_ error: any Error, badItems: Set<Int64> = []) async throws -> BatchRecord {
        try await fail(BatchFailure(error), badItems: badItems)
    }

    /// Records failure, and says what is wrong with each item to blame.
    ///
    /// Each of these is quarantined with its reason, and all the rest is a batch again at once.
    ///
    /// - Parameters:
    ///   - error: What went wrong; its description is kept.
    ///   - reasons: What is wrong with each item to blame, by its id; none of them blames none.
    /// - Returns: The batch as recorded.
    /// - Throws: As ``fail(_:badItems:)``.
    @discardableResult
    public func fail(_ error: any Error, blaming reasons: [Int64: String]) async throws
        -> BatchRecord
    {
        var failure = BatchFailure(error)
        if !reasons.isEmpty {
            failure.parts = try await parts(bad: reasons.mapValues(Optional.some))
        }
        return try await fail(failure)
    }

    /// Records failure; the run's policy says when the batch is tried again.
    ///
    /// - Parameters:
    ///   - message: What went wrong.
    ///   - result: What came out of it all the same; kept as JSON.
    ///   - badItems: The ids of the items to blame; as in ``fail(_:badItems:)``.
    /// - Returns: The batch as recorded.
    /// - Throws: As ``fail(_:badItems:)``.
    @discardableResult
    public func fail(
        _ message: String,
        result: (any Encodable)? = nil,
        badItems: Set<Int64> = []
    ) async throws -> BatchRecord {
        let text = try jsonText(of: result)
        return try await fail(BatchFailure(message, result: text), badItems: badItems)
    }

    private func fail(_ failure: BatchFailure, badItems: Set<Int64>) async throws -> BatchRecord {
        var failure = failure
        if !badItems.isEmpty {
            failure.parts = try await inventory.parts(of: record, bad: badItems, in: source)
        }
        return try await fail(failure)
    }

    /// A failure, with what is wrong with each item to blame.
    ///
    /// - Parameters:
    ///   - error: What went wrong.
    ///   - reasons: What is wrong with the items to blame: each is quarantined.
    ///   - early: Items that are a batch of their own, since others must come first.
    /// - Returns: The failure, with the parts that the batch falls into.
    /// - Throws: ``TrancheError`` `.invalidArgument` for an item that is not the batch's.
    package func failure(
        _ error: any Error,
        reasons: [Int64: String],
        early: Set<Int64> = []
    ) async throws -> BatchFailure {
        var failure = BatchFailure("\(error)")
        let bad = Set(reasons.keys).subtracting(early)
        var later = BatchPart(ids: IDRuns(), weight: 0)
        let parts = try await inventory.parts(of: record, bad: bad.union(early), in: source)
        for var part in parts {
            guard part.isBad, let id = part.ids.first else {
                failure.parts.append(part)
                continue
            }
            if early.contains(id) {
                later.ids = later.ids.union(part.ids)
                later.weight += part.weight
            } else {
                part.reason = reasons[id]
                failure.parts.append(part)
            }
        }
        if !early.isEmpty { failure.parts.append(later) }
        return failure
    }

    /// Records failure; one that names parts has them.
    @discardableResult
    package func fail(_ failure: BatchFailure) async throws -> BatchRecord {
        try await reporting(.failed, failure) {
            try await end {
                try await $0.requests.fail(AttemptFailure(holding, failure), of: record.key)
            }
        }
    }

    /// Gives the batch back unharmed: it is offered again at once.
    ///
    /// One that has begun, see ``begin()``, is failed for good by that, with ``BatchCause/begun``.
    ///
    /// - Returns: The batch as recorded.
    /// - Throws: As ``succeed(result:logging:)``.
    @discardableResult
    public func release() async throws -> BatchRecord {
        let record = try await reportingLoss {
            try await end { try await $0.store.release(holding) }
        }
        reportEnd(of: record)
        return record
    }

    /// Gives the batch back until later, since what it needs asked to be left alone for a while.
    ///
    /// No failure is counted, unless that happens ``BatchDeferral/most`` times in a row or for
    /// ``BatchDeferral/longestRow``: then it is recorded as one.
    ///
    /// - Parameters:
    ///   - budget: The budget that is parked as long, so that nobody else tries meanwhile.
    ///   - wait: How long to wait; 1 s to 15 min.
    ///   - reason: The reason; kept with the attempt.
    /// - Returns: The batch as recorded.
    /// - Throws: As ``succeed(result:logging:)``; ``TrancheError`` `.unknownBudget` for a budget
    ///   that the run does not refer to: the batch is given back all the same.
    @discardableResult
    public func release(
        parking budget: String? = nil,
        for wait: Duration,
        reason: String = ""
    ) async throws -> BatchRecord {
        let deferral = BatchDeferral(for: wait, parking: budget, reason: reason)
        let deferred = try await release(deferral)
        if let complaint = deferred.complaint { throw TrancheError(.unknownBudget, complaint) }
        return deferred.record
    }

    /// Gives the batch back until later; see ``release(parking:for:reason:)``.
    package func release(_ deferral: BatchDeferral) async throws -> DeferredBatch {
        // Up to a fifth of the time more: those that were told the same do not try all at once.
        let jitter = deferral.wait * inventory.configuration.randomness() / 5
        let note = ChangeNote(by: inventory.configuration.worker, reason: deferral.reason)
        let deferred = try await reportingLoss {
            try await end { inventory in
                try await inventory.store.release(holding, deferral, jitter: jitter, note)
            }
        }
        reportEnd(of: deferred.record)
        return deferred
    }

    /// Extends the lease.
    ///
    /// - Returns: When the lease ends now, by the inventory's clock.
    /// - Throws: As ``succeed(result:logging:)``.
    @discardableResult
    public func heartbeat() async throws -> Date {
        let end = try await reportingLoss {
            try await inventory.retrying(within: lease) { _ in
                try await inventory.requests.heartbeat(holding)
            }
        }
        inventory.events?.report(.heartbeat, record) { $0.until = end }
        return end
    }

    /// Writes an end even when the task was cancelled meanwhile.
    private func end<Ended: Sendable>(
        _ body: @escaping @Sendable (Inventory) async throws -> Ended
    ) async throws -> Ended {
        let inventory = inventory
        let limit = inventory.endingLimit(lease)
        do {
            return try await inventory.retrying(within: limit) { _ in
                try await body(inventory)
            }
        } catch is CancellationError {
            // What was decided is still written, in a task that is not cancelled. Whether the first
            // request came through does not matter: an end may be repeated.
            return try await Task {
                try await inventory.retrying(within: limit) { _ in try await body(inventory) }
            }.value
        }
    }
}
