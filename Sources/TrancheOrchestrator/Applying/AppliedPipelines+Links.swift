import Tranche

extension AppliedPipelines {
    /// Gives the runs of links that were changed, or are in the file again, what now limits them.
    ///
    /// A link that the file leaves as it was keeps what somebody has set by hand. The policy
    /// follows when the link is run.
    ///
    /// - Returns: What else there is to know, in lines.
    /// - Throws: ``GraphError``; `TrancheError` of the store.
    func follow(_ changes: [PipelineChange], in pipeline: Pipeline) async throws -> [String] {
        let links = changes.filter { $0.part == "link" }
        let kinds = Dictionary(links.map { ($0.name, $0.kind) }) { first, _ in first }
        var notes: [String] = []
        for job in try pipeline.graph.jobs {
            for run in try await inventory.runs(RunSelection(job: job.name))
            where run.key.run.isEmpty {
                let kind = kinds[job.link.name]
                if kind == .changed { try await limit(run.key, job.link) }
                if kind == .added, try await !isLimited(run, job.link) {
                    try await limit(run.key, job.link)
                    notes.append(
                        "\(job.name) goes on with the run that it had, with the limits that the "
                            + "file says now"
                    )
                }
                guard run.cancellation != nil else { continue }
                notes.append(
                    "\(job.name) was cancelled, and stays so until 'tranche resume --job "
                        + "\(job.name)'"
                )
            }
        }
        return notes
    }

    /// Whether a run has the limits of a link.
    private func isLimited(_ run: RunRecord, _ link: Link) async throws -> Bool {
        let limits = link.runLimits ?? RunLimits()
        // Of a run that names none the budget of all is one, too.
        let budgets = try await inventory.budgets(of: run.key).filter {
            $0.owner.name != "*" || limits.budgets.contains("*")
        }
        let own = budgets.first { $0.owner == .run(run.key) }
        return own?.limits.batches == limits.parallelism && run.rank == limits.rank
            && Set(budgets.compactMap(\.owner.name)) == Set(limits.budgets)
    }

    private func limit(_ key: RunKey, _ link: Link) async throws {
        let limits = link.runLimits ?? RunLimits()
        let reason = "the pipeline's file was applied"
        try await inventory.setParallelism(limits.parallelism, of: key, reason: reason)
        try await inventory.setBudgets(limits.budgets, of: key, reason: reason)
        try await inventory.setRank(
            share: limits.rank.share,
            priority: limits.rank.priority,
            of: key,
            reason: reason
        )
    }

    // MARK: - Refusing

    /// Refuses budgets of links that neither the file sets nor the inventory has: no run could
    /// begin under them.
    ///
    /// - Throws: `TrancheError` `.unknownBudget`.
    func requireBudgets(_ pipeline: Pipeline) async throws {
        var known = Set(pipeline.budgets.map(\.name))
        known.formUnion(try await inventory.budgets().compactMap(\.owner.name))
        for link in pipeline.links {
            for name in link.limits?.budgets ?? [] where !known.contains(name) {
                throw TrancheError(
                    .unknownBudget,
                    "link '\(link.name)' has budget '\(name)', which there is not: name it under "
                        + "'budgets', or make it with 'tranche budget set \(name)'"
                )
            }
        }
    }

    /// Refuses names that another pipeline has applied: both would work on the same events.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`.
    func requireOwnNames(_ pipeline: Pipeline) async throws {
        for record in try await inventory.pipelines() where record.name != pipeline.name {
            guard let text = record.text else { continue }
            let other = try PipelineDescription(kept: text)
            guard let part = pipeline.description.clash(with: other) else { continue }
            throw TrancheError(
                .invalidArgument,
                "\(part) belongs to pipeline '\(record.name)', which is applied: both would work "
                    + "on the same events; give it another name, or take that pipeline away with "
                    + "'tranche pipeline remove \(record.name)'"
            )
        }
    }
}
