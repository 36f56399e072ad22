import Foundation
import Tranche

extension MemoryTables {
    /// Keeps a description of a run, and limits it; see `WorkflowStore`.
    mutating func begin(
        _ request: AcquireRequest,
        _ workflow: WorkflowBeginning,
        now: Date
    ) throws -> WorkflowRecord? {
        let key = request.key
        let found = try findOrMakeRun(request, now: now)
        let known = self.workflow(of: key)
        if let known, known.digest == workflow.digest { return known }
        guard known?.digest == workflow.former else { return nil }
        keep(found)
        try limit(key, workflow, now: now)
        try found.require(noOpenBatchFor: request.policy, isOpen: hasOpenBatch(key))
        try changeRun(key) { $0.policy = request.policy }
        let made = WorkflowRecord(
            key: key,
            generation: (known?.generation ?? 0) + 1,
            digest: workflow.digest,
            text: workflow.text,
            startedBy: workflow.note.by,
            startedAt: now
        )
        workflows.append(made)
        return made
    }

    /// Limits a run as a description says, where that differs from the description before.
    private mutating func limit(
        _ key: RunKey,
        _ asked: WorkflowBeginning,
        now: Date
    ) throws {
        let (limits, former, note) = (asked.limits, asked.formerLimits, asked.note)
        if Set(limits.budgets) != Set(former.budgets) {
            try setBudgets(limits.budgets, of: key, note, now: now)
        }
        if limits.parallelism != former.parallelism {
            try setParallelism(limits.parallelism, of: key, note, now: now)
        }
        if limits.perKey != former.perKey {
            try setPerKey(limits.perKey, of: key, note, now: now)
        }
        let (rank, last) = (limits.rank, former.rank)
        try setRank(
            share: rank.share == last.share ? nil : rank.share,
            priority: rank.priority == last.priority ? nil : rank.priority,
            of: key,
            note,
            now: now
        )
    }

    /// The last description of a run.
    func workflow(of key: RunKey) -> WorkflowRecord? {
        workflows.last { $0.key == key }
    }

    /// Why a request gets nothing that carries another workflow than the run's.
    func superseding(_ request: AcquireRequest) -> NoBatchReason? {
        guard let digest = request.workflow else { return nil }
        let last = workflow(of: request.key)
        return last?.digest == digest ? nil : .superseded(by: last?.generation ?? 0)
    }
}
