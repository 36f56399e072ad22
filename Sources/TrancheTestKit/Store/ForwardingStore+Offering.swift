public import Tranche

extension ForwardingStore {
    /// Passes the request on; see `OfferingStore`.
    public func offer(_ batches: [AttemptKey], _ note: ChangeNote?) async throws -> [BatchRecord] {
        try await forward(.redrive) { try await base.offer(batches, note) }
    }

    /// Passes the request on; see `OfferingStore`.
    public func release(_ holdings: [AttemptKey], _ note: ChangeNote) async throws -> [BatchRecord]
    {
        try await forward(.release) { try await base.release(holdings, note) }
    }

    /// Passes the request on; see `OfferingStore`.
    public func letThrough(
        _ batches: Int,
        of key: RunKey,
        _ note: ChangeNote?
    ) async throws {
        try await forward(.change) { try await base.letThrough(batches, of: key, note) }
    }

    /// Passes the request on; see `ForgettingStore`.
    public func forget(_ selection: RunSelection, isDryRun: Bool) async throws -> ForgetReport {
        try await forward(.change) { try await base.forget(selection, isDryRun: isDryRun) }
    }
}
