import FoundationEssentials
import Tranche
import TrancheConnectors

/// Shows what happened to one item.
struct HistoryCommand: Command {
    static let description = CommandDescription(
        name: "history",
        summary: "Show what happened to one item, and to the batches made from it",
        isUsual: true,
        examples: ["tranche history --meta photo --id 17"],
        groups: [
            .init(
                title: "The item",
                options: [
                    .init(
                        "meta",
                        "TABLE",
                        "table of the item, as given to the job, or inventory:JOB",
                        isRequired: true
                    ),
                    .init("schema", "SCHEMA", "schema of the table, with --meta table:NAME"),
                    .init(
                        "id",
                        "ID",
                        "id of the item, or its uid that is not an integer; with inventory:JOB its "
                            + "completion number",
                        isRequired: true
                    ),
                ]
            )
        ],
        notes: """
            Below each batch, indented, are the batches of other jobs that came from it. With
            inventory:JOB, the batches that it came from are above it. A second table shows
            what people did with these batches and their runs, and why.

            """
    )

    private let source: SourceSpec?
    private let item: ItemNames?

    init(_ arguments: Arguments) throws {
        source = try SourceOptions.named(arguments)
        item = try ItemNames("id", in: arguments, isOne: true)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let (meta, id, uid, lineage) = try await context.withInventory { inventory in
            var meta = ""
            if let source {
                meta = try await Connectors.ofProgram.knownName(of: source, in: inventory)
            }
            let spaces = try await context.itemSpaces(
                of: RunSelection(metaTable: meta),
                in: inventory
            )
            var (id, uid, lineage) = (Int64(0), String?.none, Inventory.Lineage())
            for found in try await item?.id(in: spaces) ?? [] where lineage.entries.isEmpty {
                id = found.id
                uid = found.space.source == nil ? nil : item?.text
                lineage = try await inventory.lineage(of: id, in: meta, by: found.space)
            }
            // A table that no run takes from has no item that anything happened to.
            if lineage.entries.isEmpty {
                try await RunOptions.require(RunSelection(metaTable: meta), in: inventory)
            }
            return (meta, id, uid, lineage)
        }
        guard !lineage.entries.isEmpty else {
            if context.isJSON {
                try context.output.writeLine(
                    LineageDocument(of: id, uid, in: meta, lineage).documentText()
                )
            }
            let name = uid ?? String(id)
            throw TrancheError(.unknownBatch, "no batch holds id \(name) of '\(meta)'")
        }
        try context.write(LineageDocument(of: id, uid, in: meta, lineage)) {
            text(lineage, context)
        }
        if lineage.isCut {
            let most = HumanText.number(Inventory.Lineage.mostAbove)
            try context.note("only \(most) batches of a level above are shown")
        }
        return .done
    }

    private func text(_ lineage: Inventory.Lineage, _ context: Context) -> String {
        var table = Table([
            .text("JOB"), .text("RUN"), .number("BATCH"), .text("IDS"), .number("ATTEMPT"),
            .text("OUTCOME"),
            .text("STARTED"), .text("TOOK"), .text("WORKER"), .text("ERROR"),
        ])
        let top = lineage.entries.map(\.level).min() ?? 0
        for entry in lineage.entries {
            let indent = String(repeating: "  ", count: entry.level - top)
            for attempt in entry.attempts { table.add(row(entry.batch, attempt, indent, context)) }
            if entry.attempts.isEmpty { table.add(row(entry.batch, nil, indent, context)) }
        }
        let changes = ChangeTable.text(of: lineage.changes, context)
        return table.text(context.style) + (changes.isEmpty ? "" : "\n" + changes)
    }

    private func row(
        _ batch: BatchRecord,
        _ attempt: AttemptRecord?,
        _ indent: String,
        _ context: Context
    ) -> [Table.Cell] {
        let outcome = attempt?.outcome.rawValue ?? batch.status.rawValue
        let startedAt = attempt?.startedAt ?? batch.startedAt
        let endedAt = attempt == nil ? batch.endedAt : attempt?.endedAt
        // Of a packed batch only the end is known.
        let isKnown = attempt != nil || !batch.isPacked
        let took = endedAt.map { Duration.seconds(max(0, $0.timeIntervalSince(startedAt))).words }
        // What was named as bad had no attempt of its own.
        let bad = batch.status == .quarantined ? batch.logging : nil
        let error = (attempt == nil ? bad : attempt?.error).map { HumanText.excerpt(redacted($0)) }
        return [
            Table.Cell(indent + batch.key.job),
            Table.Cell(batch.key.run.isEmpty ? "-" : batch.key.run),
            "\(batch.id)",
            Table.Cell(HumanText.ids(batch.idStart, batch.idEnd)),
            "\(attempt?.attempt ?? batch.attempt)",
            Table.Cell(outcome, BatchStatus(rawValue: outcome)?.colour ?? .yellow),
            Table.Cell(isKnown ? HumanText.relative(startedAt, to: context.now()) : "-"),
            Table.Cell(isKnown ? took ?? "-" : "-"),
            Table.Cell(attempt?.worker ?? batch.worker ?? "-"),
            Table.Cell(error ?? ""),
        ]
    }
}

extension Inventory.Lineage {
    /// What people did with any of the batches, the first first; each once.
    fileprivate var changes: [ChangeRecord] {
        var seen: Set<Int64> = []
        return entries.flatMap(\.changes).filter { seen.insert($0.id).inserted }
            .sorted { $0.id < $1.id }
    }
}
