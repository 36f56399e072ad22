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
        handOut?.end(name, record, failure)
        return record
    }

    /// Asks for something of the batch, and reports when that shows that the batch is lost.
    func reportingLoss<R>(_ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let error as TrancheError where error.isLoss {
            handOut?.end(.lost, record, message: error.message)
            throw error
        }
    }

    /// Reports a success that was recorded with the acquire of the next batch.
    func reportSuccess(_ ending: AttemptSuccess) {
        guard let handOut else { return }
        var ended = record
        ended.status = .succeeded
        ended.endedAt = inventory.now
        ended.leaseExpiresAt = nil
        ended.result = ending.result
        ended.logging = ending.logging
        handOut.end(.succeeded, ended)
    }

    /// Reports that a batch was given back, or has failed by that.
    func reportEnd(of record: BatchRecord) {
        let name: InventoryEvent.Name = record.status == .released ? .released : .failed
        handOut?.end(name, record, message: record.logging)
    }
}
