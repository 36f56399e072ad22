import Foundation
import Tranche

extension MemoryTables {
    /// Begins a run anew, and keeps what it was under another name.
    ///
    /// - Returns: What names it now.
    mutating func restart(
        _ key: RunKey,
        standing: SourceStanding,
        now: Date
    ) throws -> RunKey {
        guard let run = run(key) else { throw TrancheError(.unknownRun, "there is no \(key)") }
        let siblings = runs.filter { $0.key.metaTable == key.metaTable && $0.key.job == key.job }
        let former = key.nameOfFormer(besides: Set(siblings.map(\.key.run)))
        for index in runs.indices where runs[index].key == key {
            runs[index].key = former
            runs[index].pauseReason = RunKey.reasonOfFormer
            runs[index].letThrough = 0
        }
        for index in rows.indices where rows[index].batch.key == key {
            rows[index].batch.key = former
        }
        sizings[former] = sizings.removeValue(forKey: key)
        for index in archive.indices where archive[index].key == key { archive[index].key = former }
        for index in gaps.indices where gaps[index].key == key { gaps[index].key = former }
        keep(
            RunRecord(
                key: key,
                definition: run.definition,
                bounds: run.bounds,
                policy: run.policy,
                pauseReason: run.pauseReason,
                rootIDs: run.rootIDs,
                isUpstream: run.isUpstream,
                standing: standing,
                createdAt: now,
                budgetSet: run.budgetSet,
                rank: run.rank,
                perKey: run.perKey,
                cancellation: run.cancellation
            )
        )
        return former
    }
}
