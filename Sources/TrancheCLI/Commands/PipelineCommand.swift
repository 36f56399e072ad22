import FoundationEssentials
import Tranche
import TrancheOrchestrator

/// Shows what pipelines are applied, and removes them.
struct PipelineCommand: Command {
    static let description = CommandDescription(
        name: "pipeline",
        summary: "Show which pipelines are applied, by whom and since when; remove one",
        examples: ["tranche pipeline list"],
        operands: [
            .init(
                name: Action.words,
                help: "list and show print applied pipelines, history the generations before",
                choices: Action.allCases.map(\.rawValue)
            ),
            .init(name: "NAME", help: "the pipeline (not with list)", isOptional: true),
        ],
        groups: [
            .init(
                title: "More",
                options: [
                    .init(
                        "limit",
                        "N",
                        "with history: maximum number of generations, the latest first "
                            + "(default: 50)"
                    ),
                    .init("reason", "TEXT", "with remove: reason"),
                ]
            )
        ],
        notes: """
            'tranche apply FILE' applies a pipeline, and so does the first 'tranche run FILE'.
            After remove, its processes end within seconds, and none can start until it is
            applied again. The runs of its jobs, its budgets and its history stay.

            """
    )

    enum Action: String, CaseIterable {
        case list, show, history, remove

        static let words = allCases.map(\.rawValue).joined(separator: "|")
    }

    private let action: Action
    private let name: String
    private let limit: Int
    private let reason: String?

    init(_ arguments: Arguments) throws {
        action = try arguments.choice(of: Self.description)
        name = action == .list ? "" : try arguments.operand(1, "NAME")
        guard action != .list || arguments.operands.count == 1 else {
            throw UsageError("'pipeline list' lists all; 'pipeline show NAME' shows one")
        }
        for (option, meant) in [("limit", Action.history), ("reason", .remove)]
        where arguments.has(option) && action != meant {
            throw UsageError("--\(option) goes with 'pipeline \(meant.rawValue)'")
        }
        limit = try arguments.value("limit") { try parseCount($0) } ?? 50
        reason = arguments.text("reason")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory(worker: context.person) { inventory in
            switch action {
            case .list: try list(try await inventory.pipelines(), context)
            case .show: try show(try await found(inventory), context)
            case .history:
                let records = try await inventory.history(ofPipeline: name, limit: limit)
                guard !records.isEmpty else { throw unknown }
                try list(records, context)
            case .remove:
                guard let removed = try await inventory.removePipeline(name, reason: reason) else {
                    throw unknown
                }
                try context.write(PipelineDocument(removed, isWhole: false)) {
                    "pipeline '\(name)' is removed; it was generation \(removed.generation)"
                }
            }
        }
        return .done
    }

    private var unknown: TrancheError {
        TrancheError(
            .invalidArgument,
            "there is no pipeline '\(name)'; 'tranche pipeline list' lists what there is"
        )
    }

    private func found(_ inventory: Inventory) async throws -> PipelineRecord {
        guard let record = try await inventory.pipeline(named: name), !record.isRemoved else {
            throw unknown
        }
        return record
    }

    private func list(_ records: [PipelineRecord], _ context: Context) throws {
        let documents = records.map { PipelineDocument($0, isWhole: false) }
        try context.write(PipelinesDocument(pipelines: documents)) {
            if records.isEmpty { return "" }
            var table = Table([
                .text("PIPELINE"), .number("GENERATION"), .text("DIGEST"), .text("WHEN"),
                .text("WHO"), .text("WHY"),
            ])
            let now = context.now()
            for record in records {
                table.add([
                    Table.Cell(record.name), Table.Cell(String(record.generation)),
                    Table.Cell(record.isRemoved ? "removed" : String(record.digest.prefix(12))),
                    Table.Cell(HumanText.relative(record.appliedAt, to: now)),
                    Table.Cell(record.note.by ?? "-"), Table.Cell(record.note.reason ?? ""),
                ])
            }
            return table.text(context.style)
        }
        if records.isEmpty {
            try context.note("no pipeline is applied yet; 'tranche apply FILE' applies one")
        }
    }

    private func show(_ record: PipelineRecord, _ context: Context) throws {
        let description = try PipelineDescription(kept: record.text ?? "{}")
        try context.write(PipelineDocument(record, isWhole: true)) {
            let when = HumanText.relative(record.appliedAt, to: context.now())
            let head =
                "pipeline '\(record.name)', generation \(record.generation), applied\(record.byWhom) "
                + "\(when), digest \(record.digest.prefix(12))"
            return ([head] + description.lines).map { $0 + "\n" }.joined()
        }
    }
}

/// Pipelines, as a document.
struct PipelinesDocument: Codable, Sendable {
    var pipelines: [PipelineDocument]
}

/// A pipeline that is applied, as a document.
struct PipelineDocument: Codable, Sendable {
    var pipeline: String
    var generation: Int
    /// `null` where it was removed.
    var digest: String?
    var appliedBy: String?
    var appliedAt: Date
    var reason: String?
    /// The file that was applied; `null` in lists.
    var description: RawJSON?

    enum CodingKeys: String, CodingKey {
        case pipeline, generation, digest, reason, description
        case appliedBy = "applied_by"
        case appliedAt = "applied_at"
    }

    init(_ record: PipelineRecord, isWhole: Bool) {
        pipeline = record.name
        generation = record.generation
        digest = record.isRemoved ? nil : record.digest
        appliedBy = record.note.by
        appliedAt = record.appliedAt
        reason = record.note.reason
        description = isWhole ? record.text.map { RawJSON($0) } : nil
    }

    /// Writes every key.
    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(pipeline, forKey: .pipeline)
        try values.encode(generation, forKey: .generation)
        try values.encode(digest, forKey: .digest)
        try values.encode(appliedBy, forKey: .appliedBy)
        try values.encode(appliedAt, forKey: .appliedAt)
        try values.encode(reason, forKey: .reason)
        try values.encode(description, forKey: .description)
    }
}
