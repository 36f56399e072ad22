import FoundationEssentials

extension Inventory {
    /// Tells which batch a request would be given next, and hands out none; nothing is written.
    ///
    /// It leaves out of account what pauses, budgets, probes and open transactions hold back.
    ///
    /// - Parameters:
    ///   - request: What would be asked for.
    ///   - description: Where the items are listed.
    /// - Returns: The batch, which nobody holds under its attempt, and which has the number 0 where
    ///   it is new, `nil` where none is due and there are no new items; and the forecast behind it.
    /// - Throws: As ``plan(_:from:batches:)``.
    package func preview(
        _ request: BatchRequest,
        from description: some MetaSourceDescription
    ) async throws -> (batch: Batch?, forecast: Forecast) {
        let forecast = try await plan(request, from: description, batches: 1)
        let source = try await source(description)
        let asked = try storeRequest(request, from: source, batches: 1)
        let run = try await runs(RunSelection(asked.key)).first
        let policy = run?.policy ?? request.policy
        let now = self.now
        guard let slot = asked.slots.first else { return (nil, forecast) }
        let leaseEnd = now.addingTimeInterval(policy.lease.seconds)
        if let due = forecast.due(at: now) {
            let record = asked.nextAttempt(at: due, for: slot, now: now, leaseEnd: leaseEnd)
            let batch = Batch(.init(record, by: policy), source: source, inventory: self)
            return (batch, forecast)
        }
        let record = forecast.ranges.first.flatMap { range in
            asked.newBatch(
                range,
                as: asked.kind,
                for: slot,
                after: range.coverStart,
                now: now,
                leaseEnd: leaseEnd
            )
        }
        guard let record else { return (nil, forecast) }
        let items = forecast.ranges.first?.items
        let batch = Batch(.init(record, by: policy, items: items), source: source, inventory: self)
        return (batch, forecast)
    }
}

extension Inventory.Forecast {
    /// The batch that is offered first, of those that may be handed out again by now.
    fileprivate func due(at now: Date) -> BatchRecord? {
        let due = open.compactMap { batch -> (at: Date, batch: BatchRecord)? in
            guard let at = batch.dueAt, at <= now else { return nil }
            return (at, batch)
        }
        return due.min { ($0.at, $0.batch.id) < ($1.at, $1.batch.id) }?.batch
    }
}

extension BatchRecord {
    /// When an open batch may be handed out again.
    fileprivate var dueAt: Date? {
        switch status {
        case .running: leaseExpiresAt
        case .released: retryAt ?? .distantPast
        case .failed: retryAt
        case .succeeded, .split, .quarantined: nil
        }
    }
}
