import Tranche
import TrancheOrchestrator

/// Sees to it that what is run of a file is what is applied under the pipeline's name.
struct ApplyingRun: Sendable {
    let file: PipelineFile
    /// Whether a file that differs is applied.
    let applies: Bool

    /// The description that is applied, which is the file's.
    ///
    /// - Parameters:
    ///   - pipeline: What the file says.
    ///   - inventory: Where it is applied.
    ///   - context: Shows what is applied.
    ///   - check: Finds what would keep the file from running, before it is applied: who runs what
    ///     is applied now would end for it.
    /// - Returns: The description.
    /// - Throws: ``SupersededError`` for a file that is not what is applied; `TrancheError`.
    func record(
        of pipeline: Pipeline,
        _ inventory: Inventory,
        _ context: Context,
        check: () async throws -> Void
    ) async throws -> PipelineRecord {
        let applied = AppliedPipelines(inventory)
        let difference = try await applied.difference(of: pipeline)
        if let record = difference.record, difference.isApplied { return record }
        guard applies || difference.record == nil else {
            throw try refusal(of: difference, context)
        }
        try await check()
        // Whoever was faster has applied something: it is looked at again.
        let expected = applies ? nil : 0
        let (record, made): (PipelineRecord, PipelineDifference)
        do {
            (record, made) = try await applied.apply(pipeline, expecting: expected)
        } catch let error as TrancheError where error.code == .redefined && !applies {
            let difference = try await applied.difference(of: pipeline)
            guard let record = difference.record, difference.generation > 0 else { throw error }
            if difference.isApplied { return record }
            throw try refusal(of: difference, context)
        }
        try context.note(
            "\(file.path) is applied as generation \(record.generation) of pipeline "
                + "'\(record.name)'"
        )
        if difference.record != nil { for line in made.lines { try context.note(line) } }
        for line in made.notes { try context.note(line) }
        return record
    }

    /// Tells what differs.
    private func refusal(
        of difference: PipelineDifference,
        _ context: Context
    ) throws -> SupersededError {
        let name = difference.name
        guard let record = difference.record, !record.isRemoved else {
            let who = difference.record?.byWhom ?? ""
            return SupersededError(
                "pipeline '\(name)' was removed\(who); 'tranche apply \(file.path)' applies it "
                    + "again, and so does --apply"
            )
        }
        for line in difference.lines { try context.note(line) }
        return SupersededError(
            "\(file.path) is not the file applied as generation \(record.generation) of pipeline "
                + "'\(name)'\(record.byWhom): 'tranche apply \(file.path)' applies it, and so does "
                + "--apply; for a pipeline of its own, give it and its inputs other names"
        )
    }
}

/// That a file is not what is applied under the pipeline's name, or is that no longer.
struct SupersededError: Error, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// That another description than one is applied.
    init(_ record: PipelineRecord, by newer: PipelineRecord) {
        let words =
            newer.isRemoved
            ? "was removed" : "is superseded by generation \(newer.generation)"
        let subject = "generation \(record.generation) of pipeline '\(record.name)'"
        self.init("\(subject) \(words)\(newer.byWhom)")
    }
}

extension PipelineDifference {
    /// The differences, in lines.
    var lines: [String] {
        changes.map { HumanText.oneLine($0.description) }
            + budgets.map(\.description).filter { !$0.isEmpty }
    }

    /// What becomes of what was removed, in lines.
    var advice: [String] {
        let jobs = removedJobs.map { name in
            "the runs of \(name) stay, with what they have done; 'tranche cancel --job \(name)' ends "
                + "them, so that they hold back no events"
        }
        let budgets = changes.filter { $0.part == "budget" && $0.kind == .removed }.map { change in
            "budget \(change.name) stays; 'tranche budget remove \(change.name)' removes it"
        }
        return jobs + budgets
    }
}
