import Tranche

/// Splits a failed batch in two.
struct SplitCommand: Command {
    static let description = CommandDescription(
        name: "split",
        summary: "Split a failed batch into two batches that are offered at once",
        examples: ["tranche split 12 --dry-run"],
        operands: HoldingOptions.operands,
        groups: [
            .init(
                title: "Splitting",
                options: [
                    .init("dry-run", nil, "show the two batches, and change nothing"),
                    .init(
                        "may-repeat",
                        nil,
                        "split a batch that may have been executed (--execution at-most-once)"
                    ),
                    Consent.reason,
                ]
            )
        ],
        notes: """
            The halves weigh about the same; split reads the weights in the database of the
            items (TRANCHE_META_DB). With --on-exhausted split, Tranche splits by itself.

            """
    )

    private let batch: Int64
    private let isDryRun: Bool
    private let mayRepeat: Bool
    private let reason: String?

    init(_ arguments: Arguments) throws {
        batch = try arguments.operand(0, of: Self.description, parseID)
        isDryRun = arguments.has("dry-run")
        mayRepeat = arguments.has("may-repeat")
        reason = arguments.text("reason")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory(worker: context.person) { inventory in
            let record = try await inventory.batch(batch)
            try record.requireRepeatable(mayRepeat)
            let run = try await inventory.run(RunSelection(record.key))
            let source = try await context.source(of: run, in: inventory)
            let parts: [SplitDocument.Part] =
                isDryRun
                ? try await inventory.halves(of: record, from: source).map { .init($0) }
                : try await inventory.split(
                    record,
                    from: source,
                    mayRepeat: mayRepeat,
                    reason: reason
                ).map { .init($0) }
            try show(parts.sorted { $0.idStart ?? 0 < $1.idStart ?? 0 }, of: run, context)
            return .done
        }
    }

    private func show(
        _ parts: [SplitDocument.Part],
        of run: RunRecord,
        _ context: Context
    ) throws {
        try context.write(SplitDocument(batch, into: parts, isDryRun: isDryRun)) {
            let head = "batch \(batch) \(isDryRun ? "would be split" : "is split") in two:\n"
            return head
                + parts.map { part in
                    let ids = HumanText.ids(part.idStart ?? 0, part.idEnd ?? 0)
                    let weight = HumanText.weight(part.weight, isBytes: run.weighsBytes)
                    let name = part.batch.map { "batch \($0)" } ?? "a batch"
                    return "  \(name): ids \(ids), \(HumanText.count(part.count, "item")), "
                        + "weight \(weight)\n"
                }
                .joined()
        }
    }
}
