import Foundation
import Tranche

/// Makes, shows and changes budgets.
struct BudgetCommand: Command {
    static let description = CommandDescription(
        name: "budget",
        summary: "Say how much may be held at once by all runs of a budget",
        operands: [
            .init(
                name: "set|list|show|pause|resume|park|unpark|remove",
                help:
                    "set makes a budget or changes its limits, list and show tell what is held",
                choices: Action.allCases.map(\.rawValue)
            ),
            .init(
                name: "NAME",
                help:
                    "the budget (not with list); '*' in quotes is that of all runs that name none",
                isOptional: true
            ),
        ],
        groups: [
            .init(
                title: "The limits (with set; what is left out stays)",
                options: [
                    .init("batches", "N|none", "most batches at once; 0 hands out nothing"),
                    .init("weight", "WEIGHT|none", "most weight at once: 500, 64MiB, 1.5GB"),
                ]
            ),
            .init(
                title: "The change",
                options: [
                    .init(
                        "for",
                        "TIME",
                        "with park: how long nothing is handed out: 30s, at most 15m"
                    ),
                    .init("reason", "TEXT", "why; 'tranche changes' shows it"),
                ]
            ),
        ],
        notes: """
            A budget holds over all processes and machines; 'tranche set --budget NAME' puts a
            run under it. What is held already is not taken back when limits are lowered. A
            batch that is heavier than its budget goes alone. Pausing and parking are apart:
            each is ended by itself.

            """
    )

    private enum Action: String, CaseIterable {
        case set, list, show, pause, resume, park, unpark, remove
    }

    private let action: Action
    private let name: String
    /// What is given of the limits; a value in a value is that it is none.
    private let batches: Int??
    private let weight: Double??
    private let time: Duration
    private let reason: String?

    init(_ arguments: Arguments) throws {
        let words = Self.description.operands[0].name
        let text = try arguments.operand(0, words)
        guard let action = Action(rawValue: text) else {
            throw UsageError("'\(text)' is none of \(words)")
        }
        self.action = action
        name = action == .list ? "" : try arguments.operand(1, "NAME")
        guard action != .list || arguments.operands.count == 1 else {
            throw UsageError("'budget list' lists all; 'budget show NAME' shows one")
        }
        batches = try arguments.value("batches") { text -> Int? in
            text == "none" ? nil : try parseCount(text, from: 0)
        }
        weight = try arguments.value("weight") { text -> Double? in
            text == "none" ? nil : try parseWeight(text)
        }
        let isGiven = batches != nil || weight != nil
        guard action == .set || !isGiven else {
            throw UsageError("--batches and --weight go with 'budget set'")
        }
        guard action != .set || isGiven else {
            throw UsageError("nothing is to be set; give --batches or --weight")
        }
        let given = try arguments.value("for", parseDuration)
        guard action == .park || given == nil else {
            throw UsageError("--for goes with 'budget park'")
        }
        guard action != .park || given != nil else {
            throw UsageError("--for is missing; give a time of at most 15m")
        }
        time = given ?? .zero
        guard time <= Budget.longestPark else {
            throw UsageError("--for is too long; give at most 15m, or 'tranche budget pause'")
        }
        reason = arguments.text("reason")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let budgets = try await context.withInventory(worker: context.person) { try await act($0) }
        try context.write(BudgetsDocument(budgets)) { text(budgets, context) }
        if action == .list, budgets.isEmpty { try context.note("there is no budget yet") }
        return .done
    }

    /// Does what is asked.
    ///
    /// - Returns: The budgets that it is about.
    private func act(_ inventory: Inventory) async throws -> [Budget] {
        let change: BudgetChange
        switch action {
        case .list: return try await inventory.budgets()
        case .show:
            let found = try await inventory.budgets().filter { $0.owner == .name(name) }
            guard !found.isEmpty else {
                throw TrancheError(
                    .unknownBudget,
                    "there is no budget '\(name)'; 'tranche budget list' lists what there is"
                )
            }
            return found
        case .set:
            let known = try await inventory.budgets().first { $0.owner == .name(name) }
            var limits = known?.limits ?? BudgetLimits()
            if let batches { limits.batches = batches }
            if let weight { limits.weight = weight }
            return try await inventory.setBudget(name, limits, reason: reason).map { [$0] } ?? []
        case .pause: change = .pause(reason: reason ?? "")
        case .resume: change = .pause(reason: nil)
        case .park: change = .park(for: time, reason: reason ?? "")
        case .unpark: change = .unpark
        case .remove: change = .remove
        }
        let budget = try await inventory.change(budget: name, change, reason: reason)
        return budget.map { [$0] } ?? []
    }

    private func text(_ budgets: [Budget], _ context: Context) -> String {
        if action == .remove { return "budget '\(name)' is removed" }
        var table = Table([
            .text("BUDGET"), .number("BATCHES"), .number("OF"), .number("WEIGHT"), .number("OF"),
            .text("STATE"),
        ])
        for budget in budgets { table.add(row(budget, context)) }
        return table.count > 0 ? table.text(context.style) : ""
    }

    private func row(_ budget: Budget, _ context: Context) -> [Table.Cell] {
        let now = context.now()
        var state: [String] = []
        if let reason = budget.pauseReason {
            state.append(reason.isEmpty ? "paused" : "paused: \(reason)")
        }
        if let parking = budget.parking, parking.until > now {
            let words = parking.reason.isEmpty ? "" : " (\(parking.reason))"
            state.append("parked, let in \(HumanText.relative(parking.until, to: now))\(words)")
        }
        if budget.isExceeded { state.append("more is held than it allows") }
        return [
            Table.Cell(budget.owner.name ?? budget.owner.run.map { "(\($0))" } ?? ""),
            Table.Cell(String(budget.held.batches)),
            Table.Cell(budget.limits.batches.map { String($0) } ?? "-"),
            Table.Cell(budget.held.weight.plain),
            Table.Cell(budget.limits.weight.map(\.plain) ?? "-"),
            Table.Cell(state.joined(separator: "; "), state.isEmpty ? nil : .yellow),
        ]
    }
}
