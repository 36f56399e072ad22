import Foundation
import Tranche

extension MemoryTables {
    /// Notes that work on a batch begins; see `BeginningStore`.
    mutating func begin(_ holding: AttemptKey, token: String, now: Date) throws -> Date {
        var batch = try find(holding)
        guard batch.status == .running, batch.attempt == holding.attempt else {
            throw lost(holding, batch)
        }
        if batch.begunAt != nil, begunToken(of: batch.id) != token { throw batch.begunBefore }
        guard let end = batch.leaseExpiresAt, end > now else { throw batch.leaseOver }
        let expiry = now.advanced(by: try policy(of: holding).lease)
        batch.begunAt = batch.begunAt ?? now
        batch.leaseExpiresAt = expiry
        keepBegun(batch, token)
        return expiry
    }

    /// Takes back that work on a batch begins.
    mutating func takeBackBegin(_ holding: AttemptKey, token: String) {
        guard isHeld(holding), begunToken(of: holding.batch) == token,
            var batch = batch(holding.batch)
        else { return }
        batch.begunAt = nil
        keepBegun(batch, nil)
    }

    private func begunToken(of id: Int64) -> String? {
        rows.first { $0.batch.id == id }?.begunToken
    }

    private mutating func keepBegun(_ batch: BatchRecord, _ token: String?) {
        for index in rows.indices where rows[index].batch.id == batch.id {
            rows[index].batch = batch
            rows[index].begunToken = token
        }
    }
}
