import Tranche

/// Acquires one batch and prints it.
struct AcquireCommand: Command {
    static let description = CommandDescription(
        name: "acquire",
        summary: "Hand out one batch",
        examples: ["tranche acquire --job thumbs --meta photo --count 100 --json"],
        groups: [
            SourceOptions.group, JobOptions.run(isRequired: false), JobOptions.limits,
            PolicyOptions.group, LimitOptions.group,
            .init(
                title: "The request",
                options: [
                    .init(
                        "request",
                        "TOKEN",
                        "your own token; the same token returns the same batch",
                        isUsual: true
                    ),
                    InputOptions.columnsOption("add \"row\" to each item"),
                    ProgramStatus.idleOption(3),
                ]
            ),
            SourceOptions.fileGroup,
        ],
        notes: """
            End the batch with 'tranche succeed', 'fail' or 'release' under its attempt. Extend
            its lease with 'tranche heartbeat'. If there is no batch now, standard error has the
            reason, and the exit status is 3 or that of --exit-when-idle.

            With --execution at-most-once, printing the batch counts as the beginning of work:
            it is never printed again. A batch that does not succeed before its lease ends, or
            that you release, fails for good. Only 'tranche retry --may-repeat' offers it again;
            the same --request is refused (exit 4).

            """,
        brief: """
            End the batch with 'tranche succeed', 'fail' or 'release' under its attempt. Extend
            its lease with 'tranche heartbeat'. Exit: 3 if there is no batch now.

            """
    )

    private let options: JobOptions
    private let idle: ProgramStatus
    private let columns: RowColumns?

    init(_ arguments: Arguments) throws {
        options = try JobOptions(arguments)
        idle = try ProgramStatus.whenIdle(arguments) ?? .nothingNow
        columns = try arguments.value("columns", InputOptions.parseColumns)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory(worker: options.worker, waiting: true) { inventory in
            let completed = try await options.completed(context, in: inventory)
            try await completed.requireMeantRun(in: inventory)
            try await completed.notePolicy(inventory, context)
            let source = try completed.source(context.settings)
            let looked = try await completed.open(
                source,
                in: inventory,
                context,
                waiting: true
            )
            guard
                let options = try await completed.timed(
                    context,
                    looked,
                    from: source,
                    in: inventory
                )
            else {
                if context.isJSON { try context.output.writeLine("null") }
                return idle
            }
            _ = try await columns?.limiting(inventory.source(source))
            // What a worker of this host held that has died is offered at once, too.
            _ = try await inventory.takeOver(from: try await options.key(in: inventory))
            let acquired: Acquired
            do {
                acquired = try await inventory.acquire(options.request, from: source)
            } catch let error as TrancheError {
                let named = error.naming(delimiterOf: looked)
                throw try await completed.naming(named, looked, in: inventory, context)
            }
            switch acquired {
            case .noBatch(let answer):
                let key = try await options.key(in: inventory)
                let reason = try await inventory.telling(answer, of: key)
                try context.note(reason.description)
                try await noteWriters(
                    reason,
                    key,
                    source,
                    inventory,
                    context
                )
                if context.isJSON { try context.output.writeLine("null") }
                return idle
            case .batch(let batch):
                do {
                    // Whatever is to be looked up is, before work begins.
                    let opened = try await inventory.source(source)
                    // Once a run: whoever acquires again and again knows it by then.
                    if batch.isFirst { try context.noteRisks(of: opened) }
                    if batch.execution == .atMostOnce, batch.record.status == .running {
                        try await batch.begin()
                    }
                    if let note = options.sizeNote(on: batch.record) { try context.note(note) }
                    try await write(batch, opened.definition.weighsBytes, context)
                } catch let error as TrancheError where error.isLoss {
                    // The batch is another's, which may go on under the same attempt.
                    throw error
                } catch {
                    // Whoever asked does not know of the batch. One who can ask for it again finds
                    // it held, as long as its lease lasts; what has begun is handed out once.
                    let isRepeatable = options.request.token != nil
                    if !isRepeatable || batch.execution == .atMostOnce {
                        try await batch.release()
                    }
                    throw error
                }
                return .done
            }
        }
    }

    /// Says whose transactions are waited for.
    private func noteWriters(
        _ reason: NoBatchReason,
        _ key: RunKey,
        _ source: any MetaSourceDescription,
        _ inventory: Inventory,
        _ context: Context
    ) async throws {
        guard case .unsettled = reason else { return }
        let opened = try await inventory.source(source)
        let wait = try await inventory.explanation(of: reason, for: key, in: opened)
        if let wait, !wait.writers.isEmpty { try context.note(WaitText.words(wait)) }
    }

    private func write(_ batch: Batch, _ weighsBytes: Bool, _ context: Context) async throws {
        if context.isJSON { return try await writeJSON(batch, to: context.output) }
        let weight = HumanText.weight(batch.weight, isBytes: weighsBytes)
        let key = batch.source.definition.key.map { _ in batch.record.itemKey ?? "NULL" }
        var words = [
            "batch \(batch.id)", "attempt \(batch.attempt)", batch.kind.rawValue,
            "ids \(HumanText.ids(batch.ids.lowerBound, batch.ids.upperBound))",
            "\(HumanText.number(batch.count)) \(batch.count == 1 ? "item" : "items")",
            "weight \(weight)",
        ]
        if let key { words.append("key \(key)") }
        if let interval = batch.intervalText {
            words.append("from \(interval.from) to \(interval.to)")
        }
        words.append("held for \(batch.lease.words)")
        try context.output.writeLine(words.joined(separator: ", "))
        try await writeTable(batch, weighsBytes, context)
    }

    /// Writes the first items as a table.
    private func writeTable(
        _ batch: Batch,
        _ weighsBytes: Bool,
        _ context: Context
    ) async throws {
        let items = try ItemRows(of: batch, columns)
        var item = try await items.next()
        // Of records that have fields of their own, the first says which are shown.
        let names = item?.row.flatMap { columns?.names(of: $0) } ?? []
        var table = Table(
            [.number("ID"), .number("WEIGHT"), .text("ITEM")] + names.map { .text($0) }
        )
        while let next = item, table.count < 20 {
            table.add(
                [
                    "\(next.item.id)",
                    Table.Cell(HumanText.weight(next.item.weight, isBytes: weighsBytes)),
                    Table.Cell(next.item.text),
                ] + names.map { Table.Cell(next.row?.text($0) ?? "") }
            )
            item = try await items.next()
        }
        try context.output.write(table.text(context.style))
        if item != nil { try context.output.writeLine("… (all items with --json)") }
    }

    /// Writes items as they are read, so that memory stays bounded.
    private func writeJSON(_ batch: Batch, to output: any Writer) async throws {
        // The document of no items ends with "]}".
        var text = Array(try HandedOutDocument(batch).documentText().utf8.dropLast(2))
        var isFirst = true
        let items = try ItemRows(of: batch, columns)
        while let item = try await items.next() {
            if !isFirst { text.append(UInt8(ascii: ",")) }
            isFirst = false
            item.appendJSON(to: &text)
            if text.count > 1 << 16 {
                try await output.put(text)
                text.removeAll(keepingCapacity: true)
            }
        }
        try await output.put(text + "]}\n".utf8)
    }
}

extension Batch {
    /// Whether it is the first that was handed out of its run.
    fileprivate var isFirst: Bool { record.isTile && record.coverStart == nil && attempt == 1 }
}
