import Tranche

/// Shows the batches that would be handed out, and hands out none.
struct PlanCommand: Command {
    static let description = CommandDescription(
        name: "plan",
        summary: "Show the batches that would be handed out, and hand out none",
        groups: [
            SourceOptions.group, JobOptions.run(isRequired: false), JobOptions.limits,
            .init(
                title: "The plan",
                options: [.init("limit", "N", "most batches to plan; 100 by default")]
            ),
            SourceOptions.fileGroup,
        ]
    )

    private let options: JobOptions
    private let limit: Int

    init(_ arguments: Arguments) throws {
        options = try JobOptions(arguments)
        limit = try arguments.value("limit") { try parseCount($0) } ?? 100
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            let source = try options.source(context.settings)
            let forecast = try await inventory.plan(options.request, from: source, batches: limit)
            let opened = try await inventory.source(source)
            let summary = try await inventory.summaries(RunSelection(options.key(in: inventory)))
                .first
            let plan = Plan(
                forecast: forecast,
                source: opened.definition,
                risks: opened.risks,
                summary: summary
            )
            try context.write(plan.document) { plan.text(context) }
            if plan.isEmpty { try context.note("nothing would be handed out") }
            return plan.isEmpty ? .nothingNow : .done
        }
    }
}

/// A forecast with what it adds up to.
private struct Plan {
    let forecast: Inventory.Forecast
    let source: SourceDefinition
    let risks: [SourceRisk]
    let summary: RunSummary?

    var isEmpty: Bool { forecast.open.isEmpty && forecast.ranges.isEmpty }

    private var items: Int {
        forecast.open.reduce(0) { $0 + $1.count } + forecast.ranges.reduce(0) { $0 + $1.count }
    }

    private var weight: Double {
        let weights = forecast.open.map { $0.weight ?? 0 } + forecast.ranges.map(\.weight)
        return weights.reduce(0) { $0.addingClamped($1) }
    }

    /// How long all of it takes at the pace of the last batches.
    private var seconds: Double? {
        if source.weight != nil, let pace = summary?.weightPerSecond, pace > 0 {
            return weight / pace
        }
        return summary?.itemsPerSecond.flatMap { $0 > 0 ? Double(items) / $0 : nil }
    }

    var document: JSON {
        .object([
            ("open", .array(forecast.open.map { JSON($0) })),
            (
                "ranges",
                .array(
                    forecast.ranges.map { range in
                        .object([
                            ("id_start", JSON(range.ids.first)), ("id_end", JSON(range.ids.last)),
                            ("count", JSON(range.count)), ("weight", .number(range.weight)),
                        ])
                    }
                )
            ),
            ("reached_end", .bool(forecast.reachedEnd)),
            ("batches", JSON(forecast.open.count + forecast.ranges.count)),
            ("items", JSON(items)),
            ("weight", .number(weight)),
            ("seconds", JSON(seconds)),
            ("risks", .array(risks.map { JSON($0) })),
        ])
    }

    func text(_ context: Context) -> String {
        let risks = HumanText.risks(risks)
        guard !isEmpty else { return risks }
        var table = Table([.text("OFFER"), .text("IDS"), .number("ITEMS"), .number("WEIGHT")])
        for batch in forecast.open {
            table.add([
                Table.Cell("batch \(batch.id), \(batch.status.rawValue)", batch.status.colour),
                Table.Cell(HumanText.ids(batch.idStart, batch.idEnd)),
                Table.Cell(HumanText.number(batch.count)),
                Table.Cell(HumanText.weight(batch.weight ?? 0, isBytes: source.weighsBytes)),
            ])
        }
        for range in forecast.ranges {
            table.add([
                "new", Table.Cell(HumanText.ids(range.ids.first ?? 0, range.ids.last ?? 0)),
                Table.Cell(HumanText.number(range.count)),
                Table.Cell(HumanText.weight(range.weight, isBytes: source.weighsBytes)),
            ])
        }
        let batches = forecast.open.count + forecast.ranges.count
        var words = "\(HumanText.number(batches)) \(batches == 1 ? "batch" : "batches")"
        words += ", \(HumanText.number(items)) items, "
        words += "weight \(HumanText.weight(weight, isBytes: source.weighsBytes))"
        if let seconds {
            words += ", about \(Duration.seconds(seconds.rounded(.up)).words) at the pace so far"
        }
        if !forecast.reachedEnd { words += "; more follow (--limit)" }
        return table.text(context.style) + words + "\n" + risks
    }
}
