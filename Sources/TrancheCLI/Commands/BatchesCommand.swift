import FoundationEssentials
import Tranche

/// Lists batches.
struct BatchesCommand: Command {
    private static let states =
        BatchStatus.allCases.map(\.rawValue) + BatchCause.allCases.map(\.rawValue)

    static let description = CommandDescription(
        name: "batches",
        summary: "List batches, the newest first",
        isUsual: true,
        examples: ["tranche batches --job thumbs --status failed"],
        groups: [
            RunOptions.group(jobIsRequired: false),
            .init(
                title: "Selection",
                options: [
                    .init(
                        "status",
                        "STATUS",
                        "one of \(states.joined(separator: ", "))",
                        choices: states
                    ),
                    .init("limit", "N", "maximum number of batches (default: 50)"),
                ]
            ),
        ]
    )

    private let runs: RunOptions
    private let selection: BatchSelection
    /// Whether nobody asked for so many: where there are more, that is said.
    private let isLimitOwn: Bool

    init(_ arguments: Arguments) throws {
        let state = try arguments.value("status") { text in
            guard Self.states.contains(text) else {
                throw ValueError("this is none of \(Self.states.joined(separator: ", "))")
            }
            return text
        }
        runs = try RunOptions(arguments)
        isLimitOwn = !arguments.has("limit")
        selection = BatchSelection(
            status: state.flatMap { BatchStatus(rawValue: $0) },
            cause: state.flatMap { BatchCause(rawValue: $0) },
            limit: try arguments.value("limit") { try parseCount($0) } ?? 50
        )
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            var selection = selection
            selection.runs = try await runs.known(in: inventory)
            let most = selection.limit
            // One more tells whether there are more.
            if isLimitOwn { selection.limit += 1 }
            let found = try await inventory.batches(selection)
            let batches = Array(found.prefix(most))
            let runs = try await inventory.runs(selection.runs)
            // What people see of items that stand alone; programs ask the history.
            let uids = context.isJSON ? [:] : try await uids(of: batches, runs, inventory, context)
            try context.write(BatchesDocument(batches)) {
                batches.isEmpty ? "" : BatchTable(runs: runs, uids: uids).text(batches, context)
            }
            if batches.isEmpty { try context.note("there is no such batch") }
            if found.count > most {
                try context.note(
                    "there are more: these are the newest \(HumanText.number(most)); --limit N "
                        + "shows others"
                )
            }
            return .done
        }
    }
}

extension BatchesCommand {
    /// The uids of batches of one item each, by the batches' numbers, where uids are not integers.
    private func uids(
        of batches: [BatchRecord],
        _ runs: [RunRecord],
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> [Int64: String] {
        var uids: [Int64: String] = [:]
        for run in runs where run.source?.numbering != nil {
            let single = batches.filter { $0.key == run.key && $0.count == 1 }
            if single.isEmpty { continue }
            let description = try await context.source(of: run, in: inventory)
            guard let source = try await inventory.source(description).numbered else { continue }
            let found = try await source.uids(ofIDs: single.map(\.idStart))
            for batch in single { uids[batch.id] = found[batch.idStart] }
        }
        return uids
    }
}

/// Batches as people read them.
struct BatchTable {
    private let bytes: Set<RunKey>
    private let keyed: Set<RunKey>
    private let uids: [Int64: String]

    /// Makes a table of batches of these runs, some of which hold one item with a uid.
    init(runs: [RunRecord], uids: [Int64: String] = [:]) {
        self.uids = uids
        bytes = Set(runs.filter(\.weighsBytes).map(\.key))
        keyed = Set(runs.filter { $0.keyColumn != nil }.map(\.key))
    }

    func text(_ batches: [BatchRecord], _ context: Context) -> String {
        var table = Table([
            .number("BATCH"), .text("JOB"), .text("RUN"), .text("KIND"), .text("STATUS"),
            .number("ATTEMPT"),
            .text("IDS"), .number("ITEMS"), .number("WEIGHT"), .text("STARTED"), .text("NOTE"),
        ])
        for batch in batches {
            table.add([
                "\(batch.id)", Table.Cell(batch.key.job),
                Table.Cell(batch.key.run.isEmpty ? "-" : batch.key.run),
                Table.Cell(batch.kind.rawValue),
                Table.Cell(batch.status.rawValue, batch.status.colour), "\(batch.attempt)",
                Table.Cell(HumanText.ids(batch.idStart, batch.idEnd)),
                Table.Cell(HumanText.number(batch.count)), Table.Cell(weight(batch)),
                Table.Cell(HumanText.relative(batch.startedAt, to: context.now())),
                Table.Cell(note(batch, context)),
            ])
        }
        return table.text(context.style)
    }

    private func weight(_ batch: BatchRecord) -> String {
        batch.weight.map { HumanText.weight($0, isBytes: bytes.contains(batch.key)) } ?? "-"
    }

    /// When a batch is due: now, where that was before.
    private static func due(_ time: Date, _ now: Date) -> String {
        HumanText.relative(max(time, now), to: now)
    }

    private func note(_ batch: BatchRecord, _ context: Context) -> String {
        var parts: [String] = []
        if let uid = uids[batch.id] { parts.append("uid \(HumanText.excerpt(uid))") }
        if keyed.contains(batch.key) { parts.append("key \(batch.itemKey ?? "NULL")") }
        if let interval = batch.interval { parts.append("from \(interval)") }
        switch batch.status {
        case .running:
            parts.append("held by \(batch.worker ?? "somebody")")
            if let end = batch.leaseExpiresAt {
                let verb = end <= context.now() ? "ended" : "ends"
                parts.append("lease \(verb) \(HumanText.relative(end, to: context.now()))")
            }
        case .failed where batch.cause == .cancelled:
            parts.append("'tranche retry --cancelled' offers it again")
        case .failed where batch.cause == .begun:
            parts.append("may have been executed; 'tranche retry --may-repeat' offers it again")
        case .failed where batch.cause == .stuck:
            let due = batch.retryAt.map { " \(Self.due($0, context.now()))" } ?? ""
            parts.append("stuck, tried once more\(due)")
        case .failed:
            parts.append(
                batch.retryAt.map { "tried again \(Self.due($0, context.now()))" }
                    ?? "for good"
            )
        case .succeeded:
            if let end = batch.endedAt {
                let seconds = max(0, end.timeIntervalSince(batch.startedAt))
                parts.append("took \(Duration.seconds(seconds).words)")
            }
        case .quarantined: parts.append("'tranche redrive' makes it a batch again")
        case .released where batch.cause == .deferred:
            let due = batch.retryAt.map { " \(Self.due($0, context.now()))" } ?? ""
            parts.append("due\(due), put off \(HumanText.count(batch.deferrals, "time"))")
        case .released, .split: break
        }
        if let parent = batch.parent {
            parts.append("\(batch.kind == .redrive ? "again" : "part") of batch \(parent)")
        }
        if let logging = batch.logging {
            parts.append(HumanText.excerpt(redacted(logging)))
        }
        return parts.joined(separator: ", ")
    }
}
