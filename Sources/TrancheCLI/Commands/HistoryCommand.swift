import Foundation
import Tranche

/// Shows what happened to one item.
struct HistoryCommand: Command {
    static let description = CommandDescription(
        name: "history",
        summary: "Show what happened to one item",
        groups: [
            .init(
                title: "The item",
                options: [
                    .init("meta", "TABLE", "the item's table, as it was given", isRequired: true),
                    .init("schema", "SCHEMA", "the schema, with --meta table:NAME"),
                    .init("id", "ID", "the item's id", isRequired: true),
                ]
            )
        ]
    )

    private let meta: String
    private let id: Int64

    init(_ arguments: Arguments) throws {
        meta = try MetaName(arguments)?.recorded ?? ""
        id = try arguments.value("id", parseID) ?? 0
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let history = try await context.withInventory { inventory in
            try await inventory.history(of: id, in: meta).map {
                History(batch: $0.batch, attempts: $0.attempts)
            }
        }
        let batches = history.map { entry in
            JSON.object(
                JSON.members(of: entry.batch) + [
                    ("ids", JSON(entry.batch.ids?.packed)),
                    ("attempts", .array(entry.attempts.map { JSON($0) })),
                ]
            )
        }
        let document = JSON.object([
            ("meta", .string(meta)), ("id", .integer(id)), ("batches", .array(batches)),
        ])
        try context.write(document) { history.isEmpty ? "" : text(history, context) }
        if history.isEmpty { try context.note("no batch holds id \(id) of '\(meta)'") }
        return .done
    }

    private struct History: Sendable {
        var batch: BatchRecord
        var attempts: [AttemptRecord]
    }

    private func text(_ history: [History], _ context: Context) -> String {
        var table = Table([
            .text("JOB"), .text("RUN"), .number("BATCH"), .text("IDS"), .number("ATTEMPT"),
            .text("OUTCOME"),
            .text("STARTED"), .text("TOOK"), .text("WORKER"), .text("ERROR"),
        ])
        for entry in history {
            for attempt in entry.attempts { table.add(row(entry.batch, attempt, context)) }
            if entry.attempts.isEmpty { table.add(row(entry.batch, nil, context)) }
        }
        return table.text(context.style)
    }

    private func row(_ batch: BatchRecord, _ attempt: AttemptRecord?, _ context: Context) -> [Table
        .Cell]
    {
        let outcome = attempt?.outcome.rawValue ?? batch.status.rawValue
        let startedAt = attempt?.startedAt ?? batch.startedAt
        let endedAt = attempt == nil ? batch.endedAt : attempt?.endedAt
        let took = endedAt.map { Duration.seconds(max(0, $0.timeIntervalSince(startedAt))).words }
        let error = attempt?.error.map { String(redacted($0).prefix { !$0.isNewline }.prefix(80)) }
        return [
            Table.Cell(batch.key.job),
            Table.Cell(batch.key.run.isEmpty ? "-" : batch.key.run),
            "\(batch.id)",
            Table.Cell(HumanText.ids(batch.idStart, batch.idEnd)),
            "\(attempt?.attempt ?? batch.attempt)",
            Table.Cell(outcome, BatchStatus(rawValue: outcome)?.colour ?? .yellow),
            Table.Cell(HumanText.relative(startedAt, to: context.now())),
            Table.Cell(took ?? "-"),
            Table.Cell(attempt?.worker ?? batch.worker ?? "-"),
            Table.Cell(error ?? ""),
        ]
    }
}
