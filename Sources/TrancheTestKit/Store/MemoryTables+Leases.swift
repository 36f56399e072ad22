import Foundation
import Tranche

extension MemoryTables {
    /// The batches of a run that are held or are offered again, the next first.
    func openBatches(of key: RunKey, heldAt place: String?, limit: Int) -> [OpenBatch] {
        let open = rows.filter { $0.batch.key == key }
            .map { OpenBatch($0.batch, token: $0.token) }
            .filter { open in
                open.offeredAt != nil && (place == nil || open.process?.place == place)
            }
        func order(_ open: OpenBatch) -> (Date, Int64) {
            (open.offeredAt ?? .distantFuture, open.batch.id)
        }
        return Array(open.sorted { order($0) < order($1) }.prefix(limit))
    }

    /// Ends the lease of an attempt now.
    mutating func endLease(of holding: AttemptKey, because words: String?, now: Date) -> Bool {
        guard isHeld(holding), var batch = batch(holding.batch),
            let end = batch.leaseExpiresAt, end > now
        else { return false }
        batch.leaseExpiresAt = now
        batch.logging = words ?? batch.logging
        keep(batch)
        return true
    }
}
