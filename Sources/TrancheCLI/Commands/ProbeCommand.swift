import FoundationEssentials
import Tranche
import TrancheConnectors

/// Makes, shows, asks and removes probes.
struct ProbeCommand: Command {
    static let description = CommandDescription(
        name: "probe",
        summary: "Hold back a budget or a run by a probe: a query, a URL, a time of day",
        examples: [
            """
            tranche probe set night --window 20:00-06:00 --zone Europe/Berlin \\
                --job thumbs
            """
        ],
        operands: [
            .init(
                name: "set|list|show|ask|remove",
                help:
                    "set creates or replaces a probe; ask asks it now and stores no "
                    + "answer; list and show print the last answers",
                choices: Action.allCases.map(\.rawValue)
            ),
            .init(name: "NAME", help: "the probe (not with list)", isOptional: true),
        ],
        groups: [
            .init(
                title: "The question (with set, one of them)",
                options: [
                    .init(
                        "sql",
                        "QUERY",
                        "query whose first column is true, or a number other than 0, to "
                            + "go on; a second column is the reason",
                        isUsual: true
                    ),
                    .init(
                        "database",
                        "URL",
                        "database of the query, without a password (default: the inventory)"
                    ),
                    .init(
                        "http",
                        "URL",
                        "URL that answers 200 to 299 to go on",
                        isUsual: true
                    ),
                    .init(
                        "window",
                        "HH:MM-HH:MM",
                        "time of day in which to go on",
                        isUsual: true
                    ),
                    .init(
                        "zone",
                        "ZONE",
                        "time zone of the window: Europe/Berlin, UTC",
                        isUsual: true
                    ),
                ]
            ),
            .init(
                title: "How it is asked (with set)",
                options: [
                    .init(
                        "every",
                        "TIME",
                        "how long an answer counts (default: 30s)",
                        isUsual: true
                    ),
                    .init("timeout", "TIME", "how long an answer may take (default: 5s)"),
                    .init(
                        "unreachable",
                        "hold|go",
                        "what to do when the probe cannot be asked (default: hold)",
                        choices: ["hold", "go"]
                    ),
                    .init("reason", "TEXT", "reason; 'tranche changes' shows it"),
                ]
            ),
            .init(
                title: "What it holds back (with set): a budget",
                options: [
                    .init("budget", "NAME", "all runs under this budget", isUsual: true)
                ]
            ),
            RunOptions.group(jobIsRequired: false),
        ],
        notes: """
            Workers get no batch before the probe was asked, nor while its last answer holds
            back; batches that they hold stay theirs. The worker that first finds a probe due
            asks it for all, outside any transaction. A failure to reach it counts once two
            workers report it, or one worker three times in a row. A query runs in a read-only
            session; each worker connects as its own environment says (PGUSER, PGPASSFILE).

            """,
        brief: """
            Workers get no batch before the probe was asked, nor while its last answer holds
            back; batches that they hold stay theirs.

            """
    )

    private enum Action: String, CaseIterable {
        case set, list, show, ask, remove
    }

    private let action: Action
    private let name: String
    private let question: ProbeQuestion?
    private let interval: Duration
    private let timeout: Duration
    private let holdsWhenUnreachable: Bool
    private let budget: String?
    private let selection: RunOptions
    private let reason: String?

    init(_ arguments: Arguments) throws {
        action = try arguments.choice(of: Self.description)
        name = action == .list ? "" : try arguments.operand(1, "NAME")
        guard action != .list || arguments.operands.count == 1 else {
            throw UsageError("'probe list' lists all; 'probe show NAME' shows one")
        }
        question = try Self.question(arguments)
        budget = arguments.text("budget")
        selection = try RunOptions(arguments)
        let isOfRun = arguments.has("job") || arguments.has("meta") || arguments.has("run")
        if action == .set {
            guard question != nil else {
                throw UsageError("nothing is asked; give --sql, --http or --window")
            }
            guard (budget != nil) != isOfRun else {
                throw UsageError("give --budget, or the run as --job and --run")
            }
        } else if question != nil || budget != nil || isOfRun {
            throw UsageError("the question and what it holds back go with 'probe set'")
        }
        interval = try arguments.value("every", parseDuration) ?? .seconds(30)
        timeout = try arguments.value("timeout", parseDuration) ?? .seconds(5)
        holdsWhenUnreachable = arguments.text("unreachable") != "go"
        reason = arguments.text("reason")
    }

    private static func question(_ arguments: Arguments) throws -> ProbeQuestion? {
        let (query, url, window) = (
            arguments.text("sql"), arguments.text("http"), arguments.text("window")
        )
        let (database, zone) = (arguments.text("database"), arguments.text("zone"))
        guard [query, url, window].compactMap(\.self).count <= 1 else {
            throw UsageError("--sql, --http and --window are one question each: give one")
        }
        guard database == nil || query != nil else {
            throw UsageError("--database goes with --sql")
        }
        guard zone == nil || window != nil else { throw UsageError("--zone goes with --window") }
        if let query { return .sql(query, database: database) }
        if let url { return .http(url) }
        guard let window else { return nil }
        guard let zone else {
            throw UsageError(
                "--zone is missing; give the window's time zone, such as Europe/Berlin"
            )
        }
        return .window(try TimeWindow(window, zone: zone))
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory(worker: context.person) { inventory in
            switch action {
            case .set: try await set(in: inventory, context)
            case .list:
                let probes = try await inventory.probes()
                try write(probes, context)
                if probes.isEmpty { try context.note("there is no probe yet") }
            case .show: try write([try await find(in: inventory)], context)
            case .ask: return try await ask(in: inventory, context)
            case .remove:
                try await inventory.removeProbe(name, reason: reason)
                try context.write(ProbesDocument([])) { "probe '\(name)' is removed" }
            }
            return .done
        }
    }

    private func set(in inventory: Inventory, _ context: Context) async throws {
        guard let question else { return }
        let owner: Budget.Owner
        if let budget {
            owner = .name(budget)
        } else {
            owner = .run(try await inventory.run(selection.known(in: inventory)).key)
        }
        let probe = Probe(
            name,
            of: owner,
            question,
            interval: interval,
            timeout: timeout,
            holdsWhenUnreachable: holdsWhenUnreachable
        )
        try await inventory.setProbe(probe, reason: reason)
        try write([probe], context)
    }

    private func find(in inventory: Inventory) async throws -> Probe {
        guard let probe = try await inventory.probes().first(where: { $0.name == name }) else {
            throw TrancheError(
                .unknownProbe,
                "there is no probe '\(name)'; 'tranche probe list' lists what there is"
            )
        }
        return probe
    }

    /// Asks once, and says what a worker would find.
    private func ask(in inventory: Inventory, _ context: Context) async throws -> ProgramStatus {
        let probe = try await find(in: inventory)
        let answer = try await inventory.ask(probe)
        try context.write(ProbeAnswerDocument(answer, of: probe)) {
            let reason = HumanText.oneLine(answer.reason)
            let next = answer.until.map { "; next \(HumanText.relative($0, to: context.now()))" }
            return "\(answer.isOpen ? "go on" : "hold back"): \(reason)\(next ?? "")"
        }
        return answer.isOpen ? .done : .nothingNow
    }

    private func write(_ probes: [Probe], _ context: Context) throws {
        try context.write(ProbesDocument(probes)) {
            var table = Table([
                .text("PROBE"), .text("OF"), .text("QUESTION"), .text("ANSWER"), .text("ASKED"),
            ])
            for probe in probes { table.add(row(probe, context.now())) }
            return table.count > 0 ? table.text(context.style) : ""
        }
    }

    private func row(_ probe: Probe, _ now: Date) -> [Table.Cell] {
        let answer =
            switch probe.state.isOpen {
            case nil: "not asked yet: holds back"
            case true?: "go on: \(probe.state.reason)"
            case false?: "holds back: \(probe.state.reason)"
            }
        let question = HumanText.oneLine(probe.question.description)
        return [
            Table.Cell(probe.name),
            Table.Cell(probe.owner.name ?? probe.owner.run.map { "(\($0))" } ?? ""),
            Table.Cell(
                action == .list && question.count > 60 ? question.prefix(59) + "…" : question
            ),
            Table.Cell(HumanText.oneLine(answer), probe.isHolding(at: now) ? .yellow : nil),
            Table.Cell(probe.state.answeredAt.map { HumanText.relative($0, to: now) } ?? "-"),
        ]
    }
}
