public import Tranche

/// The pipelines that are applied to an inventory: what of a file is run, by whatever machine.
///
/// A pipeline is applied under a name, and each description of it has a generation, which rises by
/// compare and set. Processes that run an earlier one see that and end.
public struct AppliedPipelines: Sendable {
    /// Where they are kept.
    public let inventory: Inventory

    /// Makes it of an inventory.
    public init(_ inventory: Inventory) {
        self.inventory = inventory
    }

    /// Compares a pipeline with what is applied under its name.
    ///
    /// - Parameters:
    ///   - pipeline: The pipeline.
    ///   - overwrites: Whether budgets that somebody has set by hand are set to what the file says.
    /// - Returns: What applying it would change.
    /// - Throws: `TrancheError` of the store.
    public func difference(
        of pipeline: Pipeline,
        overwritingBudgets overwrites: Bool = false
    ) async throws -> PipelineDifference {
        let record = try await inventory.pipeline(named: pipeline.name)
        let former = try record?.text.map { try PipelineDescription(kept: $0) }
        return PipelineDifference(
            name: pipeline.name,
            record: record,
            description: pipeline.description,
            changes: pipeline.description.changes(since: former),
            budgets: try await budgets(
                of: pipeline,
                since: try record?.text.map { try PipelineReader.budgets(kept: $0) } ?? [],
                overwrites
            )
        )
    }

    private func budgets(
        of pipeline: Pipeline,
        since former: [PipelineBudget],
        _ overwrites: Bool
    ) async throws -> [BudgetDifference] {
        if pipeline.budgets.isEmpty { return [] }
        let known = try await inventory.budgets()
        var differences: [BudgetDifference] = []
        for budget in pipeline.budgets {
            var difference = BudgetDifference(
                budget.name,
                budget.limits,
                after: former.first { $0.name == budget.name }?.limits,
                known: known.first { $0.owner == .name(budget.name) }?.limits,
                overwrites: overwrites
            )
            if difference.action == .keep || difference.action == .conflict {
                let changes = try await inventory.changes(.of(.name(budget.name)), limit: 20)
                difference.setBy = changes.first { $0.what == "limits" }?.note.by
            }
            differences.append(difference)
        }
        return differences
    }

    /// The places of the databases that applied pipelines name, each once.
    ///
    /// - Returns: The places, of which nothing is looked up yet.
    /// - Throws: `TrancheError` of the store.
    public func databases() async throws -> [SecretPlace] {
        var places: [SecretPlace] = []
        for database in try await namedDatabases() where !places.contains(database.place) {
            places.append(database.place)
        }
        return places
    }

    /// The databases that applied pipelines name, with who names them.
    ///
    /// - Returns: The databases, of which nothing is looked up yet.
    /// - Throws: `TrancheError` of the store.
    package func namedDatabases() async throws -> [AppliedDatabase] {
        var databases: [AppliedDatabase] = []
        for record in try await inventory.pipelines() {
            guard let text = record.text else { continue }
            databases += try PipelineReader.databases(kept: text).map { name, place in
                AppliedDatabase(pipeline: record.name, name: name, place: place)
            }
        }
        return databases
    }

    /// Applies a pipeline: sets its budgets, and keeps its description as the next generation.
    ///
    /// What is applied already raises nothing.
    ///
    /// - Parameters:
    ///   - pipeline: The pipeline.
    ///   - expected: The generation that must be applied now, 0 for none; `nil` (the default) for
    ///     whatever is.
    ///   - overwrites: Whether budgets that somebody has set by hand are set to what the file says.
    ///   - reason: The reason.
    /// - Returns: The description as it is kept, and what it changed.
    /// - Throws: `TrancheError` `.redefined` where another generation is applied than is expected,
    ///   or where somebody has set a budget by hand of which the file says something new;
    ///   `.invalidArgument` for an input or a link that another pipeline has; `.unknownBudget`.
    public func apply(
        _ pipeline: Pipeline,
        expecting expected: Int? = nil,
        overwritingBudgets overwrites: Bool = false,
        reason: String? = nil
    ) async throws -> (record: PipelineRecord, difference: PipelineDifference) {
        while true {
            try Task.checkCancellation()
            var difference = try await difference(of: pipeline, overwritingBudgets: overwrites)
            if !difference.isApplied {
                try await requireOwnNames(pipeline)
                try await requireBudgets(pipeline)
            }
            try Self.require(expected, difference)
            let conflicts = difference.budgets.filter { $0.action == .conflict }
            guard conflicts.isEmpty else {
                let words = conflicts.map(\.description).joined(separator: "; ")
                throw TrancheError(.redefined, "nothing was applied: \(words)")
            }
            // Before the description: said again after a fault between, all is as it should be.
            for budget in difference.budgets where budget.action == .set {
                try await inventory.change(
                    budget: budget.name,
                    .replace(budget.known, by: budget.limits),
                    reason: reason ?? "pipeline \(pipeline.name)"
                )
            }
            let beginning = PipelineBeginning(
                name: pipeline.name,
                digest: difference.description.digest,
                text: difference.description.text,
                after: difference.generation,
                note: ChangeNote(by: inventory.configuration.worker, reason: reason)
            )
            difference.notes = try await follow(difference.changes, in: pipeline)
            if let record = try await inventory.apply(beginning) { return (record, difference) }
            try await putBack(difference.budgets, of: pipeline)
        }
    }

    /// Puts the budgets back that were set for a description that another one was faster than.
    ///
    /// What that one, or somebody, has set meanwhile stays.
    private func putBack(_ budgets: [BudgetDifference], of pipeline: Pipeline) async throws {
        for budget in budgets where budget.action == .set {
            guard let known = budget.known else { continue }
            do {
                try await inventory.change(
                    budget: budget.name,
                    .replace(budget.limits, by: known),
                    reason: "another generation of pipeline \(pipeline.name) was applied meanwhile"
                )
            } catch let error as TrancheError where error.code == .redefined {
                continue
            }
        }
    }

    private static func require(_ expected: Int?, _ difference: PipelineDifference) throws {
        guard let expected, expected != difference.generation else { return }
        let applied =
            difference.record.map { "generation \($0.generation)\($0.byWhom) is" } ?? "none is"
        throw TrancheError(
            .redefined,
            "generation \(expected) of pipeline '\(difference.name)' was expected, and \(applied) "
                + "applied; look at 'tranche pipeline history \(difference.name)', and apply again"
        )
    }

    // MARK: - Watching

    /// Waits until another description than one is applied under its name.
    ///
    /// What cannot be read is looked at again: the work that goes on tells of an inventory that is
    /// gone.
    ///
    /// - Parameters:
    ///   - record: The description by which somebody runs.
    ///   - interval: How often to look; 5 s by default.
    /// - Returns: The newer one, which may say that the pipeline was removed.
    /// - Throws: `CancellationError`.
    public func successor(
        of record: PipelineRecord,
        lookingEach interval: Duration = .seconds(5)
    ) async throws -> PipelineRecord {
        while true {
            try await inventory.configuration.clock.sleep(for: interval)
            do {
                if let last = try await inventory.pipeline(named: record.name),
                    last.generation != record.generation
                {
                    return last
                }
            } catch is TrancheError {
                try Task.checkCancellation()
            }
        }
    }
}

extension PipelineRecord {
    /// The author that applied it, as words behind something else; empty if not known.
    public var byWhom: String { note.by.map { " by \($0)" } ?? "" }
}
