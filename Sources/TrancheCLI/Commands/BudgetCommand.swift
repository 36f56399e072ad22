import FoundationEssentials
import Tranche

/// Makes, shows and changes budgets.
struct BudgetCommand: Command {
    static let description = CommandDescription(
        name: "budget",
        summary: "Limit how much all runs of a budget hold at once",
        examples: [
            "tranche budget set api --batches 4 --rate 500/min",
            "tranche set --job thumbs --budget api",
        ],
        operands: [
            .init(
                name: "set|list|show|pause|resume|park|unpark|remove",
                help:
                    "set creates a budget or changes its limits; list and show print "
                    + "what runs hold",
                choices: Action.allCases.map(\.rawValue)
            ),
            .init(
                name: "NAME",
                help:
                    "the budget (not with list); '*', in quotes, is the budget of all runs "
                    + "that name none",
                isOptional: true
            ),
        ],
        groups: [
            .init(
                title: "Limits (with set; limits not given stay)",
                options: [
                    .init(
                        "batches",
                        "N|none",
                        "maximum number of batches at once; 0 hands out nothing"
                    ),
                    .init("weight", "WEIGHT|none", "maximum weight at once: 500, 64MiB, 1.5GB"),
                    .init(
                        "rate",
                        "WEIGHT/TIME|none",
                        "maximum weight per time: 1GiB/min, 500/s"
                    ),
                    .init(
                        "burst",
                        "WEIGHT",
                        "weight that a rate may save up (default of a new rate: its weight)"
                    ),
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
                    .init(
                        "until",
                        "TIME",
                        "with park, instead of --for: when it ends: 2026-11-28T08:30:00Z"
                    ),
                    .init("reason", "TEXT", "reason; 'tranche changes' shows it"),
                ]
            ),
        ],
        notes: """
            A budget limits all processes on all machines; 'tranche set --budget NAME' puts a
            run under it. Lower limits take no batch back from a worker. A batch that is heavier
            than its budget runs alone. pause and park are independent; end each by itself.

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
    private let rate: BudgetRate??
    private let burst: Double?
    /// How long, or until when, to park.
    private let time: Duration
    private let until: Date?
    private let reason: String?

    init(_ arguments: Arguments) throws {
        action = try arguments.choice(of: Self.description)
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
        rate = try arguments.value("rate") { text -> BudgetRate? in
            text == "none" ? nil : try parseRate(text)
        }
        burst = try arguments.value("burst", parseWeight)
        let isGiven = batches != nil || weight != nil || rate != nil || burst != nil
        guard action == .set || !isGiven else {
            throw UsageError("--batches, --weight, --rate and --burst go with 'budget set'")
        }
        guard action != .set || isGiven else {
            throw UsageError("nothing is to be set; give --batches, --weight or --rate")
        }
        if let rate, rate == nil, burst != nil {
            throw UsageError("--burst goes with a rate, and --rate none ends that")
        }
        for option in ["for", "until"] where arguments.has(option) && action != .park {
            throw UsageError("--\(option) goes with 'budget park'")
        }
        let given = try arguments.value("for", parseDuration)
        until = try arguments.value("until", Self.parseTime)
        guard action != .park || given != nil || until != nil else {
            throw UsageError("--for is missing; give a time of at most 15m, or --until")
        }
        guard given == nil || until == nil else {
            throw UsageError("--for and --until contradict each other; give one of them")
        }
        time = given ?? .zero
        guard action != .park || until != nil || time > .zero else {
            throw UsageError(
                "--for '\(arguments.text("for") ?? "")' parks nothing; give a time above 0, or end "
                    + "a parking with 'tranche budget unpark \(RunKey.quoted(name))'"
            )
        }
        guard time <= Budget.longestPark else {
            throw UsageError("--for is too long; give at most 15m, or 'tranche budget pause'")
        }
        reason = arguments.text("reason")
    }

    private static func parseTime(_ text: String) throws -> Date {
        var text = text
        guard let time = text.withUTF8({ TimeText($0) }) else {
            throw ValueError("give a time such as 2026-11-28T08:30:00Z; 10m and the like are --for")
        }
        return Date(milliseconds: time.instant / 1000)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let time = try parkTime(at: context.now())
        let (former, budgets, excesses) = try await context.withInventory(worker: context.person) {
            let former = action == .park ? try await parking(in: $0) : nil
            let budgets = try await act($0, parkingFor: time)
            return (former, budgets, try await $0.excesses(of: budgets))
        }
        if let former, let parking = budgets.first?.parking, parking.until < former.until {
            let reason = former.reason.isEmpty ? "" : " (\(former.reason))"
            let until = HumanText.relative(former.until, to: context.now())
            try context.note("budget '\(name)' was to be let in later, \(until)\(reason)")
        }
        try context.write(BudgetsDocument(budgets, excesses: excesses)) {
            text(budgets, context) + lines(budgets, excesses, context)
        }
        if action == .list, budgets.isEmpty { try context.note("there is no budget yet") }
        return .done
    }

    /// How long to park; 0 where that is not asked for.
    private func parkTime(at now: Date) throws -> Duration {
        guard let until else { return time }
        let left = Duration.seconds(until.timeIntervalSince(now))
        guard left > .zero else {
            throw UsageError("--until: that time has passed; give one that is at most 15m ahead")
        }
        guard left <= Budget.longestPark else {
            throw UsageError(
                "--until is too late; give a time at most 15m ahead, or 'tranche budget pause'"
            )
        }
        return left
    }

    /// Does what is asked.
    ///
    /// - Returns: The budgets that it is about.
    private func act(_ inventory: Inventory, parkingFor time: Duration) async throws -> [Budget] {
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
            change = .adjust(
                BudgetAdjustment(
                    batches: batches,
                    weight: weight,
                    rate: rate,
                    burst: burst,
                    keepsBurst: true
                )
            )
        case .pause: change = .pause(reason: reason ?? "")
        case .resume: change = .pause(reason: nil)
        case .park: change = .park(for: time, reason: reason ?? "")
        case .unpark: change = .unpark
        case .remove: change = .remove
        }
        let budget = try await inventory.change(budget: name, change, reason: reason)
        return budget.map { [$0] } ?? []
    }

    /// Why, and until when, the budget lets nothing in for some time; `nil` where it is not parked.
    private func parking(in inventory: Inventory) async throws -> BudgetParking? {
        try await inventory.budgets().first { $0.owner == .name(name) }?.parking
    }

    /// The runs that hold batches under one budget, and those that wait.
    private func lines(
        _ budgets: [Budget],
        _ excesses: [Budget.Owner: BudgetExcess],
        _ context: Context
    ) -> String {
        guard action == .show, let budget = budgets.first else { return "" }
        let now = context.now()
        var lines: [String] = []
        if let rate = budget.limits.rate {
            let left = budget.tokens?.grown(until: now, at: rate).count ?? rate.burst
            let words = left < 0 ? "\((-left).plain) is owed" : "\(left.plain) is left"
            lines.append("rate \(rate.words) burst \(rate.burst.plain): \(words)")
        }
        if let excess = excesses[budget.owner] { lines.append(excess.words(at: now)) }
        for claim in budget.claims {
            let held = HumanText.count(claim.held.batches, "batch", "batches")
            var words = "\(claim.run) holds \(held) of weight \(claim.held.weight.plain)"
            if claim.rank.share != 1 { words += ", share \(claim.rank.share.plain)" }
            if claim.rank.priority != 0 { words += ", priority \(claim.rank.priority)" }
            if let wait = claim.wait { words += "; " + wait.words(at: now) }
            lines.append(HumanText.oneLine(words))
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func text(_ budgets: [Budget], _ context: Context) -> String {
        if action == .remove { return "budget '\(name)' is removed" }
        let hasRates = budgets.contains { $0.limits.rate != nil }
        var table = Table(
            [
                .text("BUDGET"), .number("BATCHES"), .number("OF"), .number("WEIGHT"),
                .number("OF"),
            ] + (hasRates ? [.text("RATE")] : []) + [.text("STATE")]
        )
        for budget in budgets { table.add(row(budget, hasRates: hasRates, context)) }
        return table.count > 0 ? table.text(context.style) : ""
    }

    private func row(_ budget: Budget, hasRates: Bool, _ context: Context) -> [Table.Cell] {
        let now = context.now()
        var state: [String] = []
        if let reason = budget.pauseReason {
            state.append(reason.isEmpty ? "paused" : "paused: \(reason)")
        }
        if let parking = budget.parking, parking.until > now {
            let words = parking.reason.isEmpty ? "" : " (\(parking.reason))"
            state.append("parked, let in \(HumanText.relative(parking.until, to: now))\(words)")
        }
        if let open = budget.openUntil, open <= now {
            state.append("a probe holds it back ('tranche probe list')")
        }
        if budget.isExceeded { state.append("more is held than it allows") }
        let waiting = budget.claims.count { $0.wait != nil }
        if waiting > 0 {
            state.append("\(HumanText.count(waiting, "run")) \(waiting == 1 ? "waits" : "wait")")
        }
        let rate = budget.limits.rate.map { "\($0.words), burst \($0.burst.plain)" }
        var cells = [
            Table.Cell(budget.owner.name ?? budget.owner.run.map { "(\($0))" } ?? ""),
            Table.Cell(String(budget.held.batches)),
            Table.Cell(budget.limits.batches.map { String($0) } ?? "-"),
            Table.Cell(budget.held.weight.plain),
            Table.Cell(budget.limits.weight.map(\.plain) ?? "-"),
        ]
        if hasRates { cells.append(Table.Cell(rate ?? "-")) }
        cells.append(Table.Cell(state.joined(separator: "; "), state.isEmpty ? nil : .yellow))
        return cells
    }
}

extension BudgetExcess {
    /// Who made it, when and why, and how long it lasts.
    fileprivate func words(at now: Date) -> String {
        var words = ""
        if let change {
            let reason = change.note.reason.map { $0.isEmpty ? "" : " (\($0))" } ?? ""
            words =
                "\(change.note.by ?? "somebody") set the limits from '\(change.old ?? "none")' to "
                + "'\(change.new ?? "none")' \(HumanText.relative(change.at, to: now))\(reason); "
        }
        words += "what is held beyond ends by itself, or with its lease"
        if let until {
            words += ": the last of it \(HumanText.relative(until, to: now)), unless its worker "
            words += "renews that"
        }
        return HumanText.oneLine(words)
    }
}

extension BudgetWait {
    /// The batch that the run waits for, and since when.
    func words(at now: Date) -> String {
        let time = Duration.seconds(max(now.timeIntervalSince(since), 0)).words
        return "has waited for \(time) to hand out a batch of weight \(weight.plain)"
    }
}
