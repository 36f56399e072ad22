extension Batch {
    /// Asks for the end of the batch, and reports how it ended.
    ///
    /// - Parameters:
    ///   - name: How it ends.
    ///   - failure: How it failed.
    ///   - body: The request.
    /// - Returns: The batch as recorded.
    /// - Throws: What `body` throws.
    package func reporting(
        _ name: InventoryEvent.Name,
        _ failure: BatchFailure? = nil,
        _ body: () async throws -> BatchRecord
    ) async throws -> BatchRecord {
        let record = try await reportingLoss(body)
        report(name, record, failure)
        return record
    }

    /// Asks for something of the batch, and reports when that shows that the batch is lost.
    func reportingLoss<R>(_ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let error as TrancheError where error.isLoss {
            reportEnd(.lost, record, message: error.message)
            throw error
        }
    }

    /// Reports a success that was recorded with the acquire of the next batch.
    func reportSuccess(_ ending: AttemptSuccess) {
        guard inventory.events != nil else { return }
        var ended = record
        ended.status = .succeeded
        ended.endedAt = inventory.now
        ended.leaseExpiresAt = nil
        ended.result = ending.result
        ended.logging = ending.logging
        reportEnd(.succeeded, ended)
    }

    /// Reports that a batch was given back, or has failed by that.
    func reportEnd(of record: BatchRecord) {
        reportEnd(record.status == .released ? .released : .failed, record, message: record.logging)
    }

    private func report(
        _ name: InventoryEvent.Name,
        _ record: BatchRecord,
        _ failure: BatchFailure?
    ) {
        guard let events = inventory.events,
            reportEnd(name, record, message: failure?.message),
            let failure
        else { return }
        if record.status == .split {
            events.report(.split, record) { $0.count = failure.parts.count }
        }
        let bad = record.status == .quarantined ? record.count : failure.parts.count(where: \.isBad)
        if bad > 0 { events.report(.quarantined, record) { $0.count = bad } }
    }

    /// Reports the end of the hand-out.
    ///
    /// - Returns: Whether it had not ended before.
    @discardableResult
    private func reportEnd(
        _ name: InventoryEvent.Name,
        _ record: BatchRecord,
        message: String? = nil
    ) -> Bool {
        guard let events = inventory.events, let duration = watch?.end(at: events.elapsed) else {
            return false
        }
        events.report(name, record) { event in
            event.duration = duration
            event.message = message
        }
        return true
    }
}
