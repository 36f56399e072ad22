import Tranche
import TrancheConnectors

/// Keeping the runs of links as the pipeline says now.
extension Orchestrator {
    /// Holds the run of an ordered link to one batch at a time, which one that was begun before it
    /// was ordered, or was set otherwise by hand, is not.
    ///
    /// - Throws: `TrancheError` of the store.
    func keepOrder(of job: String) async throws {
        for run in try await inventory.runs(RunSelection(job: job)) where run.key.run.isEmpty {
            let own = try await inventory.budgets(of: run.key).first { $0.owner == .run(run.key) }
            guard own?.limits.batches ?? .max > 1 else { continue }
            try await inventory.setParallelism(1, of: run.key, reason: "the link is ordered")
        }
    }

    /// Gives the run of a link the policy and the target that the link has now.
    ///
    /// One that cannot be changed just now, as while batches are held that may be repeated, goes on
    /// with its own, which is told.
    func follow(_ request: BatchRequest, of job: String) async {
        do {
            for run in try await inventory.runs(RunSelection(job: job)) where run.key.run.isEmpty {
                let policy = run.policy == request.policy ? nil : request.policy
                var definition = try run.definition.map {
                    try JSONText.decode(SourceDefinition.self, from: $0)
                }
                // The sink of a link may change: what it writes from now on goes there.
                let none = definition?.target == nil ? nil : SinkTarget("none").text
                let target = request.target ?? none
                let hasMoved = definition != nil && definition?.target != target
                definition?.target = target
                guard policy != nil || hasMoved else { continue }
                try await inventory.redefine(
                    run.key,
                    definition: hasMoved ? definition : nil,
                    policy: policy
                )
            }
        } catch {
            reports.note(OrchestratorError(job, "what it was begun with stays", error))
        }
    }
}
