import Foundation
import Tranche

/// Lists runs with what their batches add up to.
struct StatusCommand: Command {
    static let description = CommandDescription(
        name: "status",
        summary: "Show the runs and how far they are",
        isUsual: true,
        examples: ["tranche status", "tranche status --job thumbs --json"],
        groups: [RunOptions.group(jobIsRequired: false)]
    )

    private let selection: RunOptions

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let (runs, open) = try await context.withInventory { inventory in
            var runs: [RunStatus] = []
            var budgets: [Budget]?
            var sources = SourceRisks(inventory: inventory, context: context)
            for summary in try await inventory.summaries(selection.find(in: inventory)) {
                var summary = summary
                let risks = try await sources.risks(of: summary.run)
                summary.run.standing.hold = try await sources.hold(of: summary.run)
                let run = summary.run
                // Without a gap there is none to look at.
                let gaps = run.gapsDueAt == nil ? [] : try await inventory.gaps(of: run.key)
                var stuck: BatchRecord?
                if summary.causes[.stuck] != nil {
                    let one = BatchSelection(runs: RunSelection(run.key), cause: .stuck, limit: 1)
                    stuck = try await inventory.batches(one).first
                }
                if run.isLimited, budgets == nil { budgets = try await inventory.budgets() }
                runs.append(
                    RunStatus(
                        summary: summary,
                        gaps: gaps,
                        stuck: stuck,
                        risks: risks,
                        budgets: run.isLimited ? budgets ?? [] : []
                    )
                )
            }
            return (runs, try await inventory.oldestTransaction())
        }
        try context.write(StatusDocument(runs)) {
            runs.isEmpty ? "" : StatusTable(runs: runs, context: context).text
        }
        if runs.isEmpty {
            let isAny = selection.selection == RunSelection()
            try context.note(isAny ? "no run has begun yet" : "there is no such run")
        }
        if let open { try context.note(open.words(at: Date())) }
        return .done
    }
}

extension OpenTransaction {
    /// What is told of it.
    fileprivate func words(at now: Date) -> String {
        let client = application.isEmpty ? "" : ", client '\(application)'"
        let time = Duration.seconds(now.timeIntervalSince(since)).words
        return "a transaction has been open for \(time) in the inventory's database (process "
            + "\(process), "
            + "user '\(user)'\(client)): dead rows stay until it ends, and make everything slower"
    }
}

/// Opens the sources of runs, each once, as far as that is quick.
private struct SourceRisks {
    /// How long one is waited for.
    private static let patience = Duration.seconds(5)

    let inventory: Inventory
    let context: Context
    private var known: [Key: [SourceRisk]?] = [:]

    private struct Key: Hashable {
        var table: String
        var definition: String?
    }

    init(inventory: Inventory, context: Context) {
        self.inventory = inventory
        self.context = context
    }

    /// What no proof covers in the source of a run; `nil` where the source could not be opened, which
    /// is said.
    mutating func risks(of run: RunRecord) async throws -> [SourceRisk]? {
        // Of an adopted run nothing is known before it is acquired from.
        guard run.source != nil else { return nil }
        let key = Key(table: run.key.metaTable, definition: run.definition)
        if let risks = known[key] { return risks }
        do {
            let risks = try await look(at: run)
            known[key] = .some(risks)
            return risks
        } catch let error as CancellationError {
            throw error
        } catch {
            try context.note("cannot look at '\(run.key.metaTable)': \(error)")
            known[key] = .some(nil)
            return nil
        }
    }

    /// Why a run is held because of what stands under its source's name, as far as that is known or can be
    /// seen now.
    func hold(of run: RunRecord) async throws -> String? {
        // Nothing is handed out by a run that is paused.
        guard run.source != nil, run.pauseReason == nil,
            case .some(.some) = known[Key(table: run.key.metaTable, definition: run.definition)]
        else { return run.standing.hold }
        do {
            return try await inPatience { [inventory, context] in
                let source = try await context.source(of: run, in: inventory)
                return try await inventory.sourceHold(of: run.key, source)
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            try context.note("cannot look at '\(run.key.metaTable)': \(error)")
            return run.standing.hold
        }
    }

    private func look(at run: RunRecord) async throws -> [SourceRisk] {
        try await inPatience { [inventory, context] in
            let source = try await context.source(of: run, in: inventory)
            return try await inventory.source(source).risks
        }
    }

    private func inPatience<R: Sendable>(
        _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        try await withThrowingTaskGroup(of: R.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: Self.patience)
                throw TrancheError(
                    .sourceUnavailable,
                    "no answer within \(Self.patience.words)"
                )
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}
