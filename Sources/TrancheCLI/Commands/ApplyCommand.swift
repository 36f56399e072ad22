import Tranche
import TrancheOrchestrator

/// Applies a pipeline's file, and shows what that changes.
struct ApplyCommand: Command {
    static let description = CommandDescription(
        name: "apply",
        summary: "Apply the file of a pipeline under its name, and show what differs",
        isUsual: true,
        examples: ["tranche apply pipeline.yaml --dry-run"],
        operands: [PipelineFile.operand],
        groups: [
            .init(
                title: "Applying",
                options: [
                    .init("dry-run", nil, "show the difference, and apply nothing", isUsual: true),
                    .init(
                        "expect-generation",
                        "N",
                        "apply only if the current generation is N; 0 for none"
                    ),
                    .init(
                        "overwrite-budgets",
                        nil,
                        "also set budgets that were changed by hand"
                    ),
                    .init(
                        "reason",
                        "TEXT",
                        "reason; 'tranche pipeline history' shows it",
                        isUsual: true
                    ),
                ]
            )
        ],
        notes: PipelineFile.notes + """
            The inventory stores the file applied last under the pipeline's name: 'name' in
            FILE, or FILE without its suffix. A different FILE becomes the next generation,
            whoever applies it; processes of the generation before end within seconds. The same
            FILE changes nothing, even if order, comments or blanks differ.

            apply sets the budgets of FILE. A budget that was changed by hand keeps its values
            if FILE did not change them. If FILE did, apply refuses without --overwrite-budgets.

            Exit: 0 applied, or applied before; with --dry-run 0 if FILE differs, 3 if not.

            """,
        brief: PipelineFile.brief + """
            The inventory stores the file applied last under the pipeline's name. A different
            FILE becomes the next generation; processes of the one before end within seconds.

            """
    )

    private let file: PipelineFile
    private let isDryRun: Bool
    private let expected: Int?
    private let overwrites: Bool
    private let reason: String?

    init(_ arguments: Arguments) throws {
        file = try PipelineFile(arguments)
        isDryRun = arguments.has("dry-run")
        expected = try arguments.value("expect-generation") { try parseCount($0, from: 0) }
        overwrites = arguments.has("overwrite-budgets")
        reason = arguments.text("reason")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let pipeline = try PipelineFile.refusing { try file.checked(context) }
        let context = try context.using(pipeline, in: file)
        return try await context.withInventory(worker: context.person) { inventory in
            let applied = AppliedPipelines(inventory)
            if isDryRun {
                let difference = try await applied.difference(
                    of: pipeline,
                    overwritingBudgets: overwrites
                )
                try show(difference, nil, context)
                return difference.isEmpty ? .nothingNow : .done
            }
            let (record, difference) = try await applied.apply(
                pipeline,
                expecting: expected,
                overwritingBudgets: overwrites,
                reason: reason
            )
            try show(difference, record, context)
            return .done
        }
    }

    /// Shows what differs, and what was applied; `nil` where nothing was.
    private func show(
        _ difference: PipelineDifference,
        _ record: PipelineRecord?,
        _ context: Context
    ) throws {
        try context.write(ApplyDocument(difference, record)) {
            let name = difference.name
            let words =
                switch record {
                case let record? where record.generation > difference.generation:
                    "generation \(record.generation) of pipeline '\(name)' is applied"
                case _ where difference.isApplied:
                    "generation \(difference.generation) of pipeline '\(name)' is as \(file.path) "
                        + "says"
                default:
                    "nothing is applied yet: it would be generation "
                        + "\(difference.generation + 1) of pipeline '\(name)'"
                }
            return (difference.lines + [words]).map { $0 + "\n" }.joined()
        }
        for line in difference.advice + difference.notes { try context.note(line) }
    }
}

/// What applying a pipeline changes, as a document.
struct ApplyDocument: Codable, Sendable {
    var pipeline: String
    /// The generation that is applied now; 0 for none.
    var generation: Int
    /// The digest of the file.
    var digest: String
    /// Whether the file is what is applied now.
    var applied: Bool
    var changes: [PipelineChangeDocument]
    var budgets: [Budget]
    var removedJobs: [String]

    struct Budget: Codable, Sendable {
        var budget: String
        var action: String
        var old: String?
        var new: String
        var setBy: String?

        enum CodingKeys: String, CodingKey {
            case budget, action, old, new
            case setBy = "set_by"
        }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(budget, forKey: .budget)
            try values.encode(action, forKey: .action)
            try values.encode(old, forKey: .old)
            try values.encode(new, forKey: .new)
            try values.encode(setBy, forKey: .setBy)
        }
    }

    enum CodingKeys: String, CodingKey {
        case pipeline, generation, digest, applied, changes, budgets
        case removedJobs = "removed_jobs"
    }

    init(_ difference: PipelineDifference, _ record: PipelineRecord?) {
        pipeline = difference.name
        generation = record?.generation ?? difference.generation
        digest = difference.description.digest
        applied = record != nil || difference.isApplied
        changes = difference.changes.map { PipelineChangeDocument($0) }
        budgets = difference.budgets.map { budget in
            Budget(
                budget: budget.name,
                action: budget.action.rawValue,
                old: budget.known?.text,
                new: budget.limits.text,
                setBy: budget.setBy
            )
        }
        removedJobs = difference.removedJobs
    }
}

/// A change of a part of a pipeline, as a document.
struct PipelineChangeDocument: Codable, Sendable {
    var kind: PipelineChange.Kind
    var part: String
    var name: String
    var fields: [Field]

    struct Field: Codable, Sendable {
        var name: String
        var old: RawJSON?
        var new: RawJSON?

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(name, forKey: .name)
            try values.encode(old, forKey: .old)
            try values.encode(new, forKey: .new)
        }

        enum CodingKeys: String, CodingKey { case name, old, new }
    }

    init(_ change: PipelineChange) {
        kind = change.kind
        part = change.part
        name = change.name
        fields = change.fields.map { field in
            Field(
                name: field.name,
                old: field.old.map { RawJSON($0) },
                new: field.new.map { RawJSON($0) }
            )
        }
    }
}
