import Tranche

/// Splits a failed batch in two.
struct SplitCommand: Command {
    static let description = CommandDescription(
        name: "split",
        summary: "Split a failed batch into two batches that are offered at once",
        operands: HoldingOptions.operands,
        groups: [
            .init(title: "Splitting", options: [.init("dry-run", nil, "say what it would give")])
        ],
        notes: """
            The halves weigh about the same; the weights are read in the items' database
            (TRANCHE_META_DB). With --on-exhausted split this happens by itself.

            """
    )

    private let batch: Int64
    private let isDryRun: Bool

    init(_ arguments: Arguments) throws {
        batch = try arguments.operand(0, of: Self.description, parseID)
        isDryRun = arguments.has("dry-run")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            let record = try await inventory.batch(batch)
            let run = try await inventory.run(RunSelection(record.key))
            let source = try await RecordedSource(run, context.settings).find(in: inventory)
            let parts: [Part]
            if isDryRun {
                parts = try await inventory.halves(of: record, from: source).map {
                    Part(batch: nil, ids: $0.ids, weight: $0.weight)
                }
            } else {
                parts = try await inventory.split(record, from: source).map {
                    Part(batch: $0.id, ids: $0.ids ?? IDRuns(), weight: $0.weight ?? 0)
                }
            }
            try show(parts.sorted { $0.ids.first ?? 0 < $1.ids.first ?? 0 }, of: run, context)
            return .done
        }
    }

    private struct Part: Sendable {
        var batch: Int64?
        var ids: IDRuns
        var weight: Double
    }

    private func show(_ parts: [Part], of run: RunRecord, _ context: Context) throws {
        let documents = parts.map { part in
            JSON.object([
                ("batch", JSON(part.batch)), ("id_start", JSON(part.ids.first)),
                ("id_end", JSON(part.ids.last)), ("count", JSON(part.ids.count)),
                ("weight", .number(part.weight)),
            ])
        }
        let document = JSON.object([
            ("batch", .integer(batch)), ("dry_run", .bool(isDryRun)), ("parts", .array(documents)),
        ])
        try context.write(document) {
            let head = "batch \(batch) \(isDryRun ? "would be split" : "is split") in two:\n"
            return head
                + parts.map { part in
                    let ids = HumanText.ids(part.ids.first ?? 0, part.ids.last ?? 0)
                    let weight = HumanText.weight(part.weight, isBytes: run.weighsBytes)
                    let name = part.batch.map { "batch \($0)" } ?? "a batch"
                    return "  \(name): ids \(ids), \(HumanText.count(part.ids.count, "item")), "
                        + "weight \(weight)\n"
                }
                .joined()
        }
    }
}
