public import Tranche

extension ForwardingStore {
    /// Passes the request on; see `OfferingStore`.
    public func offer(_ batches: [AttemptKey]) async throws -> [BatchRecord] {
        try await forward(.redrive) { try await base.offer(batches) }
    }

    /// Passes the request on; see `OfferingStore`.
    public func letThrough(_ batches: Int, of key: RunKey) async throws {
        try await forward(.change) { try await base.letThrough(batches, of: key) }
    }

    /// Passes the request on; see `ForgettingStore`.
    public func forget(_ selection: RunSelection, isDryRun: Bool) async throws -> ForgetReport {
        try await forward(.change) { try await base.forget(selection, isDryRun: isDryRun) }
    }
}
