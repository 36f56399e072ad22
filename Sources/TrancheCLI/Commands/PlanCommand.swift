import Tranche

/// Shows the batches that would be handed out, and hands out none.
struct PlanCommand: Command {
    static let description = CommandDescription(
        name: "plan",
        summary: "Show the batches that would be handed out, without handing out any",
        isUsual: true,
        examples: ["tranche plan --job thumbs --meta photo --weight 64MiB"],
        groups: [
            SourceOptions.group, JobOptions.run(isRequired: false), JobOptions.limits,
            .init(
                title: "The plan",
                options: [
                    .init(
                        "limit",
                        "N",
                        "maximum number of batches to plan (default: 100)",
                        isUsual: true
                    )
                ]
            ),
            SourceOptions.fileGroup,
        ],
        notes: """
            'tranche work --dry-run ... -- CMD' shows what a program would get of the next
            batch: its arguments, its variables and the first lines of its standard input.

            Of a run that is paused or held it shows what waits, and notes why.

            Exit: 3 if nothing would be handed out, or then 75 if the run is paused or held;
            5 if it is cancelled.

            """
    )

    private let options: JobOptions
    private let limit: Int

    init(_ arguments: Arguments) throws {
        options = try JobOptions(arguments)
        limit = try arguments.value("limit") { try parseCount($0) } ?? 100
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            let completed = try await options.completed(context, in: inventory)
            try await completed.requireMeantRun(in: inventory)
            let source = try completed.source(context.settings)
            let opened = try await completed.open(source, in: inventory, context)
            guard
                let options = try await completed.timed(
                    context,
                    opened,
                    from: source,
                    in: inventory
                )
            else {
                try context.write(PlanDocument(ofNothing: opened.risks)) { "" }
                return .nothingNow
            }
            let forecast: Inventory.Forecast
            do {
                forecast = try await inventory.plan(options.request, from: source, batches: limit)
            } catch let error as TrancheError {
                let named = error.naming(delimiterOf: opened)
                throw try await completed.naming(named, opened, in: inventory, context)
            }
            let key = try await options.key(in: inventory)
            let summary = try await inventory.summaries(RunSelection(key)).first
            let document = PlanDocument(
                forecast,
                of: opened.definition,
                risks: opened.risks,
                summary: summary
            )
            let isEmpty = document.batches == 0
            let reason = try await inventory.standstill(of: summary, forecast)
            let isCancelled = if case .cancelled = reason { true } else { false }
            try context.write(document) {
                let risks = HumanText.risks(document.risks)
                if isEmpty || isCancelled { return risks }
                return text(forecast, document, opened.definition, context) + risks
            }
            if isEmpty || isCancelled {
                let words = reason.map { ": \($0)" } ?? ""
                try context.note("nothing would be handed out\(words)")
                return ProgramStatus(insteadOfBatch: reason)
            }
            if let reason { try context.note("nothing of it is handed out now: \(reason)") }
            let counts = forecast.ranges.map(\.count)
            if let note = counts.lazy.compactMap(options.sizeNote(onCount:)).first {
                try context.note(note)
            }
            return .done
        }
    }

    private func text(
        _ forecast: Inventory.Forecast,
        _ plan: PlanDocument,
        _ source: SourceDefinition,
        _ context: Context
    ) -> String {
        var table = Table(
            [.text("OFFER"), .text("IDS"), .number("ITEMS"), .number("WEIGHT")]
                + (source.time == nil ? [] : [.text("FROM"), .text("TO")])
        )
        func times(_ interval: BatchInterval?) -> [Table.Cell] {
            guard let time = source.time else { return [] }
            return [interval?.from, interval?.to].map { Table.Cell(time.text($0) ?? "-") }
        }
        for batch in forecast.open {
            table.add(
                [
                    Table.Cell("batch \(batch.id), \(batch.status.rawValue)", batch.status.colour),
                    Table.Cell(HumanText.ids(batch.idStart, batch.idEnd)),
                    Table.Cell(HumanText.number(batch.count)),
                    Table.Cell(HumanText.weight(batch.weight ?? 0, isBytes: source.weighsBytes)),
                ] + times(batch.interval)
            )
        }
        for range in forecast.ranges {
            table.add(
                [
                    "new", Table.Cell(HumanText.ids(range.ids.first ?? 0, range.ids.last ?? 0)),
                    Table.Cell(HumanText.number(range.count)),
                    Table.Cell(HumanText.weight(range.weight, isBytes: source.weighsBytes)),
                ] + times(range.interval)
            )
        }
        var words = HumanText.count(plan.batches, "batch", "batches")
        words += ", \(HumanText.count(plan.items, "item")), "
        words += "weight \(HumanText.weight(plan.weight, isBytes: source.weighsBytes))"
        if let time = plan.drainsIn {
            words += ", \(HumanText.range(time.shortest, time.longest)) at the pace so far"
        }
        if !plan.reachedEnd { words += "; more follow (--limit)" }
        return table.text(context.style) + words + "\n"
    }
}
