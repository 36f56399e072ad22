import Foundation
import Tranche

extension MemoryTables {
    /// Makes a run without handing anything out; see `WorkflowStore`.
    mutating func begin(_ request: AcquireRequest, now: Date) throws {
        keep(try findOrMakeRun(request, now: now))
    }

    /// Keeps a description of a run; see `WorkflowStore`.
    mutating func describe(_ made: WorkflowRecord, policy: RunPolicy) throws -> WorkflowRecord {
        guard var run = run(made.key) else {
            throw TrancheError(.unknownRun, "there is no \(made.key)")
        }
        let known = workflow(of: made.key)
        if let known, known.digest == made.digest { return known }
        try run.require(noOpenBatchFor: policy, isOpen: hasOpenBatch(made.key))
        run.policy = policy
        keep(run)
        var made = made
        made.generation = (known?.generation ?? 0) + 1
        workflows.append(made)
        return made
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
