import Foundation
import Tranche

extension MemoryTables {
    /// What is held of each key of a run.
    func heldKeys(of key: RunKey, now: Date) -> [ItemKey: KeyUse] {
        var held: [ItemKey: KeyUse] = [:]
        for batch in batches(of: key) where batch.status == .running {
            let key = ItemKey(batch.itemKey)
            held[key, default: KeyUse()].batches += 1
            if !batch.isDue(at: now) { held[key, default: KeyUse()].leased += 1 }
        }
        return held
    }

    /// Whether so many other batches of a batch's key are held as may be.
    func isKeyFull(without batch: BatchRecord, now: Date) -> Bool {
        guard let most = run(batch.key)?.perKey else { return false }
        let others = batches(of: batch.key).filter { other in
            other.id != batch.id && other.status == .running && !other.isDue(at: now)
                && ItemKey(other.itemKey) == ItemKey(batch.itemKey)
        }
        return others.count >= most
    }

    /// Says how many batches of one key of a run may be held.
    mutating func setPerKey(
        _ batches: Int?,
        of key: RunKey,
        _ note: ChangeNote,
        now: Date
    ) throws {
        guard let run = run(key) else { throw TrancheError(.unknownRun, "there is no \(key)") }
        try run.requireKeyColumn(for: batches)
        if run.perKey == batches { return }
        try changeRun(key) { $0.perKey = batches }
        let (from, to) = (run.perKey.map { String($0) }, batches.map { String($0) })
        add(.run(key), "per key", from: from, to: to, note, now: now)
    }
}
